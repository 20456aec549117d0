"""Resolves paths without a document: other spellings, redirects, and gone paths. No I/O."""

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
# Redirects that are followed to answer with the final location; readers follow only a few.
_MAX_HOPS = 5
# Longest path that is resolved, in characters: matching takes superlinear time.
_MAX_LENGTH = 300


class Resolution(msgspec.Struct, frozen=True):
    """The HTTP status to answer with, and the URL or path to redirect to; None if gone.

    A path is below `feeds_url`, without a leading `/`.
    """

    status: int
    location: str | None


def collapse_slashes(path: str) -> str:
    """The path with repeated slashes collapsed."""
    return _SLASHES.sub("/", path)


def resolve(
    path: str, site: Site, exists: Callable[[str], str | None], *, exact: bool = True
) -> Resolution | None:
    """The resolution of a path that is not a document's; None if it is unknown.

    `exists` returns the name of the document with a path, ignoring case, or None. `exact` is
    False if the URL up to the path was not in its canonical form.
    """
    if len(path) > _MAX_LENGTH:
        return None
    name = collapse_slashes(path).strip("/")
    if any(part in (".", "..") for part in name.split("/")):
        return None
    for canonical in (exists(name), exists(f"{name}.html")):
        if canonical is not None and (canonical != path or not exact):
            return Resolution(301, canonical)
    return _follow(name, site, exists, _MAX_HOPS) or _resolve_archive(name, site, exists)


def _resolve_archive(
    name: str, site: Site, exists: Callable[[str], str | None]
) -> Resolution | None:
    """Resolve an archive document whose feed has moved: same number there, else the feed."""
    path, _, extension = name.rpartition(".")
    archive = archives.parsed(path)
    if archive is None:
        return None
    resolution = _follow(f"{archive[0]}.{extension}", site, exists, _MAX_HOPS)
    if resolution is None or resolution.location is None:
        return resolution
    feed = resolution.location.removesuffix(f".{extension}")
    moved_archive = exists(f"{archives.path(feed, archive[1])}.{extension}")
    return msgspec.structs.replace(resolution, location=moved_archive or resolution.location)


def _follow(
    name: str, site: Site, exists: Callable[[str], str | None], hops: int
) -> Resolution | None:
    """Follow redirects from a path to a URL or an existing document, at most `hops` more times."""
    for redirect, values in _matching(site.redirects, name):
        if redirect.target is None:
            return Resolution(410, None)
        target = _filled(redirect.target, values, site)
        if "://" in target:
            return Resolution(redirect.status, target)
        if (document := exists(target)) is not None:
            return Resolution(redirect.status, document)
        if hops and (further := _follow(target, site, exists, hops - 1)):
            return further
    return None


def _matching(
    redirects: tuple[Redirect, ...], name: str
) -> Iterator[tuple[Redirect, Mapping[str, str]]]:
    """The redirects whose source matches a path, with the values of the placeholders."""
    literal, patterns = _compiled(redirects)
    for redirect in literal.get(name.casefold(), ()):
        yield redirect, {}
    for redirect, pattern in patterns:
        if match := pattern.fullmatch(name):
            yield redirect, match.groupdict()


def _filled(target: str, values: Mapping[str, str], site: Site) -> str:
    """The target with its placeholders filled; terms are written as in the paths of this site."""
    is_url = "://" in target

    def replacement(match: re.Match[str]) -> str:
        field, value = match[1], values[match[1]]
        if is_url:
            return quote(value, safe="")
        if field == "topic":
            return path_segment(site.topic_id(value))
        return path_segment(slug(value)) if field in TERM_FIELDS else value

    return PLACEHOLDER.sub(replacement, target)


@lru_cache(maxsize=8)
def _compiled(
    redirects: tuple[Redirect, ...],
) -> tuple[dict[str, list[Redirect]], list[tuple[Redirect, re.Pattern[str]]]]:
    """Redirects with a literal source, by folded source; and those with placeholders, in order."""
    literal: dict[str, list[Redirect]] = {}
    patterns = []
    for redirect in redirects:
        if PLACEHOLDER.search(redirect.source):
            pattern = re.compile(to_regex(redirect.source), re.IGNORECASE)
            patterns.append((redirect, pattern))
        else:
            literal.setdefault(redirect.source.casefold(), []).append(redirect)
    return literal, patterns


def to_regex(source: str) -> str:
    """A regular expression for a path whose placeholders match segments or parts of them."""
    parts = PLACEHOLDER.split(source)
    names = iter(parts[1::2])
    return "".join(
        re.escape(text) + (f"(?P<{name}>[^/]+?)" if (name := next(names, "")) else "")
        for text in parts[::2]
    )
