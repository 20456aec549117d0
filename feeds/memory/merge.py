"""Merge two memories, and find their conflicts. Pure; no I/O, no clock.

The result does not depend on the order of the two, and merging a memory with itself changes
nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from feeds.catalogue.memory_rows import ArchiveRow, EntryRow, FeedRow, HubRow, MemoryRow, PlaceRow
from feeds.model.archives import WAITING
from feeds.util.dates import rfc3339

S = TypeVar("S", FeedRow, ArchiveRow)

# The fields of an entry that must be equal in two memories in which it last changed at one time.
_DECISIVE = ("path", "published", "withdrawn", "content_hash")


class Memory:
    """Rows by kind and key. `name` is where they come from, for messages."""

    def __init__(self, name: str, rows: Iterable[MemoryRow] = ()) -> None:
        self.name = name
        self.entries: dict[Any, EntryRow] = {}
        self.feeds: dict[Any, FeedRow] = {}
        self.archives: dict[Any, ArchiveRow] = {}
        self.places: dict[Any, PlaceRow] = {}
        self.hubs: dict[Any, HubRow] = {}
        for row in rows:
            self.add(row)

    def add(self, row: MemoryRow) -> MemoryRow | None:
        """Add a row; return the row with the same key that it replaces."""
        rows = self._rows_like(row)
        before = rows.get(row.key)
        rows[row.key] = row
        return before

    def rows(self) -> Iterator[MemoryRow]:
        """Yield all rows."""
        for kind in (self.entries, self.feeds, self.archives, self.places, self.hubs):
            yield from kind.values()

    def changed_from(self, before: "Memory") -> list[MemoryRow]:
        """Return the rows that `before` lacks or has with other values."""
        return [row for row in self.rows() if before._rows_like(row).get(row.key) != row]

    def _rows_like(self, row: MemoryRow) -> dict[Any, Any]:
        if isinstance(row, EntryRow):
            return self.entries
        if isinstance(row, FeedRow):
            return self.feeds
        if isinstance(row, ArchiveRow):
            return self.archives
        return self.places if isinstance(row, PlaceRow) else self.hubs


class Conflict(msgspec.Struct, frozen=True):
    """Two rows that cannot both be right: the key that they share, and how they differ."""

    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


def merge(one: Memory, other: Memory) -> tuple[Memory, list[Conflict]]:
    """Return the rows of both memories, and their conflicts.

    An entry has the earliest first-seen time of both, and the state of the later change. The state
    of a feed or archive document is the later one. With conflicts, the merged rows are of no use.
    """
    merger = _Merger(one, other)
    merged = Memory(f"{one.name} and {other.name}")
    merged.entries = merger.entries()
    merged.feeds = _joined(one.feeds, other.feeds, _later)
    merged.archives = _joined(one.archives, other.archives, _later)
    merged.places = merger.places()
    # The feed is sent once more to a hub whose last notification is uncertain.
    merged.hubs = _joined(one.hubs, other.hubs, _certain)
    return merged, merger.conflicts


class _Merger:
    def __init__(self, one: Memory, other: Memory) -> None:
        self._one, self._other = one, other
        self.conflicts: list[Conflict] = []

    def entries(self) -> dict[Any, EntryRow]:
        merged = _joined(self._one.entries, self._other.entries, self._entry)
        holders: dict[str, str] = {}
        for row in merged.values():
            if (holder := holders.setdefault(row.path, row.id)) != row.id:
                message = f"two entries have this path, {holder} and {row.id}; delete one of them"
                self._report(row.path, message)
        return merged

    def _entry(self, one: EntryRow, other: EntryRow) -> EntryRow:
        first_seen = min(one.first_seen, other.first_seen)
        one, other = (_seen_since(first_seen, row) for row in (one, other))
        if one.path != other.path and one.withdrawn is None and other.withdrawn is None:
            self._differ(one, other, "path")
        elif _changed(one) == _changed(other):
            for name in _DECISIVE:
                if getattr(one, name) != getattr(other, name):
                    self._differ(one, other, name)
        return max(one, other, key=lambda row: (_changed(row), msgspec.json.encode(row)))

    def _differ(self, one: EntryRow, other: EntryRow, name: str) -> None:
        values = [
            f"{_shown(getattr(row, name))} in {memory.name}"
            for row, memory in ((one, self._one), (other, self._other))
        ]
        message = f"{name}: {' but '.join(values)}; make them equal, or delete one of the rows"
        self._report(one.id, message)

    def places(self) -> dict[Any, PlaceRow]:
        merged = _joined(self._one.places, self._other.places, self._place)
        for mine, theirs in ((self._one, self._other), (self._other, self._one)):
            for key, row in mine.places.items():
                if key not in theirs.places and _knows(theirs, row):
                    message = (
                        f"{row.entry} is in archive {row.archive} in {mine.name}, but not in "
                        f"{theirs.name}; import only one of them"
                    )
                    self._report(row.feed, message)
        return merged

    def _place(self, one: PlaceRow, other: PlaceRow) -> PlaceRow:
        if one.archive == other.archive:
            return min(one, other, key=lambda row: row.since.timestamp() if row.since else 0)
        # An entry that left an archive document known to the other memory left it later.
        one_left, other_left = _knows(self._other, one), _knows(self._one, other)
        if one_left != other_left:
            return other if one_left else one
        if WAITING in (one.archive, other.archive):
            return max(one, other, key=lambda row: row.archive)
        message = (
            f"{one.entry} is in archive {one.archive} in {self._one.name} but in archive "
            f"{other.archive} in {self._other.name}; import only one of them"
        )
        self._report(one.feed, message)
        return one

    def _report(self, subject: str, message: str) -> None:
        self.conflicts.append(Conflict(subject, message))


def _joined(one: Mapping[Any, Any], other: Mapping[Any, Any], choose: Any) -> dict[Any, Any]:
    """Return the rows of both by key, with the choice among two that differ."""
    joined = {**one, **other}
    for key in one.keys() & other.keys():
        joined[key] = one[key] if one[key] == other[key] else choose(one[key], other[key])
    return dict(sorted(joined.items()))


def _later(one: S, other: S) -> S:
    return max(one, other, key=lambda row: (row.updated, msgspec.json.encode(row)))


def _certain(one: HubRow, other: HubRow) -> HubRow:
    return msgspec.structs.replace(one, digest="") if one.digest != other.digest else one


def _seen_since(first_seen: datetime, row: EntryRow) -> EntryRow:
    """Return an entry with an earlier first-seen time, which is also the date of an undated one."""
    is_undated = row.published == row.first_seen
    published = first_seen if is_undated else row.published
    return msgspec.structs.replace(row, first_seen=first_seen, published=published)


def _changed(row: EntryRow) -> datetime:
    """Return the time of the last change of an entry."""
    return max(row.updated, row.withdrawn or row.updated)


def _knows(memory: Memory, row: PlaceRow) -> bool:
    return row.archive != WAITING and (row.feed, row.archive) in memory.archives


def _shown(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value or "none")
