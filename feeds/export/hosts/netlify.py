"""Netlify: `_headers` and `_redirects`. Pure; no I/O."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feeds.config.settings import PLACEHOLDER
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import instances, location
from feeds.export.hosts.rules import NOT_FOUND, CachingOverride, HeaderGroup, HostRules

HEADERS, REDIRECTS = "_headers", "_redirects"
# Netlify answers with its own: docs.netlify.com/manage/routing/headers.
IGNORED = frozenset(
    (
        "accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding",
        "content-length", "content-range", "date", "location", "server", "set-cookie", "trailer",
        "transfer-encoding", "upgrade",
    )
)  # fmt: skip
# Deploys with more lines than about so many fail (docs.netlify.com/manage/routing/redirects).
MOST_REDIRECTS = 10_000
# It knows no 307 (and for readers 302 is the same), and is not said to know 308.
_STATUSES = {307: 302, 308: 301}


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The files of the site, and what Netlify cannot do. It compresses by itself."""
    del codings
    files = {HEADERS: "\n".join(_headers(plan)).encode() + b"\n"}
    lines = list(_redirects(plan))
    if lines:
        files[REDIRECTS] = "".join(lines[:MOST_REDIRECTS]).encode()
    return HostFiles(files, (*_said(plan), *_archives(plan), *_left_out(lines)))


def _headers(plan: HostRules) -> Iterator[str]:
    """Rules from the most general on: the later, more particular one counts.

    Lists come last, for a family's rule fits that of its folder too.
    """
    for group in plan.groups_of("archive", "feed", "page"):
        yield from _rule(plan, group)
    for deviation in reversed(plan.caching_overrides):
        for path in _paths(deviation, plan):
            yield path
            yield from _lines(deviation.freshness)
    for group in plan.groups_of("asset", "list"):
        yield from _rule(plan, group)


def _rule(plan: HostRules, group: HeaderGroup) -> Iterator[str]:
    """The rules of a group: the index page has the folder's own path too."""
    names = ["", group.name] if group.name else [f"*.{group.extension}"]
    for name in names:
        yield f"{plan.path}{name}"
        yield from _lines(group.headers)


def _paths(deviation: CachingOverride, plan: HostRules) -> Iterator[str]:
    """The paths of feeds: a family's pattern where Netlify knows it, and it does no harm.

    A placeholder is a whole segment there, so that the last one is a document's whole name. What
    such a rule sets cannot be taken off again from the list of the family's folder.
    """
    segments = deviation.source.split("/")
    whole = all(PLACEHOLDER.fullmatch(each) or not PLACEHOLDER.search(each) for each in segments)
    usual = len(deviation.freshness) == 1
    if whole and usual and PLACEHOLDER.fullmatch(segments[-1]):
        yield plan.path + PLACEHOLDER.sub(r":\1", quote(deviation.source, safe="/{}"))
        return
    for path in deviation.feeds:
        for group in plan.groups_of("feed", "page"):
            yield f"{plan.path}{quote(path)}.{group.extension}"


def _lines(said: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"  {name}: {value}" for name, value in said if name.lower() not in IGNORED)


def _redirects(plan: HostRules) -> Iterator[str]:
    """The first line that fits counts; a slash at the end makes no difference.

    A pattern is filled in wherever that can be done: a placeholder of Netlify is a whole segment.
    """
    mount = plan.path
    for old in plan.redirects:
        status = _STATUSES.get(old.status, old.status)
        found = list(instances(old, plan.names)) if old.is_pattern else []
        for path, name in found:
            yield f"{mount}{quote(path)} {mount}{quote(name)} {status}\n"
        if not found:
            source = PLACEHOLDER.sub(r":\1", quote(old.source, safe="/{}"))
            to = location(old, mount, lambda _, name: f":{name}") or f"{mount}{NOT_FOUND}"
            yield f"{mount}{source} {to} {status}\n"


def _said(plan: HostRules) -> Iterator[str]:
    yield (
        "Netlify sends no Link header (hub, self), for its rules cannot name each feed; both are "
        "in the feeds."
    )
    yield "Netlify adds to ETags (-ssl, -df); readers then ask by Last-Modified."
    if any(old.status in _STATUSES for old in plan.redirects):
        yield "Netlify answers 302 where you want 307, and 301 for 308."
    if plan.site.mount != "/":
        yield (
            f"Put the export into {plan.site.mount} below your site, and {HEADERS} and "
            f"{REDIRECTS} into its top folder: Netlify reads them only there."
        )


def _archives(plan: HostRules) -> Iterator[str]:
    if any(each.is_archives and not list(_paths(each, plan)) for each in plan.caching_overrides):
        yield (
            "Netlify keeps archives as long as most feeds are: where those have a cdn_max_age, a "
            "rule for archives would hold for lists of feeds too."
        )
        return
    yield from archive_limitations(plan, "Netlify", link=False)


def _left_out(lines: list[str]) -> Iterator[str]:
    if (over := len(lines) - MOST_REDIRECTS) > 0:
        first = lines[MOST_REDIRECTS].split()[0]
        yield (
            f"Netlify takes about {MOST_REDIRECTS:,} redirects: {over:,} are left out, {first} "
            "among them."
        )
