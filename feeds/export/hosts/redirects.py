"""The redirect rules of static hosts. Pure; no I/O."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from urllib.parse import quote

import msgspec

from feeds.config import redirects
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import Redirect, Site
from feeds.model.document import FORMATS

# The placeholder of an archive document's number.
_NUMBER = "{number}"


class RedirectRule(msgspec.Struct, frozen=True):
    """An old path and its response: a redirect to `target` with `status`, or 410 without a target.

    Paths are below the feeds' URL; "" is the index page. `source` may have placeholders, each for
    a segment or a part of one, and `target` may repeat them. `target` may be a URL.
    """

    source: str
    status: int
    target: str | None

    @property
    def is_pattern(self) -> bool:
        """Return whether the source has placeholders."""
        return PLACEHOLDER.search(self.source) is not None

    @property
    def is_external(self) -> bool:
        """Return whether the target is a URL."""
        return self.target is not None and "://" in self.target


def redirect_rules(site: Site, names: frozenset[str]) -> tuple[RedirectRule, ...]:
    """Return the rules for old paths, those without placeholders first.

    `names` are the paths of all documents. The responses are those of the server, except that it
    looks up topics by all their names: here, a path with such a name has its own rule.
    """
    rules: dict[str, RedirectRule] = {}
    exists = _exists(names)
    for redirect in (*site.redirects, *_archive_redirects(site, exists)):
        for rule in _rules_of(redirect, site, names, exists):
            if rule.source not in names:
                rules.setdefault(rule.source, rule)
    return tuple(sorted(rules.values(), key=lambda rule: rule.is_pattern))


def url_regex(rule: RedirectRule) -> str:
    """Return the regular expression of an old path as requested, that is, percent-encoded.

    Its placeholders are groups, numbered from 1.
    """
    return unnamed(redirects.to_regex(quote(rule.source, safe="/{}")))


def unnamed(regex: str) -> str:
    """Return the expression with numbered groups, for hosts without named groups."""
    return re.sub(r"\?P<\w+>", "", regex)


def location(rule: RedirectRule, mount: str, group: Callable[[int, str], str]) -> str:
    """Return the target of an old path, percent-encoded; "" if it has none.

    `mount` is the encoded path of the feeds' URL. `group` returns the host's notation for the text
    that a placeholder matched, given its number from 1 on and its name.
    """
    names = PLACEHOLDER.findall(rule.source)
    target = rule.target or ""
    if rule.target is not None and not rule.is_external:
        target = mount + quote(target, safe="/{}")
    # A dollar sign marks variables and groups in configurations; URLs can do without it.
    escaped = target.replace("$", "%24")
    return PLACEHOLDER.sub(lambda match: group(names.index(match[1]) + 1, match[1]), escaped)


def instances(rule: RedirectRule, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each old path that redirects to one of the documents `names`, with that document.

    Yields nothing if the target does not determine the old path.
    """
    if rule.target is None or rule.is_external:
        return
    if not set(PLACEHOLDER.findall(rule.source)) <= set(PLACEHOLDER.findall(rule.target)):
        return
    regex = re.compile(redirects.to_regex(rule.target), re.IGNORECASE)
    for name in sorted(names):
        if match := regex.fullmatch(name):
            yield _filled(rule.source, match.groupdict()), name


def matches(source: str, paths: Collection[str]) -> bool:
    """Return whether an old path, or its pattern, matches one of these paths."""
    if not PLACEHOLDER.search(source):
        return source in paths
    return any(map(re.compile(unnamed(redirects.to_regex(source))).fullmatch, paths))


def without_conflicts(
    rules: Iterable[RedirectRule], names: Collection[str], paths: Collection[str]
) -> tuple[list[RedirectRule], list[RedirectRule]]:
    """Return the rules for a host that applies redirects before it looks for documents.

    `names` are the documents, and `paths` their locations at the host. No rule matches one of
    these: a pattern that would is replaced by its `instances`. The second list has the patterns
    for which that is impossible.
    """
    safe: dict[str, RedirectRule] = {}
    omitted = []
    for rule in rules:
        candidates = [rule]
        if rule.is_pattern and matches(rule.source, paths):
            candidates = [
                RedirectRule(path, rule.status, name) for path, name in instances(rule, names)
            ]
            omitted += [] if candidates else [rule]
        for candidate in candidates:
            if candidate.source not in paths:
                safe.setdefault(candidate.source, candidate)
    return list(safe.values()), omitted


def _filled(source: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], source)


def _exists(names: frozenset[str]) -> Callable[[str], str | None]:
    """Return the function that `redirects.resolve` needs."""
    folded = {name.casefold(): name for name in names}
    folded["index.html"] = ""
    folded[""] = ""
    return lambda name: folded.get(name.casefold())


def _rules_of(
    redirect: Redirect, site: Site, names: frozenset[str], exists: Callable[[str], str | None]
) -> Iterator[RedirectRule]:
    if not PLACEHOLDER.search(redirect.source):
        if resolution := redirects.resolve(redirect.source, site, exists):
            yield RedirectRule(redirect.source, resolution.status, resolution.location)
        return
    if redirect.target is None or "://" in redirect.target:
        yield RedirectRule(redirect.source, redirect.status, redirect.target)
        return
    regex = re.compile(redirects.to_regex(redirect.target), re.IGNORECASE)
    if not any(map(regex.fullmatch, names)):
        return
    if "{topic}" in redirect.source:
        yield from _topic_aliases(redirect, site, names)
    yield RedirectRule(redirect.source, redirect.status, redirect.target)


def _archive_redirects(site: Site, exists: Callable[[str], str | None]) -> Iterator[Redirect]:
    """Yield the redirects of the archives of feeds that moved or are gone."""
    if not any(spec.history for spec in site.feeds):
        return
    sources = {redirect.source for redirect in site.redirects}
    for redirect in site.redirects:
        feed, _, extension = redirect.source.rpartition(".")
        if extension not in FORMATS or f"{feed}.html" not in sources or _NUMBER in feed:
            continue
        target, status = redirect.target, redirect.status
        if not PLACEHOLDER.search(feed) and (
            resolution := redirects.resolve(redirect.source, site, exists)
        ):
            target, status = resolution.location, resolution.status
        archive = target and f"{target.removesuffix(f'.{extension}')}/archive/{_NUMBER}.{extension}"
        if not target or "://" not in target:
            yield Redirect(f"{feed}/archive/{_NUMBER}.{extension}", archive, status)


def _topic_aliases(redirect: Redirect, site: Site, names: frozenset[str]) -> Iterator[RedirectRule]:
    """Yield rules for the old paths of topics under their other names."""
    for name, topic_id in sorted(site.topic_ids.items()):
        target = str(redirect.target).replace("{topic}", topic_id)
        if name != topic_id and (PLACEHOLDER.search(target) or target in names):
            yield RedirectRule(redirect.source.replace("{topic}", name), redirect.status, target)
