"""What the clock of a build has dated ahead of a clock that is right, mended."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select, update

from feeds.catalogue import checksums
from feeds.catalogue.records import decode_entry
from feeds.catalogue.schema import archive, entry, feed, hub, membership, ping, place
from feeds.catalogue.selection_sql import batches
from feeds.util.dates import from_timestamp


class ClockRepair:
    """What the clock has dated, within one transaction that may write."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def held_back(self, now: int, last: int) -> int:
        """How many entries were out at the last build, and are not at `now`. In seconds."""
        held = entry.c.withdrawn.is_(None) & entry.c.published.between(now + 1, last)
        return self._connection.scalar(select(func.count()).select_from(entry).where(held)) or 0

    def mend(self, now: int) -> None:
        """Date by `now`, in seconds, what the clock has dated later.

        A date that an author has given stays as it is. All fragments and feeds are to be made anew.
        """
        gone = select(entry.c.seq).where(entry.c.withdrawn > now)
        touched = list(self._connection.scalars(gone))
        for rows in self._ahead(now):
            self._put(rows)
            touched += [row["at"] for row in rows]
        for column in _CLOCKS:
            late = update(column.table).where(column > now).values({column.name: now})
            self._connection.execute(late)
        self._sum_entries(touched)
        self._sum_feeds()

    def _sum_entries(self, keys: Sequence[int]) -> None:
        asked = select(entry.c.seq, *(entry.c[name] for name in checksums.ENTRY))
        put = update(entry).where(entry.c.seq == sa.bindparam("at"))
        for part in batches(keys):
            rows = self._connection.execute(asked.where(entry.c.seq.in_(part))).all()
            known = [{"at": seq, "its": checksums.of_entry(values)} for seq, *values in rows]
            self._connection.execute(put.values(sum=sa.bindparam("its")), known)

    def _sum_feeds(self) -> None:
        feeds = select(feed.c.path, feed.c.digest, feed.c.updated, feed.c.entries, feed.c.newest)
        for path, *others in self._connection.execute(feeds).all():
            its = {"sum": checksums.of_feed(path, *others)}
            self._connection.execute(update(feed).where(feed.c.path == path).values(its))
        archives = select(archive.c.feed, archive.c.number, archive.c.digest, archive.c.updated)
        for path, number, *others in self._connection.execute(archives).all():
            at = (archive.c.feed == path) & (archive.c.number == number)
            its = {"sum": checksums.of_archive(number, *others)}
            self._connection.execute(update(archive).where(at).values(its))

    def _put(self, rows: Sequence[dict[str, Any]]) -> None:
        at = entry.c.seq == sa.bindparam("at")
        values: dict[str, Any] = {name: sa.bindparam(f"its_{name}") for name in _MENDED}
        self._connection.execute(update(entry).where(at).values(values), rows)
        its = membership.c.entry == sa.bindparam("at")
        dated: dict[str, Any] = {"published": sa.bindparam("its_published")}
        topics = [{name: row[name] for name in ("at", "its_published")} for row in rows]
        self._connection.execute(update(membership).where(its).values(dated), topics)

    def _ahead(self, now: int) -> Iterator[list[dict[str, Any]]]:
        late = (entry.c.first_seen > now) | (entry.c.updated > now)
        keys = self._connection.scalars(select(entry.c.seq).where(late)).all()
        wanted = select(entry.c.seq, entry.c.first_seen, entry.c.data)
        for part in batches(keys):
            rows = self._connection.execute(wanted.where(entry.c.seq.in_(part))).all()
            mended = (_mended(seq, first_seen, data, now) for seq, first_seen, data in rows)
            if changed := [row for row in mended if row]:
                yield changed


# The columns of an entry that are mended together, and those that hold nothing but clock times.
_MENDED = ("first_seen", "published", "updated", "data")
_CLOCKS: tuple[sa.Column[Any], ...] = (
    entry.c.withdrawn,
    place.c.since,
    feed.c.updated,
    archive.c.updated,
    hub.c.due,
    ping.c.due,
)


def _mended(seq: int, first_seen: int, data: bytes, now: int) -> dict[str, Any] | None:
    """The columns of an entry dated by `now`; None if they are as they were."""
    known, latest = decode_entry(data), from_timestamp(now)
    # One without a date of its own has that when it was first seen.
    undated = known.published == from_timestamp(first_seen)
    published = min(known.published, latest) if undated else known.published
    made = msgspec.structs.replace(
        known, published=published, updated=max(min(known.updated, latest), published)
    )
    if made == known and first_seen <= now:
        return None
    return {
        "at": seq,
        "its_first_seen": min(first_seen, now),
        "its_published": int(made.published.timestamp()),
        "its_updated": int(made.updated.timestamp()),
        "its_data": msgspec.json.encode(made),
    }
