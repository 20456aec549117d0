"""Paths that are no document's: the one that is meant, where it moved, or that it is gone. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote

import msgspec

from feeds.config.definitions import path_segment
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import Redirect, Site
from feeds.model import archives
from feeds.model.selection import TERM_FIELDS
from feeds.util.text import slug

_SLASHES = re.compile(r"/{2,}")
# So many times a move may lead to another one; readers follow few (conformance rule H66).
_HOPS = 5
# Characters of an old path: looking for what fits takes longer than its length grows.
_LONGEST = 300


class Resolution(msgspec.Struct, frozen=True):
    """What to answer instead: a status, and the URL or path that it leads to, None if gone.

    A path is below the feeds' URL, without a leading `/`.
    """

    status: int
    location: str | None


def folded(path: str) -> str:
    """A path with one slash where there are several."""
    return _SLASHES.sub("/", path)


def resolve(
    path: str, site: Site, exists: Callable[[str], str | None], *, exact: bool = True
) -> Resolution | None:
    """What is known of a path that no document has; None if it is just not there.

    `exists` gives the name of the document that a path means, whatever its capitals, or None.
    `exact` is false where what stood before the path was not written as it should be.
    """
    if len(path) > _LONGEST:
        return None
    name = folded(path).strip("/")
    if any(part in (".", "..") for part in name.split("/")):
        return None
    for meant in (exists(name), exists(f"{name}.html")):
        if meant is not None and (meant != path or not exact):
            return Resolution(301, meant)
    return _moved(name, site, exists, _HOPS) or _archive(name, site, exists)


def _archive(name: str, site: Site, exists: Callable[[str], str | None]) -> Resolution | None:
    """Where an archive document is whose feed moved: it has its number there, or the feed is it."""
    path, _, extension = name.rpartition(".")
    found = archives.parsed(path)
    elsewhere = _moved(f"{found[0]}.{extension}", site, exists, _HOPS) if found else None
    if elsewhere is None or elsewhere.location is None or found is None:
        return elsewhere
    feed = elsewhere.location.removesuffix(f".{extension}")
    there = exists(f"{archives.path(feed, found[1])}.{extension}")
    return msgspec.structs.replace(elsewhere, location=there or elsewhere.location)


def _moved(
    name: str, site: Site, exists: Callable[[str], str | None], hops: int
) -> Resolution | None:
    for move, fits in _fitting(site.moves, name):
        if move.target is None:
            return Resolution(410, None)
        target = _filled(move.target, fits, site)
        if "://" in target:
            return Resolution(move.status, target)
        if (meant := exists(target)) is not None:
            return Resolution(move.status, meant)
        if hops and (further := _moved(target, site, exists, hops - 1)):
            return further
    return None


def _fitting(
    moves: tuple[Redirect, ...], name: str
) -> Iterator[tuple[Redirect, Mapping[str, str]]]:
    """The moves whose source a path is, with what stands at their placeholders."""
    plain, patterns = _compiled(moves)
    for move in plain.get(name.casefold(), ()):
        yield move, {}
    for move, wanted in patterns:
        if fits := wanted.fullmatch(name):
            yield move, fits.groupdict()


def _filled(target: str, said: Mapping[str, str], site: Site) -> str:
    """The target with its placeholders as this site writes the terms that the path said."""
    elsewhere = "://" in target

    def term(found: re.Match[str]) -> str:
        field, value = found[1], said[found[1]]
        if elsewhere:
            return quote(value, safe="")
        if field == "topic":
            return path_segment(site.topic_id(value))
        return path_segment(slug(value)) if field in TERM_FIELDS else value

    return PLACEHOLDER.sub(term, target)


@lru_cache(maxsize=8)
def _compiled(
    moves: tuple[Redirect, ...],
) -> tuple[dict[str, list[Redirect]], list[tuple[Redirect, re.Pattern[str]]]]:
    """The moves by their sources, and those whose sources are patterns; in the order given."""
    plain: dict[str, list[Redirect]] = {}
    patterns = []
    for move in moves:
        if PLACEHOLDER.search(move.source):
            patterns.append((move, re.compile(to_regex(move.source), re.IGNORECASE)))
        else:
            plain.setdefault(move.source.casefold(), []).append(move)
    return plain, patterns


def to_regex(source: str) -> str:
    """The regular expression of an old path: a placeholder is a segment, or a part of one."""
    parts = PLACEHOLDER.split(source)
    names = iter(parts[1::2])
    return "".join(
        re.escape(text) + (f"(?P<{name}>[^/]+?)" if (name := next(names, "")) else "")
        for text in parts[::2]
    )
