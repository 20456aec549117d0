"""Checks whether an SQLite catalogue exists, and whether it did before, without opening it."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa

# The suffix of a hidden file beside the catalogue, by which its loss is noticed.
_MARK = ".made"
_MARKED = (
    "The catalogue beside this file has the ids and dates of all entries. If it is gone, no new\n"
    "one is created while this file exists: all subscribers would get every entry again.\n"
)
# How long to wait for a lock on the file.
_TIMEOUT_SECONDS = 1
# When a missing catalogue may be created: always, only if there was none before, or never.
Make = Literal["always", "first", "never"]


def file_of(url: sa.URL) -> str | None:
    """Return the path of an SQLite file; None for other databases, and for one in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return url.database


def identity(file: str | None) -> tuple[int, int] | None:
    """Return device and inode of a file; None if it does not exist."""
    if file is not None:
        with suppress(OSError):
            stat = os.stat(file)  # noqa: PTH116 - frequent, and three times as fast as Path.stat
            return stat.st_dev, stat.st_ino
    return None


def _mark(file: str) -> Path:
    path = Path(file)
    return path.with_name(f".{path.name}{_MARK}")


def note(file: str) -> None:
    """Leave a mark beside the file that it is a catalogue."""
    mark = _mark(file)
    if not mark.exists():
        with suppress(OSError):  # the folder may be read-only
            mark.write_text(_MARKED, encoding="utf-8")


def catalogue_is_lost(url: str) -> bool:
    """Return whether a catalogue was built at this URL, and no built one exists now."""
    file = file_of(sa.make_url(url))
    return file is not None and is_lost(file, "first")


def is_lost(file: str, make: Make) -> bool:
    """Return whether a catalogue is missing, and `make` does not allow a new one."""
    if make == "always":
        return False
    exists = os.path.exists(file) and os.path.getsize(file) > 0  # noqa: PTH110, PTH202
    if make == "never":
        return not exists or _query(file, "SELECT count(*) FROM sqlite_master") == 0
    was_built = _mark(file).exists()
    if not exists:
        return was_built or Path(f"{file}-wal").exists()
    return was_built and not is_built(file)


def is_built(file: str) -> bool:
    """Return whether the catalogue in this file has a memory; True if that is unclear.

    A build has written it, or it was imported.
    """
    return _query(file, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'") != 0 and (
        _query(file, "SELECT value <> '0' FROM meta WHERE key = 'revision'") != 0
        or _query(file, "SELECT count(*) FROM meta WHERE key = 'imported'") != 0
    )


def _query(file: str, sql: str) -> int | None:
    """Return a number from an SQLite file, 0 without a row; None if the file cannot be read."""
    try:
        url = f"file:{quote(file)}?mode=ro"
        with closing(sqlite3.connect(url, timeout=_TIMEOUT_SECONDS, uri=True)) as connection:
            row = connection.execute(sql).fetchone()
    except sqlite3.Error:
        return None  # opening the catalogue will report the error
    return int(row[0]) if row else 0
