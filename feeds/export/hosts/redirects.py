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
    """An old path and its answer: redirect `status` to `target`, or 410 without one.

    Paths are below the feeds' URL. `source` may hold placeholders for one segment or a part of
    it, and `target` these again; `target` may be a URL. "" is the list of all feeds.
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
    """What is to be said of old paths, those without placeholders first.

    The answers are the server's, but that it looks up topics by all their names: here those
    names are paths of their own. `names` are the documents there are.
    """
    rules: dict[str, RedirectRule] = {}
    exists = _exists(names)
    for redirect in (*site.redirects, *_archive_redirects(site, exists)):
        for old in _rules_of(redirect, site, names, exists):
            if old.source not in names:
                rules.setdefault(old.source, old)
    return tuple(sorted(rules.values(), key=lambda old: old.is_pattern))


def url_regex(old: RedirectRule) -> str:
    """The regular expression of an old path as it is asked for: percent-encoded.

    Its placeholders are groups, numbered in their order.
    """
    return unnamed(redirects.to_regex(quote(old.source, safe="/{}")))


def unnamed(regex: str) -> str:
    """Return the expression with numbered groups, for hosts without named groups."""
    return re.sub(r"\?P<\w+>", "", regex)


def location(old: RedirectRule, mount: str, group: Callable[[int, str], str]) -> str:
    """Where an old path leads, percent-encoded, below the encoded path `mount`; "" if nowhere.

    `hole` writes what a placeholder stood for, given its number from 1 on, and its name.
    """
    names = PLACEHOLDER.findall(old.source)
    target = old.target or ""
    if old.target is not None and not old.is_external:
        target = mount + quote(target, safe="/{}")
    # A sign that hosts have for variables and groups, which URLs can do without.
    plain = target.replace("$", "%24")
    return PLACEHOLDER.sub(lambda found: group(names.index(found[1]) + 1, found[1]), plain)


def instances(old: RedirectRule, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each old path that leads to a document, and the document: a pattern is filled in.

    Nothing where the target does not say what the old path was.
    """
    if old.target is None or old.is_external:
        return
    if not set(PLACEHOLDER.findall(old.source)) <= set(PLACEHOLDER.findall(old.target)):
        return
    fits = re.compile(redirects.to_regex(old.target), re.IGNORECASE)
    for name in sorted(names):
        if match := fits.fullmatch(name):
            yield _filled(old.source, match.groupdict()), name


def fits(source: str, paths: Collection[str]) -> bool:
    """Return whether an old path, or its pattern, matches one of these paths."""
    if not PLACEHOLDER.search(source):
        return source in paths
    return any(map(re.compile(unnamed(redirects.to_regex(source))).fullmatch, paths))


def without_conflicts(
    all_old: Iterable[RedirectRule], names: Collection[str], paths: Collection[str]
) -> tuple[list[RedirectRule], list[RedirectRule]]:
    """What to tell a host that looks at old paths before it looks for documents, at `paths`.

    None of it is a document's path: a pattern that fits one is filled in with the `names` of
    documents. The second list are those that do not say what to fill in.
    """
    kept: dict[str, RedirectRule] = {}
    lost = []
    for old in all_old:
        candidates = [old]
        if old.is_pattern and fits(old.source, paths):
            candidates = [
                RedirectRule(path, old.status, name) for path, name in instances(old, names)
            ]
            lost += [] if candidates else [old]
        for candidate in candidates:
            if candidate.source not in paths:
                kept.setdefault(candidate.source, candidate)
    return list(kept.values()), lost


def _filled(source: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], source)


def _exists(names: frozenset[str]) -> Callable[[str], str | None]:
    folded = {name.casefold(): name for name in names}
    folded["index.html"] = ""
    folded[""] = ""
    return lambda name: folded.get(name.casefold())


def _rules_of(
    redirect: Redirect, site: Site, names: frozenset[str], exists: Callable[[str], str | None]
) -> Iterator[RedirectRule]:
    if not PLACEHOLDER.search(redirect.source):
        if answer := redirects.resolve(redirect.source, site, exists):
            yield RedirectRule(redirect.source, answer.status, answer.location)
        return
    if redirect.target is None or "://" in redirect.target:
        yield RedirectRule(redirect.source, redirect.status, redirect.target)
        return
    if not any(
        map(re.compile(redirects.to_regex(redirect.target), re.IGNORECASE).fullmatch, names)
    ):
        return
    if "{topic}" in redirect.source:
        yield from _topic_aliases(redirect, site, names)
    yield RedirectRule(redirect.source, redirect.status, redirect.target)


def _archive_redirects(site: Site, exists: Callable[[str], str | None]) -> Iterator[Redirect]:
    """Yield the redirects of the archives of feeds that moved or are gone."""
    if not any(spec.history for spec in site.feeds):
        return
    sources = {move.source for move in site.redirects}
    for redirect in site.redirects:
        feed, _, extension = redirect.source.rpartition(".")
        if extension not in FORMATS or f"{feed}.html" not in sources or _NUMBER in feed:
            continue
        target, status = redirect.target, redirect.status
        if not PLACEHOLDER.search(feed) and (
            answer := redirects.resolve(redirect.source, site, exists)
        ):
            target, status = answer.location, answer.status
        to = target and f"{target.removesuffix(f'.{extension}')}/archive/{_NUMBER}.{extension}"
        if not target or "://" not in target:
            yield Redirect(f"{feed}/archive/{_NUMBER}.{extension}", to, status)


def _topic_aliases(redirect: Redirect, site: Site, names: frozenset[str]) -> Iterator[RedirectRule]:
    """The old paths of topics that are called otherwise here."""
    for name, key in sorted(site.topic_ids.items()):
        target = str(redirect.target).replace("{topic}", key)
        if name != key and (PLACEHOLDER.search(target) or target in names):
            yield RedirectRule(redirect.source.replace("{topic}", name), redirect.status, target)
