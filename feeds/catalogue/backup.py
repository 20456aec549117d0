"""Copies of a catalogue that is an SQLite file, to move it to another machine."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.meta import published_copy
from feeds.errors import CatalogueError
from feeds.util import private_files


def backup(catalogue: Catalogue, file: Path, published: tuple[str, str, int] | None = None) -> None:
    """Write a consistent copy of the catalogue to `file`, which must not exist.

    `published` is stored in the copy as in `Meta.put_published_copy`. Fragments are left out: they
    are half of the file, and can be rendered again. Raises `CatalogueError`.
    """
    with _wrap_errors(file), closing(_connect(catalogue)) as connection:
        private_files.create(file)
        connection.execute("VACUUM INTO ?", [str(file)])
    with _wrap_errors(file), closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("DELETE FROM fragment")
        if published:
            copy.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", published_copy(*published))
        copy.execute("VACUUM")


def restore(catalogue: Catalogue, file: Path) -> int:
    """Replace the catalogue by the copy in `file`; return the new revision.

    One transaction: readers see the old state until it ends. Revisions and file times of the copy
    come from another machine. So the new revision is higher than both, servers of this catalogue
    treat every document as changed, and the next build reads every file. Changes the copy. Raises
    `CatalogueError`.
    """
    with catalogue.read() as reader:
        before = reader.meta.revision()
    with closing(Catalogue(f"sqlite:///{file}")) as copy:  # converts an older version
        with copy.read() as reader:
            revision = reader.meta.revision()
        with copy.write() as writer:
            writer.files.forget_times()
            if before:
                revision = max(before, revision) + 1
                writer.meta.put("revision", str(revision))
                writer.meta.put("feeds", str(revision))
                writer.feeds.touch_all(revision)
    with (
        _wrap_errors(file),
        closing(sqlite3.connect(file)) as source,
        closing(_connect(catalogue)) as target,
    ):
        source.backup(target)
    return revision


def _connect(catalogue: Catalogue) -> sqlite3.Connection:
    if catalogue.file is None:
        raise CatalogueError("only a catalogue in an SQLite file can be copied")
    return sqlite3.connect(catalogue.file, timeout=30, isolation_level=None)


@contextmanager
def _wrap_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise CatalogueError(
            f"the catalogue cannot be copied to or from {file}: {error}"
        ) from error
