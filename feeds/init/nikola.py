"""Reads conf.py of a Nikola site (getnikola.com/handbook.html) as text; it is never run."""

import posixpath
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.model.document import Format
from feeds.presets.nikola import Nikola

_CONFIG = "conf.py"
_FEED_SIZE = 10
_INDEX_SIZE = 10
_MARKS = ("POSTS", "BLOG_TITLE")


class _Posts(NamedTuple):
    """One tuple of POSTS: the folder of its files, their pattern, and the folder of the pages."""

    folder: str
    pattern: str
    destination: str


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a Nikola site; empty if the folder is none."""
    text = literals.read_text(root / _CONFIG)
    if not all(mark in text for mark in _MARKS):
        return ()
    read = literals.read_python(root / _CONFIG)
    return (_CONFIG,) if set(_MARKS) <= {*read.values, *read.unknown} else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Nikola site."""
    unclear: list[str] = []
    settings = literals.read_python(root / _CONFIG).values
    language = str(settings.get("DEFAULT_LANG") or "en")
    posts = _posts(settings, language, unclear)
    folder = _common_folder(posts)
    return Findings(
        preset="nikola",
        generator="Nikola",
        evidence=detect(root),
        root=root,
        url=str(settings.get("BASE_URL") or settings.get("SITE_URL") or ""),
        title=_text(settings, "BLOG_TITLE", language),
        description=_text(settings, "BLOG_DESCRIPTION", language),
        language=language,
        timezone=str(settings.get("TIMEZONE") or "UTC"),
        author=_text(settings, "BLOG_AUTHOR", language),
        author_email=str(settings.get("BLOG_EMAIL") or ""),
        folder=folder,
        include=tuple(posixpath.relpath(f"{one.folder}/{one.pattern}", folder) for one in posts),
        assets="files" if (root / "files").is_dir() else "",
        permalink=_permalinks(posts, folder, settings),
        fields={"id": ("guid",)},
        rules=_rules(settings, language, unclear),
        ids="nikola",
        old_feeds=tuple(_old_feeds(settings, language)),
        built=(str(settings.get("OUTPUT_FOLDER") or "output"),),
        unclear=unclear,
    )


def _text(settings: Mapping[str, Any], name: str, language: str) -> str:
    """Return a setting that may have a value for each language."""
    return str(_in_language(settings.get(name), language) or "")


def _in_language(value: Any, language: str) -> Any:
    return value.get(language) if isinstance(value, Mapping) else value


def _posts(settings: Mapping[str, Any], language: str, unclear: list[str]) -> list[_Posts]:
    """Return the files that are posts; those of PAGES are in no feed."""
    found: list[_Posts] = []
    unread: list[str] = []
    rows = settings.get("POSTS")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, list) or len(row) < 2 or not isinstance(row[0], str):
            continue
        destination = str(_in_language(row[1], language) or "").strip("/")
        folder, _, pattern = row[0].rpartition("/")
        found.append(_Posts(folder or ".", pattern, destination))
        if PurePosixPath(pattern).suffix not in Nikola.extensions:
            unread.append(row[0])
        if isinstance(row[1], Mapping) and len(set(row[1].values())) > 1:
            unclear.append(f"POSTS: {row[0]} has a folder for each language; only that of "
                           f"{language} is taken over")  # fmt: skip
    if not found:
        unclear.append("POSTS cannot be read without running conf.py; correct articles.folder")
        return [_Posts("posts", "*", "posts")]
    if unread:
        unclear.append(f"POSTS: files of {', '.join(unread)} are not read")
    return found


def _common_folder(posts: list[_Posts]) -> str:
    return posixpath.commonpath([posixpath.normpath(one.folder) for one in posts]) or "."


def _permalinks(
    posts: list[_Posts], folder: str, settings: Mapping[str, Any]
) -> str | dict[str, str]:
    """Return the pattern of the pages' URLs, by folder if there are several."""
    patterns: dict[str, str] = {}
    ending = "/" if settings.get("PRETTY_URLS", True) else ".html"
    for one in posts:
        below = posixpath.relpath(one.folder, folder)
        depth = 0 if below == "." else below.count("/") + 1
        folders = f"{{sections:{depth}:}}" if depth else "{folder}"
        path = posixpath.normpath(f"/{one.destination}/{folders}/{{slug}}").replace("//", "/")
        patterns.setdefault("*" if below == "." else below, path + ending)
    return patterns["*"] if list(patterns) == ["*"] else patterns


def _translations(settings: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return the folders of the languages' pages, by language."""
    value = settings.get("TRANSLATIONS")
    folders = value if isinstance(value, Mapping) else {language: ""}
    return {str(name): str(folder).strip("./") for name, folder in folders.items()}


def _rules(settings: Mapping[str, Any], language: str, unclear: list[str]) -> dict[str, Any]:
    """Return the settings that decide on URLs, where they are not the preset's defaults."""
    folders = _translations(settings, language)
    for name, folder in folders.items():
        if folder != ("" if name == language else name):
            unclear.append(
                f"TRANSLATIONS: pages in {name} are in {folder or 'the root of the site'}; write "
                "permalink in site.yaml"
            )
    rules: dict[str, Any] = {}
    if language != "en":
        rules["default_lang"] = language
    if len(folders) > 1:
        rules["languages"] = tuple(folders)
    if not settings.get("STRIP_INDEXES", True):
        rules["strip_indexes"] = False
    return rules


def _old_feeds(settings: Mapping[str, Any], language: str) -> list[OldFeed]:
    """Return the feeds of the site, for each language, and of its tags."""
    folders = _translations(settings, language)
    feeds: list[OldFeed] = []
    for name, folder in folders.items():
        term = ("language", name) if len(folders) > 1 else None
        title = _text(settings, "BLOG_TITLE", name)
        for path, format_, size in _feed_files(settings, name):
            feeds.append(OldFeed(posixpath.join(folder, path), format_, size, title, term))
    if settings.get("GENERATE_RSS", True):
        extension = settings.get("RSS_EXTENSION") or ".xml"
        path = posixpath.join(_tag_path(settings, language), f"{{topic}}{extension}")
        feeds.append(
            OldFeed(path, "rss", _size(settings, "FEED_LENGTH", _FEED_SIZE), field="topic")
        )
    return feeds


def _tag_path(settings: Mapping[str, Any], language: str) -> str:
    return (_text(settings, "TAG_PATH", language) or "categories").strip("/")


def _size(settings: Mapping[str, Any], name: str, default: int) -> int:
    size = settings.get(name)
    return size if isinstance(size, int) and size > 0 else default


def _feed_files(settings: Mapping[str, Any], language: str) -> list[tuple[str, Format, int]]:
    """Return the main feeds of one language: path, format and number of items."""

    def path(kind: str, name: str, extension: str) -> str:
        folder = _text(settings, f"{kind}_PATH", language)
        name = _text(settings, f"{kind}_FILENAME_BASE", language) or name
        ending = str(settings.get(f"{kind}_EXTENSION") or extension)
        return posixpath.join(folder.strip("/"), name + ending)

    files: list[tuple[str, Format, int]] = []
    if settings.get("GENERATE_RSS", True) and not settings.get("DISABLE_MAIN_RSS_FEED"):
        files.append(
            (path("RSS", "rss", ".xml"), "rss", _size(settings, "FEED_LENGTH", _FEED_SIZE))
        )
    if settings.get("GENERATE_ATOM") and not settings.get("DISABLE_MAIN_ATOM_FEED"):
        size = _size(settings, "INDEX_DISPLAY_POST_COUNT", _INDEX_SIZE)
        files.append((path("ATOM", "index", ".atom"), "atom", size))
    return files
