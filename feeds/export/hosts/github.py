"""GitHub Pages: names of files, and nothing else. Pure; no I/O."""

from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from feeds.export.hosts.base import HostFiles
from feeds.export.hosts.redirects import instances
from feeds.export.hosts.rules import NOT_FOUND, HostRules

NOJEKYLL = ".nojekyll"
# Which extension says the type of which format (mime-db): a feed cannot be at any other path.
_TELLING = {"rss": ("rss", "xml"), "atom": ("atom", "xml"), "json": ("json",)}


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Feeds once more at their old paths, pages that lead on, and what cannot be done."""
    del codings
    copies: dict[str, str] = {}
    files: dict[str, bytes] = {NOJEKYLL: b""}
    lost: list[str] = []
    for old in plan.redirects:
        pairs = list(instances(old, plan.names))
        if not pairs:
            lost.append(old.source)
        for path, name in pairs:
            if path in plan.names or path in copies or path in files:
                continue
            if _can_be_there(path, name):
                copies[path] = name
            elif name.endswith(".html") or name == "":
                files[_page_at(path)] = _leading(f"{plan.path}{quote(name)}")
            elif not lost or lost[-1] != old.source:
                lost.append(old.source)
    return HostFiles(files, tuple(_said(plan, copies, lost)), copies)


def _can_be_there(path: str, name: str) -> bool:
    """Whether a document would be sent as what it is from an old path."""
    extension, telling = path.rpartition("."), _TELLING.get(name.rpartition(".")[2], ())
    return extension[2] in telling


def _page_at(path: str) -> str:
    return path if path.endswith(".html") else f"{path}/index.html"


def _leading(url: str) -> bytes:
    """A page that leads to another: all that there is in place of a redirect."""
    to = escape(url)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>It moved</title>\n'
        f'<meta http-equiv="refresh" content="0; url={to}">\n<link rel="canonical" href="{to}">\n'
        f'<p>It is at <a href="{to}">{to}</a>.</p>\n</html>\n'
    ).encode()


def _said(plan: HostRules, copies: dict[str, str], lost: list[str]) -> Iterator[str]:
    yield (
        "GitHub Pages lets nobody set headers: it keeps everything for 10 minutes, and sends no "
        "Link header (hub and self are in the feeds). JSON feeds are application/json."
    )
    if copies:
        yield (
            f"GitHub Pages has no redirects: {len(copies):,} old addresses have the feed itself, "
            "with its new address inside."
        )
    gone = [old for old in plan.redirects if old.target is None]
    if gone:
        yield f"GitHub Pages has no 410: {gone[0].source} and whatever else is gone answers 404."
    rest = [source for source in lost if source not in {old.source for old in gone}]
    if rest:
        yield (
            f"GitHub Pages cannot say where {len(rest):,} old addresses lead, {rest[0]} among "
            "them: a feed is sent as one only from a path that ends in its format."
        )
    if plan.site.mount != "/":
        yield (
            f"Put {NOT_FOUND} and {NOJEKYLL} into the top folder of your site too, if "
            f"{plan.site.mount} is not the path of the repository's own pages."
        )
