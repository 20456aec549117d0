"""`feeds memory export` and `feeds memory import`: moves the memory between catalogue and files."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.errors import MemoryConflictError, MemoryFileError
from feeds.memory import json_lines
from feeds.memory.merge import Conflict, Memory, merge

_ENTRY = b'{"kind":"entry"'


class ExportResult(msgspec.Struct, frozen=True):
    """The numbers of rows, entries, and of entries whose article has an error today.

    The last good version of the latter is only in the catalogue.
    """

    rows: int
    entries: int
    broken: int


class ImportResult(msgspec.Struct, frozen=True):
    """The numbers of entries and of all rows that an import added or changed."""

    entries: int
    rows: int


def export_memory(catalogue: Catalogue, output: IO[bytes]) -> ExportResult:
    """Write the memory to an open file. Raises `CatalogueError`, and `OSError` of the file."""
    rows = entries = 0
    with catalogue.read() as reader:
        for line in json_lines.encode(reader.memory.rows()):
            output.write(line)
            rows += 1
            entries += line.startswith(_ENTRY)
        return ExportResult(rows - 1, entries, _broken(reader))


def write_file(catalogue: Catalogue, file: Path) -> ExportResult:
    """Replace a file by the memory, at once. Raises `CatalogueError` and `MemoryFileError`."""
    file = file.resolve()  # a symbolic link stays one
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as output:
            result = export_memory(catalogue, output)
        part.replace(file)
    except OSError as error:
        raise MemoryFileError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return result


def _broken(reader: ReadTransaction) -> int:
    fatal = {problem.path for problem in reader.files.problems() if problem.fatal}
    return reader.memory.last_good_versions(sorted(fatal))


def import_memory(catalogue: Catalogue, files: Sequence[Path]) -> ImportResult:
    """Merge the memory in these files with that of the catalogue, in one transaction.

    Raises `MemoryFileError` for a faulty line, and `MemoryConflictError` for rows that contradict
    each other; nothing is written then.
    """
    memories = [json_lines.read(file) for file in files]
    with catalogue.write() as writer:
        before = Memory("the catalogue", writer.memory.rows())
        merged, conflicts = before, list[Conflict]()
        for memory in memories:
            merged, found = merge(merged, memory)
            conflicts += found
        if conflicts:
            raise MemoryConflictError(tuple(map(str, conflicts)))
        changed = merged.changed_from(before)
        if changed:
            writer.memory.put(changed)
    return ImportResult(len(merged.entries), len(changed))
