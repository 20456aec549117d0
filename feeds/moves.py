"""Paths that are no document's: the one that is meant, where it moved, or that it is gone. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import msgspec

from feeds.selection import TERM_FIELDS
from feeds.site import PLACEHOLDER, Move, Site
from feeds.text import slug

_SLASHES = re.compile(r"/{2,}")
# So many times a move may lead to another one; readers follow few (conformance rule H66).
_HOPS = 5


class Elsewhere(msgspec.Struct, frozen=True):
    """What to answer instead: a status, and the URL or path that it leads to, None if gone.

    A path is below the feeds' URL, without a leading `/`.
    """

    status: int
    location: str | None


def find(path: str, site: Site, exists: Callable[[str], str | None]) -> Elsewhere | None:
    """What is known of a path that no document has; None if it is just not there.

    `exists` gives the name of the document that a path means, whatever its capitals, or None.
    """
    name = _SLASHES.sub("/", path).strip("/")
    if any(part in (".", "..") for part in name.split("/")):
        return None
    for meant in (exists(name), exists(f"{name}.html")):
        if meant is not None and meant != path:
            return Elsewhere(301, meant)
    return _moved(name, site, exists, _HOPS)


def _moved(
    name: str, site: Site, exists: Callable[[str], str | None], hops: int
) -> Elsewhere | None:
    for move, fits in _fitting(site.moves, name):
        if move.target is None:
            return Elsewhere(410, None)
        target = _filled(move.target, fits, site)
        if "://" in target:
            return Elsewhere(move.status, target)
        if (meant := exists(target)) is not None:
            return Elsewhere(move.status, meant)
        if hops and (further := _moved(target, site, exists, hops - 1)):
            return further
    return None


def _fitting(moves: tuple[Move, ...], name: str) -> Iterator[tuple[Move, Mapping[str, str]]]:
    """The moves whose source a path is, with what stands at their placeholders."""
    for move, wanted in _compiled(moves):
        if fits := wanted.fullmatch(name):
            yield move, fits.groupdict()


def _filled(target: str, said: Mapping[str, str], site: Site) -> str:
    """The target with its placeholders as this site writes the terms that the path said."""

    def term(found: re.Match[str]) -> str:
        field, value = found[1], said[found[1]]
        if field == "topic":
            return site.topic_id(value)
        return slug(value) if field in TERM_FIELDS else value

    return PLACEHOLDER.sub(term, target)


@lru_cache(maxsize=8)
def _compiled(moves: tuple[Move, ...]) -> list[tuple[Move, re.Pattern[str]]]:
    return [(move, re.compile(pattern(move.source), re.IGNORECASE)) for move in moves]


def pattern(source: str) -> str:
    """The regular expression of an old path: a placeholder is a segment, or a part of one."""
    parts = PLACEHOLDER.split(source)
    names = iter(parts[1::2])
    return "".join(
        re.escape(text) + (f"(?P<{name}>[^/]+?)" if (name := next(names, "")) else "")
        for text in parts[::2]
    )
