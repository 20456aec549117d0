"""Caddy: a file to import in a site block. Pure; no I/O."""

import re
from collections.abc import Iterable, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import location, url_regex
from feeds.export.hosts.rules import NUMBER, HostRules
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.render.site.pages import NOT_FOUND

NAME = f"{PRIVATE}caddy.conf"


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the configuration of the site."""
    lines = [*_head(rules), *_site(rules, codings), *_errors(rules)]
    return HostFiles(
        {NAME: "\n".join(lines).encode() + b"\n"}, tuple(archive_limitations(rules, "Caddy"))
    )


def _head(rules: HostRules) -> list[str]:
    folder = rules.site.mount.strip("/")
    root = f"the folder whose {folder} is the export" if folder else "the exported folder"
    return [
        "# Written by `feeds export`. Import it in the site block of",
        f"# {rules.site.feeds_url}, whose root is {root}.",
        "# Copy the files with their times (rsync -a): ETag and Last-Modified are made of them.",
    ]


def _site(rules: HostRules, codings: tuple[str, ...]) -> Iterator[str]:
    mount = rules.site.mount
    yield f"handle {_quoted(f'{mount}*')} {{"
    yield "\troute {"
    yield from _indented(_variables(rules), 2)
    yield from _indented(_hidden(rules), 2)
    yield from _indented(_methods(rules), 2)
    yield from _indented(_documents(rules), 2)
    yield from _indented(_redirects(rules), 2)
    yield "\t\tfile_server {"
    if codings:
        yield f"\t\t\tprecompressed {' '.join(codings)}"
    yield "\t\t}"
    yield "\t}"
    yield "}"


def _variables(rules: HostRules) -> Iterator[str]:
    """Yield variables: the requested path, percent-encoded, and the redirect for it.

    `feeds_self` is the path, `feeds_asked` the path without slashes at its end, `feeds_feed` the
    path of an archive document's feed. `feeds_status` and `feeds_to` are the redirect.
    """
    yield from ("map {http.request.uri} {feeds_self} {", '\t"~^/*(/[^?]*)" "${1}"', "}")
    yield "map {http.request.uri} {feeds_asked} {"
    yield from ('\t"~^/*(/[^?]*[^?/])/*(?:[?]|$)" "${1}"', "\tdefault /", "}")
    if rules.has_archives:
        yield "map {http.request.uri} {feeds_feed} {"
        yield f'\t"~^/*(/[^?]*)/archive/{NUMBER}([.][a-z]+)(?:[?]|$)" "${{1}}${{2}}"'
        yield "}"
    yield "map {feeds_asked} {feeds_status} {feeds_to} {"
    for redirect in rules.redirects:
        regex = f"~(?i)^{re.escape(rules.path)}{url_regex(redirect)}$"
        target = location(redirect, rules.path, lambda number, _: f"${{{number}}}")
        yield f"\t{_quoted(regex)} {redirect.status} {_quoted(target)}"
    yield from ('\tdefault none ""', "}")


def _hidden(rules: HostRules) -> Iterator[str]:
    extensions = "|".join(sorted({group.extension for group in rules.groups}))
    mount = re.escape(rules.site.mount)
    private = f"{re.escape(PRIVATE)}|{re.escape(NOT_FOUND)}$"
    regex = f"^{mount}(?:{private}|.*\\.(?:{extensions})\\.(?:gz|br)$)"
    yield f"@feeds_hidden path_regexp {_quoted(regex)}"
    yield "error @feeds_hidden 404"


def _methods(rules: HostRules) -> Iterator[str]:
    common = headers.common_headers(rules.site)
    yield "@feeds_preflight {"
    yield from ("\tmethod OPTIONS", "\tfile", "}")
    yield "handle @feeds_preflight {"
    yield from _indented(_header("", [*headers.PREFLIGHT, *common]), 1)
    yield from ("\trespond 204", "}")
    yield "@feeds_other {"
    yield from ("\tnot method GET HEAD", "\tfile", "}")
    yield "handle @feeds_other {"
    fields = [("Cache-Control", "no-store"), *headers.ALLOW, *headers.CORS, *common]
    yield from _indented(_header("", fields), 1)
    yield from ("\trespond 405", "}")


def _documents(rules: HostRules) -> Iterator[str]:
    """Yield the headers of documents: by extension, then for documents that differ."""
    mount = re.escape(rules.site.mount)
    for number, group in enumerate(sorted(rules.groups, key=lambda group: group.name is not None)):
        name = f"@feeds_{group.extension}{number}"
        paths = re.escape(group.name) if group.name else f".*\\.{group.extension}"
        # The index page always exists, and also has the path of the folder, which is not a file.
        regex = f"^{mount}(?:{paths})?$" if group.name else f"^{mount}{paths}$"
        yield f"{name} {{"
        yield f"\tpath_regexp {_quoted(regex)}"
        yield from ("}",) if group.name else ("\tfile", "}")
        yield from _header(name, group.headers)
    yield from _links(rules, mount)
    yield from _caching_overrides(rules, mount)


def _caching_overrides(rules: HostRules, mount: str) -> Iterator[str]:
    """Yield the headers of some feeds and archives, in reverse: Caddy lets the last rule win."""
    extensions = "|".join(group.extension for group in rules.groups_of("feed", "page"))
    for number, override in enumerate(reversed(rules.caching_overrides)):
        name = f"@feeds_deviation{number}"
        regex = f"^{mount}{override.regex}\\.(?:{extensions})$"
        yield f"{name} {{"
        yield f"\tpath_regexp {_quoted(regex)}"
        yield from ("\tfile", "}")
        yield from _header(name, override.freshness)
        if override.is_archives:
            name = f"@feeds_archives{number}"
            formats = "|".join(group.extension for group in rules.groups_of("feed"))
            yield f"{name} {{"
            regex = f"^{mount}{override.regex}\\.(?:{formats})$"
            yield f"\tpath_regexp {_quoted(regex)}"
            yield from ("\tfile", "}")
            own, feed = f"{rules.origin}{{feeds_self}}", f"{rules.origin}{{feeds_feed}}"
            yield from _header(name, [("Link", rules.archive_links(own, feed))])


def _links(rules: HostRules, mount: str) -> Iterator[str]:
    """Yield the Link headers of feeds, made from the requested path."""
    extensions = "|".join(group.extension for group in rules.groups_of("feed"))
    yield "@feeds_links {"
    regex = f"^{mount}.*\\.(?:{extensions})$"
    yield f"\tpath_regexp {_quoted(regex)}"
    yield from ("\tfile", "}")
    yield from _header("@feeds_links", [("Link", rules.links(f"{rules.origin}{{feeds_self}}"))])


def _redirects(rules: HostRules) -> Iterator[str]:
    """Yield redirects: the index page by its name, pages without extension, old paths."""
    folder = re.escape(rules.site.mount)
    common = [*headers.CORS, *headers.common_headers(rules.site)]
    for group in rules.groups:
        if group.name:
            yield f"@feeds_index path_regexp {_quoted(f'^{folder}{re.escape(group.name)}$')}"
            yield from _redirect(
                "@feeds_index", headers.redirect_caching(301), f"{_quoted(rules.path)} 301"
            )
    yield "@feeds_nothing not file"
    yield "handle @feeds_nothing {"
    yield "\t@feeds_path path_regexp feeds_path ^(.*[^/])/*$"
    yield "\thandle @feeds_path {"
    missing = re.escape(f"{rules.site.mount}{NOT_FOUND.removesuffix('.html')}")
    yield "\t\t@feeds_page {"
    yield from ("\t\t\tfile {", "\t\t\t\ttry_files {re.feeds_path.1}.html", "\t\t\t}")
    yield from (f"\t\t\tnot path_regexp {_quoted(f'^{missing}/*$')}", "\t\t}")
    fields = [*headers.redirect_caching(301), *common]
    yield from _indented(_redirect("@feeds_page", fields, "{feeds_asked}.html 301"), 2)
    for status in sorted({redirect.status for redirect in rules.redirects}):
        name, fields = f"@feeds_{status}", [*headers.redirect_caching(status), *common]
        yield f'\t\t{name} expression `{{feeds_status}} == "{status}"`'
        target = None if status == 410 else f"{{feeds_to}} {status}"
        yield from _indented(_redirect(name, fields, target), 2)
    yield from ("\t}", "}")


def _redirect(matcher: str, fields: Headers, target: str | None) -> Iterator[str]:
    """Yield a redirect to a target with its status, or 410 without a target."""
    yield f"handle {matcher} {{"
    yield from _indented(_header("", fields), 1)
    yield from ("\terror 410" if target is None else f"\tredir * {target}", "}")


def _errors(rules: HostRules) -> Iterator[str]:
    mount = rules.site.mount
    yield "handle_errors {"
    yield "\t@feeds_missing {"
    yield f"\t\tpath {_quoted(f'{mount}*')}"
    yield "\t\texpression `{err.status_code} in [404, 410]`"
    yield "\t}"
    yield "\thandle @feeds_missing {"
    yield "\t\t@feeds_none expression `{err.status_code} == 404`"
    yield "\t\theader @feeds_none Cache-Control no-store"
    fields = [("Content-Type", "text/html; charset=utf-8"), *headers.CORS]
    yield from _indented(_header("", [*fields, *headers.common_headers(rules.site)]), 2)
    yield f"\t\trewrite * {_quoted(f'{mount}{NOT_FOUND}')}"
    yield from ("\t\tfile_server", "\t}", "}")


def _header(matcher: str, fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Set headers. Vary is deferred, because serving a precompressed file adds one, too."""
    all_fields = list(fields)
    for deferred in (False, True):
        selected = [field for field in all_fields if (field[0] == "Vary") == deferred]
        if selected:
            yield " ".join(filter(None, ("header", matcher, "{")))
            yield from (f"\t{name} {_quoted(value)}" for name, value in selected)
            yield from ["\tdefer"] if deferred else []
            yield "}"


def _indented(lines: Iterable[str], by: int) -> Iterator[str]:
    return ("\t" * by + line for line in lines)


def _quoted(text: str) -> str:
    """Quote a token, in which placeholders are expanded."""
    return '"' + text.replace('"', '\\"') + '"'
