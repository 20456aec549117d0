"""Caddy: a file to import in a site block. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import location, url_regex
from feeds.export.hosts.rules import NOT_FOUND, NUMBER, HeaderGroup, HostRules
from feeds.render import headers
from feeds.render.headers import Headers

NAME = f"{PRIVATE}caddy.conf"


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The configuration of the site."""
    lines = [*_head(plan), *_site(plan, codings), *_errors(plan)]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(plan, "Caddy"))
    )


def _head(plan: HostRules) -> list[str]:
    folder = plan.site.mount.strip("/")
    where = f"the folder whose {folder} is the export" if folder else "the exported folder"
    return [
        "# Written by `feeds export`. Import it in the site block of",
        f"# {plan.site.feeds_url}, whose root is {where}.",
        "# Copy the files with their times (rsync -a): ETag and Last-Modified are made of them.",
    ]


def _site(plan: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    mount = plan.site.mount
    yield f"handle {_quoted(f'{mount}*')} {{"
    yield "\troute {"
    yield from _indented(_asked(plan), 2)
    yield from _indented(_hidden(plan), 2)
    yield from _indented(_methods(plan), 2)
    yield from _indented(_documents(plan), 2)
    yield from _indented(_elsewhere(plan), 2)
    yield "\t\tfile_server {"
    if codings:
        yield f"\t\t\tprecompressed {' '.join(codings)}"
    yield "\t\t}"
    yield "\t}"
    yield "}"


def _asked(plan: HostRules) -> Iterator[str]:
    """What is asked for, percent-encoded: its path, the same without slashes, and what moved."""
    yield from ("map {http.request.uri} {feeds_self} {", '\t"~^/*(/[^?]*)" "${1}"', "}")
    yield "map {http.request.uri} {feeds_asked} {"
    yield from ('\t"~^/*(/[^?]*[^?/])/*(?:[?]|$)" "${1}"', "\tdefault /", "}")
    if plan.has_archives:
        yield "map {http.request.uri} {feeds_feed} {"
        yield f'\t"~^/*(/[^?]*)/archive/{NUMBER}([.][a-z]+)(?:[?]|$)" "${{1}}${{2}}"'
        yield "}"
    yield "map {feeds_asked} {feeds_status} {feeds_to} {"
    for old in plan.redirects:
        regex = f"~(?i)^{re.escape(plan.path)}{url_regex(old)}$"
        to = location(old, plan.path, lambda number, _: f"${{{number}}}")
        yield f"\t{_quoted(regex)} {old.status} {_quoted(to)}"
    yield from ('\tdefault none ""', "}")


def _hidden(plan: HostRules) -> Iterator[str]:
    extensions = "|".join(sorted({group.extension for group in plan.groups}))
    mount = re.escape(plan.site.mount)
    named = f"{re.escape(PRIVATE)}|{re.escape(NOT_FOUND)}$"
    regex = f"^{mount}(?:{named}|.*\\.(?:{extensions})\\.(?:gz|br)$)"
    yield f"@feeds_hidden path_regexp {_quoted(regex)}"
    yield "error @feeds_hidden 404"


def _methods(plan: HostRules) -> Iterator[str]:
    everywhere = headers.common_headers(plan.site)
    yield "@feeds_preflight {"
    yield from ("\tmethod OPTIONS", "\tfile", "}")
    yield "handle @feeds_preflight {"
    yield from _indented(_header("", [*headers.PREFLIGHT, *everywhere]), 1)
    yield from ("\trespond 204", "}")
    yield "@feeds_other {"
    yield from ("\tnot method GET HEAD", "\tfile", "}")
    yield "handle @feeds_other {"
    said = [("Cache-Control", "no-store"), *headers.ALLOW, *headers.CORS, *everywhere]
    yield from _indented(_header("", said), 1)
    yield from ("\trespond 405", "}")


def _documents(plan: HostRules) -> Iterator[str]:
    """The headers of documents: of all with one extension, then of those that differ."""
    mount = re.escape(plan.site.mount)
    for number, group in enumerate(sorted(plan.groups, key=lambda group: group.name is not None)):
        name = f"@feeds_{group.extension}{number}"
        paths = re.escape(group.name) if group.name else f".*\\.{group.extension}"
        # The index page is there, and is the folder's own, which is no file.
        regex = f"^{mount}(?:{paths})?$" if group.name else f"^{mount}{paths}$"
        yield f"{name} {{"
        yield f"\tpath_regexp {_quoted(regex)}"
        yield from ("}",) if group.name else ("\tfile", "}")
        yield from _header(name, group.headers)
    yield from _links(plan, list(plan.groups_of("feed")), mount)
    extensions = "|".join(group.extension for group in plan.groups_of("feed", "page"))
    # Those that are to be tried first come last, for a later one sets its headers over them.
    for number, deviation in enumerate(reversed(plan.caching_overrides)):
        name = f"@feeds_deviation{number}"
        regex = f"^{mount}{deviation.regex}\\.(?:{extensions})$"
        yield f"{name} {{"
        yield f"\tpath_regexp {_quoted(regex)}"
        yield from ("\tfile", "}")
        yield from _header(name, deviation.freshness)
        if deviation.is_archives:
            name = f"@feeds_archives{number}"
            formats = "|".join(group.extension for group in plan.groups_of("feed"))
            yield f"{name} {{"
            regex = f"^{mount}{deviation.regex}\\.(?:{formats})$"
            yield f"\tpath_regexp {_quoted(regex)}"
            yield from ("\tfile", "}")
            own, feed = f"{plan.origin}{{feeds_self}}", f"{plan.origin}{{feeds_feed}}"
            yield from _header(name, [("Link", plan.archive_links(own, feed))])


def _links(plan: HostRules, groups: list[HeaderGroup], mount: str) -> Iterator[str]:
    """The Link headers of feeds, made of the path as it was asked for."""
    extensions = "|".join(group.extension for group in groups)
    yield "@feeds_links {"
    regex = f"^{mount}.*\\.(?:{extensions})$"
    yield f"\tpath_regexp {_quoted(regex)}"
    yield from ("\tfile", "}")
    yield from _header("@feeds_links", [("Link", plan.links(f"{plan.origin}{{feeds_self}}"))])


def _elsewhere(plan: HostRules) -> Iterator[str]:
    """What is no file: the index by its name, a page without its extension, an old address."""
    folder = re.escape(plan.site.mount)
    everywhere = [*headers.CORS, *headers.common_headers(plan.site)]
    for group in plan.groups:
        if group.name:
            yield f"@feeds_index path_regexp {_quoted(f'^{folder}{re.escape(group.name)}$')}"
            yield from _handled(
                "@feeds_index", headers.redirect_caching(301), f"{_quoted(plan.path)} 301"
            )
    yield "@feeds_nothing not file"
    yield "handle @feeds_nothing {"
    yield "\t@feeds_path path_regexp feeds_path ^(.*[^/])/*$"
    yield "\thandle @feeds_path {"
    missing = re.escape(f"{plan.site.mount}{NOT_FOUND.removesuffix('.html')}")
    yield "\t\t@feeds_page {"
    yield from ("\t\t\tfile {", "\t\t\t\ttry_files {re.feeds_path.1}.html", "\t\t\t}")
    yield from (f"\t\t\tnot path_regexp {_quoted(f'^{missing}/*$')}", "\t\t}")
    said = [*headers.redirect_caching(301), *everywhere]
    yield from _indented(_handled("@feeds_page", said, "{feeds_asked}.html 301"), 2)
    for status in sorted({old.status for old in plan.redirects}):
        name, said = f"@feeds_{status}", [*headers.redirect_caching(status), *everywhere]
        yield f'\t\t{name} expression `{{feeds_status}} == "{status}"`'
        to = None if status == 410 else f"{{feeds_to}} {status}"
        yield from _indented(_handled(name, said, to), 2)
    yield from ("\t}", "}")


def _handled(matcher: str, said: Headers, to: str | None) -> Iterator[str]:
    """A redirect, or 410 where it leads nowhere."""
    yield f"handle {matcher} {{"
    yield from _indented(_header("", said), 1)
    yield from ("\terror 410" if to is None else f"\tredir * {to}", "}")


def _errors(plan: HostRules) -> Iterator[str]:
    mount = plan.site.mount
    yield "handle_errors {"
    yield "\t@feeds_missing {"
    yield f"\t\tpath {_quoted(f'{mount}*')}"
    yield "\t\texpression `{err.status_code} in [404, 410]`"
    yield "\t}"
    yield "\thandle @feeds_missing {"
    yield "\t\t@feeds_none expression `{err.status_code} == 404`"
    yield "\t\theader @feeds_none Cache-Control no-store"
    said: Headers = [("Content-Type", "text/html; charset=utf-8")]
    yield from _indented(_header("", [*said, *headers.CORS, *headers.common_headers(plan.site)]), 2)
    yield f"\t\trewrite * {_quoted(f'{mount}{NOT_FOUND}')}"
    yield from ("\t\tfile_server", "\t}", "}")


def _header(matcher: str, said: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Set headers; Vary when the answer goes out, for precompressed variants add one too."""
    told = list(said)
    for late in (False, True):
        some = [(name, value) for name, value in told if (name == "Vary") == late]
        if some:
            yield " ".join(filter(None, ("header", matcher, "{")))
            yield from (f"\t{name} {_quoted(value)}" for name, value in some)
            yield from ["\tdefer"] if late else []
            yield "}"


def _indented(lines: Iterable[str], by: int) -> Iterator[str]:
    return ("\t" * by + line for line in lines)


def _quoted(text: str) -> str:
    """Text as a token; placeholders in it are meant."""
    return '"' + text.replace('"', '\\"') + '"'
