"""All feeds of a site, with families expanded over the terms in use. No I/O."""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
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

# File names are limited to 255 bytes, and one segment may contain several slugs.
_SEGMENT_BYTES = 80
# A term in a path, as written by `feeds.util.text.slug`.
# Paths of the site itself: the index page, the list of feeds, the error page, health checks.
RESERVED = frozenset({"404", "healthz", "readyz", "index", "feeds"})


class Term(msgspec.Struct, frozen=True, order=True):
    """A topic, category, type, provider or language in use: its slug and its display name."""

    field: TermField
    slug: str
    name: str


class FeedDefinition(msgspec.Struct, frozen=True):
    """One feed: its path, title, selection, order, size and caching.

    `terms` are those of a feed of a family. `history` is the maximum number of archive documents.
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


# Returns the combinations of terms that at least a number of entries have for some fields, such as
# all (category, topic).
InUse = Callable[[Sequence[TermField], int], Sequence[tuple[Term, ...]]]
# Returns the path of an article that has all these terms, or None.
ArticleWith = Callable[[Sequence[Term]], str | None]


class Expansion(msgspec.Struct, frozen=True):
    """Every feed of a site by path, and a problem for each feed that cannot have its path."""

    feeds: dict[str, FeedDefinition]
    problems: tuple[Problem, ...]


class FeedIndex:
    """Finds the feeds that may show an entry without checking every feed."""

    def __init__(self, feeds: Iterable[FeedDefinition]) -> None:
        self._by_term: dict[tuple[TermField, str], list[FeedDefinition]] = {}
        self._unindexed: list[FeedDefinition] = []
        for feed in feeds:
            terms = required(feed.selection)
            if terms is None:
                self._unindexed.append(feed)
                continue
            for value in terms.values:
                self._by_term.setdefault((terms.field, value), []).append(feed)

    def matching(self, facts: Facts, now: datetime) -> list[FeedDefinition]:
        """The feeds whose selection matches these facts, now or at another age of the entry."""
        terms: list[tuple[TermField, str | None]] = [
            *(("topic", topic) for topic in facts.topics),
            ("category", facts.category),
            ("type", facts.type),
            ("provider", facts.provider),
            ("language", facts.language),
        ]
        by_term = [
            feed
            for field, slug in terms
            if slug is not None
            for feed in self._by_term.get((field, slug), ())
        ]
        return [
            feed for feed in (*self._unindexed, *by_term) if may_match(feed.selection, facts, now)
        ]


def _no_article(_: Sequence[Term]) -> None:
    return None


def expand(
    site: Site,
    in_use: InUse,
    article: ArticleWith = _no_article,
    existing: Container[str] = (),
) -> Expansion:
    """Every feed of the site, in the order of feeds.yaml, with families sorted by their terms.

    Topics with a file get a feed in a family of topics even without articles. A feed whose path is
    among the `existing` ones stays, even if its term has fewer entries than `min` now.

    If two definitions give the same path, the more literal one gets it, compared segment by
    segment: an article, whose terms fill the placeholders, must not take over another feed. The
    first of two equally literal ones gets it. For the other feed there is a problem instead of an
    error, because a term of one article must not stop all feeds. The same holds for the paths of
    the site itself and of archive documents. Paths that feeds.yaml redirects or lists as gone are
    left out.
    """
    families = [
        [_feed(spec, terms, site) for terms in _combinations(spec, site, in_use, existing)]
        for spec in site.feeds
    ]
    owners = _owners(site, families)
    feeds: dict[str, FeedDefinition] = {}
    origins: dict[str, str] = {}
    problems = []
    for spec, family in zip(site.feeds, families, strict=True):
        for feed in family:
            folded = feed.path.casefold()
            owner, first = owners[folded]
            if folded in site.retired:
                continue
            if folded in RESERVED:
                reason = "is a path of the site itself"
                problems.append(_path_problem(feed, spec.where, reason, article))
            elif owner is not feed:
                reason = f"is also the path of {first}, which keeps it"
                problems.append(_path_problem(feed, spec.where, reason, article, "one of them"))
            else:
                feeds[feed.path], origins[folded] = feed, spec.where
    for path in [path for path in feeds if _is_archive(path, feeds)]:
        reason = "is the path of an archive document"
        problems.append(_path_problem(feeds[path], origins[path.casefold()], reason, article))
        del feeds[path]
    return Expansion(feeds, tuple(problems))


def _owners(
    site: Site, families: Sequence[Sequence[FeedDefinition]]
) -> dict[str, tuple[FeedDefinition, str]]:
    """The feed that gets each path, and the place of its definition, by folded path.

    Paths are folded because some file systems ignore case.
    """
    owners: dict[str, tuple[FeedDefinition, str]] = {}
    for spec, family in sorted(
        zip(site.feeds, families, strict=True), key=lambda pair: vagueness(pair[0].path)
    ):
        for feed in family:
            owners.setdefault(feed.path.casefold(), (feed, spec.where))
    return owners


def _path_problem(
    feed: FeedDefinition, where: str, reason: str, article: ArticleWith, change: str = "it"
) -> Problem:
    """A problem for a feed that cannot have its path; names an article with its terms."""
    path = article(feed.terms) if feed.terms else None
    if path:
        change = f"{change}, or the terms in {path}"
    return problem_at(where, f"{feed.path!r} {reason}; change {change}")


def problem_at(where: str, message: str) -> Problem:
    file, _, key = where.partition(": ")
    return Problem(file, 1, f"{key}.path", message, fatal=True)


def vagueness(path: str) -> tuple[bool, ...]:
    """For each segment of a path, True if it has a placeholder. Sorts literal paths first."""
    return tuple(PLACEHOLDER.search(segment) is not None for segment in path.split("/"))


def _is_archive(path: str, feeds: Mapping[str, FeedDefinition]) -> bool:
    """Return whether a path, ignoring case, is that of an archive document of one of the feeds."""
    archive = archives.parsed(path.casefold())
    return archive is not None and any(
        feed.history for feed_path, feed in feeds.items() if feed_path.casefold() == archive[0]
    )


def check_paths(site: Site) -> None:
    """Raise `ConfigError` if two definitions give the same path regardless of the articles."""
    for problem in expand(site, lambda _fields, _least: ()).problems:
        raise ConfigError(problem.path, problem.field, problem.message)


def _combinations(
    spec: FeedSpec, site: Site, in_use: InUse, existing: Container[str]
) -> list[tuple[Term, ...]]:
    if not spec.each:
        return [()]
    combinations = list(in_use(spec.each, spec.least))
    if spec.least > 1:
        rare = in_use(spec.each, 1)
        combinations += [terms for terms in rare if _path(spec, terms) in existing]
    by_slugs = {tuple(term.slug for term in terms): terms for terms in combinations}
    if spec.each == ("topic",):
        for key, topic in site.topics.items():
            by_slugs.setdefault((key,), (Term("topic", key, topic.name),))
    return [tuple(_named(term, site) for term in by_slugs[key]) for key in sorted(by_slugs)]


def _named(term: Term, site: Site) -> Term:
    """The term with its name from the site's topic files, if there is one."""
    if term.field == "topic" and (topic := site.topics.get(term.slug)):
        return msgspec.structs.replace(term, name=topic.name)
    return term


def _path(spec: FeedSpec, terms: tuple[Term, ...]) -> str:
    return _filled(spec.path, {str(term.field): path_segment(term.slug) for term in terms})


def _feed(spec: FeedSpec, terms: tuple[Term, ...], site: Site) -> FeedDefinition:
    names = {**{str(term.field): term.name for term in terms}, "site": site.settings.title}
    by_term = tuple(Terms(term.field, (term.slug,)) for term in terms)
    selects_all = spec.selection == EVERYTHING
    parts: tuple[Selection, ...] = by_term if selects_all else (*by_term, spec.selection)
    topic = next((site.topics.get(term.slug) for term in terms if term.field == "topic"), None)
    title = _filled(spec.title, names)
    description = spec.description or (topic.description if topic else None)
    return FeedDefinition(
        path=_path(spec, terms),
        title=title,
        description=_filled(description or site.settings.description or title, names),
        selection=parts[0] if len(parts) == 1 else All(parts),
        order=spec.order,
        size=spec.size,
        caching=spec.caching,
        picture=topic.images[0] if topic and topic.images else None,
        terms=terms,
        history=spec.history,
    )


def path_segment(slug: str) -> str:
    """A slug shortened for file names, with a hash: names of topics can be of any length."""
    encoded = slug.encode()
    if len(encoded) <= _SEGMENT_BYTES:
        return slug
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: _SEGMENT_BYTES - 9].decode(errors='ignore').rstrip('-')}-{digest}"


def _filled(pattern: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)


def definitions_hash(site: Site) -> str:
    """A hash of the definitions in feeds.yaml. If it changes, any feed can change."""
    specs = [msgspec.structs.replace(spec, where="") for spec in site.feeds]
    inputs = [specs, sorted(site.retired)]
    return hashlib.sha256(msgspec.json.encode(inputs)).hexdigest()[:32]
