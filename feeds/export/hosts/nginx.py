"""nginx: a file to include in a server block. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feeds.config.redirects import to_regex
from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import RedirectRule, location
from feeds.export.hosts.rules import (
    NOT_FOUND,
    NUMBER,
    CachingOverride,
    HeaderGroup,
    HostRules,
    with_freshness,
)
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.util.compression import BROTLI, GZIP

NAME = f"{PRIVATE}nginx.conf"
# Named locations. Nobody else has these names.
_OLD, _METHOD, _MISSING, _GONE = "@feeds_old", "@feeds_method", "@feeds_missing", "@feeds_gone"
# Variables: the path as it was asked for, percent-encoded, so that no byte of it can break out of
# an answer; the same without slashes at its end; how long an answer may be kept; and of an archive
# its feed's path and extension.
_SELF, _ASKED, _KEPT = "feeds_self", "feeds_asked", "feeds_kept"
_FEED, _FORMAT = "feeds_feed", "feeds_format"


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The configuration of the site."""
    lines = [
        *_head(plan),
        *_location(plan, codings),
        *_elsewhere(plan),
        *_errors(plan),
        *_methods(plan),
    ]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(plan, "nginx"))
    )


def _head(plan: HostRules) -> list[str]:
    folder = plan.site.mount.rstrip("/")
    where = f"the folder whose {folder[1:]} is the export" if folder else "the exported folder"
    feed = f"(?<{_FEED}>/[^?]*)/archive/{NUMBER}(?<{_FORMAT}>[.][a-z]+)"
    archives = [f'if ($request_uri ~ "^/*{feed}(?:[?]|$)") {{ }}'] if plan.has_archives else []
    return [
        "# Written by `feeds export`. Include it in the server block of",
        f"# {plan.site.feeds_url}, whose root is {where}.",
        "# Copy the files with their times (rsync -a): ETag and Last-Modified are made of them.",
        # Here, for an `if` in a location takes its try_files away; and without a second slash at
        # the beginning, which would make a host of what follows.
        f'if ($request_uri ~ "^/*(?<{_SELF}>/[^?]*)") {{ }}',
        f'if ($request_uri ~ "^/*(?<{_ASKED}>/[^?]*[^?/])/*(?:[?]|$)") {{ }}',
        *archives,
    ]


_ERRORS = (
    f"error_page 404 {_MISSING};",
    f"error_page 410 {_GONE};",
    f"error_page 405 = {_METHOD};",
)


def _location(plan: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    """Everything below the feeds' URL."""
    yield f"location ^~ {_quoted(plan.site.mount)} {{"
    yield "    types {"
    for extension, media_type in {g.extension: g.media_type for g in plan.groups}.items():
        yield f"        {media_type.partition(';')[0]} {extension};"
    yield "    }"
    types = sorted({group.media_type.partition(";")[0] for group in plan.groups} - {"text/html"})
    yield "    default_type application/octet-stream;"
    yield "    charset utf-8;"
    yield f"    charset_types {' '.join(types)};"
    yield "    etag on;"
    yield "    if_modified_since before;"
    yield "    gzip off;"
    if GZIP in codings:
        # Vary is among the headers: gzip_vary would leave it out where there is no variant.
        yield "    gzip_static on;"
        yield "    gzip_proxied any;"
        yield "    gzip_http_version 1.0;"
    if BROTLI in codings:
        yield "    brotli_static on;"
    yield "    absolute_redirect off;"
    yield from _indented(_ERRORS, 4)
    yield f"    try_files $uri {_OLD};"
    yield from _documents(plan)
    yield "}"


def _documents(plan: HostRules) -> Iterator[str]:
    """The locations of documents by their headers, the most particular ones first."""
    mount = plan.site.mount
    below = f"^{re.escape(mount)}"
    yield from _block(f'~ "{below}{re.escape(PRIVATE)}"', ["return 404;"])
    extensions = "|".join(sorted({group.extension for group in plan.groups}))
    yield from _block(f'~ "{below}.*\\.(?:{extensions})\\.(?:gz|br)$"', ["return 404;"])
    yield from _block(f"= {_quoted(f'{mount}{NOT_FOUND}')}", ["internal;"])
    yield from _block(f"= {_quoted(mount)}", ["index index.html;"])
    for group in plan.groups:
        if group.name:
            named = f'if (${_SELF} ~ "/{re.escape(group.name)}$")'
            everywhere = [*headers.CORS, *headers.common_headers(plan.site)]
            said = _added([*headers.redirect_caching(301), *everywhere])
            leads = [*said, f"return 301 {_quoted(plan.path)};"]
            lines = [f"{named} {{", *_indented(leads, 4), "}", *_added(group.headers)]
            yield from _block(f"= {_quoted(f'{mount}{group.name}')}", lines)
    for deviation in plan.caching_overrides:
        for groups in _alike(plan.groups_of("feed", "page")):
            yield from _documents_of(plan, groups, deviation)
    for groups in _alike(group for group in plan.groups if not group.name):
        yield from _documents_of(plan, groups, None)


def _documents_of(
    plan: HostRules, groups: list[HeaderGroup], deviation: CachingOverride | None
) -> Iterator[str]:
    extensions = "|".join(group.extension for group in groups)
    said: Headers = list(groups[0].headers)
    paths = ".*"
    if deviation:
        said = with_freshness(said, deviation.freshness)
        paths = deviation.regex
    lines = [f"try_files $uri {_OLD};"]
    if groups[0].linked:
        own = f"{plan.origin}${_SELF}"
        archive = deviation is not None and deviation.is_archives
        feed = f"{plan.origin}${_FEED}${_FORMAT}"
        said.append(("Link", plan.archive_links(own, feed) if archive else plan.links(own)))
    at = f'~ "^{re.escape(plan.site.mount)}{paths}\\.(?:{extensions})$"'
    yield from _block(at, [*lines, *_added(said)])


def _alike(groups: Iterable[HeaderGroup]) -> list[list[HeaderGroup]]:
    """The groups whose headers are the same but for Content-Type."""
    found: dict[object, list[HeaderGroup]] = {}
    for group in groups:
        rest = tuple(each for each in group.headers if each[0] != "Content-Type")
        found.setdefault((rest, group.linked), []).append(group)
    return list(found.values())


def _elsewhere(plan: HostRules) -> Iterator[str]:
    """What is no file: a page named without its extension, an old address, or nothing."""
    yield f"location {_OLD} {{"
    yield "    absolute_redirect off;"
    yield from _indented(_ERRORS, 4)
    yield f"    set ${_KEPT} {_quoted(_kept(301))};"
    said = [("Cache-Control", f"${_KEPT}"), *headers.CORS, *headers.common_headers(plan.site)]
    yield from _indented(_added(said), 4)
    missing = f"{plan.site.mount}{NOT_FOUND.removesuffix('.html')}"
    yield f'    if ($uri ~ "^{re.escape(missing)}/*$") {{ return 404; }}'
    yield '    if ($uri ~ "^(?<feeds_page>.*[^/])/*$") { }'
    yield f"    if (-f $document_root$feeds_page.html) {{ return 301 ${_ASKED}.html; }}"
    for old in plan.redirects:
        yield f'    if (${_ASKED} ~* "^{re.escape(plan.path)}{_source(old)}$") {{'
        yield from _indented(_answer(plan, old), 8)
        yield "    }"
    yield "    return 404;"
    yield "}"


def _answer(plan: HostRules, old: RedirectRule) -> Iterator[str]:
    if old.target is None:
        yield "return 410;"
        return
    if (kept := _kept(old.status)) != _kept(301):
        yield f"set ${_KEPT} {_quoted(kept)};"
    to = location(old, plan.path, lambda _, name: f"${{feeds_{name}}}")
    yield f"return {old.status} {_quoted(to)};"


def _kept(status: int) -> str:
    return dict(headers.redirect_caching(status))["Cache-Control"]


def _source(old: RedirectRule) -> str:
    """The regular expression of an old path as it is asked for: percent-encoded."""
    return to_regex(quote(old.source, safe="/{}")).replace("(?P<", "(?<feeds_")


def _errors(plan: HostRules) -> Iterator[str]:
    """The page for what is not there, under the status that it has."""
    page = _quoted(f"{plan.site.mount}{NOT_FOUND}")
    for at, status, kept in ((_MISSING, 404, "no-store"), (_GONE, 410, _kept(410))):
        said = [("Cache-Control", kept), *headers.CORS, *headers.common_headers(plan.site)]
        yield f"location {at} {{"
        yield from _indented(_added(said, always=True), 4)
        yield from ("    etag off;", "    charset utf-8;", f"    try_files {page} ={status};", "}")


def _methods(plan: HostRules) -> Iterator[str]:
    everywhere = headers.common_headers(plan.site)
    yield f"location {_METHOD} {{"
    yield "    if ($request_method = OPTIONS) {"
    yield from _indented([*_added([*headers.PREFLIGHT, *everywhere]), "return 204;"], 8)
    yield "    }"
    said = [("Cache-Control", "no-store"), *headers.ALLOW, *headers.CORS, *everywhere]
    yield from _indented(_added(said, always=True), 4)
    yield "    return 405;"
    yield "}"


def _added(said: Iterable[tuple[str, str]], *, always: bool = False) -> list[str]:
    end = " always;" if always else ";"
    return [
        f"add_header {name} {_quoted(value)}{end}" for name, value in said if name != "Content-Type"
    ]


def _block(at: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"    location {at} {{"
    yield from _indented(lines, 8)
    yield "    }"


def _indented(lines: Iterable[str], by: int) -> Iterator[str]:
    return (" " * by + line for line in lines)


def _quoted(text: str) -> str:
    """Text as a value of a configuration; variables in it are meant."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
