"""The tables `place` and `archive`: which archive document (RFC 5005) has which entries."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, func, literal, select, update

from feeds.catalogue import checksums, selection_sql
from feeds.catalogue.records import Archive, ArchiveState, ShownEntry
from feeds.catalogue.schema import archive, entry, place
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table
from feeds.config.definitions import FeedDefinition
from feeds.errors import DamageError
from feeds.model.archives import WAITING, ArchivePosition, available

_STATE = tuple(archive.c[name] for name in ArchiveState.__struct_fields__)


class Archives(Table):
    """Archive documents, by the path of their feed and their number."""

    def newest_numbers(self) -> dict[str, int]:
        """Return the number of each feed's newest archive document, by path.

        Raises `DamageError` if that contradicts the places of entries.
        """
        placed = select(func.max(place.c.archive)).where(place.c.feed == archive.c.feed)
        rows = self._connection.execute(
            select(
                archive.c.feed,
                func.max(archive.c.number),
                placed.correlate(archive).scalar_subquery(),
            ).group_by(archive.c.feed)
        )
        newest = {}
        for path, number, last_placed in rows:
            if last_placed is None or last_placed > number:
                raise _damaged(path)
            newest[path] = number
        return newest

    def newest_number(self, feed: FeedDefinition) -> int:
        """Return the number of a feed's newest archive document; 0 if it has none.

        Raises `DamageError` if an entry has a place in a later one.
        """
        if not feed.history:
            return 0
        statements = (
            select(func.max(place.c.archive)).where(place.c.feed == feed.path),
            select(func.max(archive.c.number)).where(archive.c.feed == feed.path),
        )
        placed, known = (self._connection.scalar(statement) or 0 for statement in statements)
        if placed > known:
            raise _damaged(feed.path)
        return known

    def shown(
        self, feed: FeedDefinition, numbers: Sequence[int], now: datetime
    ) -> dict[int, list[ShownEntry]]:
        """Return the entries in these archive documents of a feed, by number, in feed order."""
        entries: dict[int, list[ShownEntry]] = {number: [] for number in numbers}
        for batch in batches(numbers):
            rows = selection_sql.placed(feed, now, batch).rows(self._connection)
            for *row, number, _ in rows:
                entries[number].append(ShownEntry(*row))
        return entries

    def waiting(self, feed: FeedDefinition, now: datetime) -> list[int]:
        """Return the keys of entries that wait for an archive document of a feed.

        In the order in which they started to wait, then by date, oldest first.
        """
        rows = selection_sql.placed(feed, now, [WAITING]).rows(self._connection)
        oldest_first = rows[::-1]
        ordered = sorted(oldest_first, key=lambda row: max(row.since, row.published))
        return [row.seq for row in ordered]

    def states(self) -> dict[tuple[str, int], ArchiveState]:
        """Return the states of all archive documents, by path and number."""
        rows = self._connection.execute(select(*_STATE, archive.c.sum))
        return {(row.feed, row.number): _checked(row) for row in rows}

    def state(self, feed: str, number: int) -> ArchiveState | None:
        """Return the state of one archive document; None if it does not exist."""
        statement = select(*_STATE, archive.c.sum).where(
            archive.c.feed == feed, archive.c.number == number
        )
        row = self._connection.execute(statement).first()
        return _checked(row) if row else None

    def available(self, feeds: Iterable[FeedDefinition]) -> list[Archive]:
        """Return the archive documents that these feeds publish, in order."""
        states, newest = self.states(), self.newest_numbers()
        documents: list[Archive] = []
        for feed in feeds:
            numbers = available(newest.get(feed.path, 0), feed.history)
            if any((feed.path, number) not in states for number in numbers):
                raise _damaged(feed.path)
            documents += [
                Archive(
                    feed,
                    ArchivePosition(number, numbers[0], numbers[-1]),
                    states[feed.path, number],
                )
                for number in numbers
            ]
        return documents

    def find(self, feed: FeedDefinition, number: int) -> Archive | None:
        """Return one archive document; None if the feed does not publish one of this number."""
        numbers = available(self.newest_number(feed), feed.history)
        state = self.state(feed.path, number)
        if number not in numbers or state is None:
            return None
        return Archive(feed, ArchivePosition(number, numbers[0], numbers[-1]), state)

    def changed_since(self, revision: int) -> set[tuple[str, int]]:
        """Return (path, number) of the archive documents that changed after a revision."""
        statement = select(archive.c.feed, archive.c.number).where(archive.c.revision > revision)
        return {(feed, number) for feed, number in self._connection.execute(statement)}

    def with_entries(self, entries: Sequence[int]) -> set[tuple[str, int]]:
        """Return (path, number) of the archive documents that have any of these entries."""
        documents: set[tuple[str, int]] = set()
        for batch in batches(entries):
            statement = select(place.c.feed, place.c.archive).where(
                place.c.entry.in_(batch), place.c.archive != WAITING
            )
            documents.update((feed, number) for feed, number in self._connection.execute(statement))
        return documents

    def enqueue_all(self, feed: FeedDefinition, since: int) -> None:
        """Let all entries of a feed that have no place in it wait, since a time in seconds."""
        values = literal(feed.path), literal(WAITING), literal(since)
        names = ["entry", "feed", "archive", "since"]
        entries = selection_sql.unplaced(feed).add_columns(*values)
        self._connection.execute(place.insert().from_select(names, entries))

    def enqueue(self, pairs: Collection[tuple[str, int]], since: int) -> None:
        """Let entries wait, since a time in seconds, for (path, key) that have no place yet."""
        placed: set[tuple[str, int]] = set()
        for batch in batches(sorted({seq for _, seq in pairs})):
            statement = select(place.c.feed, place.c.entry).where(place.c.entry.in_(batch))
            placed.update((feed, seq) for feed, seq in self._connection.execute(statement))
        new = sorted(set(pairs) - placed)
        self._insert(place, [_place_row(*pair, WAITING, since) for pair in new])

    def recall(self, corrected: Sequence[int], now: datetime) -> set[tuple[str, int]]:
        """Let entries wait again: the corrected ones, and those that are now dated in the future.

        Both appear in the feed once more. Returns (path, number) of the archive documents that
        they leave.
        """
        in_future = select(entry.c.seq).where(entry.c.published > int(now.timestamp()))
        documents: set[tuple[str, int]] = set()
        among_corrected = [place.c.entry.in_(batch) for batch in batches(corrected)]
        for condition in (place.c.entry.in_(in_future), *among_corrected):
            leaving = sa.and_(place.c.archive != WAITING, condition)
            rows = self._connection.execute(select(place.c.feed, place.c.archive).where(leaving))
            documents.update((feed, number) for feed, number in rows)
            values = {"archive": WAITING, "since": int(now.timestamp())}
            self._connection.execute(update(place).where(leaving).values(values))
        return documents

    def seal(self, feed: str, archives: Iterable[tuple[int, Sequence[int]]]) -> None:
        """Move waiting entries into archive documents, given as (number, keys)."""
        rows = [_place_row(feed, seq, number, 0) for number, entries in archives for seq in entries]
        if not rows:
            return
        is_waiting = (place.c.feed == feed, place.c.archive == WAITING)
        for batch in batches([row["entry"] for row in rows]):
            self._connection.execute(delete(place).where(*is_waiting, place.c.entry.in_(batch)))
        self._insert(place, rows)

    def move(self, old: str, new: str, revision: int) -> None:
        """Give the archives of the feed at the path `old` to that at `new`, if it has none."""
        if self._connection.scalar(select(place.c.entry).where(place.c.feed == new).limit(1)):
            return
        self._connection.execute(update(place).where(place.c.feed == old).values(feed=new))
        values = {"feed": new, "revision": revision}
        self._connection.execute(update(archive).where(archive.c.feed == old).values(values))

    def put(self, states: Sequence[ArchiveState], revision: int) -> None:
        """Store the states that archive documents have since this revision."""
        if states:
            condition = (
                archive.c.feed == sa.bindparam("of_feed"),
                archive.c.number == sa.bindparam("of_number"),
            )
            keys = [{"of_feed": state.feed, "of_number": state.number} for state in states]
            self._connection.execute(delete(archive).where(*condition), keys)
        rows = [
            {
                **msgspec.structs.asdict(state),
                "revision": revision,
                "sum": checksums.of_archive(state.number, state.digest, state.updated),
            }
            for state in states
        ]
        self._insert(archive, rows)


def _damaged(feed: str) -> DamageError:
    return DamageError(f"the catalogue is damaged: the archive documents of feed {feed}")


def _checked(row: Any) -> ArchiveState:
    if row.sum != checksums.of_archive(row.number, row.digest, row.updated):
        raise DamageError(
            f"the catalogue is damaged: the state of archive {row.number} of feed {row.feed}"
        )
    return ArchiveState(*row[:-1])


def _place_row(feed: str, seq: int, number: int, since: int) -> dict[str, Any]:
    return {"feed": feed, "archive": number, "entry": seq, "since": since}
