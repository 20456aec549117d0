"""Folders that are one article: its `index` file; the files beside and below it belong to it."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from feeds.util.folder_names import FolderNames


class Bundles:
    """The bundles of an article folder whose files are `names`; none unless `enabled`."""

    def __init__(
        self, names: FolderNames, is_article: Callable[[str], bool], *, enabled: bool
    ) -> None:
        self._names = names
        self._is_article = is_article
        self._enabled = enabled

    def is_index(self, path: str) -> bool:
        """Return whether a file makes its folder one article."""
        return self._enabled and "/" in path and _is_index(path)

    def keep_index(self, files: dict[str, Any], below: str) -> bool:
        """Leave only the index among the files last added, from one folder; return if it has one.

        `below` is the path of the folder with a final `/`.
        """
        if not self._enabled or not below:
            return False
        added = list(takewhile(lambda path: path.startswith(below), reversed(files)))
        if not any(map(_is_index, added)):
            return False
        for path in added:
            if not _is_index(path):
                del files[path]
        return True

    def contain(self, path: str) -> bool:
        """Return whether a file belongs to the article of a folder above it."""
        folder = path.rpartition("/")[0] if self._enabled else ""
        is_beside = True
        while folder:
            names = filter(_is_index, self._names(folder))
            if any(self._is_article(f"{folder}/{name}") for name in names):
                return not (is_beside and _is_index(path))
            folder, is_beside = folder.rpartition("/")[0], False
        return False


def _is_index(path: str) -> bool:
    return path.rpartition("/")[2].partition(".")[0] == "index"
