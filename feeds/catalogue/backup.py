"""Copies of a catalogue that is one file: to carry it to another machine, and to take it up."""

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
    with _wrap_errors(file), closing(_opened(catalogue)) as connection:
        private_files.create(file)
        connection.execute("VACUUM INTO ?", [str(file)])
    with _wrap_errors(file), closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("DELETE FROM fragment")
        if published:
            copy.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", published_copy(*published))
        copy.execute("VACUUM")


def restore(catalogue: Catalogue, file: Path) -> int:
    """Make the catalogue what the copy in `file` is, as one transaction; returns its revision.

    Whoever reads the catalogue meanwhile sees it as it was. The revisions of the copy are another
    machine's: one that serves this catalogue is told that every document may be another. So are
    the times of files: the next build reads them all. Raises `CatalogueError`.
    """
    with catalogue.read() as reader:
        before = reader.meta.revision()
    with closing(Catalogue(f"sqlite:///{file}")) as taken:  # brings an older version to ours
        with taken.read() as reader:
            revision = reader.meta.revision()
        with taken.write() as writer:
            writer.files.forget_times()
            if before:
                revision = max(before, revision) + 1
                writer.meta.put("revision", str(revision))
                writer.meta.put("feeds", str(revision))
                writer.feeds.touch_all(revision)
    with (
        _wrap_errors(file),
        closing(sqlite3.connect(file)) as source,
        closing(_opened(catalogue)) as target,
    ):
        source.backup(target)
    return revision


def _opened(catalogue: Catalogue) -> sqlite3.Connection:
    if catalogue.file is None:
        raise CatalogueError("only a catalogue that is a file can be copied")
    return sqlite3.connect(catalogue.file, timeout=30, isolation_level=None)


@contextmanager
def _wrap_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise CatalogueError(
            f"the catalogue cannot be copied to or from {file}: {error}"
        ) from error
