"""A survey of the Markdown files below a folder: how many have front matter, and which keys."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from feeds.articles import frontmatter
from feeds.errors import ArticleError
from feeds.presets import vocabulary
from feeds.presets.matter import Matter

_EXTENSIONS = (".md", ".markdown", ".mdx", ".html", ".htm")
_SKIPPED = frozenset({
    "node_modules", "vendor", "venv", "dist", "build", "target", "public", "output", "coverage",
    "__pycache__", "_data", "_includes", "_layouts", "_site", "_sass",
    "templates", "layouts", "themes", "includes", "site-packages",
})  # fmt: skip
_MAX_FILES = 20_000
_MAX_SAMPLE = 400
_MAX_BYTES = 1_000_000
NAME_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[-_ .]|$)")
# The share of files with front matter that an article folder has.
_MOST = 0.8


class Survey(msgspec.Struct):
    """The article files below a folder. `heads` are the front matter of a sample, by path."""

    folder: str
    files: int
    heads: dict[str, dict[str, Any]]

    @property
    def keys(self) -> Counter[str]:
        """In how many files of the sample each key is."""
        return Counter(str(key) for head in self.heads.values() for key in head)

    def values(self, key: str) -> list[Any]:
        """Return the values of a key in the sample."""
        return [head[key] for head in self.heads.values() if head.get(key) not in (None, "")]


def survey(root: Path, skipped: frozenset[str] = _SKIPPED) -> Survey:
    """Return a survey of all files below a folder, with paths relative to it."""
    paths = sorted(_paths(root, skipped))
    step = max(1, len(paths) // _MAX_SAMPLE)
    heads = {path: head for path in paths[::step] if (head := _head(root / path)) is not None}
    return Survey("", len(paths), heads)


def best_folder(whole: Survey) -> str:
    """Return the deepest folder with nearly all dated articles, or else with all front matter."""
    paths = [path for path, head in whole.heads.items() if is_dated(path, head)] or whole.heads
    counts = Counter(str(parent) for path in paths for parent in PurePosixPath(path).parents)
    if not counts:
        return ""
    fit = [folder for folder, count in counts.items() if count >= _MOST * counts["."]]
    deepest = max(fit, key=lambda folder: (len(PurePosixPath(folder).parts), folder))
    return "" if deepest == "." else deepest


def is_dated(path: str, head: dict[str, Any]) -> bool:
    """Return whether an article has a date, under any name, or in its file name."""
    if any(isinstance(value, date) for value in head.values()) or NAME_DATE.match(_name(path)):
        return True
    return any(True for _ in Matter(head).all(vocabulary.COMMON["published"]))


def _name(path: str) -> str:
    """Return the file name, or that of the folder of an `index` file."""
    file = PurePosixPath(path)
    return file.parent.name if file.stem == "index" else file.name


def _paths(root: Path, skipped: frozenset[str]) -> Iterator[str]:
    number = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in sorted(folders) if name not in skipped and name[0] != "."]
        below = Path(folder).relative_to(root).as_posix()
        for name in files:
            if name.endswith(_EXTENSIONS) and name[0] != ".":
                yield name if below == "." else f"{below}/{name}"
                number += 1
        if number > _MAX_FILES:
            return


def _head(path: Path) -> dict[str, Any] | None:
    """Return the front matter of a file; None if it has none, or cannot be read."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        content = path.read_bytes()
        return frontmatter.split(path.name, content, ("yaml", "toml", "json")).data
    except (OSError, ArticleError):
        return None
