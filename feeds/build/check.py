"""`feeds check`: every problem of every article."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import product

from feeds.articles import folder
from feeds.articles.folder import Scan
from feeds.articles.parser import Article
from feeds.build.workers import ReadTask, article_workers
from feeds.config import definitions
from feeds.config.definitions import Term
from feeds.config.site import Site
from feeds.errors import Problem, shared_id, shared_link
from feeds.model.entry import Entry
from feeds.model.selection import Facts, TermField
from feeds.util.processes import processors
from feeds.util.progress import Progress


def check_articles(site: Site, now: datetime, progress: Progress) -> tuple[int, list[Problem]]:
    """Read every article afresh, without a catalogue: how many there are, and every problem."""
    scan = folder.scan(site)
    problems, links, ids = list(scan.problems), dict[str, str](), dict[str, str]()
    terms = _TermsInUse(site)
    for _, article in read_articles(site, scan, now, progress):
        problems += article.problems
        if article.entry:
            problems += _shared(article.entry, links, ids)
            terms.add(article.entry, now)
    problems += definitions.expand(site, terms.in_use, terms.named_by).problems
    problems += definitions.possible_collisions(site)
    return len(scan.files), sorted(problems)


def read_articles(
    site: Site, scan: Scan, now: datetime, progress: Progress
) -> Iterator[tuple[str, Article]]:
    """Yield the path of every article of a scan with the article, read afresh."""
    tasks, done = [ReadTask(path) for path in sorted(scan.files)], 0
    with article_workers(site, int(now.timestamp()), processors(), len(tasks)) as workers:
        for results in workers.read(tasks):
            yield from ((result.path, result.article) for result in results if result.article)
            done += len(results)
            progress("Reading articles", done, len(tasks))


class _TermsInUse:
    """The combinations of terms that entries have, for the families: `TermCounts.in_use`'s twin."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # By fields and slugs, the path of the first article that has them.
        self._found: dict[tuple[TermField, ...], dict[tuple[str, ...], str]] = {
            spec.each: {} for spec in site.feeds
        }

    def add(self, entry: Entry, now: datetime) -> None:
        """Note the terms of an entry, if it is out."""
        if entry.published > now:
            return
        its = self._site.facts(entry)
        for fields, found in self._found.items():
            for slugs in product(*(_terms(its, field) for field in fields)):
                found[slugs] = min(entry.path, found.get(slugs, entry.path))

    def in_use(self, fields: Sequence[TermField]) -> list[tuple[Term, ...]]:
        """The combinations for these fields, named by their slugs, for names make no path."""
        return [
            tuple(Term(field, slug, slug) for field, slug in zip(fields, slugs, strict=True))
            for slugs in sorted(self._found[tuple(fields)])
        ]

    def named_by(self, terms: Sequence[Term]) -> str | None:
        """The path of the first article that has all these terms."""
        fields = tuple(term.field for term in terms)
        return self._found[fields].get(tuple(term.slug for term in terms))


def _terms(its: Facts, field: TermField) -> Iterable[str]:
    if field == "topic":
        return its.topics
    term = getattr(its, field)
    return () if term is None else (term,)


def _shared(entry: Entry, links: dict[str, str], ids: dict[str, str]) -> list[Problem]:
    """Problems of an entry that has the link or the id of one before it."""
    problems = []
    if (first := links.setdefault(entry.link, entry.path)) != entry.path:
        problems.append(shared_link(entry.path, entry.link, first))
    if (first := ids.setdefault(entry.id, entry.path)) != entry.path:
        problems.append(shared_id(entry.path, first))
    return problems
