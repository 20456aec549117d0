"""The state of a feed or archive document: a digest of its contents, and its last change. Pure."""

import hashlib
from collections.abc import Sequence

import msgspec

from feeds.catalogue.records import ArchiveState, FeedState, ShownEntry
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.util import dates

# The site's settings that feeds show in their metadata (`feeds.render.envelope`).
_ENVELOPE_SETTINGS = (
    "id", "url", "feeds_url", "assets_url", "title", "language", "author", "rights", "icon", "logo",
    "hub", "media_types",
)  # fmt: skip


def compute_feed_state(
    feed: FeedDefinition,
    site: Site,
    shown: Sequence[ShownEntry],
    before: FeedState | None,
    moved: int,
    built: int | None = None,
) -> FeedState:
    """Return the state of a feed that shows these entries. All times are in seconds since 1970.

    `updated` is the latest change of any entry, or the last time an entry entered or left the
    feed because of its age (`moved`, from `Feeds.last_ageing`). So it is the same for readers,
    for builds at any time, and in a rebuilt catalogue. Any other change, such as a withdrawn
    entry or a new title, is dated by the build that detects it: `built`, or None outside builds.
    `before` is the state of the last build, which must already include changes due to time alone.
    A feed that never had an entry has the date `dates.NEVER`.
    """
    settings = [getattr(site.settings, name) for name in _ENVELOPE_SETTINGS]
    feed_settings = [feed.title, feed.description, feed.caching.max_age, feed.picture]
    digest = _digest([*feed_settings, settings, _versions(shown)])
    updated = max(moved, *(entry.updated for entry in shown), int(dates.NEVER.timestamp()))
    if before is not None:
        updated = max(updated, before.updated)
        if built is not None and digest != before.digest and updated == before.updated:
            updated = max(updated, built)
    newest = max((entry.published for entry in shown), default=None)
    return FeedState(feed.path, digest, updated, len(shown), newest)


def compute_archive_state(
    feed: str, number: int, shown: Sequence[ShownEntry], before: ArchiveState | None, built: int
) -> ArchiveState:
    """Return the state of an archive document, dated like that of a feed.

    Only builds change an archive document; the passage of time does not.
    """
    digest = archive_digest(shown)
    updated = max((entry.updated for entry in shown), default=int(dates.NEVER.timestamp()))
    if before is not None:
        updated = max(updated, before.updated)
        if digest != before.digest and updated == before.updated:
            updated = max(updated, built)
    return ArchiveState(feed, number, digest, updated)


def archive_digest(shown: Sequence[ShownEntry]) -> str:
    """Return the digest of an archive document that shows these entries."""
    return _digest(_versions(shown))


def _versions(shown: Sequence[ShownEntry]) -> list[list[str | int]]:
    return [[entry.id, entry.content_hash, entry.published, entry.updated] for entry in shown]


def _digest(contents: object) -> str:
    return hashlib.sha256(msgspec.json.encode(contents)).hexdigest()[:32]
