"""Feeds out of the catalogue: what a feed shows now, and its documents. The one way to get one."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from feeds import definitions, document, fragment
from feeds.catalogue.store import FeedState, Reader, Shown, moment
from feeds.definitions import Expansion, FeedDefinition
from feeds.document import Document
from feeds.errors import RenderError
from feeds.fragment import FORMATS, Format
from feeds.site import Site

# The `updated` of a feed that has never had an entry: any date that is not the clock's.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def state(
    feed: FeedDefinition, shown: Sequence[Shown], before: FeedState | None, moved: int
) -> FeedState:
    """What a feed shows now. Its `updated` moves with every change, also when entries leave.

    `moved` is when the feed changed if its entries do not say so themselves, in seconds. A feed
    that is new takes the newest change among its entries, so that a feed built twice from the
    same articles is the same; one without entries keeps a date of its own.
    """
    told = [[each.id, each.content_hash, each.updated] for each in shown]
    looks = [feed.title, feed.description, feed.max_age, feed.picture, told]
    digest = hashlib.sha256(msgspec.json.encode(looks)).hexdigest()[:32]
    newest_change = max((each.updated for each in shown), default=int(_NEVER.timestamp()))
    updated = newest_change
    if before is not None:
        updated = max(before.updated, newest_change)
        if digest != before.digest and updated == before.updated:
            updated = max(updated, moved)
    newest = max((each.published for each in shown), default=None)
    return FeedState(feed.path, digest, updated, len(shown), newest)


def every(site: Site, reader: Reader, now: datetime) -> dict[str, FeedDefinition]:
    """Every feed there is now, by path."""
    return expanded(site, reader, now).feeds


def expanded(site: Site, reader: Reader, now: datetime) -> Expansion:
    """The same, and the definitions that give no feed for want of a path of their own."""
    return definitions.expand(site, lambda fields: reader.in_use(fields, now))


def fetch(
    feed: FeedDefinition, site: Site, reader: Reader, now: datetime
) -> dict[Format, Document]:
    """The feed in every format, as it is at the time `now`.

    An entry that came out since the last build is rendered here, so that nobody waits for a
    build to see it. The clock is in no document: until the next build finds an entry that
    cannot be rendered it is left out, and what only a build can date keeps its date.
    """
    shown = reader.shown(feed, now)
    known = state(feed, shown, reader.feed_state(feed.path), reader.moved(feed, now))
    fragments = reader.fragments([each.seq for each in shown])
    missing = [each.seq for each in shown if each.seq not in fragments]
    for seq, entry in reader.entries(missing).items():
        with suppress(RenderError):
            fragments[seq] = fragment.render(entry, site)
    return {
        format_: document.assemble(
            feed,
            site,
            format_,
            [fragments[each.seq][format_] for each in shown if each.seq in fragments],
            updated=moment(known.updated),
            newest=None if known.newest is None else moment(known.newest),
        )
        for format_ in FORMATS
    }
