"""Reads the memory of a catalogue as rows, and writes such rows to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums, withdrawal
from feeds.catalogue.memory_rows import (
    KINDS,
    TIMES,
    ArchiveRow,
    EntryRow,
    FeedRow,
    HubRow,
    MemoryRow,
    PlaceRow,
)
from feeds.catalogue.meta import Meta
from feeds.catalogue.records import decode_entry
from feeds.catalogue.schema import archive, entry, feed, file, fragment, membership, ping, place
from feeds.catalogue.selection_sql import among, batches
from feeds.catalogue.table import Table
from feeds.errors import DamageError
from feeds.util.dates import from_timestamp

# The table of each kind of row, and the columns of its key.
_TABLES: Mapping[type[MemoryRow], tuple[sa.Table, Sequence[sa.Column[Any]]]] = {
    EntryRow: (entry, [entry.c.id]),
    FeedRow: (feed, [feed.c.path]),
    ArchiveRow: (archive, [archive.c.feed, archive.c.number]),
    PlaceRow: (place, [place.c.feed, entry.c.id]),
    HubRow: (ping, [ping.c.hub, ping.c.topic]),
}
# The columns of an entry without content, which only its article can restore.
_NO_CONTENT: Mapping[str, Any] = {
    **dict.fromkeys(("category", "type", "provider", "provider_name", "language")),
    "quality": 0,
    "heat": 0,
    "data": b"",
}
# The state of a file that the next build reads and parses in any case.
_UNREAD: Mapping[str, Any] = {"size": -1, "mtime_ns": 0, "digest": "", "problems": b""}
_BATCH = 1000
# The key in the table `meta` that is set while entries may lack their content.
_IMPORTED = "imported"


class Memory(Table):
    """The memory, as rows of `feeds.catalogue.memory_rows`."""

    def __init__(self, connection: sa.Connection, meta: Meta) -> None:
        super().__init__(connection)
        self._meta = meta

    def rows(self) -> Iterator[MemoryRow]:
        """Yield every row in the order of `KINDS`, and of the keys of each kind.

        Raises `DamageError` if a row is not what was stored.
        """
        for kind in KINDS:
            for row in self._connection.execute(_selection(kind)).yield_per(_BATCH):
                yield _checked(kind, row._mapping)

    def last_good_versions(self, broken: Sequence[str]) -> int:
        """Return how many of these articles have an entry that is published as it was before."""
        statement = select(entry.c.path).where(among(entry.c.path), entry.c.withdrawn.is_(None))
        return sum(
            len(self._connection.execute(statement, {"keys": list(batch)}).all())
            for batch in batches(broken)
        )

    def put(self, rows: Iterable[MemoryRow]) -> None:
        """Store rows in place of those with the same keys.

        Entries that are new here have no content until the next build, which reads every article.
        """
        by_kind: dict[type[MemoryRow], list[Any]] = {kind: [] for kind in KINDS}
        for row in rows:
            by_kind[type(row)].append(row)
        self._put_entries(by_kind[EntryRow])
        for kind in (FeedRow, ArchiveRow, HubRow):
            self._replace(kind, [_derived(row) for row in by_kind[kind]])
        self._put_places(by_kind[PlaceRow])
        for key in ("fingerprint", "definitions", "walked", "linked"):
            self._meta.put(key, "")
        self._meta.put(_IMPORTED, "yes")

    def _put_entries(self, rows: Sequence[EntryRow]) -> None:
        stored = self._stored([row.id for row in rows])
        changed = [(stored[row.id], row) for row in rows if row.id in stored]
        self._free_paths([before["seq"] for before, row in changed if before["path"] != row.path])
        for before, row in changed:
            self._change_entry(before, row)
        new = [_new_entry(row) for row in rows if row.id not in stored]
        self._insert(entry, new)
        self._read_again([row["path"] for row in new if row["withdrawn"] is None])

    def _read_again(self, paths: Sequence[str]) -> None:
        self._delete(file.c.path, paths)
        self._insert(file, [{"path": path, **_UNREAD} for path in paths])

    def _free_paths(self, seqs: Sequence[int]) -> None:
        """Give entries provisional paths, because others may get theirs."""
        for batch in batches(seqs):
            free = update(entry).where(entry.c.seq.in_(batch)).values(path="//" + entry.c.id)
            self._connection.execute(free)

    def _stored(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        statement = select(entry).where(among(entry.c.id))
        stored: dict[str, Mapping[str, Any]] = {}
        for batch in batches(ids):
            rows = self._connection.execute(statement, {"keys": list(batch)}).mappings()
            stored.update((str(row["id"]), dict(row)) for row in rows)
        return stored

    def _change_entry(self, before: Mapping[str, Any], row: EntryRow) -> None:
        seq = before["seq"]
        values = {**before, **_encoded(row)}
        if row.withdrawn is None and before["withdrawn"] is not None:
            values["data"] = b""  # the article of a withdrawn entry has to be read
            self._read_again([row.path])
        elif before["data"]:
            content = msgspec.structs.replace(
                decode_entry(before["data"]),
                path=row.path,
                published=row.published,
                updated=row.updated,
            )
            values["data"] = msgspec.json.encode(content)
        values["sum"] = _entry_sum(values)
        self._connection.execute(update(entry).where(entry.c.seq == seq).values(values))
        moved = update(membership).where(membership.c.entry == seq)
        self._connection.execute(moved.values(published=values["published"]))
        self._connection.execute(delete(fragment).where(fragment.c.entry == seq))
        if values["withdrawn"] is not None:
            withdrawal.withdraw(self._connection, [seq], values["withdrawn"])

    def _replace(self, kind: type[MemoryRow], rows: Sequence[Mapping[str, Any]]) -> None:
        table, keys = _TABLES[kind]
        if rows:
            condition = [column == sa.bindparam(f"old_{column.name}") for column in keys]
            old = [{f"old_{column.name}": row[column.name] for column in keys} for row in rows]
            self._connection.execute(delete(table).where(*condition), old)
            self._insert(table, rows)

    def _put_places(self, rows: Sequence[PlaceRow]) -> None:
        ids = sorted({row.entry for row in rows})
        stored: dict[str, int] = {}
        statement = select(entry.c.id, entry.c.seq).where(among(entry.c.id))
        for batch in batches(ids):
            found = self._connection.execute(statement, {"keys": list(batch)})
            stored.update((entry_id, seq) for entry_id, seq in found)
        placed = [{**_encoded(row), "entry": stored[row.entry]} for row in rows]
        if placed:
            condition = (place.c.feed == sa.bindparam("at"), place.c.entry == sa.bindparam("of"))
            old = [{"at": row["feed"], "of": row["entry"]} for row in placed]
            self._connection.execute(delete(place).where(*condition), old)
        self._insert(place, [{**row, "since": row["since"] or 0} for row in placed])

    def is_unread(self) -> bool:
        """Return whether no build has read the articles since an import."""
        return bool(self._meta.get(_IMPORTED))

    def without_content(self) -> list[int]:
        """Return the keys of entries that are not withdrawn, and whose article was not read."""
        if not self.is_unread():
            return []
        empty = sa.func.length(entry.c.data) == 0
        statement = select(entry.c.seq).where(entry.c.withdrawn.is_(None), empty)
        return list(self._connection.scalars(statement))

    def note_read(self) -> None:
        """Note that no entry lacks its content any more."""
        if self.is_unread():
            self._meta.put(_IMPORTED, "")


def _selection(kind: type[MemoryRow]) -> sa.Select[Any]:
    """Return a query for the columns of a row and of its checksum, sorted by its key."""
    table, keys = _TABLES[kind]
    if kind is not PlaceRow:
        return select(table).order_by(*keys)
    joined = place.join(entry, entry.c.seq == place.c.entry)
    columns = (place.c.feed, entry.c.id.label("entry"), place.c.archive, place.c.since)
    return select(*columns).select_from(joined).order_by(*keys)


def _checked(kind: type[MemoryRow], columns: Mapping[Any, Any]) -> MemoryRow:
    """Return the row in these columns. Raises `DamageError`."""
    if kind in _SUMS and _SUMS[kind](columns) != columns["sum"]:
        raise _damaged(kind, columns, "a checksum does not match")
    fields = {name: columns[name] for name in kind.__struct_fields__}
    try:
        for name in TIMES & fields.keys():
            is_none = fields[name] is None or (name == "since" and not fields[name])
            fields[name] = None if is_none else from_timestamp(fields[name])
    except (ValueError, OverflowError, OSError, TypeError) as error:
        raise _damaged(kind, columns, str(error)) from error
    return kind(**fields)


def _damaged(kind: type[MemoryRow], columns: Mapping[Any, Any], reason: str) -> DamageError:
    key = columns[kind.__struct_fields__[0]]
    return DamageError(
        f"the catalogue is damaged: the memory of {key}: {reason}; run feeds build --verify"
    )


def _encoded(row: MemoryRow) -> dict[str, Any]:
    """Return the columns of a row."""
    return {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in msgspec.structs.asdict(row).items()
    }


def _derived(row: FeedRow | ArchiveRow | HubRow) -> dict[str, Any]:
    """Return all columns of a row, with those that the next build computes."""
    values = _encoded(row)
    if isinstance(row, HubRow):
        return {**values, "tries": 0, "due": 0}
    if isinstance(row, ArchiveRow):
        return {**values, "revision": 0, "sum": _archive_sum(values)}
    return {**values, "title": "", "revision": 0, "due": None, "sum": _feed_sum(values)}


def _new_entry(row: EntryRow) -> dict[str, Any]:
    values = {**_encoded(row), **_NO_CONTENT}
    return {**values, "sum": _entry_sum(values)}


def _entry_sum(values: Mapping[Any, Any]) -> int:
    return checksums.of_entry([values[name] for name in checksums.ENTRY])


def _feed_sum(values: Mapping[Any, Any]) -> int:
    names = ("path", "digest", "updated", "entries", "newest")
    return checksums.of_feed(*(values[name] for name in names))


def _archive_sum(values: Mapping[Any, Any]) -> int:
    return checksums.of_archive(values["number"], values["digest"], values["updated"])


_SUMS: Mapping[type[MemoryRow], Callable[[Mapping[Any, Any]], int]] = {
    EntryRow: _entry_sum,
    FeedRow: _feed_sum,
    ArchiveRow: _archive_sum,
}
