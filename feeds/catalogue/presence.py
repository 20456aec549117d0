"""Whether the file of a catalogue is there, and whether it was: looked at without opening it."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa

# Whose catalogue was here once: beside its file, so that its loss is seen.
_MARK = ".made"
_MARKED = (
    "There is a catalogue beside this file, with the ids and dates of all entries. Where it is\n"
    "gone, none is made anew while this file is here: all subscribers would get everything again.\n"
)
# How long a look at a file waits that another fills.
_LOOK_SECONDS = 1
# Whether a catalogue that is not there may be made: always, only where none was before, or never.
Make = Literal["always", "first", "never"]


def file_of(url: sa.URL) -> str | None:
    """The file of an SQLite catalogue; None for other databases, and for one in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return url.database


def identity(file: str | None) -> tuple[int, int] | None:
    """Which file is there; None if there is none."""
    if file is not None:
        with suppress(OSError):
            stat = os.stat(file)  # noqa: PTH116 - asked often, and this is three times as fast
            return stat.st_dev, stat.st_ino
    return None


def _mark(file: str) -> Path:
    at = Path(file)
    return at.with_name(f".{at.name}{_MARK}")


def note(file: str) -> None:
    """Note, beside its file, that there is a catalogue."""
    mark = _mark(file)
    if not mark.exists():
        with suppress(OSError):  # its folder may be read only
            mark.write_text(_MARKED, encoding="utf-8")


def catalogue_is_lost(url: str) -> bool:
    """Whether there was a catalogue at this URL, and none that was built is there now."""
    file = file_of(sa.make_url(url))
    return file is not None and is_lost(file, "first")


def is_lost(file: str, make: Make) -> bool:
    """Whether a catalogue is to be here, and is not: none may be made then."""
    if make == "always":
        return False
    here = os.path.exists(file) and os.path.getsize(file) > 0  # noqa: PTH110, PTH202
    if make == "never":
        return not here or _asked(file, "SELECT count(*) FROM sqlite_master") == 0
    marked = _mark(file).exists()
    if not here:
        return marked or Path(f"{file}-wal").exists()
    return marked and not is_built(file)


def is_built(file: str) -> bool:
    """Whether a build has written to the catalogue in this file, as far as can be seen."""
    return _asked(file, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'") != 0 and (
        _asked(file, "SELECT value <> '0' FROM meta WHERE key = 'revision'") != 0
    )


def _asked(file: str, question: str) -> int | None:
    """A number out of an SQLite file, without opening the catalogue; None if none is to be had."""
    try:
        url = f"file:{quote(file)}?mode=ro"
        with closing(sqlite3.connect(url, timeout=_LOOK_SECONDS, uri=True)) as connection:
            row = connection.execute(question).fetchone()
    except sqlite3.Error:
        return None  # opening it says what is wrong
    return int(row[0]) if row else 0
