"""Finds rows that differ from the stored ones, and marks them to be rebuilt."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums, place_damage, sqlite, withdrawal
from feeds.catalogue.meta import Meta
from feeds.catalogue.place_damage import MisplacedRows
from feeds.catalogue.schema import archive, entry, feed, file, fragment, meta
from feeds.errors import CatalogueError, DamageError
from feeds.model.document import FORMATS
from feeds.model.entry import Entry, content_hash
from feeds.util.dates import from_timestamp

# The number of rows checked at once, so that memory stays bounded.
_BATCH = 500
_ENTRY = msgspec.json.Decoder(Entry)
_STATE = tuple(entry.c[name] for name in ("id", "content_hash", "published", "updated"))

# The keys in the table `meta` that hold JSON objects by path.
_MAPPINGS = ("awaited", "assets")
_MAPPING = msgspec.json.Decoder(dict[str, Any])

_Row = Mapping[str, Any]


class DamagedRows(msgspec.Struct, frozen=True):
    """The damaged rows of each table: whole entries, and keys of the others."""

    entries: list[_Row]
    fragments: list[int]
    feeds: list[str]
    archives: list[tuple[str, int]]
    places: MisplacedRows
    meta: list[str]

    def __len__(self) -> int:
        return sum(len(getattr(self, name)) for name in self.__struct_fields__)


def find(connection: sa.Connection) -> DamagedRows:
    """Check every row that has a checksum.

    Raises `CatalogueError` if an SQLite file itself is damaged, because rows may be missing then.
    """
    sqlite.check_integrity(connection)
    with sqlite.invalid_text_replaced(connection):
        return DamagedRows(
            [row for row in _entries(connection) if row["sum"] != _checksum(row)],
            list(_damaged_fragments(connection)),
            [
                row.path
                for row in connection.execute(select(feed))
                if row.sum
                != checksums.of_feed(row.path, row.digest, row.updated, row.entries, row.newest)
            ],
            [
                (row.feed, row.number)
                for row in connection.execute(select(archive))
                if row.sum != checksums.of_archive(row.number, row.digest, row.updated)
            ],
            place_damage.find(connection),
            _damaged_meta(connection),
        )


def repair(connection: sa.Connection, now: int, *, force: bool = False) -> int:
    """Have the next build make damaged rows again; return the number of damaged rows.

    If no checksum is wrong, the damage is in rows without one, and the next build reads every
    article. Rows that lost their date get `now`, in seconds. Raises `CatalogueError` if the
    memory of an entry is lost; `force` keeps it as it is.
    """
    damaged = find(connection)
    lost = [path for row in damaged.entries if (path := _repair_entry(connection, row, now))]
    if lost and not force:
        raise CatalogueError(
            f"the catalogue is damaged: neither the content nor the memory of {len(lost):,} "
            f"entries, such as that of {lost[0]}, can be trusted; replace it with a backup, or "
            "pass --force to keep their ids and dates as they are"
        )
    _reset_derived(connection, damaged, now)
    # The next build then checks every feed and lists every file.
    forgotten = ["damaged", "definitions", "walked", *damaged.meta]
    if not damaged or damaged.meta:
        forgotten.append("fingerprint")
    connection.execute(update(meta).where(meta.c.key.in_(forgotten)).values(value=""))
    return len(damaged)


def _damaged_meta(connection: sa.Connection) -> list[str]:
    """Return the keys in the table `meta` whose values are damaged and can be computed again."""
    stored = Meta(connection)
    damaged = []
    for key in _MAPPINGS:
        try:
            stored.decode(key, lambda text: _MAPPING.decode(text or "{}"))
        except DamageError:
            damaged.append(key)
    try:
        stored.last_build()
    except DamageError:
        damaged += ["clock", "clock_sum"]
    return damaged


def _reset_derived(connection: sa.Connection, damaged: DamagedRows, now: int) -> None:
    place_damage.repair(connection, damaged.places, now)
    for seq in damaged.fragments:
        connection.execute(delete(fragment).where(fragment.c.entry == seq))
    for path in damaged.feeds:
        values = {"digest": "", "updated": now, "entries": 0, "newest": None}
        row = {**values, "sum": checksums.of_feed(path, "", now, 0, None)}
        connection.execute(update(feed).where(feed.c.path == path).values(row))
    for path, number in damaged.archives:
        condition = (archive.c.feed == path, archive.c.number == number)
        row = {"digest": "", "updated": now, "sum": checksums.of_archive(number, "", now)}
        connection.execute(update(archive).where(*condition).values(row))


def _entries(connection: sa.Connection) -> Iterator[_Row]:
    last = -1
    while True:
        statement = select(entry).where(entry.c.seq > last).order_by(entry.c.seq).limit(_BATCH)
        rows = connection.execute(statement).mappings().all()
        if not rows:
            return
        yield from map(dict, rows)
        last = rows[-1]["seq"]


def _damaged_fragments(connection: sa.Connection) -> Iterator[int]:
    last = -1
    while True:
        statement = (
            select(fragment, *_STATE)
            .outerjoin(entry, entry.c.seq == fragment.c.entry)
            .where(fragment.c.entry > last)
            .order_by(fragment.c.entry)
            .limit(_BATCH)
        )
        rows = connection.execute(statement).mappings().all()
        if not rows:
            return
        for row in rows:
            fragments = [row[name] for name in FORMATS]
            if row["sum"] != checksums.of_fragment(
                row["id"], row["content_hash"], row["published"], row["updated"], fragments
            ):
                yield row["entry"]
        last = rows[-1]["entry"]


def _checksum(row: _Row) -> int:
    return checksums.of_entry([row[name] for name in checksums.ENTRY])


def _repair_entry(connection: sa.Connection, row: _Row, now: int) -> str:
    """Repair an entry, or have its article read again; return its path if its memory is lost."""
    repaired = next((guess for guess in _guesses(row) if _checksum(guess) == row["sum"]), None)
    condition = entry.c.seq == row["seq"]
    if repaired is not None:
        connection.execute(update(entry).where(condition).values({**repaired}))
        return ""
    decoded = _decode(row["data"])
    is_certain = decoded is None or _memory(decoded) == {
        name: row[name] for name in _memory(decoded)
    }
    # Reading the article makes it visible again. Until then, nothing damaged is published.
    withdrawal.withdraw(
        connection, [row["seq"]], now if row["withdrawn"] is None else row["withdrawn"]
    )
    unread = {"size": -1, "digest": ""}
    connection.execute(update(file).where(file.c.path == row["path"]).values(unread))
    return "" if is_certain else str(row["path"])


def _guesses(row: _Row) -> Iterator[_Row]:
    """Yield what the row may have been if only one column is damaged; its checksum decides."""
    decoded = _decode(row["data"])
    if decoded is None:
        return
    memory = _memory(decoded)
    for name, value in memory.items():
        yield {**row, name: value}
    yield {**row, "content_hash": content_hash(decoded)}
    yield {**row, "withdrawn": None}
    for name in memory:
        changed = {**memory, name: row[name]}
        yield {**row, "data": _encode(decoded, changed)}


def _memory(decoded: Entry) -> dict[str, Any]:
    """Return the columns whose values `data` contains too."""
    return {
        "id": decoded.id,
        "path": decoded.path,
        "published": int(decoded.published.timestamp()),
        "updated": int(decoded.updated.timestamp()),
    }


def _encode(decoded: Entry, memory: Mapping[str, Any]) -> bytes:
    try:
        times = {name: from_timestamp(memory[name]) for name in ("published", "updated")}
        names = {name: str(memory[name]) for name in ("id", "path")}
        return msgspec.json.encode(msgspec.structs.replace(decoded, **names, **times))
    except (ValueError, OverflowError, OSError, TypeError):
        return b""


def _decode(data: Any) -> Entry | None:
    try:
        return _ENTRY.decode(data)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError):
        return None
