"""`feeds check`: finds the problems of all articles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product

from feeds.articles import folder
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
    """Read every article, without a catalogue; return their number and all problems."""
    scan = folder.scan(site)
    problems, links, ids = list(scan.problems), dict[str, str](), dict[str, str]()
    terms = _TermsInUse(site)
    tasks, done = [ReadTask(path) for path in sorted(scan.files)], 0
    with article_workers(site, int(now.timestamp()), processors(), len(tasks)) as workers:
        for results in workers.read(tasks):
            for article in (result.article for result in results if result.article):
                problems += article.problems
                if article.entry:
                    problems += _shared(article.entry, links, ids)
                    terms.add(article.entry, now)
            done += len(results)
            progress("Reading articles", done, len(tasks))
    problems += definitions.expand(site, terms.in_use, terms.named_by).problems
    problems += definitions.possible_collisions(site)
    return len(tasks), sorted(problems)


class _TermsInUse:
    """The combinations of terms in use, for families: `TermCounts.in_use` without a catalogue."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # By fields and slugs, the path of the first article that has them.
        self._paths: dict[tuple[TermField, ...], dict[tuple[str, ...], str]] = {
            spec.each: {} for spec in site.feeds
        }

    def add(self, entry: Entry, now: datetime) -> None:
        """Add the terms of an entry, unless it is published later than `now`."""
        if entry.published > now:
            return
        facts = self._site.facts(entry)
        for fields, paths in self._paths.items():
            for slugs in product(*(_terms(facts, field) for field in fields)):
                paths[slugs] = min(entry.path, paths.get(slugs, entry.path))

    def in_use(self, fields: Sequence[TermField]) -> list[tuple[Term, ...]]:
        """Return the combinations for these fields; names do not matter, so slugs replace them."""
        return [
            tuple(Term(field, slug, slug) for field, slug in zip(fields, slugs, strict=True))
            for slugs in sorted(self._paths[tuple(fields)])
        ]

    def named_by(self, terms: Sequence[Term]) -> str | None:
        """Return the path of the first article that has all these terms."""
        fields = tuple(term.field for term in terms)
        return self._paths[fields].get(tuple(term.slug for term in terms))


def _terms(facts: Facts, field: TermField) -> Iterable[str]:
    if field == "topic":
        return facts.topics
    term = getattr(facts, field)
    return () if term is None else (term,)


def _shared(entry: Entry, links: dict[str, str], ids: dict[str, str]) -> list[Problem]:
    """Return a problem for each of link and id that an earlier entry has, too."""
    problems = []
    if (first := links.setdefault(entry.link, entry.path)) != entry.path:
        problems.append(shared_link(entry.path, entry.link, first))
    if (first := ids.setdefault(entry.id, entry.path)) != entry.path:
        problems.append(shared_id(entry.path, first))
    return problems
