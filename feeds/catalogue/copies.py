"""Copies of a catalogue that is one file: to carry it to another machine, and to take it up."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from feeds.catalogue.store import Catalogue
from feeds.errors import CatalogueError


def copy(catalogue: Catalogue, file: Path, id_: str) -> None:
    """Write a consistent copy of the catalogue that is called `id_`. Raises `CatalogueError`.

    Fragments stay behind: they are half of it, and made again when they are wanted.
    """
    with _telling(file), closing(_opened(catalogue)) as connection:
        connection.execute("VACUUM INTO ?", [str(file)])
    with _telling(file), closing(sqlite3.connect(file, isolation_level=None)) as made:
        made.execute("DELETE FROM fragment")
        made.execute("INSERT OR REPLACE INTO meta VALUES ('published', ?)", [id_])
        made.execute("VACUUM")


def take_up(catalogue: Catalogue, file: Path) -> None:
    """Make the catalogue what the copy in `file` is, as one transaction. Raises `CatalogueError`.

    Whoever reads the catalogue meanwhile sees it as it was.
    """
    Catalogue(f"sqlite:///{file}").close()  # brings one of an older version to ours
    with (
        _telling(file),
        closing(sqlite3.connect(file)) as source,
        closing(_opened(catalogue)) as target,
    ):
        source.backup(target)


def _opened(catalogue: Catalogue) -> sqlite3.Connection:
    if catalogue.file is None:
        raise CatalogueError("only a catalogue that is a file can be copied")
    return sqlite3.connect(catalogue.file, timeout=30, isolation_level=None)


@contextmanager
def _telling(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise CatalogueError(
            f"the catalogue cannot be copied to or from {file}: {error}"
        ) from error
