"""Feeds out of the catalogue: what a feed shows now, and its documents. The one way to get one."""

import hashlib
from collections.abc import Container, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from feeds import dates, definitions, document, fragment, headers, pages
from feeds.catalogue.places import Archive, ArchiveState
from feeds.catalogue.store import FeedState, Reader, Shown, moment
from feeds.definitions import Expansion, FeedDefinition
from feeds.document import Document
from feeds.errors import RenderError
from feeds.fragment import FORMATS, Format
from feeds.history import Place
from feeds.site import Site

# The site's settings that stand around the entries of a feed (`feeds.envelope`).
_AROUND = (
    "id", "url", "feeds_url", "assets_url", "title", "language", "author", "rights", "icon", "logo",
    "hub", "media_types",
)  # fmt: skip


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


def every(site: Site, reader: Reader, now: datetime) -> dict[str, FeedDefinition]:
    """Every feed there is now, by path."""
    return expanded(site, reader, now).feeds


def expanded(site: Site, reader: Reader, now: datetime) -> Expansion:
    """The same, and the definitions that give no feed for want of a path of their own."""
    return definitions.expand(site, lambda fields: reader.in_use(fields, now))


def fetch(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    now: datetime,
    only: Container[int] | None = None,
) -> dict[Format, Document]:
    """The feed in every format, as it is at the time `now`.

    An entry that came out since the last build is rendered here, so that nobody waits for a
    build to see it. The clock is in no document: until the next build finds an entry that
    cannot be rendered it is left out, and what only a build can date keeps its date.
    With `only` these of its entries alone, by key.
    """
    shown, known = _now(feed, site, reader, now)
    wanted = [each for each in shown if only is None or each.seq in only]
    fragments = _fragments([each.seq for each in wanted], site, reader)
    until = reader.until(feed, now)
    place = Place(newest=reader.places.newest_of(feed))
    tags = headers.tags(feed, _marks(shown)) if site.settings.http.cache_tags else ()
    return {
        format_: document.assemble(
            feed,
            site,
            format_,
            [fragments[each.seq][format_] for each in wanted if each.seq in fragments],
            updated=moment(known.updated),
            newest=None if known.newest is None else moment(known.newest),
            until=until,
            tags=tags,
            place=place,
        )
        for format_ in FORMATS
    }


def archive(made: Archive, site: Site, reader: Reader, now: datetime) -> dict[Format, Document]:
    """An archive document of a feed in every format."""
    number = made.state.number
    shown = reader.places.shown(made.feed, [number], now)[number]
    fragments = _fragments([each.seq for each in shown], site, reader)
    tags = headers.archive_tags(made.path, _marks(shown)) if site.settings.http.cache_tags else ()
    return {
        format_: document.assemble(
            made.feed,
            site,
            format_,
            [fragments[each.seq][format_] for each in shown if each.seq in fragments],
            updated=moment(made.state.updated),
            newest=moment(shown[0].published) if shown else None,
            tags=tags,
            place=made.place,
        )
        for format_ in FORMATS
    }


def _fragments(seqs: Sequence[int], site: Site, reader: Reader) -> dict[int, dict[Format, bytes]]:
    """The fragments of these entries, made here where no build has made them."""
    fragments = reader.fragments(seqs)
    missing = [seq for seq in seqs if seq not in fragments]
    for seq, entry in reader.entries(missing).items():
        with suppress(RenderError):
            fragments[seq] = fragment.render(entry, site)
    return fragments


def _marks(shown: Sequence[Shown]) -> list[str]:
    """Short names of entries for a CDN's tags: the same on any machine."""
    return [hashlib.sha256(each.id.encode()).hexdigest()[:10] for each in shown]


def page(
    feed: FeedDefinition,
    site: Site,
    reader: Reader,
    now: datetime,
    beside: Sequence[FeedDefinition] = (),
) -> Document:
    """The feed's page for people, as the feed is at the time `now`.

    `beside` are the other feeds of its group to name there (`groups.beside`).
    """
    shown, known = _now(feed, site, reader, now)
    first = [each.seq for each in shown[: pages.ENTRIES]]
    entries = reader.entries(first)
    made = pages.page(feed, [entries[seq] for seq in first], known, site, beside)
    tags = headers.tags(feed, _marks(shown)) if site.settings.http.cache_tags else ()
    return msgspec.structs.replace(made, until=reader.until(feed, now), tags=tags)


def _now(
    feed: FeedDefinition, site: Site, reader: Reader, now: datetime
) -> tuple[list[Shown], FeedState]:
    """What a feed shows at the time `now`, and its state."""
    shown = reader.shown(feed, now)
    moved = reader.moved(feed, shown, now)
    return shown, state(feed, site, shown, reader.feed_state(feed.path), moved)
