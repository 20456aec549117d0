"""Rows that are not what was stored, and what of them can be made again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums, withdrawal
from feeds.catalogue.schema import archive, entry, feed, file, fragment, meta
from feeds.errors import CatalogueError
from feeds.model.document import FORMATS
from feeds.model.entry import Entry, content_hash
from feeds.util.dates import from_timestamp

# So many rows are looked at together: none takes much memory.
_AT_ONCE = 500
_ENTRY = msgspec.json.Decoder(Entry)
_SHOWN = tuple(entry.c[name] for name in ("id", "content_hash", "published", "updated"))

_Row = Mapping[str, Any]


class Found(msgspec.Struct, frozen=True):
    """The damaged rows of each table, by their keys; entries whole."""

    entries: list[_Row]
    fragments: list[int]
    feeds: list[str]
    archives: list[tuple[str, int]]

    def __len__(self) -> int:
        return len(self.entries) + len(self.fragments) + len(self.feeds) + len(self.archives)


def find(connection: sa.Connection) -> Found:
    """Look at every row that has a sum.

    Raises `CatalogueError` where an SQLite file itself is damaged: then rows may be missing.
    """
    _check_file(connection)
    with _lenient(connection):
        return Found(
            [row for row in _entries(connection) if row["sum"] != _sum(row)],
            list(_fragments(connection)),
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
        )


def mend(connection: sa.Connection, now: int, *, force: bool = False) -> int:
    """Have the next build make again what is damaged; returns how many rows were.

    Where none has a wrong sum, all articles are read again: the damage is in rows without one.
    `now`, in seconds, dates what lost its date. Raises `CatalogueError` where the memory of an
    entry is lost, unless `force` keeps it as it is.
    """
    found = find(connection)
    lost = [path for row in found.entries if (path := _mend_entry(connection, row, now))]
    if lost and not force:
        raise CatalogueError(
            f"the catalogue is damaged: of {len(lost):,} entries, such as that of {lost[0]}, "
            "neither what they say nor their memory is whole; put a backup in its place, or say "
            "--force to keep their ids and dates as they are"
        )
    for seq in found.fragments:
        connection.execute(delete(fragment).where(fragment.c.entry == seq))
    for path in found.feeds:
        values = {"digest": "", "updated": now, "entries": 0, "newest": None}
        known = {**values, "sum": checksums.of_feed(path, "", now, 0, None)}
        connection.execute(update(feed).where(feed.c.path == path).values(known))
    for of, number in found.archives:
        at = (archive.c.feed == of, archive.c.number == number)
        known = {"digest": "", "updated": now, "sum": checksums.of_archive(number, "", now)}
        connection.execute(update(archive).where(*at).values(known))
    forgotten = ["damaged", "definitions", "walked"]  # every feed is looked at, every file listed
    if not found:
        forgotten.append("fingerprint")
    connection.execute(update(meta).where(meta.c.key.in_(forgotten)).values(value=""))
    return len(found)


def _check_file(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    for attempt in ("REINDEX", ""):
        # One row that says ok, or a row for each fault.
        fault = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if fault == "ok":
            return
        if attempt and connection.get_execution_options().get("write"):
            connection.exec_driver_sql(attempt)
        else:
            break
    raise CatalogueError(
        f"the catalogue is damaged ({str(fault).splitlines()[-1]}); put a backup in its place"
    )


@contextmanager
def _lenient(connection: sa.Connection) -> Iterator[None]:
    """Read text whatever its bytes are: it then has another sum."""
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    before: Callable[[bytes], Any] = driver.text_factory
    driver.text_factory = lambda text: text.decode(errors="replace")
    try:
        yield
    finally:
        driver.text_factory = before


def _entries(connection: sa.Connection) -> Iterator[_Row]:
    last = -1
    while True:
        asked = select(entry).where(entry.c.seq > last).order_by(entry.c.seq).limit(_AT_ONCE)
        rows = connection.execute(asked).mappings().all()
        if not rows:
            return
        yield from map(dict, rows)
        last = rows[-1]["seq"]


def _fragments(connection: sa.Connection) -> Iterator[int]:
    last = -1
    while True:
        asked = (
            select(fragment, *_SHOWN)
            .outerjoin(entry, entry.c.seq == fragment.c.entry)
            .where(fragment.c.entry > last)
            .order_by(fragment.c.entry)
            .limit(_AT_ONCE)
        )
        rows = connection.execute(asked).mappings().all()
        if not rows:
            return
        for row in rows:
            made = [row[name] for name in FORMATS]
            if row["sum"] != checksums.of_fragment(
                row["id"], row["content_hash"], row["published"], row["updated"], made
            ):
                yield row["entry"]
        last = rows[-1]["entry"]


def _sum(row: _Row) -> int:
    return checksums.of_entry([row[name] for name in checksums.ENTRY])


def _mend_entry(connection: sa.Connection, row: _Row, now: int) -> str:
    """Put an entry right, or have its file read again; returns its path where it is uncertain."""
    kept = next((each for each in _guesses(row) if _sum(each) == row["sum"]), None)
    at = entry.c.seq == row["seq"]
    if kept is not None:
        connection.execute(update(entry).where(at).values({**kept}))
        return ""
    said = _decoded(row["data"])
    certain = said is None or _memory(said) == {name: row[name] for name in _memory(said)}
    # It is out again once its article is read, and is not published with damage where that fails.
    withdrawal.withdraw(
        connection, [row["seq"]], now if row["withdrawn"] is None else row["withdrawn"]
    )
    anew = {"size": -1, "digest": ""}
    connection.execute(update(file).where(file.c.path == row["path"]).values(anew))
    return "" if certain else str(row["path"])


def _guesses(row: _Row) -> Iterator[_Row]:
    """What the row may have been, if one place in it is damaged: its sum says which is right."""
    said = _decoded(row["data"])
    if said is None:
        return
    memory = _memory(said)
    for name, value in memory.items():
        yield {**row, name: value}
    yield {**row, "content_hash": content_hash(said)}
    yield {**row, "withdrawn": None}
    for name in memory:
        changed = {**memory, name: row[name]}
        yield {**row, "data": _encoded(said, changed)}


def _memory(said: Entry) -> dict[str, Any]:
    return {
        "id": said.id,
        "path": said.path,
        "published": int(said.published.timestamp()),
        "updated": int(said.updated.timestamp()),
    }


def _encoded(said: Entry, memory: Mapping[str, Any]) -> bytes:
    try:
        times = {name: from_timestamp(memory[name]) for name in ("published", "updated")}
        named = {name: str(memory[name]) for name in ("id", "path")}
        return msgspec.json.encode(msgspec.structs.replace(said, **named, **times))
    except (ValueError, OverflowError, OSError, TypeError):
        return b""


def _decoded(data: Any) -> Entry | None:
    try:
        return _ENTRY.decode(data)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError):
        return None
