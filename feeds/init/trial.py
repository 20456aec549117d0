"""Reads all articles with settings that are not written yet, and counts the results."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec

from feeds.articles import folder
from feeds.articles.parser import Article
from feeds.build import check
from feeds.build.check import Counts
from feeds.config.site import Site
from feeds.errors import ArticleFolderError, Problem
from feeds.model.entry import Entry
from feeds.util.progress import Progress

# A topic on fewer articles than this gets no feed.
LEAST = 5
_EXAMPLES = 3


class Example(msgspec.Struct):
    """How many articles have one thing in common, and the paths of the first ones."""

    count: int = 0
    paths: list[str] = msgspec.field(default_factory=list)


class Trial(msgspec.Struct, kw_only=True):
    """The results of reading the articles of a site.

    `entries` are the published ones, also those that are not due yet. `withheld`, `failed` and
    `notices` are by the text to report. `links` has the paths of the articles with each link.
    """

    files: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    entries: list[Entry] = msgspec.field(default_factory=list)
    withheld: dict[str, Example] = msgspec.field(default_factory=dict)
    failed: dict[str, Example] = msgspec.field(default_factory=dict)
    notices: dict[str, Example] = msgspec.field(default_factory=dict)
    warnings: list[Problem] = msgspec.field(default_factory=list)
    links: dict[str, list[str]] = msgspec.field(default_factory=dict)
    topics: Counter[str] = msgspec.field(default_factory=Counter)
    categories: Counter[str] = msgspec.field(default_factory=Counter)
    languages: Counter[str] = msgspec.field(default_factory=Counter)
    authors: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def collisions(self) -> dict[str, list[str]]:
        """The links that several articles have, with the paths of these articles."""
        return {link: paths for link, paths in self.links.items() if len(paths) > 1}

    def add(self, path: str, article: Article, language: str, now: datetime) -> None:
        """Count one article; `language` is that of articles that do not name one."""
        self.counts.add(article, now)
        for notice in article.notices:
            _note(self.notices, f"{notice.subject}: {notice.message}", path)
        entry = article.entry
        if entry is None:
            self._add_unpublished(path, article)
            return
        self.entries.append(entry)
        self.warnings += article.problems
        self.links.setdefault(entry.link, []).append(path)
        self.languages[entry.language or language] += 1
        self.topics.update(set(entry.topics))
        self.authors.update({person.name for person in entry.authors})
        if entry.category:
            self.categories[entry.category] += 1

    def _add_unpublished(self, path: str, article: Article) -> None:
        if article.withheld:
            _note(self.withheld, article.reason or "withheld", path)
            return
        problem = next((problem for problem in article.problems if problem.fatal), None)
        field = f"{problem.field} " if problem and problem.field else ""
        _note(self.failed, f"{field}{problem.message}" if problem else "cannot be read", path)


def rare(terms: Counter[str]) -> int:
    """Return how many of these terms are on too few articles for a feed."""
    return sum(count < LEAST for count in terms.values())


def run(site: Site, now: datetime, progress: Progress) -> Trial:
    """Read all articles of a site and return the counts; all 0 if the folder has no article."""
    trial = Trial()
    try:
        scan = folder.scan(site)
    except ArticleFolderError:
        return trial
    trial.files = len(scan.files)
    trial.counts.unread = folder.count_unread(site)
    for path, article in check.read_articles(site, scan, now, progress):
        trial.add(path, article, site.settings.language, now)
    return trial


def _note(examples: dict[str, Example], reason: str, path: str) -> None:
    example = examples.setdefault(reason, Example())
    example.count += 1
    if len(example.paths) < _EXAMPLES:
        example.paths.append(path)


def in_order(examples: dict[str, Example]) -> Iterator[tuple[str, Example]]:
    """Yield the reasons, the most frequent first."""
    yield from sorted(examples.items(), key=lambda pair: -pair[1].count)
