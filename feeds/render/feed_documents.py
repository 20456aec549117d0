"""Feeds, their archives and their pages as documents. Every feed is rendered here."""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from feeds.catalogue.records import Archive, FeedState, ShownEntry, decode_entry
from feeds.catalogue.transaction import ReadTransaction
from feeds.config import definitions
from feeds.config.definitions import Expansion, FeedDefinition
from feeds.config.site import Site
from feeds.errors import DamageError, RenderError
from feeds.model.archives import ArchivePosition
from feeds.model.document import FORMATS, Document, Format
from feeds.model.entry import Entry
from feeds.render import envelope, fragment, headers, verification
from feeds.render.envelope import DocumentInfo
from feeds.render.feed_state import archive_digest, compute_feed_state
from feeds.render.site import pages
from feeds.util.dates import from_timestamp

# The rendered entries of a document, in its order.
Fragments = list[dict[Format, bytes]]


class FeedView(msgspec.Struct, frozen=True):
    """The contents of a feed at one moment.

    `expires` is when the passage of time alone will change them, None if never. `newest_archive`
    is the number of the feed's newest archive document, 0 if it has none.
    """

    state: FeedState
    shown: list[ShownEntry]
    expires: datetime | None
    newest_archive: int


class FeedParts(msgspec.Struct, frozen=True):
    """Everything from the catalogue that a feed's documents and page need.

    It can be sent to another process, which then needs no catalogue. `page_entries` are the
    encoded entries that the page shows.
    """

    view: FeedView
    fragments: Fragments
    page_entries: list[bytes]


class ArchiveParts(msgspec.Struct, frozen=True):
    """Everything from the catalogue that the archive document at `path` needs."""

    path: str
    shown: list[ShownEntry]
    fragments: Fragments


def all_feeds(site: Site, transaction: ReadTransaction, now: datetime) -> dict[str, FeedDefinition]:
    """Return every feed that exists at the time `now`, by path."""
    return expand_definitions(site, transaction, now).feeds


def expand_definitions(site: Site, transaction: ReadTransaction, now: datetime) -> Expansion:
    """Return every feed, and the problems of those whose path is unusable or taken."""
    has_min = any(spec.least > 1 for spec in site.feeds)
    return definitions.expand(
        site,
        lambda fields, least: transaction.terms.in_use(fields, now, least),
        lambda terms: transaction.entries.first_path_with(terms, now),
        transaction.feeds.titles() if has_min else (),
    )


def view_feed(
    feed: FeedDefinition,
    site: Site,
    transaction: ReadTransaction,
    now: datetime,
    before: FeedState | None,
    *,
    verify: bool = False,
) -> FeedView:
    """Return the contents of a feed at the time `now`; `before` is its state at the last build.

    With `verify`, raise `DamageError` if the contents differ from those at the last build and
    time cannot have changed them. The settings must be those of that build.
    """
    shown = transaction.feeds.shown(feed, now)
    state = compute_feed_state(
        feed, site, shown, before, transaction.feeds.last_ageing(feed, shown, now)
    )
    if verify and before is not None and state.digest != before.digest:
        verification.check_time(feed, before, transaction, now)
    return FeedView(
        state=state,
        shown=shown,
        expires=transaction.feeds.next_change_of(feed, now),
        newest_archive=transaction.archives.newest_number(feed),
    )


def render_feed(
    feed: FeedDefinition, site: Site, transaction: ReadTransaction, now: datetime
) -> dict[Format, Document]:
    """Return the feed in every format, as it is at the time `now`."""
    view = view_feed(feed, site, transaction, now, transaction.feeds.state(feed.path))
    return render_view(feed, site, transaction, view)


def render_view(
    feed: FeedDefinition,
    site: Site,
    transaction: ReadTransaction,
    view: FeedView,
    only: Container[int] | None = None,
) -> dict[Format, Document]:
    """Return the feed in every format, as viewed in the same transaction.

    `only` limits it to the entries with these keys. Entries published since the last build are
    rendered here, so that they appear without a build. Those that cannot be rendered are left
    out until the next build reports them.
    """
    shown = [entry for entry in view.shown if only is None or entry.seq in only]
    return _render_formats(feed, site, view, _fragments(shown, site, transaction))


def render_page(
    feed: FeedDefinition,
    site: Site,
    transaction: ReadTransaction,
    now: datetime,
    neighbours: Sequence[FeedDefinition] = (),
    *,
    verify: bool = False,
) -> Document:
    """Return the feed's HTML page, as it is at the time `now`.

    It links to `neighbours`, which are other feeds of its group (`groups.neighbours`). For
    `verify` see `view_feed`.
    """
    view = view_feed(
        feed, site, transaction, now, transaction.feeds.state(feed.path), verify=verify
    )
    return _render_page(feed, site, view, _page_entries(view, transaction), neighbours)


def render_archive(
    archive: Archive,
    site: Site,
    transaction: ReadTransaction,
    now: datetime,
    *,
    verify: bool = False,
) -> dict[Format, Document]:
    """Return an archive document in every format. For `verify` see `load_archive_parts`."""
    parts = load_archive_parts(archive, site, transaction, now, verify=verify)
    return render_archive_parts(archive, site, parts)


def load_feed_parts(
    feed: FeedDefinition,
    site: Site,
    transaction: ReadTransaction,
    now: datetime,
    before: FeedState | None,
    *,
    verify: bool = False,
) -> FeedParts:
    """Read everything that a feed's documents and page need. For parameters see `view_feed`."""
    view = view_feed(feed, site, transaction, now, before, verify=verify)
    fragments = _fragments(view.shown, site, transaction)
    return FeedParts(view, fragments, _page_entries(view, transaction))


def load_archive_parts(
    archive: Archive,
    site: Site,
    transaction: ReadTransaction,
    now: datetime,
    *,
    verify: bool = False,
) -> ArchiveParts:
    """Read everything that an archive document needs.

    With `verify`, raise `DamageError` if it shows other entries than at the last build.
    """
    number = archive.state.number
    shown = transaction.archives.shown(archive.feed, [number], now)[number]
    if verify and archive_digest(shown) != archive.state.digest:
        verification.check_clock(archive, transaction, now)
    return ArchiveParts(archive.path, shown, _fragments(shown, site, transaction))


def render_feed_parts(
    feed: FeedDefinition, site: Site, parts: FeedParts, neighbours: Sequence[FeedDefinition]
) -> tuple[dict[Format, Document], Document]:
    """Return the feed in every format, and its page. Pure."""
    formats = _render_formats(feed, site, parts.view, parts.fragments)
    return formats, _render_page(feed, site, parts.view, parts.page_entries, neighbours)


def render_archive_parts(
    archive: Archive, site: Site, parts: ArchiveParts
) -> dict[Format, Document]:
    """Return an archive document in every format. Pure."""
    shown, tags = parts.shown, tuple[str, ...]()
    if site.settings.http.cache_tags:
        tags = headers.archive_tags(archive.path, _short_ids(shown))
    info = DocumentInfo(
        updated=from_timestamp(archive.state.updated),
        newest=from_timestamp(shown[0].published) if shown else None,
        tags=tags,
        position=archive.position,
    )
    return _assemble_formats(archive.feed, site, parts.fragments, info)


def _render_formats(
    feed: FeedDefinition, site: Site, view: FeedView, fragments: Fragments
) -> dict[Format, Document]:
    newest = view.state.newest
    info = DocumentInfo(
        updated=from_timestamp(view.state.updated),
        newest=None if newest is None else from_timestamp(newest),
        expires=view.expires,
        tags=_tags(feed, site, view),
        position=ArchivePosition(newest=view.newest_archive),
    )
    return _assemble_formats(feed, site, fragments, info)


def _assemble_formats(
    feed: FeedDefinition, site: Site, fragments: Fragments, info: DocumentInfo
) -> dict[Format, Document]:
    return {
        format_: envelope.assemble(
            feed, site, format_, [formats[format_] for formats in fragments], info
        )
        for format_ in FORMATS
    }


def _render_page(
    feed: FeedDefinition,
    site: Site,
    view: FeedView,
    encoded: Sequence[bytes],
    neighbours: Sequence[FeedDefinition],
) -> Document:
    page = pages.page(
        feed, [decode_entry(entry) for entry in encoded], view.state, site, neighbours
    )
    return msgspec.structs.replace(page, until=view.expires, tags=_tags(feed, site, view))


def _tags(feed: FeedDefinition, site: Site, view: FeedView) -> tuple[str, ...]:
    return headers.feed_tags(feed, _short_ids(view.shown)) if site.settings.http.cache_tags else ()


def _short_ids(shown: Sequence[ShownEntry]) -> list[str]:
    """Return short ids of entries for cache tags. They are the same on any machine."""
    return [hashlib.sha256(entry.id.encode()).hexdigest()[:10] for entry in shown]


def _fragments(shown: Sequence[ShownEntry], site: Site, transaction: ReadTransaction) -> Fragments:
    """Return the fragments of these entries in order, leaving out entries that cannot be rendered.

    Fragments that are missing or damaged are rendered here. Raises `DamageError` if an entry
    itself is damaged.
    """
    seqs = [entry.seq for entry in shown]
    fragments = transaction.fragments.of(shown)
    missing = [seq for seq in seqs if seq not in fragments]
    for seq, entry in transaction.entries.get(missing).items():
        with suppress(RenderError):
            fragments[seq] = fragment.render_entry(entry, site)
    return [fragments[seq] for seq in seqs if seq in fragments]


def newest_entries(
    feeds: Iterable[FeedDefinition],
    states: Mapping[str, FeedState],
    transaction: ReadTransaction,
    now: datetime,
) -> list[Entry]:
    """Return the entries that the index page shows: the first ones of the first feed by date.

    None of them is newer than the last change of that feed, which dates the page. None is returned
    if one of them is damaged: the next build reports that.
    """
    feed = next((feed for feed in feeds if feed.order == "date" and feed.path in states), None)
    if feed is None:
        return []
    latest, shown = states[feed.path].updated, transaction.feeds.shown(feed, now)
    seqs = [entry.seq for entry in shown if entry.published <= latest][: pages.NEWEST]
    try:
        entries = transaction.entries.get(seqs)
    except DamageError:
        return []
    return [entries[seq] for seq in seqs]


def _page_entries(view: FeedView, transaction: ReadTransaction) -> list[bytes]:
    """Return the encoded entries that a feed's page shows."""
    seqs = [entry.seq for entry in view.shown[: pages.ENTRIES]]
    encoded = dict(transaction.entries.encoded(seqs))
    return [encoded[seq] for seq in seqs]
