"""The names of the files beside an article, read again only when their folder has changed."""

import os
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

# Returns the names in a folder below the article folder; empty if there is none.
FolderNames = Callable[[str], frozenset[str]]


def no_names(_folder: str) -> frozenset[str]:
    """A `FolderNames` that knows no file."""
    return frozenset()


def folder_names(root: Path) -> FolderNames:
    """Return a `FolderNames` that reads the folders below `root`."""
    return partial(_names_below, str(root))


def _names_below(root: str, folder: str) -> frozenset[str]:
    path = f"{root}/{folder}"
    try:
        return _names(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - faster
    except OSError:
        return frozenset()


@lru_cache(1_000)
def _names(path: str, _mtime_ns: int) -> frozenset[str]:
    return frozenset(os.listdir(path))  # noqa: PTH208 - faster
