"""The file format of the portable memory: JSON Lines, in an order fit for version control.

The first line names the format and its version. Each further line is a row, sorted by kind and key,
with its members in a fixed order, so that an edit of an article changes few lines.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from feeds.catalogue.memory_rows import MemoryRow
from feeds.errors import MemoryFileError
from feeds.memory.merge import Memory

_FORMAT = "feeds-memory"
_VERSION = 1


class _Header(msgspec.Struct, frozen=True):
    format: str
    version: int


_ENCODER = msgspec.json.Encoder()
_HEADER = msgspec.json.Decoder(_Header)
_ROW = msgspec.json.Decoder(MemoryRow)
_PLACE = re.compile(r"(?P<message>.*) - at `\$\.?(?P<field>.*)`")


def encode(rows: Iterable[MemoryRow]) -> Iterator[bytes]:
    """Yield the lines of a file with these rows, which are in the order of the catalogue."""
    yield _ENCODER.encode(_Header(_FORMAT, _VERSION)) + b"\n"
    for row in rows:
        yield _ENCODER.encode(row) + b"\n"


def read(file: Path) -> Memory:
    """Read a file. Raises `MemoryFileError`, with the number and the field of a faulty line."""
    memory = Memory(str(file))
    try:
        with file.open("rb") as lines:
            _check_header(next(lines, b""), file)
            for number, line in enumerate(lines, 2):
                if line.strip():
                    _add(memory, line, f"{file}:{number}")
    except OSError as error:
        raise MemoryFileError(f"{file}: cannot be read: {error.strerror}") from error
    _check_places(memory)
    return memory


def _check_header(line: bytes, file: Path) -> None:
    try:
        header = _HEADER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        header = _Header("", 0)
    if header.format != _FORMAT:
        raise MemoryFileError(
            f"{file}:1: not a memory; the first line of one, as feeds memory export writes it, is "
            f'{{"format":"{_FORMAT}","version":{_VERSION}}}'
        )
    if header.version > _VERSION:
        raise MemoryFileError(
            f"{file}:1: version: {header.version} is newer than this program, which reads version "
            f"{_VERSION}; use the version that wrote the file, or a later one"
        )


def _add(memory: Memory, line: bytes, place: str) -> None:
    if line.startswith((b"<<<<<<<", b"=======", b">>>>>>>")):
        raise MemoryFileError(
            f"{place}: a conflict that git left; export both versions with git show, and pass both "
            "files to feeds memory import"
        )
    try:
        row = _ROW.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MemoryFileError(f"{place}: {_explained(str(error))}") from error
    before = memory.add(row)
    if before is not None and before != row:
        key = " ".join(map(str, row.key))
        raise MemoryFileError(f"{place}: {key}: an earlier row has other values; delete one")


def _explained(message: str) -> str:
    match = _PLACE.fullmatch(message)
    if match is None or not match["field"]:
        return match["message"] if match else message
    return f"{match['field']}: {match['message']}"


def _check_places(memory: Memory) -> None:
    for row in memory.places.values():
        if (row.entry,) not in memory.entries:
            raise MemoryFileError(
                f"{memory.name}: {row.feed}: its archive {row.archive} has {row.entry}, but the "
                "file has no such entry; restore the row of the entry, or delete that of its place"
            )
