"""The data of an Eleventy site: of folders and files, of `_data`, and of front matter."""

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from feeds.articles import frontmatter
from feeds.errors import ArticleError
from feeds.init import literals
from feeds.init.eleventy_config import with_imports
from feeds.presets import vocabulary
from feeds.presets.matter import Matter, fold

_DATA = (".11tydata.json", ".11tydata.js", ".11tydata.mjs", ".11tydata.cjs", ".11tydata.ts",
         ".json")  # fmt: skip
_SITE_FILES = ("metadata", "site", "meta", "siteConfig", "config", "globals", "global", "base")
SITE_TITLES = ("title", "name", "siteName", "siteTitle")
_PEOPLE_FILES = ("authors", "all_authors", "author", "people", "team")
_EXTENSIONS = (".json", ".js", ".mjs", ".cjs", ".ts", ".yml", ".yaml", ".toml")
_PLAIN = (".json", ".yml", ".yaml", ".toml")
_CODE = re.compile(r"=>|\bfunction\b|\beleventyComputed\b")
_ARTICLES = (".md", ".markdown", ".html")
# Templates that are no Markdown, which we do not read as articles.
OTHER_TEMPLATES = (".njk", ".liquid", ".webc", ".hbs", ".ejs", ".pug", ".haml", ".11ty.js", ".mdx")
# Names of what only one article has: that of a folder describes the folder.
_OWN = ("title", "summary", "image", "audio", "audio_size", "audio_duration", "slug", "canonical")
_KEPT = frozenset(
    fold(name.partition(".")[0])
    for ours, names in vocabulary.COMMON.items()
    if ours not in _OWN
    for name in names
) | {"tags", "draft", "eleventyexcludefromcollections", "override:tags", "status"}
_MAX_FILES = 20_000
_MAX_BYTES = 1_000_000
_MAX_LIST = 20


class Sources(msgspec.Struct):
    """The templates below the input folder. `articles` is front matter by path, `data` that of
    folders and files, and `code` are the data files that are code."""

    folder: Path
    articles: dict[str, dict[str, Any]]
    data: dict[str, dict[str, Any]]
    code: dict[str, Path]
    templates: list[Path]

    def merged(self, path: str, head: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the data of an article, or of a template with `head`, as Eleventy merges them."""
        result = dict(self.articles[path] if head is None else head)
        override = "override:tags" in result
        tags = listed(result.get("override:tags") if override else result.get("tags"))
        for key in (path, *(str(each) for each in PurePosixPath(path).parents)):
            values = self.data.get("*" if key == "." else key, {})
            result = {**values, **result}
            tags += [] if override else listed(values.get("tags"))
        return {**result, "tags": tags}


def listed(value: Any) -> list[Any]:
    """Return tags as a list."""
    return list(value) if isinstance(value, list) else [] if value in (None, "") else [value]


def read(folder: Path, skipped: frozenset[str], unclear: list[str], root: Path) -> Sources:
    """Read all templates and data files below the input folder, but for some folders."""
    sources = Sources(folder, {}, {}, {}, [])
    for number, path in enumerate(_files(folder, skipped)):
        if number >= _MAX_FILES:
            break
        below = path.relative_to(folder).as_posix()
        if path.name.endswith(OTHER_TEMPLATES) or path.suffix in (".html", ".xml"):
            sources.templates.append(path)
        if path.suffix in _ARTICLES:
            head = front_matter(path, below)
            if head is not None:
                sources.articles[below] = head
        elif key := _data_key(path, folder):
            _add_data(sources, key, path, unclear, root)
    return sources


def _files(folder: Path, skipped: frozenset[str]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        below = Path(parent).relative_to(folder)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "."
            and name not in ("node_modules", "_includes", "_layouts")
            and (below / name).as_posix() not in skipped
        )
        yield from (Path(parent, name) for name in sorted(names) if name[0] != ".")


def _data_key(path: Path, folder: Path) -> str:
    """Return the folder or the file to which a data file belongs."""
    ending = next((ending for ending in _DATA if path.name.endswith(ending)), None)
    if ending is None:
        return ""
    name = path.name.removesuffix(ending)
    parent = path.parent.relative_to(folder).as_posix()
    if name == path.parent.name or name == "index":
        return "*" if parent == "." else parent
    files = [path.parent / f"{name}{suffix}" for suffix in _ARTICLES]
    return next((file.relative_to(folder).as_posix() for file in files if file.is_file()), "")


def _add_data(sources: Sources, key: str, path: Path, unclear: list[str], root: Path) -> None:
    if path.suffix == ".json":
        values = literals.read_mapping(path, unclear, root)
    else:
        value = literals.read_script(path).default
        values = value if isinstance(value, dict) else {}
        if not isinstance(value, dict) or _CODE.search(with_imports(path)):
            sources.code[key] = path
    sources.data[key] = {**sources.data.get(key, {}), **values}


def front_matter(path: Path, below: str) -> dict[str, Any] | None:
    """Return the front matter of a file; None if it cannot be read, empty if it has none."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        formats = ("yaml", "toml", "json", "none")
        file = frontmatter.split(below, path.read_bytes(), formats)  # type: ignore[arg-type]
    except (ArticleError, OSError):
        return None
    return file.data


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those values of a data file that say something about articles."""
    return {
        key: value
        for key, value in values.items()
        if fold(key) in _KEPT and fold(key) != "permalink" and _is_plain(value)
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= _MAX_LIST and all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return len(value) <= _MAX_LIST and all(_is_plain(item) for item in value.values())
    return isinstance(value, str | int | float | bool)


def matching(sources: Sources, globs: list[str]) -> list[str]:
    """Return the articles that one of the globs, below the input folder, matches."""
    return [path for path in sources.articles if any(_matches(path, glob) for glob in globs)]


def _matches(path: str, glob: str) -> bool:
    if "**" in glob:
        return fnmatch(path, glob.replace("**/", "*").replace("**", "*"))
    return path.count("/") == glob.count("/") and fnmatch(path, glob)


def site_data(folder: Path, unclear: list[str], root: Path) -> Matter:
    """Return what `_data` says about the site."""
    for name in _SITE_FILES:
        for suffix in _EXTENSIONS:
            path = folder / f"{name}{suffix}"
            if not path.is_file():
                continue
            value = _read(path, unclear, root)
            for data in (value, *value.values()):
                if isinstance(data, dict) and any(Matter(data).all(SITE_TITLES)):
                    return Matter(data)
    return Matter({})


def _read(path: Path, unclear: list[str], root: Path) -> dict[str, Any]:
    if path.suffix in _PLAIN:
        return literals.read_mapping(path, unclear, root)
    script = literals.read_script(path)
    value = script.default
    if isinstance(value, dict):
        return value
    returned = [item for item in script.returned if isinstance(item, dict)]
    return returned[0] if returned else script.constants


def people_file(folder: Path) -> Path | None:
    """Return the file of `_data` with the authors by key."""
    names = [f"{name}{suffix}" for name in _PEOPLE_FILES for suffix in _PLAIN]
    return next((folder / name for name in names if (folder / name).is_file()), None)
