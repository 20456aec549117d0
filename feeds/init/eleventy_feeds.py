"""The feeds of an Eleventy site: of the plugin @11ty/eleventy-plugin-rss, and of templates."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from feeds.init import eleventy_data, literals
from feeds.init.eleventy_config import Config
from feeds.init.eleventy_data import Sources
from feeds.init.eleventy_members import LIKELY
from feeds.model.document import Format
from feeds.presets.matter import Matter

_KINDS: tuple[tuple[Format, re.Pattern[str]], ...] = (
    ("atom", re.compile(r"<feed\b")),
    ("rss", re.compile(r"<rss\b")),
    ("json", re.compile(r"jsonfeed\.org/version")),
)
_FEED_PATH = re.compile(r".*\.(?:xml|json|rss|atom)$")
_COLLECTION = re.compile(r"""\bcollections(?:\.(\w+)|\[\s*["']([\w -]+)["']\s*\])""")
_LIMITS = re.compile(
    r"""(?:\|\s*(?:limitTo|limit|take|first|head|eleventyFeedHead)\s*[(:]\s*|\blimit\s*:\s*"""
    r"""|\.slice\(\s*(?:0\s*,\s*)?|\|\s*slice\s*[(:]\s*0\s*,\s*)(-?\d+)"""
)
_TITLE = re.compile(r"<title>[^<{]*\{\{-?\s*\w+\.data\.(\w+)")
_SUMMARY = re.compile(r"<(?:summary|description)\b[^>]*>[^<{]*\{\{-?\s*\w+\.data\.(\w+)")
_CODE = re.compile(r"\{#.*?#\}|\{%-?\s*comment.*?endcomment\s*-?%\}", re.DOTALL)


class Feed(msgspec.Struct, frozen=True):
    """A feed that the site makes of a collection; `size` is None if it has all of it."""

    path: str
    format: Format
    collection: str
    size: int | None = None
    metadata: Matter = Matter({})
    title_key: str = ""
    summary_key: str = ""


def feeds(config: Config, sources: Sources) -> list[Feed]:
    """Return the feeds of a site, those of the collection that articles most likely have first."""
    found = [*_of_plugin(config), *_of_templates(sources)]
    order = {name: number for number, name in enumerate(LIKELY)}
    return sorted(found, key=lambda feed: order.get(feed.collection, len(order)))


def _of_plugin(config: Config) -> Iterator[Feed]:
    for options in config.feed_plugins():
        collection = options["collection"]
        limit = collection.get("limit")
        kind = options.get("type")
        metadata = options.get("metadata")
        path = options.get("outputPath")
        yield Feed(
            path=(path if isinstance(path, str) else "/feed.xml").lstrip("/"),
            format=kind if kind in ("rss", "json") else "atom",
            collection=str(collection.get("name") or ""),
            size=limit if isinstance(limit, int) and limit > 0 else None,
            metadata=Matter(metadata if isinstance(metadata, Mapping) else {}),
            title_key="title",
            summary_key="summary",
        )


def _of_templates(sources: Sources) -> Iterator[Feed]:
    for path in sources.templates:
        below = path.relative_to(sources.folder).as_posix()
        head = eleventy_data.front_matter(path, below) or {}
        address = _address(head, path, below)
        if not address:
            continue
        text = _CODE.sub("", literals.read_text(path))
        kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), None)
        collection = _COLLECTION.search(text)
        if kind is None or collection is None:
            continue
        limit = _LIMITS.search(text)
        metadata = head.get("metadata")
        yield Feed(
            path=address,
            format=kind,
            collection=collection[1] or collection[2],
            size=abs(int(limit[1])) or None if limit else None,
            metadata=Matter(metadata if isinstance(metadata, Mapping) else {}),
            title_key=_name(_TITLE, text),
            summary_key=_name(_SUMMARY, text),
        )


def _address(head: Mapping[str, Any], path: Path, below: str) -> str:
    """Return the path of the feed that a template makes; empty if it makes another page."""
    value = head.get("permalink")
    if isinstance(value, str) and "{" not in value and _FEED_PATH.fullmatch(value):
        return value.lstrip("/")
    name = below.removesuffix(".njk").removesuffix(".liquid").removesuffix(".11ty.js")
    has_place = isinstance(value, str) and "{" in value
    return name if _FEED_PATH.fullmatch(name) and has_place and path.suffix != ".xml" else ""


def _name(pattern: re.Pattern[str], text: str) -> str:
    """Return the key of the items' data that a template shows; empty if it is not known."""
    match = pattern.search(text)
    return match[1] if match else ""
