"""The places of entries in the histories of feeds, and what archive documents show."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, func, literal, select, update

from feeds.catalogue import checksums, selection_sql
from feeds.catalogue.records import Archive, ArchiveState, ShownEntry
from feeds.catalogue.schema import archive, entry, place
from feeds.catalogue.table import Table
from feeds.config.definitions import FeedDefinition
from feeds.errors import DamageError
from feeds.model import archives as history
from feeds.model.archives import ArchivePosition

_STATE = tuple(archive.c[name] for name in ArchiveState.__struct_fields__)


class Archives(Table):
    """What is known of histories, within one transaction; writing needs one that may write."""

    def newest_numbers(self) -> dict[str, int]:
        """The number of the newest archive document of each feed that has any, by path."""
        rows = self._connection.execute(
            select(archive.c.feed, func.max(archive.c.number)).group_by(archive.c.feed)
        )
        return {path: number for path, number in rows}  # noqa: C416

    def newest_number(self, feed: FeedDefinition) -> int:
        """The same of one feed, as far as this build has come; 0 if it has none."""
        if not feed.history:
            return 0
        # One that all entries have left has a number all the same, and keeps it.
        placed = select(func.max(place.c.archive)).where(place.c.feed == feed.path)
        known = select(func.max(archive.c.number)).where(archive.c.feed == feed.path)
        return max(self._connection.scalar(asked) or 0 for asked in (placed, known))

    def shown(
        self, feed: FeedDefinition, numbers: Sequence[int], now: datetime
    ) -> dict[int, list[ShownEntry]]:
        """What these archive documents of a feed show, by number, in the order of the feed."""
        found: dict[int, list[ShownEntry]] = {number: [] for number in numbers}
        for part in selection_sql.batches(numbers):
            for *row, number, _ in selection_sql.placed(feed, now, part).rows(self._connection):
                found[number].append(ShownEntry(*row))
        return found

    def waiting(self, feed: FeedDefinition, now: datetime) -> list[int]:
        """The keys of entries that wait for an archive document of a feed.

        Those that came first come first; of those that came together, the oldest.
        """
        rows = selection_sql.placed(feed, now, [history.WAITING]).rows(self._connection)
        oldest_first = rows[::-1]
        came = sorted(oldest_first, key=lambda row: max(row.since, row.published))
        return [row.seq for row in came]

    def states(self) -> dict[tuple[str, int], ArchiveState]:
        """What all archive documents show, by their feeds' paths and their numbers."""
        rows = self._connection.execute(select(*_STATE, archive.c.sum))
        return {(row.feed, row.number): _state(row) for row in rows}

    def available(self, feeds: Iterable[FeedDefinition]) -> list[Archive]:
        """The archive documents of these feeds, in order."""
        states, found = self.states(), []
        newest: dict[str, int] = {}
        for path, number in states:
            newest[path] = max(number, newest.get(path, 0))
        for feed in feeds:
            there = history.available(newest.get(feed.path, 0), feed.history)
            found += [
                Archive(
                    feed, ArchivePosition(number, there[0], there[-1]), states[feed.path, number]
                )
                for number in there
            ]
        return found

    def find(self, feed: FeedDefinition, number: int) -> Archive | None:
        """One archive document; None if there is none of this number."""
        there = history.available(self.newest_number(feed), feed.history)
        state = self.state(feed.path, number)
        if number not in there or state is None:
            return None
        return Archive(feed, ArchivePosition(number, there[0], there[-1]), state)

    def state(self, feed: str, number: int) -> ArchiveState | None:
        """What one archive document shows; None if there is none of this number."""
        asked = select(*_STATE, archive.c.sum).where(
            archive.c.feed == feed, archive.c.number == number
        )
        row = self._connection.execute(asked).first()
        return _state(row) if row else None

    def changed_since(self, revision: int) -> set[tuple[str, int]]:
        """The archive documents that differ from those of an earlier revision."""
        asked = select(archive.c.feed, archive.c.number).where(archive.c.revision > revision)
        return {(feed, number) for feed, number in self._connection.execute(asked)}

    def with_entries(self, entries: Sequence[int]) -> set[tuple[str, int]]:
        """The archive documents that have places for these entries."""
        found: set[tuple[str, int]] = set()
        for part in selection_sql.batches(entries):
            asked = select(place.c.feed, place.c.archive).where(
                place.c.entry.in_(part), place.c.archive != history.WAITING
            )
            found.update((feed, number) for feed, number in self._connection.execute(asked))
        return found

    def enqueue_all(self, feed: FeedDefinition, since: int) -> None:
        """Let all entries of a feed wait, from now on, that have no place in it."""
        known = literal(feed.path), literal(history.WAITING), literal(since)
        names = ["entry", "feed", "archive", "since"]
        entries = selection_sql.unplaced(feed).add_columns(*known)
        self._connection.execute(place.insert().from_select(names, entries))

    def enqueue(self, pairs: Collection[tuple[str, int]], since: int) -> None:
        """Let entries wait, from now on, that have no place in a feed: its path, and a key."""
        known: set[tuple[str, int]] = set()
        for part in selection_sql.batches(sorted({seq for _, seq in pairs})):
            asked = select(place.c.feed, place.c.entry).where(place.c.entry.in_(part))
            known.update((feed, seq) for feed, seq in self._connection.execute(asked))
        new = sorted(set(pairs) - known)
        self._insert(place, [_row(*pair, history.WAITING, since) for pair in new])

    def recall(self, corrected: Sequence[int], now: datetime) -> set[tuple[str, int]]:
        """Let entries wait again: these, and all that were dated in the future, to come once more.

        Returns the archive documents that they leave.
        """
        dated = select(entry.c.seq).where(entry.c.published > int(now.timestamp()))
        found: set[tuple[str, int]] = set()
        these = [place.c.entry.in_(part) for part in selection_sql.batches(corrected)]
        for wanted in (place.c.entry.in_(dated), *these):
            left = sa.and_(place.c.archive != history.WAITING, wanted)
            rows = self._connection.execute(select(place.c.feed, place.c.archive).where(left))
            found.update((feed, number) for feed, number in rows)
            again = {"archive": history.WAITING, "since": int(now.timestamp())}
            self._connection.execute(update(place).where(left).values(again))
        return found

    def seal(self, feed: str, archives: Iterable[tuple[int, Sequence[int]]]) -> None:
        """Give entries that wait their places: numbers of archive documents, and keys."""
        rows = [_row(feed, seq, number, 0) for number, entries in archives for seq in entries]
        if not rows:
            return
        mine = (place.c.feed == feed, place.c.archive == history.WAITING)
        for part in selection_sql.batches([row["entry"] for row in rows]):
            self._connection.execute(delete(place).where(*mine, place.c.entry.in_(part)))
        self._insert(place, rows)

    def move(self, old: str, new: str, revision: int) -> None:
        """Give the history of the feed at an old path to the one at a new path, if it has none."""
        if self._connection.scalar(select(place.c.entry).where(place.c.feed == new).limit(1)):
            return
        self._connection.execute(update(place).where(place.c.feed == old).values(feed=new))
        moved = {"feed": new, "revision": revision}
        self._connection.execute(update(archive).where(archive.c.feed == old).values(moved))

    def put(self, states: Sequence[ArchiveState], revision: int) -> None:
        """Remember what archive documents show, and that they do since this revision."""
        if states:
            at = (archive.c.feed == sa.bindparam("at"), archive.c.number == sa.bindparam("of"))
            keys = [{"at": each.feed, "of": each.number} for each in states]
            self._connection.execute(delete(archive).where(*at), keys)
        rows = [
            {
                **msgspec.structs.asdict(each),
                "revision": revision,
                "sum": checksums.of_archive(each.number, each.digest, each.updated),
            }
            for each in states
        ]
        self._insert(archive, rows)


def _state(row: Any) -> ArchiveState:
    if row.sum != checksums.of_archive(row.number, row.digest, row.updated):
        raise DamageError(
            f"the catalogue is damaged: what is known of archive {row.number} of feed {row.feed}"
        )
    return ArchiveState(*row[:-1])


def _row(feed: str, seq: int, number: int, since: int) -> dict[str, Any]:
    return {"feed": feed, "archive": number, "entry": seq, "since": since}
