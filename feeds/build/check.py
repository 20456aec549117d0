"""`feeds check`: every problem of every article, and where the articles went."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import product

import msgspec

from feeds.articles import folder
from feeds.articles.folder import Scan
from feeds.articles.parser import Article
from feeds.build.workers import ReadTask, article_workers
from feeds.config import collisions, definitions
from feeds.config.definitions import Term
from feeds.config.site import Site
from feeds.errors import Notice, Problem, shared_id, shared_link, shared_text
from feeds.model.entry import Entry
from feeds.model.selection import Facts, TermField
from feeds.util.processes import processors
from feeds.util.progress import Progress
from feeds.util.text import counted

_UNDATED = Notice(
    "date",
    "is missing, so a build dates the article by its first commit, or by its file; write it",
)


class SharedNotice(msgspec.Struct, frozen=True, order=True):
    """A notice of `articles` articles, of which `example` is the path of the first."""

    subject: str
    message: str
    articles: int
    example: str

    def __str__(self) -> str:
        number = counted(self.articles, "article")
        return f"{self.subject} ({number}, first {self.example}): {self.message}"


class Counts(msgspec.Struct):
    """Where the articles went.

    `published` are visible now, `coming` are dated in the future. `withheld` counts the others by
    reason, `failing` are those with a fatal problem. `dated` counts entries by the source of their
    date, `without` those that lack a part. `unread` counts files that are not read, by reason.
    """

    published: int = 0
    coming: int = 0
    failing: int = 0
    withheld: Counter[str] = msgspec.field(default_factory=Counter)
    dated: Counter[str] = msgspec.field(default_factory=Counter)
    without: Counter[str] = msgspec.field(default_factory=Counter)
    unread: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, article: Article, now: datetime) -> None:
        """Count one article."""
        entry = article.entry
        if entry is None:
            if article.withheld:
                self.withheld[article.reason or "withheld"] += 1
            else:
                self.failing += 1
            return
        if entry.published > now:
            self.coming += 1
        else:
            self.published += 1
        self.dated[article.dated or "first seen"] += 1
        parts = {"author": entry.authors, "summary": entry.summary, "topic": entry.topics}
        self.without.update(name for name, value in parts.items() if not value)


class Report(msgspec.Struct, frozen=True):
    """The result of a check of `articles` article files."""

    articles: int
    problems: list[Problem]
    counts: Counts
    notices: list[SharedNotice]


def check_articles(site: Site, now: datetime, progress: Progress) -> Report:
    """Read every article again, without a catalogue, and report every problem."""
    scan = folder.scan(site)
    problems, shared = list(scan.problems), _Shared()
    counts, notices = Counts(unread=folder.count_unread(site)), _Notices()
    terms = _TermsInUse(site)
    for path, article in read_articles(site, scan, now, progress):
        problems += article.problems
        counts.add(article, now)
        notices.add(path, article.notices)
        if article.entry:
            if not article.dated:
                notices.add(path, [_UNDATED])
            problems += shared.problems_of(article, article.entry)
            terms.add(article.entry, now)
    problems += definitions.expand(site, terms.in_use, terms.named_by).problems
    problems += collisions.possible_collisions(site)
    return Report(len(scan.files), sorted(problems), counts, notices.shared())


def read_articles(
    site: Site, scan: Scan, now: datetime, progress: Progress
) -> Iterator[tuple[str, Article]]:
    """Yield the path of every article of a scan with the article, without the catalogue."""
    tasks, done = [ReadTask(path) for path in sorted(scan.files)], 0
    with article_workers(site, int(now.timestamp()), processors(), len(tasks)) as workers:
        for results in workers.read(tasks):
            yield from ((result.path, result.article) for result in results if result.article)
            done += len(results)
            progress("Reading articles", done, len(tasks))


class _Notices:
    """The notices of all articles: how many have each, and the first of them."""

    def __init__(self) -> None:
        self._paths: dict[Notice, list[str]] = {}

    def add(self, path: str, notices: Iterable[Notice]) -> None:
        for notice in set(notices):
            self._paths.setdefault(notice, []).append(path)

    def shared(self) -> list[SharedNotice]:
        return sorted(
            SharedNotice(notice.subject, notice.message, len(paths), min(paths))
            for notice, paths in self._paths.items()
        )


class _TermsInUse:
    """The combinations of terms that entries have, for the families: `TermCounts.in_use`'s twin."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # By fields and slugs, the paths of the articles that have them.
        self._paths: dict[tuple[TermField, ...], dict[tuple[str, ...], list[str]]] = {
            spec.each: {} for spec in site.feeds
        }

    def add(self, entry: Entry, now: datetime) -> None:
        """Note the terms of an entry, if it is visible."""
        if entry.published > now:
            return
        facts = self._site.facts(entry)
        for fields, paths in self._paths.items():
            for slugs in product(*(_terms(facts, field) for field in fields)):
                paths.setdefault(slugs, []).append(entry.path)

    def in_use(self, fields: Sequence[TermField], least: int) -> list[tuple[Term, ...]]:
        """Return the combinations of at least `least` entries, named by their slugs."""
        return [
            tuple(Term(field, slug, slug) for field, slug in zip(fields, slugs, strict=True))
            for slugs, paths in sorted(self._paths[tuple(fields)].items())
            if len(paths) >= least
        ]

    def named_by(self, terms: Sequence[Term]) -> str | None:
        """Return the path of the first article that has all these terms."""
        fields = tuple(term.field for term in terms)
        paths = self._paths[fields].get(tuple(term.slug for term in terms))
        return min(paths) if paths else None


def _terms(facts: Facts, field: TermField) -> Iterable[str]:
    if field == "topic":
        return facts.topics
    term = getattr(facts, field)
    return () if term is None else (term,)


class _Shared:
    """The first articles with each link, text and id: `Duplicates` without a catalogue."""

    def __init__(self) -> None:
        self._links, self._texts, self._ids = dict[str, str](), dict[str, str](), dict[str, str]()

    def problems_of(self, article: Article, entry: Entry) -> list[Problem]:
        """Return the problems of an entry that has the link, text or id of one before it."""
        path, problems = entry.path, []
        by_link = self._links.setdefault(entry.link, path)
        if (first := self._texts.setdefault(article.likeness, path)) != path:
            problems.append(shared_text(path, first))
        elif by_link != path:
            problems.append(shared_link(path, entry.link, by_link))
        if (first := self._ids.setdefault(entry.id, path)) != path:
            problems.append(shared_id(path, first))
        return problems
