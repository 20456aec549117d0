"""Feeds out of the catalogue: what a feed shows now, and its documents. The one way to get one."""

import hashlib
from collections.abc import Container, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from feeds.catalogue.reader import Reader, decoded
from feeds.catalogue.records import Archive, ArchiveState, FeedState, Shown
from feeds.config import definitions
from feeds.config.definitions import Expansion, FeedDefinition
from feeds.config.site import Site
from feeds.errors import RenderError
from feeds.model.archives import ArchivePosition
from feeds.model.document import FORMATS, Document, Format
from feeds.render import envelope, fragment, headers, verification
from feeds.render.site import pages
from feeds.util import dates
from feeds.util.dates import from_timestamp

# The site's settings that stand around the entries of a feed (`feeds.render.envelope`).
_AROUND = (
    "id", "url", "feeds_url", "assets_url", "title", "language", "author", "rights", "icon", "logo",
    "hub", "media_types",
)  # fmt: skip


# The rendered entries of a document, in its order.
Fragments = list[dict[Format, bytes]]


class FeedView(msgspec.Struct, frozen=True):
    """What a feed shows at a time; `until` is when time alone changes that, None if never.

    `archive` is the number of its newest archive document, 0 if it has none.
    """

    state: FeedState
    shown: list[Shown]
    expires: datetime | None
    archive: int


class FeedParts(msgspec.Struct, frozen=True):
    """All that the catalogue says of a feed for its documents and its page: to be sent elsewhere.

    `first` are the entries that its page shows, as they are stored.
    """

    look: FeedView
    fragments: Fragments
    first: list[bytes]


class ArchiveParts(msgspec.Struct, frozen=True):
    """The same for an archive document, at its path."""

    path: str
    shown: list[Shown]
    fragments: Fragments


def state(
    feed: FeedDefinition,
    site: Site,
    shown: Sequence[Shown],
    before: FeedState | None,
    moved: int,
    built: int | None = None,
) -> FeedState:
    """What a feed shows now, and since when: `updated` moves with every change of it.

    What dates itself, dates the feed: the newest change among its entries, and `moved`, when an
    entry that grew old last came or went (`Reader.moved`). This is the same whoever asks and
    when: a reader before a build, a build at any time, a catalogue made anew. Any other change,
    such as an entry that was withdrawn or a title, has the date of the build that finds it:
    `built`, in seconds, None for who only looks. For that, `before` has to know already what
    time alone has done since. A feed that never had an entry has a date of its own.
    """
    told = _told(shown)
    around = [getattr(site.settings, name) for name in _AROUND]
    looks = [feed.title, feed.description, feed.caching.max_age, feed.picture, around, told]
    digest = _digest(looks)
    updated = max(moved, *(each.updated for each in shown), int(dates.NEVER.timestamp()))
    if before is not None:
        updated = max(updated, before.updated)
        if built is not None and digest != before.digest and updated == before.updated:
            updated = max(updated, built)
    newest = max((each.published for each in shown), default=None)
    return FeedState(feed.path, digest, updated, len(shown), newest)


def archive_state(
    feed: str, number: int, shown: Sequence[Shown], before: ArchiveState | None, built: int
) -> ArchiveState:
    """What an archive document shows now, and since when, as it is with feeds.

    Only builds change one: time alone does not.
    """
    digest = _digest(_told(shown))
    updated = max((each.updated for each in shown), default=int(dates.NEVER.timestamp()))
    if before is not None:
        updated = max(updated, before.updated)
        if digest != before.digest and updated == before.updated:
            updated = max(updated, built)
    return ArchiveState(feed, number, digest, updated)


def _told(shown: Sequence[Shown]) -> list[list[str | int]]:
    return [[each.id, each.content_hash, each.published, each.updated] for each in shown]


def _digest(looks: object) -> str:
    return hashlib.sha256(msgspec.json.encode(looks)).hexdigest()[:32]


def all_feeds(site: Site, reader: Reader, now: datetime) -> dict[str, FeedDefinition]:
    """Every feed there is now, by path."""
    return expand_definitions(site, reader, now).feeds


def expand_definitions(site: Site, reader: Reader, now: datetime) -> Expansion:
    """The same, and the definitions that give no feed for want of a path of their own."""
    return definitions.expand(
        site, lambda fields: reader.in_use(fields, now), lambda terms: reader.named_by(terms, now)
    )


def view_feed(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    now: datetime,
    before: FeedState | None,
    *,
    checked: bool = False,
) -> FeedView:
    """What a feed shows at the time `now`; `before` is what it did at the last build.

    With `checked`, which needs the settings of that build, raises `DamageError` where the feed is
    another than then, and time did not change it.
    """
    shown = reader.shown(feed, now)
    moved = reader.moved(feed, shown, now)
    found = state(feed, site, shown, before, moved)
    if checked and before is not None and found.digest != before.digest:
        verification.check_time(feed, before, reader, now)
    return FeedView(
        state=found,
        shown=shown,
        expires=reader.until(feed, now),
        archive=reader.places.newest_of(feed),
    )


def render_feed(
    feed: FeedDefinition, site: Site, reader: Reader, now: datetime
) -> dict[Format, Document]:
    """The feed in every format, as it is at the time `now`."""
    seen = view_feed(feed, site, reader, now, reader.feed_state(feed.path))
    return render_view(feed, site, reader, seen)


def render_view(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    seen: FeedView,
    only: Container[int] | None = None,
) -> dict[Format, Document]:
    """The feed in every format, as it was seen in the same transaction.

    An entry that came out since the last build is rendered here, so that nobody waits for a
    build to see it. The clock is in no document: until the next build finds an entry that
    cannot be rendered it is left out, and what only a build can date keeps its date.
    With `only` these of its entries alone, by key.
    """
    wanted = [each for each in seen.shown if only is None or each.seq in only]
    return _fetched(feed, site, seen, _fragments(wanted, site, reader))


def page(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    now: datetime,
    beside: Sequence[FeedDefinition] = (),
    *,
    checked: bool = False,
) -> Document:
    """The feed's page for people, as the feed is at the time `now`.

    `beside` are the other feeds of its group to name there (`groups.beside`). `checked` is as with
    `look`.
    """
    seen = view_feed(feed, site, reader, now, reader.feed_state(feed.path), checked=checked)
    return _page(feed, site, seen, _first(seen, reader), beside)


def archive(
    made: Archive, site: Site, reader: Reader, now: datetime, *, checked: bool = False
) -> dict[Format, Document]:
    """An archive document of a feed in every format."""
    return archive_of(made, site, archive_parts(made, site, reader, now, checked=checked))


def feed_parts(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    now: datetime,
    before: FeedState | None,
    *,
    checked: bool = False,
) -> FeedParts:
    """What a feed's documents and page are made of, as it is at the time `now` (see `look`)."""
    seen = view_feed(feed, site, reader, now, before, checked=checked)
    fragments = _fragments(seen.shown, site, reader)
    return FeedParts(seen, fragments, _first(seen, reader))


def archive_parts(
    made: Archive, site: Site, reader: Reader, now: datetime, *, checked: bool = False
) -> ArchiveParts:
    """What an archive document is made of. `checked` is as with `look`."""
    number = made.state.number
    shown = reader.places.shown(made.feed, [number], now)[number]
    if checked and _digest(_told(shown)) != made.state.digest:
        verification.check_clock(made, reader, now)
    return ArchiveParts(made.path, shown, _fragments(shown, site, reader))


def feed_of(
    feed: FeedDefinition, site: Site, parts: FeedParts, beside: Sequence[FeedDefinition]
) -> tuple[dict[Format, Document], Document]:
    """The feed in every format and its page, out of their parts. Pure."""
    fetched = _fetched(feed, site, parts.look, parts.fragments)
    return fetched, _page(feed, site, parts.look, parts.first, beside)


def archive_of(made: Archive, site: Site, parts: ArchiveParts) -> dict[Format, Document]:
    """An archive document in every format, out of its parts. Pure."""
    shown = parts.shown
    tags = headers.archive_tags(made.path, _marks(shown)) if site.settings.http.cache_tags else ()
    return {
        format_: envelope.assemble(
            made.feed,
            site,
            format_,
            [each[format_] for each in parts.fragments],
            updated=from_timestamp(made.state.updated),
            newest=from_timestamp(shown[0].published) if shown else None,
            tags=tags,
            place=made.place,
        )
        for format_ in FORMATS
    }


def _fetched(
    feed: FeedDefinition, site: Site, seen: FeedView, fragments: Fragments
) -> dict[Format, Document]:
    newest = seen.state.newest
    tags = _tags(feed, site, seen)
    return {
        format_: envelope.assemble(
            feed,
            site,
            format_,
            [each[format_] for each in fragments],
            updated=from_timestamp(seen.state.updated),
            newest=None if newest is None else from_timestamp(newest),
            until=seen.expires,
            tags=tags,
            place=ArchivePosition(newest=seen.archive),
        )
        for format_ in FORMATS
    }


def _page(
    feed: FeedDefinition,
    site: Site,
    seen: FeedView,
    first: Sequence[bytes],
    beside: Sequence[FeedDefinition],
) -> Document:
    made = pages.page(feed, [decoded(each) for each in first], seen.state, site, beside)
    return msgspec.structs.replace(made, until=seen.expires, tags=_tags(feed, site, seen))


def _tags(feed: FeedDefinition, site: Site, seen: FeedView) -> tuple[str, ...]:
    return headers.tags(feed, _marks(seen.shown)) if site.settings.http.cache_tags else ()


def _marks(shown: Sequence[Shown]) -> list[str]:
    """Short names of entries for a CDN's tags: the same on any machine."""
    return [hashlib.sha256(each.id.encode()).hexdigest()[:10] for each in shown]


def _fragments(shown: Sequence[Shown], site: Site, reader: Reader) -> Fragments:
    """The fragments of these entries in order, made here where no build has made them.

    So are those that are damaged; raises `DamageError` where an entry itself is.
    """
    seqs = [each.seq for each in shown]
    fragments = reader.fragments(shown)
    missing = [seq for seq in seqs if seq not in fragments]
    for seq, entry in reader.entries(missing).items():
        with suppress(RenderError):
            fragments[seq] = fragment.render_entry(entry, site)
    return [fragments[seq] for seq in seqs if seq in fragments]


def _first(seen: FeedView, reader: Reader) -> list[bytes]:
    """The entries that a feed's page shows, as they are stored."""
    seqs = [each.seq for each in seen.shown[: pages.ENTRIES]]
    stored = dict(reader.encoded(seqs))
    return [stored[seq] for seq in seqs]
