"""Apache: a `.htaccess` file in the export. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import RedirectRule, location, url_regex
from feeds.export.hosts.rules import NOT_FOUND, NUMBER, HeaderGroup, HostRules
from feeds.render import headers
from feeds.util.compression import SUFFIXES

NAME = ".htaccess"


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The configuration of the site."""
    lines = [*_head(), *_types(plan, codings), *_documents(plan), *_rules(plan, codings)]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(plan, "Apache"))
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
        # What is precompressed is not compressed once more, and its ETag stays as it is.
        "SetEnv no-gzip 1",
        "SetEnv no-brotli 1",
    ]


def _types(plan: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    mount = plan.path
    yield f"ErrorDocument 404 {mount}{NOT_FOUND}"
    yield f"ErrorDocument 410 {mount}{NOT_FOUND}"
    for extension, media_type in {g.extension: g.media_type for g in plan.groups}.items():
        yield f"AddType {media_type.partition(';')[0]} .{extension}"
        yield f"AddCharset utf-8 .{extension}"
    for coding in codings:
        suffix = SUFFIXES[coding]
        yield f"RemoveType {suffix}"
        yield f"RemoveLanguage {suffix}"
        yield f"AddEncoding {coding} {suffix}"


def _documents(plan: HostRules) -> Iterator[str]:
    """Headers: of all documents with one extension, then of those that differ."""
    for group in sorted(plan.groups, key=lambda group: group.name is not None):
        name = re.escape(group.name) if group.name else f".+\\.{group.extension}"
        yield f'<FilesMatch "^{name}(?:\\.gz|\\.br)?$">'
        yield from _indented(_set(_own(group)))
        if group.linked:
            yield from _indented(_links(plan))
        yield "</FilesMatch>"
    yield from _deviations(plan)
    # Under the status that it is sent with, which says how long it may be kept.
    yield f'<FilesMatch "^{re.escape(NOT_FOUND)}">'
    yield from (f"    Header unset {name}" for name, _ in _own(next(plan.groups_of("page"))))
    yield "</FilesMatch>"
    missing = [("Cache-Control", "no-store")]
    yield from _when("404", [*missing, *headers.CORS, *headers.common_headers(plan.site)])
    for status in sorted({old.status for old in plan.redirects} | {301}):
        said = [
            *headers.redirect_caching(status),
            *headers.CORS,
            *headers.common_headers(plan.site),
        ]
        yield from _when(str(status), said)
    preflight = [*headers.PREFLIGHT, *headers.common_headers(plan.site)]
    yield from _when("204", preflight)
    refused = [("Cache-Control", "no-store"), *headers.ALLOW, *headers.CORS]
    yield from _when("405", refused)


def _own(group: HeaderGroup) -> list[tuple[str, str]]:
    """The headers that are set by hand; the type is told by extension."""
    return [each for each in group.headers if each[0] != "Content-Type"]


def _deviations(plan: HostRules) -> Iterator[str]:
    """Feeds kept for another time; in a section, for sections come after what is in none."""
    extensions = "|".join(group.extension for group in plan.groups_of("feed", "page"))
    for deviation in reversed(plan.caching_overrides):
        mount = re.escape(plan.site.mount)
        below = f"^{mount}{deviation.regex}\\.(?:{extensions})(?:\\.gz|\\.br)?$"
        yield f'<FilesMatch "\\.(?:{extensions})(?:\\.gz|\\.br)?$">'
        for name, value in deviation.freshness:
            yield f'    Header set {name} {_quoted(value)} "expr=%{{REQUEST_URI}} =~ m#{below}#"'
        yield "</FilesMatch>"


def _links(plan: HostRules) -> Iterator[str]:
    """The Link header of a feed: its address as it was asked for, before a coding was chosen."""
    own, feed = f"{plan.origin}\0", f"{plan.origin}\1"
    said = [f"Header set Link {_quoted(plan.links(own))}"]
    if plan.has_archives:
        said.append(f"Header set Link {_quoted(plan.archive_links(own, feed))} env=FEEDS_FEED")
    for line in said:
        yield line.replace("\0", "%{FEEDS_SELF}e").replace("\1", "%{FEEDS_FEED}e")


def _rules(plan: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    yield "RewriteEngine On"
    # The path as it was asked for, percent-encoded, outlives the rewriting to a coded file.
    yield 'RewriteCond %{THE_REQUEST} "^\\S+ /*(/[^ ?]*)"'
    yield "RewriteRule ^ - [E=FEEDS_SELF:%1]"
    if plan.has_archives:
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
    for group in plan.groups:
        if group.name:
            yield f'RewriteCond %{{THE_REQUEST}} "^\\S+ [^ ?]*/{re.escape(group.name)}[ ?]"'
            yield f'RewriteRule ^ "{_literal(plan.path)}" [R=301,L,NE,QSD]'
            yield f'RewriteRule "^$" "{group.name}"'
    yield "RewriteCond %{REQUEST_FILENAME} !-f"
    yield "RewriteCond %{REQUEST_FILENAME}.html -f"
    # Of a path below a page, which is none, the name of the file is the page's.
    yield 'RewriteCond %{PATH_INFO} "^/*$"'
    yield 'RewriteCond %{THE_REQUEST} "^\\S+ /*(/[^ ?]*[^ ?/])/*[ ?]"'
    missing = re.escape(NOT_FOUND.removesuffix(".html"))
    yield f'RewriteRule "!^{missing}/*$" "%1.html" [R=301,L,NE,QSD]'
    for old in plan.redirects:
        yield "RewriteCond %{REQUEST_FILENAME} !-f"
        source = f"{re.escape(plan.path)}{url_regex(old).replace('[^/]', '[^/ ?]')}"
        yield f'RewriteCond %{{THE_REQUEST}} "^\\S+ {source}/*[ ?]" [NC]'
        yield f"RewriteRule ^ {_answer(plan, old)}"
    extensions = "|".join(sorted({group.extension for group in plan.groups}))
    for coding in codings:
        yield f'RewriteCond %{{HTTP:Accept-Encoding}} "(?:^|[ ,]){coding}(?:[ ;,]|$)" [NC]'
        yield f'RewriteCond %{{HTTP:Accept-Encoding}} "!{coding} *; *q=0(?:\\.0*)?(?: *,|$)" [NC]'
        yield f"RewriteCond %{{REQUEST_FILENAME}}{SUFFIXES[coding]} -f"
        yield f'RewriteRule "^(.+\\.(?:{extensions}))$" "$1{SUFFIXES[coding]}" [L]'


def _answer(plan: HostRules, old: RedirectRule) -> str:
    if old.target is None:
        return "- [R=410,L]"
    to = location(old, plan.path, lambda number, _: f"\0{number}")
    plain = _literal(to).replace("\0", "%")
    return f'"{plain}" [R={old.status},L,NE,QSD]'


def _literal(url: str) -> str:
    """A URL as the target of a rule: % followed by a digit means a group there."""
    return url.replace("%", "\\%")


def _when(status: str, said: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in said:
        when = f"\"expr=%{{REQUEST_STATUS}} == '{status}'\""
        yield f"Header always set {name} {_quoted(value)} {when}"


def _set(said: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Set headers of answers that succeed, and of 304; choosing a coding adds to Vary."""
    for name, value in said:
        yield f"Header {'merge' if name == 'Vary' else 'set'} {name} {_quoted(value)}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _quoted(text: str) -> str:
    """Text as an argument, its percent signs for themselves (mod_headers)."""
    return '"' + text.replace("%", "%%").replace('"', '\\"') + '"'
