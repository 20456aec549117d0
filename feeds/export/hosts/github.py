"""GitHub Pages: it has no configuration, so everything depends on names of files. Pure; no I/O."""

from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from feeds.export.hosts.base import HostFiles
from feeds.export.hosts.redirects import instances
from feeds.export.hosts.rules import HostRules
from feeds.render.site.pages import NOT_FOUND

NOJEKYLL = ".nojekyll"
# The extensions that give each format a suitable media type (mime-db): a feed cannot have others.
_EXTENSIONS = {"rss": ("rss", "xml"), "atom": ("atom", "xml"), "json": ("json",)}


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return copies of feeds at their old paths, and pages that redirect by HTML."""
    del codings
    copies: dict[str, str] = {}
    files: dict[str, bytes] = {NOJEKYLL: b""}
    unredirected: list[str] = []
    for redirect in rules.redirects:
        pairs = list(instances(redirect, rules.names))
        if not pairs:
            unredirected.append(redirect.source)
        for path, name in pairs:
            if path in rules.names or path in copies or path in files:
                continue
            if _has_suitable_type(path, name):
                copies[path] = name
            elif name.endswith(".html") or name == "":
                files[_page_path(path)] = _redirecting_page(f"{rules.path}{quote(name)}")
            elif not unredirected or unredirected[-1] != redirect.source:
                unredirected.append(redirect.source)
    return HostFiles(files, tuple(_limitations(rules, copies, unredirected)), copies)


def _has_suitable_type(path: str, name: str) -> bool:
    """Return whether the document `name` would be sent with a suitable media type from `path`."""
    return path.rpartition(".")[2] in _EXTENSIONS.get(name.rpartition(".")[2], ())


def _page_path(path: str) -> str:
    return path if path.endswith(".html") else f"{path}/index.html"


def _redirecting_page(url: str) -> bytes:
    """Return a page that redirects to another, because the host has no redirects."""
    target = escape(url)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>It moved</title>\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n'
        f'<link rel="canonical" href="{target}">\n'
        f'<p>It is at <a href="{target}">{target}</a>.</p>\n</html>\n'
    ).encode()


def _limitations(
    rules: HostRules, copies: dict[str, str], unredirected: list[str]
) -> Iterator[str]:
    yield (
        "GitHub Pages has no settings for headers: everything is cached for 10 minutes, there is "
        "no Link header (hub and self are in the feeds), and JSON feeds are application/json."
    )
    if copies:
        yield (
            f"GitHub Pages has no redirects: {len(copies):,} old paths have a copy of the feed, "
            "which contains its new URL."
        )
    gone = [redirect for redirect in rules.redirects if redirect.target is None]
    if gone:
        yield (
            f"GitHub Pages has no 410: paths that are gone, such as {gone[0].source}, answer 404."
        )
    gone_sources = {redirect.source for redirect in gone}
    rest = [source for source in unredirected if source not in gone_sources]
    if rest:
        yield (
            f"GitHub Pages cannot redirect {len(rest):,} old paths, such as {rest[0]}: a copy of a "
            "feed has the right media type only at a path that ends in its format."
        )
    if rules.site.mount != "/":
        yield (
            f"Put {NOT_FOUND} and {NOJEKYLL} into the top folder of your site too, if "
            f"{rules.site.mount} is not the path of the repository's own pages."
        )
