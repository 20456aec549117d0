"""The images and recordings that front matter names by a path relative to its page. No I/O."""

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from feeds.articles.bodies.page import Page
from feeds.articles.bodies.references import References

_NAMES = ("images", "audio", "video")


def complete(data: dict[str, Any], page: Page) -> None:
    """Give the files of an article their URLs, and the sizes of those that lie beside it."""
    references = References(page)
    for item in _items(data):
        url = item.get("url")
        if not isinstance(url, str) or not url.strip():
            continue
        if "://" not in url and not url.startswith("/"):
            item["url"] = references.source(url) or ""
        if (path := _path(url, page)) and (picture := page.files.beside(path)):
            item.setdefault("size", picture.length)
            if picture.width:
                item.setdefault("width", picture.width)
                item.setdefault("height", picture.height)


def _items(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _NAMES:
        value = data.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield item


def _path(url: str, page: Page) -> str | None:
    """Return the path below the article folder of a file beside its article; None for others."""
    folder = posixpath.dirname(page.path)
    if "://" in url:
        base = page.base[: page.base.rfind("/") + 1]
        if not url.startswith(base):
            return None
        url = url.removeprefix(base)
    elif url.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(folder, unquote(urlsplit(url).path)))
    return None if path.startswith("../") else path
