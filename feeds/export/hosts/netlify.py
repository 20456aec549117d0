"""Netlify: `_headers` and `_redirects`. Pure; no I/O."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feeds.config.settings import PLACEHOLDER
from feeds.export.hosts.base import HostFiles, archive_limitations
from feeds.export.hosts.redirects import instances, location
from feeds.export.hosts.rules import CachingOverride, HeaderGroup, HostRules
from feeds.render.site.pages import NOT_FOUND

HEADERS, REDIRECTS = "_headers", "_redirects"
# Headers that Netlify sets itself: docs.netlify.com/manage/routing/headers.
IGNORED = frozenset(
    (
        "accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding",
        "content-length", "content-range", "date", "location", "server", "set-cookie", "trailer",
        "transfer-encoding", "upgrade",
    )
)  # fmt: skip
# Deploys with more redirects than about this fail (docs.netlify.com/manage/routing/redirects).
MOST_REDIRECTS = 10_000
# It does not support 307 (302 is the same for GET), and 308 is not documented.
_STATUSES = {307: 302, 308: 301}


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the configuration of the site. Netlify compresses responses itself."""
    del codings
    files = {HEADERS: "\n".join(_headers(rules)).encode() + b"\n"}
    lines = list(_redirects(rules))
    if lines:
        files[REDIRECTS] = "".join(lines[:MOST_REDIRECTS]).encode()
    return HostFiles(files, (*_limitations(rules), *_archive_limitations(rules), *_omitted(lines)))


def _headers(rules: HostRules) -> Iterator[str]:
    """Yield the rules, the most general ones first: the last one that matches wins.

    Lists come last, because the rule of a family also matches the list of its folder.
    """
    for group in rules.groups_of("archive", "feed", "page"):
        yield from _rule(rules, group)
    for override in reversed(rules.caching_overrides):
        for path in _paths(override, rules):
            yield path
            yield from _lines(override.freshness)
    for group in rules.groups_of("asset", "list"):
        yield from _rule(rules, group)


def _rule(rules: HostRules, group: HeaderGroup) -> Iterator[str]:
    """Yield the rules of a group; the index page also has the path of the folder."""
    names = ["", group.name] if group.name else [f"*.{group.extension}"]
    for name in names:
        yield f"{rules.path}{name}"
        yield from _lines(group.headers)


def _paths(override: CachingOverride, rules: HostRules) -> Iterator[str]:
    """Yield the paths of feeds, or the pattern of a family if it can be used.

    A placeholder of Netlify is a whole segment, so the last one has to be the whole name of a
    document. A header that such a rule sets cannot be removed from the list of the family's folder,
    so the rule must not set more headers than usual.
    """
    segments = override.source.split("/")
    has_whole_segments = all(
        PLACEHOLDER.fullmatch(segment) or not PLACEHOLDER.search(segment) for segment in segments
    )
    is_usual = len(override.freshness) == 1
    if has_whole_segments and is_usual and PLACEHOLDER.fullmatch(segments[-1]):
        yield rules.path + PLACEHOLDER.sub(r":\1", quote(override.source, safe="/{}"))
        return
    for path in override.feeds:
        for group in rules.groups_of("feed", "page"):
            yield f"{rules.path}{quote(path)}.{group.extension}"


def _lines(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"  {name}: {value}" for name, value in fields if name.lower() not in IGNORED)


def _redirects(rules: HostRules) -> Iterator[str]:
    """Yield the redirects: the first one that matches wins, with or without a final slash.

    A pattern is replaced by its instances if possible, because a placeholder of Netlify is a whole
    segment.
    """
    mount = rules.path
    for redirect in rules.redirects:
        status = _STATUSES.get(redirect.status, redirect.status)
        pairs = list(instances(redirect, rules.names)) if redirect.is_pattern else []
        for path, name in pairs:
            yield f"{mount}{quote(path)} {mount}{quote(name)} {status}\n"
        if not pairs:
            source = PLACEHOLDER.sub(r":\1", quote(redirect.source, safe="/{}"))
            target = location(redirect, mount, lambda _, name: f":{name}")
            yield f"{mount}{source} {target or f'{mount}{NOT_FOUND}'} {status}\n"


def _limitations(rules: HostRules) -> Iterator[str]:
    yield (
        "Netlify sends no Link header (hub, self), because its rules cannot name each feed; both "
        "are in the feeds."
    )
    yield "Netlify adds suffixes to ETags (-ssl, -df); readers then use Last-Modified."
    if any(redirect.status in _STATUSES for redirect in rules.redirects):
        yield "Netlify sends 302 instead of 307, and 301 instead of 308."
    if rules.site.mount != "/":
        yield (
            f"Put the export into {rules.site.mount} below your site, and {HEADERS} and "
            f"{REDIRECTS} into its top folder: Netlify reads them only there."
        )


def _archive_limitations(rules: HostRules) -> Iterator[str]:
    archives = (override for override in rules.caching_overrides if override.is_archives)
    if any(not list(_paths(override, rules)) for override in archives):
        yield (
            "Netlify caches archive documents as long as most feeds: because these have a "
            "cdn_max_age, a rule for archive documents would also apply to lists of feeds."
        )
        return
    yield from archive_limitations(rules, "Netlify", link=False)


def _omitted(lines: list[str]) -> Iterator[str]:
    if (over := len(lines) - MOST_REDIRECTS) > 0:
        first = lines[MOST_REDIRECTS].split()[0]
        yield (
            f"Netlify accepts about {MOST_REDIRECTS:,} redirects: {over:,} are left out, such as "
            f"{first}."
        )
