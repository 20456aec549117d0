"""feeds.yaml -> every feed there is, with families expanded over the terms in use. Pure; no I/O."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from feeds import history
from feeds.errors import ConfigError, Problem
from feeds.keys import PLACEHOLDER, Picture
from feeds.selection import (
    EVERYTHING,
    All,
    Facts,
    Selection,
    TermField,
    Terms,
    may_match,
    required,
)
from feeds.site import Caching, FeedSpec, Site

# File names hold 255 bytes, and a path may put several slugs into one.
_SEGMENT_BYTES = 80
# What the site itself has at such paths: its index page, its list of feeds, its signs of health.
RESERVED = frozenset({"404", "healthz", "readyz", "index", "feeds"})


class Term(msgspec.Struct, frozen=True, order=True):
    """A topic, category, type, provider or language in use: its slug, and its name for people."""

    field: TermField
    slug: str
    name: str


class FeedDefinition(msgspec.Struct, frozen=True):
    """One feed: where it is, what it is called, what belongs in it, how long copies are kept.

    `terms` are what a feed of a family is for, with their names; `history` is how many archive
    documents it has at most.
    """

    path: str
    title: str
    description: str
    selection: Selection
    order: Literal["date", "heat"]
    size: int
    caching: Caching
    picture: Picture | None = None
    terms: tuple[Term, ...] = ()
    history: int = 0

    def url(self, site: Site, format_: str) -> str:
        """The feed's own URL in one format."""
        return feed_url(self.path, site, format_)


def feed_url(path: str, site: Site, format_: str) -> str:
    """The URL of the feed at `path` in one format."""
    return f"{site.feeds_url}{quote(path)}.{format_}"


# The combinations of terms in use for these fields, e.g. each (category, topic) with an entry.
InUse = Callable[[Sequence[TermField]], Sequence[tuple[Term, ...]]]


class Expansion(msgspec.Struct, frozen=True):
    """Every feed of a site by path, and what kept others from being one."""

    feeds: dict[str, FeedDefinition]
    problems: tuple[Problem, ...]


class Finder:
    """Finds the feeds that may show an entry, without a look at all of them."""

    def __init__(self, feeds: Iterable[FeedDefinition]) -> None:
        self._by_term: dict[tuple[TermField, str], list[FeedDefinition]] = {}
        self._others: list[FeedDefinition] = []
        for feed in feeds:
            terms = required(feed.selection)
            if terms is None:
                self._others.append(feed)
                continue
            for value in terms.values:
                self._by_term.setdefault((terms.field, value), []).append(feed)

    def showing(self, facts: Facts, now: datetime) -> list[FeedDefinition]:
        """The feeds that an entry with these facts belongs in, now or at another age."""
        terms: list[tuple[TermField, str | None]] = [
            *(("topic", topic) for topic in facts.topics),
            ("category", facts.category),
            ("type", facts.type),
            ("provider", facts.provider),
            ("language", facts.language),
        ]
        found = [
            feed
            for field, slug in terms
            if slug is not None
            for feed in self._by_term.get((field, slug), ())
        ]
        return [feed for feed in (*self._others, *found) if may_match(feed.selection, facts, now)]


def expand(site: Site, in_use: InUse) -> Expansion:
    """Every feed of the site, in the order of feeds.yaml, families by their terms.

    Topics of the site's files have a feed in a family of topics even before any article does.
    Where two definitions give one path the first has it, and the other is a problem: a term of
    one article must not keep every feed from being published. So is a path that the site has for
    itself. What feeds.yaml says is moved or
    gone is no feed, though articles still have its term.
    """
    feeds: dict[str, FeedDefinition] = {}
    origin: dict[str, str] = {}
    problems = []
    for spec in site.feeds:
        for terms in _combinations(spec, site, in_use):
            feed = _feed(spec, terms, site)
            # Folded, for some file systems take `A` and `a` for one name.
            folded = feed.path.casefold()
            if folded in site.retired:
                continue
            if folded in RESERVED:
                problems.append(_misplaced(feed.path, spec.where, "is a path of the site's own"))
            elif (first := origin.get(folded)) is not None:
                said = f"is the path of {first} too"
                problems.append(_misplaced(feed.path, spec.where, said, "one of them"))
            else:
                feeds[feed.path], origin[folded] = feed, spec.where
    for path in [path for path in feeds if _is_archive(path, feeds)]:
        where = origin[path.casefold()]
        problems.append(_misplaced(path, where, "is the path of an archive document"))
        del feeds[path]
    return Expansion(feeds, tuple(problems))


def _misplaced(path: str, where: str, said: str, change: str = "it") -> Problem:
    """The problem of a feed that cannot be at its path."""
    file, _, key = where.partition(": ")
    return Problem(file, 1, f"{key}.path", f"{path!r} {said}; change {change}", fatal=True)


def _is_archive(path: str, feeds: Mapping[str, FeedDefinition]) -> bool:
    """Whether a path is, but for capitals, one for an archive document of one of the feeds."""
    found = history.parsed(path.casefold())
    return found is not None and any(
        feed.history for known, feed in feeds.items() if known.casefold() == found[0]
    )


def check(site: Site) -> None:
    """Raise `ConfigError` where two definitions give one path whatever the articles are."""
    for problem in expand(site, lambda _: ()).problems:
        raise ConfigError(problem.path, problem.field, problem.message)


def _combinations(spec: FeedSpec, site: Site, in_use: InUse) -> list[tuple[Term, ...]]:
    if not spec.each:
        return [()]
    found = {tuple(term.slug for term in terms): terms for terms in in_use(spec.each)}
    if spec.each == ("topic",):
        for key, topic in site.topics.items():
            found.setdefault((key,), (Term("topic", key, topic.name),))
    return [tuple(_named(term, site) for term in found[key]) for key in sorted(found)]


def _named(term: Term, site: Site) -> Term:
    """The term with the name that the site's files give it."""
    if term.field == "topic" and (topic := site.topics.get(term.slug)):
        return msgspec.structs.replace(term, name=topic.name)
    return term


def _feed(spec: FeedSpec, terms: tuple[Term, ...], site: Site) -> FeedDefinition:
    slugs = {str(term.field): segment(term.slug) for term in terms}
    names = {**{str(term.field): term.name for term in terms}, "site": site.settings.title}
    limits = tuple(Terms(term.field, (term.slug,)) for term in terms)
    whole = spec.selection == EVERYTHING
    parts: tuple[Selection, ...] = limits if whole else (*limits, spec.selection)
    topic = next((site.topics.get(term.slug) for term in terms if term.field == "topic"), None)
    title = _filled(spec.title, names)
    described = spec.description or (topic.description if topic else None)
    return FeedDefinition(
        path=_filled(spec.path, slugs),
        title=title,
        description=_filled(described or site.settings.description or title, names),
        selection=parts[0] if len(parts) == 1 else All(parts),
        order=spec.order,
        size=spec.size,
        caching=spec.caching,
        picture=topic.images[0] if topic and topic.images else None,
        terms=terms,
        history=spec.history,
    )


def segment(slug: str) -> str:
    """A slug short enough for a file name: articles may call their topics what they like."""
    encoded = slug.encode()
    if len(encoded) <= _SEGMENT_BYTES:
        return slug
    mark = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: _SEGMENT_BYTES - 9].decode(errors='ignore').rstrip('-')}-{mark}"


def _filled(pattern: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), pattern)
