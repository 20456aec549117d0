"""feeds.yaml -> every feed there is, with families expanded over the terms in use. Pure; no I/O."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Literal
from urllib.parse import quote

import msgspec

from feeds.config.feed_settings import Picture
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import FeedSpec, Site
from feeds.errors import ConfigError, Problem
from feeds.model import archives
from feeds.model.document import Caching
from feeds.model.selection import (
    EVERYTHING,
    All,
    Facts,
    Selection,
    TermField,
    Terms,
    may_match,
    required,
)

# File names hold 255 bytes, and a path may put several slugs into one.
_SEGMENT_BYTES = 80
# What a term may be in a path, as `feeds.util.text.slug` makes it.
_TERM = r"(?:[^\W_]|-)+"
_IN_TERM = re.compile(rf"(?:{_TERM})?")
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
# The path of an article that has all these terms, None if there is none.
NamedBy = Callable[[Sequence[Term]], str | None]


class Expansion(msgspec.Struct, frozen=True):
    """Every feed of a site by path, and what kept others from being one."""

    feeds: dict[str, FeedDefinition]
    problems: tuple[Problem, ...]


class FeedIndex:
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


def _nowhere(_: Sequence[Term]) -> None:
    """No article."""


def expand(site: Site, in_use: InUse, article: NamedBy = _nowhere) -> Expansion:
    """Every feed of the site, in the order of feeds.yaml, families by their terms.

    Topics of the site's files have a feed in a family of topics even before any article does.
    Where two definitions give one path that one has it which has more of it written out, from its
    first segment on: an article, which fills in the rest, must not take the feed of others. Of two
    that are alike in this the first has it. The other is a problem: a term of one article must not
    keep every feed from being published. So is a path that the site has for itself. What
    feeds.yaml says is moved or gone is no feed, though articles still have its term.
    """
    made = [
        [_feed(spec, terms, site) for terms in _combinations(spec, site, in_use)]
        for spec in site.feeds
    ]
    # By path, folded, for some file systems take `A` and `a` for one name.
    holders: dict[str, tuple[FeedDefinition, str]] = {}
    for index in sorted(range(len(made)), key=lambda each: _vagueness(site.feeds[each].path)):
        for feed in made[index]:
            holders.setdefault(feed.path.casefold(), (feed, site.feeds[index].where))
    feeds: dict[str, FeedDefinition] = {}
    origin: dict[str, str] = {}
    problems = []
    for spec, family in zip(site.feeds, made, strict=True):
        for feed in family:
            folded = feed.path.casefold()
            holder, first = holders[folded]
            if folded in site.retired:
                continue
            if folded in RESERVED:
                said = "is a path of the site's own"
                problems.append(_misplaced(feed, spec.where, said, article))
            elif holder is not feed:
                said = f"is the path of {first} too, which has it"
                problems.append(_misplaced(feed, spec.where, said, article, "one of them"))
            else:
                feeds[feed.path], origin[folded] = feed, spec.where
    for path in [path for path in feeds if _is_archive(path, feeds)]:
        said = "is the path of an archive document"
        problems.append(_misplaced(feeds[path], origin[path.casefold()], said, article))
        del feeds[path]
    return Expansion(feeds, tuple(problems))


def _misplaced(
    feed: FeedDefinition, where: str, said: str, article: NamedBy, change: str = "it"
) -> Problem:
    """The problem of a feed that cannot be at its path, with the article that brought it."""
    named_by = article(feed.terms) if feed.terms else None
    if named_by:
        change = f"{change}, or what {named_by} names"
    return _of_path(where, f"{feed.path!r} {said}; change {change}")


def _of_path(where: str, message: str) -> Problem:
    file, _, key = where.partition(": ")
    return Problem(file, 1, f"{key}.path", message, fatal=True)


def _vagueness(path: str) -> tuple[bool, ...]:
    """Which segments of a path are not written out but filled in: those that are come first."""
    return tuple(PLACEHOLDER.search(segment) is not None for segment in path.split("/"))


def collisions(site: Site) -> list[tuple[FeedSpec, FeedSpec]]:
    """The pairs of families, in order, of which one can have a path of the other."""
    families = [spec for spec in site.feeds if spec.each]
    return [pair for pair in combinations(families, 2) if _may_collide(*(s.path for s in pair))]


def _may_collide(one: str, other: str) -> bool:
    """Whether terms can make one path of both; a term is never more than one segment."""
    ours, theirs = (path.casefold().split("/") for path in (one, other))
    return len(ours) == len(theirs) and all(map(_may_be_one, ours, theirs))


def _may_be_one(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    parts = [PLACEHOLDER.split(each) for each in (ours, theirs)]
    for fixed, free in (parts, parts[::-1]):
        if len(fixed) == 1:
            pattern = _TERM.join(map(re.escape, free[::2]))
            return re.fullmatch(pattern, fixed[0]) is not None
    # Between what both begin and end with, terms can be anything.
    beginnings, ends = ([each[at] for each in parts] for at in (0, -1))
    short, long = sorted(beginnings, key=len)
    least, most = sorted(ends, key=len)
    return (
        long.startswith(short)
        and most.endswith(least)
        and all(map(_IN_TERM.fullmatch, (long[len(short) :], most[: len(most) - len(least)])))
    )


def risks(site: Site) -> list[Problem]:
    """A problem for each family whose feeds can lose their paths to those of another family."""
    problems = []
    for pair in collisions(site):
        has, loses = sorted(pair, key=lambda each: _vagueness(each.path))
        problems.append(_of_path(loses.where, _colliding(loses, has)))
    return problems


def _colliding(loses: FeedSpec, has: FeedSpec) -> str:
    return (
        f"{loses.path!r} can give a path of {has.path!r} ({has.where}), by what one article names; "
        f"let one of them begin otherwise, such as {'-'.join(loses.each)}/{loses.path}"
    )


def _is_archive(path: str, feeds: Mapping[str, FeedDefinition]) -> bool:
    """Whether a path is, but for capitals, one for an archive document of one of the feeds."""
    found = archives.parsed(path.casefold())
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
    slugs = {str(term.field): path_segment(term.slug) for term in terms}
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


def path_segment(slug: str) -> str:
    """A slug short enough for a file name: articles may call their topics what they like."""
    encoded = slug.encode()
    if len(encoded) <= _SEGMENT_BYTES:
        return slug
    mark = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: _SEGMENT_BYTES - 9].decode(errors='ignore').rstrip('-')}-{mark}"


def _filled(pattern: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), pattern)


def definitions_hash(site: Site) -> str:
    """A hash of feeds.yaml: where it changed, every feed may."""
    specs = [msgspec.structs.replace(spec, where="") for spec in site.feeds]
    said = [specs, sorted(site.retired)]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]
