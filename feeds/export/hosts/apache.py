"""Apache: a `.htaccess` file in the export. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import RedirectRule, location, url_regex
from feeds.export.hosts.rules import NUMBER, HeaderGroup, HostRules
from feeds.render import headers
from feeds.render.site.pages import NOT_FOUND
from feeds.util.compression import SUFFIXES

NAME = ".htaccess"


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the configuration of the site."""
    lines = [*_head(), *_types(rules, codings), *_documents(rules), *_rewrites(rules, codings)]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(rules, "Apache"))
    )


def _head() -> list[str]:
    return [
        "# Written by `feeds export`. It needs AllowOverride All (or FileInfo Indexes Options),",
        "# mod_headers and mod_rewrite. Copy the files with their times (rsync -a), for ETag and",
        "# Last-Modified are made of them.",
        "Options -Indexes -MultiViews",
        "DirectoryIndex index.html",
        "DirectorySlash Off",
        "FileETag MTime Size",
        # Files that are precompressed are not compressed again, so their ETags stay as they are.
        "SetEnv no-gzip 1",
        "SetEnv no-brotli 1",
    ]


def _types(rules: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    mount = rules.path
    yield f"ErrorDocument 404 {mount}{NOT_FOUND}"
    yield f"ErrorDocument 410 {mount}{NOT_FOUND}"
    for extension, media_type in {g.extension: g.media_type for g in rules.groups}.items():
        yield f"AddType {media_type.partition(';')[0]} .{extension}"
        yield f"AddCharset utf-8 .{extension}"
    for coding in codings:
        suffix = SUFFIXES[coding]
        yield f"RemoveType {suffix}"
        yield f"RemoveLanguage {suffix}"
        yield f"AddEncoding {coding} {suffix}"


def _documents(rules: HostRules) -> Iterator[str]:
    """Yield headers: by extension, then for documents that differ, then by status."""
    for group in sorted(rules.groups, key=lambda group: group.name is not None):
        name = re.escape(group.name) if group.name else f".+\\.{group.extension}"
        yield f'<FilesMatch "^{name}(?:\\.gz|\\.br)?$">'
        yield from _indented(_set(_without_type(group)))
        if group.has_links:
            yield from _indented(_links(rules))
        yield "</FilesMatch>"
    yield from _caching_overrides(rules)
    # Sent with an error status, which determines its caching below.
    yield f'<FilesMatch "^{re.escape(NOT_FOUND)}">'
    yield from (
        f"    Header unset {name}" for name, _ in _without_type(next(rules.groups_of("page")))
    )
    yield "</FilesMatch>"
    common = headers.common_headers(rules.site)
    uncached = [("Cache-Control", "no-store")]
    yield from _when("404", [*uncached, *headers.CORS, *common])
    for status in sorted({redirect.status for redirect in rules.redirects} | {301}):
        yield from _when(str(status), [*headers.redirect_caching(status), *headers.CORS, *common])
    yield from _when("204", [*headers.PREFLIGHT, *common])
    yield from _when("405", [*uncached, *headers.ALLOW, *headers.CORS])


def _without_type(group: HeaderGroup) -> list[tuple[str, str]]:
    """Return the headers except Content-Type, which Apache sets by extension."""
    return [field for field in group.headers if field[0] != "Content-Type"]


def _caching_overrides(rules: HostRules) -> Iterator[str]:
    """Yield caching headers of some feeds, in sections: Apache applies these last."""
    extensions = "|".join(group.extension for group in rules.groups_of("feed", "page"))
    for override in reversed(rules.caching_overrides):
        mount = re.escape(rules.site.mount)
        regex = f"^{mount}{override.regex}\\.(?:{extensions})(?:\\.gz|\\.br)?$"
        yield f'<FilesMatch "\\.(?:{extensions})(?:\\.gz|\\.br)?$">'
        for name, value in override.freshness:
            yield f'    Header set {name} {_quoted(value)} "expr=%{{REQUEST_URI}} =~ m#{regex}#"'
        yield "</FilesMatch>"


def _links(rules: HostRules) -> Iterator[str]:
    """Yield the Link header of a feed, with its URL as requested, before a coding was chosen."""
    own, feed = f"{rules.origin}\0", f"{rules.origin}\1"
    lines = [f"Header set Link {_quoted(rules.links(own))}"]
    if rules.has_archives:
        lines.append(f"Header set Link {_quoted(rules.archive_links(own, feed))} env=FEEDS_FEED")
    for line in lines:
        yield line.replace("\0", "%{FEEDS_SELF}e").replace("\1", "%{FEEDS_FEED}e")


def _rewrites(rules: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    yield "RewriteEngine On"
    # The requested path, percent-encoded, survives the rewriting to a precompressed file.
    yield 'RewriteCond %{THE_REQUEST} "^\\S+ /*(/[^ ?]*)"'
    yield "RewriteRule ^ - [E=FEEDS_SELF:%1]"
    if rules.has_archives:
        feed = f"/*(/[^ ?]*)/archive/{NUMBER}([.][a-z]+)[ ?]"
        yield f'RewriteCond %{{THE_REQUEST}} "^\\S+ {feed}"'
        yield "RewriteRule ^ - [E=FEEDS_FEED:%1%2]"
    yield "RewriteCond %{ENV:REDIRECT_STATUS} ^$"
    hidden = f"{re.escape(PRIVATE)}|\\.ht|{re.escape(NOT_FOUND)}$"
    yield f'RewriteRule "^(?:{hidden})|\\.(?:gz|br)$" - [R=404,L]'
    yield "RewriteCond %{REQUEST_METHOD} =OPTIONS"
    yield "RewriteCond %{REQUEST_FILENAME} -f"
    yield "RewriteRule ^ - [R=204,L]"
    yield "RewriteCond %{REQUEST_METHOD} !^(?:GET|HEAD)$"
    yield "RewriteCond %{REQUEST_FILENAME} -f"
    yield "RewriteRule ^ - [R=405,L]"
    for group in rules.groups:
        if group.name:
            yield f'RewriteCond %{{THE_REQUEST}} "^\\S+ [^ ?]*/{re.escape(group.name)}[ ?]"'
            yield f'RewriteRule ^ "{_literal(rules.path)}" [R=301,L,NE,QSD]'
            yield f'RewriteRule "^$" "{group.name}"'
    yield "RewriteCond %{REQUEST_FILENAME} !-f"
    yield "RewriteCond %{REQUEST_FILENAME}.html -f"
    # For a path below a page, which does not exist, REQUEST_FILENAME is that of the page.
    yield 'RewriteCond %{PATH_INFO} "^/*$"'
    yield 'RewriteCond %{THE_REQUEST} "^\\S+ /*(/[^ ?]*[^ ?/])/*[ ?]"'
    missing = re.escape(NOT_FOUND.removesuffix(".html"))
    yield f'RewriteRule "!^{missing}/*$" "%1.html" [R=301,L,NE,QSD]'
    yield from _redirects(rules)
    yield from _variants(rules, codings)


def _redirects(rules: HostRules) -> Iterator[str]:
    for redirect in rules.redirects:
        yield "RewriteCond %{REQUEST_FILENAME} !-f"
        source = f"{re.escape(rules.path)}{url_regex(redirect).replace('[^/]', '[^/ ?]')}"
        yield f'RewriteCond %{{THE_REQUEST}} "^\\S+ {source}/*[ ?]" [NC]'
        yield f"RewriteRule ^ {_answer(rules, redirect)}"


def _variants(rules: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    """Yield the choice of a precompressed file by Accept-Encoding."""
    extensions = "|".join(sorted({group.extension for group in rules.groups}))
    for coding in codings:
        yield f'RewriteCond %{{HTTP:Accept-Encoding}} "(?:^|[ ,]){coding}(?:[ ;,]|$)" [NC]'
        yield f'RewriteCond %{{HTTP:Accept-Encoding}} "!{coding} *; *q=0(?:\\.0*)?(?: *,|$)" [NC]'
        yield f"RewriteCond %{{REQUEST_FILENAME}}{SUFFIXES[coding]} -f"
        yield f'RewriteRule "^(.+\\.(?:{extensions}))$" "$1{SUFFIXES[coding]}" [L]'


def _answer(rules: HostRules, redirect: RedirectRule) -> str:
    if redirect.target is None:
        return "- [R=410,L]"
    target = location(redirect, rules.path, lambda number, _: f"\0{number}")
    substitution = _literal(target).replace("\0", "%")
    return f'"{substitution}" [R={redirect.status},L,NE,QSD]'


def _literal(url: str) -> str:
    """Return a URL as the target of a rule, where % followed by a digit means a group."""
    return url.replace("%", "\\%")


def _when(status: str, fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in fields:
        when = f"\"expr=%{{REQUEST_STATUS}} == '{status}'\""
        yield f"Header always set {name} {_quoted(value)} {when}"


def _set(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Set headers of successful responses and of 304. Vary is merged: content coding adds to it."""
    for name, value in fields:
        yield f"Header {'merge' if name == 'Vary' else 'set'} {name} {_quoted(value)}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _quoted(text: str) -> str:
    """Quote an argument of mod_headers, with literal percent signs."""
    return '"' + text.replace("%", "%%").replace('"', '\\"') + '"'
