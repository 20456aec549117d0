"""nginx: a file to include in a server block. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feeds.config.redirects import to_regex
from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import RedirectRule, location
from feeds.export.hosts.rules import (
    NUMBER,
    CachingOverride,
    HeaderGroup,
    HostRules,
    with_freshness,
)
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.render.site.pages import NOT_FOUND
from feeds.util.compression import BROTLI, GZIP

NAME = f"{PRIVATE}nginx.conf"
# Named locations, with a prefix of their own.
_OLD, _METHOD, _MISSING, _GONE = "@feeds_old", "@feeds_method", "@feeds_missing", "@feeds_gone"
# Variables: the requested path, percent-encoded, so that no byte of it can break out of a header;
# the same without slashes at its end; the Cache-Control of the response; and for an archive
# document the path and extension of its feed.
_SELF, _ASKED, _CACHING = "feeds_self", "feeds_asked", "feeds_kept"
_FEED, _FORMAT = "feeds_feed", "feeds_format"


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the configuration of the site."""
    lines = [
        *_head(rules),
        *_location(rules, codings),
        *_redirects(rules),
        *_errors(rules),
        *_methods(rules),
    ]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(rules, "nginx"))
    )


def _head(rules: HostRules) -> list[str]:
    folder = rules.site.mount.rstrip("/")
    root = f"the folder whose {folder[1:]} is the export" if folder else "the exported folder"
    feed = f"(?<{_FEED}>/[^?]*)/archive/{NUMBER}(?<{_FORMAT}>[.][a-z]+)"
    archives = [f'if ($request_uri ~ "^/*{feed}(?:[?]|$)") {{ }}'] if rules.has_archives else []
    return [
        "# Written by `feeds export`. Include it in the server block of",
        f"# {rules.site.feeds_url}, whose root is {root}.",
        "# Copy the files with their times (rsync -a): ETag and Last-Modified are made of them.",
        # Set here, because an `if` in a location disables its try_files; and without a second slash
        # at the beginning, after which the next segment would be read as a host.
        f'if ($request_uri ~ "^/*(?<{_SELF}>/[^?]*)") {{ }}',
        f'if ($request_uri ~ "^/*(?<{_ASKED}>/[^?]*[^?/])/*(?:[?]|$)") {{ }}',
        *archives,
    ]


_ERRORS = (
    f"error_page 404 {_MISSING};",
    f"error_page 410 {_GONE};",
    f"error_page 405 = {_METHOD};",
)


def _location(rules: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    """Yield the location of everything below the feeds' URL."""
    yield f"location ^~ {_quoted(rules.site.mount)} {{"
    yield "    types {"
    for extension, media_type in {g.extension: g.media_type for g in rules.groups}.items():
        yield f"        {media_type.partition(';')[0]} {extension};"
    yield "    }"
    types = sorted({group.media_type.partition(";")[0] for group in rules.groups} - {"text/html"})
    yield "    default_type application/octet-stream;"
    yield "    charset utf-8;"
    yield f"    charset_types {' '.join(types)};"
    yield "    etag on;"
    yield "    if_modified_since before;"
    yield "    gzip off;"
    if GZIP in codings:
        # Vary is set with the headers: gzip_vary omits it if there is no variant.
        yield "    gzip_static on;"
        yield "    gzip_proxied any;"
        yield "    gzip_http_version 1.0;"
    if BROTLI in codings:
        yield "    brotli_static on;"
    yield "    absolute_redirect off;"
    yield from _indented(_ERRORS, 4)
    yield f"    try_files $uri {_OLD};"
    yield from _documents(rules)
    yield "}"


def _documents(rules: HostRules) -> Iterator[str]:
    """Yield the locations of documents by their headers, the most specific ones first."""
    mount = rules.site.mount
    prefix = f"^{re.escape(mount)}"
    yield from _block(f'~ "{prefix}{re.escape(PRIVATE)}"', ["return 404;"])
    extensions = "|".join(sorted({group.extension for group in rules.groups}))
    yield from _block(f'~ "{prefix}.*\\.(?:{extensions})\\.(?:gz|br)$"', ["return 404;"])
    yield from _block(f"= {_quoted(f'{mount}{NOT_FOUND}')}", ["internal;"])
    yield from _block(f"= {_quoted(mount)}", ["index index.html;"])
    for group in rules.groups:
        if group.name:
            condition = f'if (${_SELF} ~ "/{re.escape(group.name)}$")'
            common = [*headers.CORS, *headers.common_headers(rules.site)]
            fields = _add_headers([*headers.redirect_caching(301), *common])
            redirect = [*fields, f"return 301 {_quoted(rules.path)};"]
            lines = [f"{condition} {{", *_indented(redirect, 4), "}", *_add_headers(group.headers)]
            yield from _block(f"= {_quoted(f'{mount}{group.name}')}", lines)
    for override in rules.caching_overrides:
        for groups in _with_same_headers(rules.groups_of("feed", "page")):
            yield from _documents_of(rules, groups, override)
    for groups in _with_same_headers(group for group in rules.groups if not group.name):
        yield from _documents_of(rules, groups, None)


def _documents_of(
    rules: HostRules, groups: list[HeaderGroup], override: CachingOverride | None
) -> Iterator[str]:
    extensions = "|".join(group.extension for group in groups)
    fields: Headers = list(groups[0].headers)
    paths = ".*"
    if override:
        fields = with_freshness(fields, override.freshness)
        paths = override.regex
    lines = [f"try_files $uri {_OLD};"]
    if groups[0].has_links:
        own = f"{rules.origin}${_SELF}"
        is_archive = override is not None and override.is_archives
        feed = f"{rules.origin}${_FEED}${_FORMAT}"
        fields.append(("Link", rules.archive_links(own, feed) if is_archive else rules.links(own)))
    matcher = f'~ "^{re.escape(rules.site.mount)}{paths}\\.(?:{extensions})$"'
    yield from _block(matcher, [*lines, *_add_headers(fields)])


def _with_same_headers(groups: Iterable[HeaderGroup]) -> list[list[HeaderGroup]]:
    """Return the groups in lists with the same headers except Content-Type."""
    by_headers: dict[object, list[HeaderGroup]] = {}
    for group in groups:
        fields = tuple(field for field in group.headers if field[0] != "Content-Type")
        by_headers.setdefault((fields, group.has_links), []).append(group)
    return list(by_headers.values())


def _redirects(rules: HostRules) -> Iterator[str]:
    """Yield the location of missing files: pages without extension, old paths, or 404."""
    yield f"location {_OLD} {{"
    yield "    absolute_redirect off;"
    yield from _indented(_ERRORS, 4)
    yield f"    set ${_CACHING} {_quoted(_cache_control(301))};"
    fields = [("Cache-Control", f"${_CACHING}"), *headers.CORS, *headers.common_headers(rules.site)]
    yield from _indented(_add_headers(fields), 4)
    missing = f"{rules.site.mount}{NOT_FOUND.removesuffix('.html')}"
    yield f'    if ($uri ~ "^{re.escape(missing)}/*$") {{ return 404; }}'
    yield '    if ($uri ~ "^(?<feeds_page>.*[^/])/*$") { }'
    yield f"    if (-f $document_root$feeds_page.html) {{ return 301 ${_ASKED}.html; }}"
    for redirect in rules.redirects:
        yield f'    if (${_ASKED} ~* "^{re.escape(rules.path)}{_source(redirect)}$") {{'
        yield from _indented(_answer(rules, redirect), 8)
        yield "    }"
    yield "    return 404;"
    yield "}"


def _answer(rules: HostRules, redirect: RedirectRule) -> Iterator[str]:
    if redirect.target is None:
        yield "return 410;"
        return
    if (cache_control := _cache_control(redirect.status)) != _cache_control(301):
        yield f"set ${_CACHING} {_quoted(cache_control)};"
    target = location(redirect, rules.path, lambda _, name: f"${{feeds_{name}}}")
    yield f"return {redirect.status} {_quoted(target)};"


def _cache_control(status: int) -> str:
    return dict(headers.redirect_caching(status))["Cache-Control"]


def _source(redirect: RedirectRule) -> str:
    """Return the regular expression of an old path as requested, that is, percent-encoded."""
    return to_regex(quote(redirect.source, safe="/{}")).replace("(?P<", "(?<feeds_")


def _errors(rules: HostRules) -> Iterator[str]:
    """Yield the locations that send the page for missing documents, with status 404 or 410."""
    page = _quoted(f"{rules.site.mount}{NOT_FOUND}")
    common = [*headers.CORS, *headers.common_headers(rules.site)]
    for name, status, caching in ((_MISSING, 404, "no-store"), (_GONE, 410, _cache_control(410))):
        yield f"location {name} {{"
        yield from _indented(_add_headers([("Cache-Control", caching), *common], always=True), 4)
        yield from ("    etag off;", "    charset utf-8;", f"    try_files {page} ={status};", "}")


def _methods(rules: HostRules) -> Iterator[str]:
    common = headers.common_headers(rules.site)
    yield f"location {_METHOD} {{"
    yield "    if ($request_method = OPTIONS) {"
    yield from _indented([*_add_headers([*headers.PREFLIGHT, *common]), "return 204;"], 8)
    yield "    }"
    fields = [("Cache-Control", "no-store"), *headers.ALLOW, *headers.CORS, *common]
    yield from _indented(_add_headers(fields, always=True), 4)
    yield "    return 405;"
    yield "}"


def _add_headers(fields: Iterable[tuple[str, str]], *, always: bool = False) -> list[str]:
    end = " always;" if always else ";"
    return [
        f"add_header {name} {_quoted(value)}{end}"
        for name, value in fields
        if name != "Content-Type"
    ]


def _block(matcher: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"    location {matcher} {{"
    yield from _indented(lines, 8)
    yield "    }"


def _indented(lines: Iterable[str], by: int) -> Iterator[str]:
    return (" " * by + line for line in lines)


def _quoted(text: str) -> str:
    """Quote a value, in which variables are expanded."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
