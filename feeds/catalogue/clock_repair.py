"""Repairs dates that a build with a clock ahead of time has stored."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select, update

from feeds.catalogue import checksums
from feeds.catalogue.records import decode_entry
from feeds.catalogue.schema import archive, departure, entry, feed, hub, membership, ping, place
from feeds.catalogue.selection_sql import batches
from feeds.util.dates import from_timestamp


class ClockRepair:
    """Dates from a wrong clock, within one transaction that may write."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def held_back(self, now: int, last: int) -> int:
        """Count the entries that were visible at the `last` build, but are not at `now`.

        Both times are in seconds.
        """
        is_held_back = entry.c.withdrawn.is_(None) & entry.c.published.between(now + 1, last)
        statement = select(func.count()).select_from(entry).where(is_held_back)
        return self._connection.scalar(statement) or 0

    def redate(self, now: int) -> None:
        """Replace later dates that come from the clock by `now`, in seconds.

        Dates from authors stay. Afterwards all fragments and feeds must be rebuilt.
        """
        withdrawn_later = select(entry.c.seq).where(entry.c.withdrawn > now)
        touched = list(self._connection.scalars(withdrawn_later))
        for rows in self._redated(now):
            self._put(rows)
            touched += [row["at"] for row in rows]
        for column in _CLOCK_COLUMNS:
            late = update(column.table).where(column > now).values({column.name: now})
            self._connection.execute(late)
        self._update_entry_sums(touched)
        self._update_feed_sums()

    def _redated(self, now: int) -> Iterator[list[dict[str, Any]]]:
        late = (entry.c.first_seen > now) | (entry.c.updated > now)
        keys = self._connection.scalars(select(entry.c.seq).where(late)).all()
        statement = select(entry.c.seq, entry.c.first_seen, entry.c.data)
        for batch in batches(keys):
            stored = self._connection.execute(statement.where(entry.c.seq.in_(batch))).all()
            rows = (_redate(seq, first_seen, data, now) for seq, first_seen, data in stored)
            if changed := [row for row in rows if row]:
                yield changed

    def _put(self, rows: Sequence[dict[str, Any]]) -> None:
        by_key = entry.c.seq == sa.bindparam("at")
        values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in _REDATED}
        self._connection.execute(update(entry).where(by_key).values(values), rows)
        by_entry = membership.c.entry == sa.bindparam("at")
        published: dict[str, Any] = {"published": sa.bindparam("new_published")}
        topics = [{name: row[name] for name in ("at", "new_published")} for row in rows]
        self._connection.execute(update(membership).where(by_entry).values(published), topics)

    def _update_entry_sums(self, keys: Sequence[int]) -> None:
        statement = select(entry.c.seq, *(entry.c[name] for name in checksums.ENTRY))
        put = update(entry).where(entry.c.seq == sa.bindparam("at"))
        for batch in batches(keys):
            rows = self._connection.execute(statement.where(entry.c.seq.in_(batch))).all()
            sums = [{"at": seq, "new": checksums.of_entry(values)} for seq, *values in rows]
            self._connection.execute(put.values(sum=sa.bindparam("new")), sums)

    def _update_feed_sums(self) -> None:
        feeds = select(feed.c.path, feed.c.digest, feed.c.updated, feed.c.entries, feed.c.newest)
        for path, *state in self._connection.execute(feeds).all():
            checksum = checksums.of_feed(path, *state)
            self._connection.execute(update(feed).where(feed.c.path == path).values(sum=checksum))
        archives = select(archive.c.feed, archive.c.number, archive.c.digest, archive.c.updated)
        for path, number, *state in self._connection.execute(archives).all():
            condition = (archive.c.feed == path) & (archive.c.number == number)
            checksum = checksums.of_archive(number, *state)
            self._connection.execute(update(archive).where(condition).values(sum=checksum))


# The columns of an entry that are redated together.
_REDATED = ("first_seen", "published", "updated", "data")
# Columns that only ever hold the time of the clock.
_CLOCK_COLUMNS: tuple[sa.Column[Any], ...] = (
    entry.c.withdrawn,
    place.c.since,
    departure.c.since,
    feed.c.updated,
    archive.c.updated,
    hub.c.due,
    ping.c.due,
)


def _redate(seq: int, first_seen: int, data: bytes, now: int) -> dict[str, Any] | None:
    """Return the redated columns of an entry; None if nothing changes."""
    before, latest = decode_entry(data), from_timestamp(now)
    # An article without a date is published when it was first seen.
    is_undated = before.published == from_timestamp(first_seen)
    published = min(before.published, latest) if is_undated else before.published
    after = msgspec.structs.replace(
        before, published=published, updated=max(min(before.updated, latest), published)
    )
    if after == before and first_seen <= now:
        return None
    return {
        "at": seq,
        "new_first_seen": min(first_seen, now),
        "new_published": int(after.published.timestamp()),
        "new_updated": int(after.updated.timestamp()),
        "new_data": msgspec.json.encode(after),
    }
