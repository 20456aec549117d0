"""`feeds check` and `feeds show`: what is wrong with articles, and what becomes of one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path

import msgspec

from feeds import definitions, documents, facts, folder
from feeds.article import Article, stem
from feeds.catalogue.store import Memory, Reader, Seen
from feeds.decisions import Decision, decide
from feeds.definitions import FeedDefinition, Term
from feeds.entry import Entry
from feeds.errors import Problem, UnknownError, shared_id, shared_link
from feeds.ingest import Progress
from feeds.processes import processors
from feeds.selection import Facts, TermField, matches
from feeds.site import Site
from feeds.work import ReadResult, ReadTask, working


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one article. `entry` is what is out, or comes out: None if nothing does.

    `feeds` are the paths of the feeds that show it now; `selected` of those whose selection it
    fits, though others come before it.
    """

    path: str
    entry: Entry | None
    status: str
    feeds: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def check(site: Site, now: datetime, progress: Progress) -> tuple[int, list[Problem]]:
    """Read every article afresh, without a catalogue: how many there are, and every problem."""
    scan = folder.scan(site)
    problems, links, ids = list(scan.problems), dict[str, str](), dict[str, str]()
    terms = _TermsInUse(site)
    tasks, done = [ReadTask(path) for path in sorted(scan.files)], 0
    with working(site, int(now.timestamp()), processors(), len(tasks)) as workers:
        for results in workers.read(tasks):
            for article in (result.article for result in results if result.article):
                problems += article.problems
                if article.entry:
                    problems += _shared(article.entry, links, ids)
                    terms.add(article.entry, now)
            done += len(results)
            progress("Reading articles", done, len(tasks))
    problems += definitions.expand(site, terms.in_use, terms.named_by).problems
    problems += definitions.risks(site)
    return len(tasks), sorted(problems)


class _TermsInUse:
    """The combinations of terms that entries have, for the families: `Reader.in_use`'s twin."""

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
        its = facts.of(entry, self._site)
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


def fate(name: str, site: Site, reader: Reader, now: datetime) -> Fate:
    """What becomes of the article that `name` names: an entry's id, or a file's path.

    It is read and decided on as a build would do it.
    Raises `UnknownError` where there is neither such an entry nor such a file.
    """
    path = _path(name, site)
    memory, before = reader.find(name) or reader.find(path) or (None, None)
    path = memory.path if memory else path
    scan, seconds = folder.scan(site), int(now.timestamp())
    result = _read(path, memory, scan, site, seconds)
    if result is None or result.article is None:
        if memory is None:
            raise UnknownError(f"there is no entry and no article {name!r}")
        return Fate(path, None, "withdrawn, for the article is gone")
    known = reader.files().get(path)
    same = known is not None and known.digest == result.seen.digest
    decision = decide(result.article, memory, result.seen, seconds, same_bytes=same)
    if same:  # a build does not read it again: what the last one found wrong with it stands
        problems = tuple(each for each in reader.problems() if each.path == path)
    else:
        problems = (*decision.problems, *_taken(decision, scan, reader))
    if result.article.withheld:
        return Fate(path, None, "withheld by its author", problems=problems)
    if decision.put is None or any(problem.fatal for problem in problems):
        if before is None or memory is None or memory.withdrawn is not None:
            return Fate(path, None, "not published, for it has problems", problems=problems)
        said = "published as it was before, for it has problems now"
        return _shown(before, said, problems, site, reader, now)
    entry = decision.put.entry
    return _shown(entry, _status(entry, memory, now), problems, site, reader, now)


def _read(
    path: str, memory: Memory | None, scan: folder.Scan, site: Site, now: int
) -> ReadResult | None:
    """The article as a build reads it, None if there is none."""
    if path in scan.files:
        task = ReadTask(path, first_seen=memory.first_seen if memory else None)
        with working(site, now, jobs=1, amount=1) as workers:
            return next(workers.read([task]))[0]
    unread = tuple(
        each for each in scan.problems if f"{path}/".startswith(f"{each.path.rstrip('/')}/")
    )
    return ReadResult(path, Seen(-1, 0, ""), Article(None, problems=unread)) if unread else None


def _taken(decision: Decision, scan: folder.Scan, reader: Reader) -> list[Problem]:
    """The problem of a new entry whose id an article has that differs in extension only."""
    put = decision.put
    other = reader.find(put.entry.id) if put and put.seq is None else None
    if put is None or other is None or other[0].path not in scan.files:
        return []
    shared = stem(other[0].path) == stem(put.entry.path)
    return [shared_id(put.entry.path, other[0].path)] if shared else []


def _status(entry: Entry, memory: Memory | None, now: datetime) -> str:
    if entry.published > now:
        return f"held back until {entry.published:%Y-%m-%d %H:%M} UTC"
    if memory is None:
        return "new: the next build publishes it"
    return "published" if memory.withdrawn is None else "back: the next build publishes it again"


def _path(name: str, site: Site) -> str:
    """The path below the article folder that a path given on the command line means."""
    given = Path(name)
    if given.exists():
        try:
            return given.resolve().relative_to(site.folder.resolve()).as_posix()
        except ValueError:
            raise UnknownError(f"{name} is not in the article folder {site.folder}") from None
    return name


def _shown(
    entry: Entry,
    status: str,
    problems: tuple[Problem, ...],
    site: Site,
    reader: Reader,
    now: datetime,
) -> Fate:
    its = facts.of(entry, site)
    feeds = documents.every(site, reader, now).values()
    fitting = [feed for feed in feeds if matches(feed.selection, its, now)]
    shown = [feed.path for feed in fitting if _shows(feed, entry.id, reader, now)]
    rest = [feed.path for feed in fitting if feed.path not in shown]
    return Fate(entry.path, entry, status, tuple(shown), tuple(rest), problems)


def _shows(feed: FeedDefinition, entry_id: str, reader: Reader, now: datetime) -> bool:
    return any(each.id == entry_id for each in reader.shown(feed, now))
