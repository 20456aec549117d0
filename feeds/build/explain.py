"""`feeds show`: explains the status of one article."""

from datetime import datetime
from pathlib import Path

import msgspec

from feeds.articles import folder
from feeds.articles.parser import Article, stem
from feeds.build.adoption import with_adopted
from feeds.build.decide import Decision, decide_article
from feeds.build.first_commits import FirstCommits
from feeds.build.workers import ReadResult, ReadTask, article_workers
from feeds.catalogue.records import FileState, RememberedEntry
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.errors import NotFoundError, Problem, shared_id
from feeds.model.entry import Entry
from feeds.model.selection import matches
from feeds.render import feed_documents


class ArticleStatus(msgspec.Struct, frozen=True):
    """The status of one article.

    `entry` is the entry that is published, or that the next build publishes; None if there is
    none. `feeds` are the paths of the feeds that show it now; `selected` those of the feeds that
    select it, but show only entries before it.
    """

    path: str
    entry: Entry | None
    status: str
    feeds: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def explain(name: str, site: Site, reader: ReadTransaction, now: datetime) -> ArticleStatus:
    """Return the status of the article with the id or path `name`.

    The article is read and decided on as by a build. Raises `NotFoundError` if there is neither
    such an entry nor such a file.
    """
    path = _path(name, site)
    memory, before = reader.entries.find(name) or reader.entries.find(path) or (None, None)
    path = memory.path if memory else path
    scan, seconds = folder.scan(site), int(now.timestamp())
    result = _read(path, memory, scan, site, seconds)
    if result is None or result.article is None:
        if memory is None:
            raise NotFoundError(f"there is no entry and no article {name!r}")
        return ArticleStatus(path, None, "withdrawn, because the article is gone")
    known = reader.files.all().get(path)
    same = known is not None and known.digest == result.seen.digest
    adopted = reader.adopted.of([memory.seq]).get(memory.seq) if memory else None
    article = with_adopted(result.article, adopted)
    decision = decide_article(article, memory, result, seconds)
    if same:  # a build would not read the file again, so the stored problems stand
        problems = tuple(problem for problem in reader.files.problems() if problem.path == path)
    else:
        problems = (*decision.problems, *_id_problems(decision, scan, reader))
    if result.article.withheld:
        return ArticleStatus(path, None, "withheld by its author", problems=problems)
    if decision.put is None or any(problem.fatal for problem in problems):
        if before is None or memory is None or memory.withdrawn is not None:
            status = "not published, because it has problems"
            return ArticleStatus(path, None, status, problems=problems)
        status = "published as it was before, because it has problems now"
        entry = before
    else:
        entry = decision.put.entry
        status = _status(entry, memory, now)
    without_feeds = ArticleStatus(entry.path, entry, status, problems=problems)
    return _with_feeds(entry, without_feeds, site, reader, now)


def _read(
    path: str, memory: RememberedEntry | None, scan: folder.Scan, site: Site, now: int
) -> ReadResult | None:
    """Read the article as a build does; None if there is none."""
    if path in scan.files:
        task = ReadTask(path, first_seen=memory.first_seen if memory else None)
        with article_workers(site, now, jobs=1, tasks=1) as workers:
            result = next(workers.read([task]))[0]
            if memory is None and (dated := FirstCommits(site, [path], now).tasks_for([result])):
                result = next(workers.read(dated))[0]
            return result
    unread = tuple(
        problem
        for problem in scan.problems
        if f"{path}/".startswith(f"{problem.path.rstrip('/')}/")
    )
    return (
        ReadResult(path, FileState(-1, 0, ""), Article(None, problems=unread)) if unread else None
    )


def _id_problems(decision: Decision, scan: folder.Scan, reader: ReadTransaction) -> list[Problem]:
    """Return a problem if the id of a new entry belongs to a file that differs in extension."""
    put = decision.put
    other = reader.entries.find(put.entry.id) if put and put.seq is None else None
    if put is None or other is None or other[0].path not in scan.files:
        return []
    shared = stem(other[0].path) == stem(put.entry.path)
    return [shared_id(put.entry.path, other[0].path)] if shared else []


def _status(entry: Entry, memory: RememberedEntry | None, now: datetime) -> str:
    if entry.published > now:
        return f"held back until {entry.published:%Y-%m-%d %H:%M} UTC"
    if memory is None:
        return "new: the next build publishes it"
    if memory.withdrawn is None:
        return "published"
    return "restored: the next build publishes it again"


def _path(name: str, site: Site) -> str:
    """Return a path given on the command line as one below the article folder."""
    given = Path(name)
    if given.exists():
        try:
            return given.resolve().relative_to(site.folder.resolve()).as_posix()
        except ValueError:
            raise NotFoundError(f"{name} is not in the article folder {site.folder}") from None
    return name


def _with_feeds(
    entry: Entry, status: ArticleStatus, site: Site, reader: ReadTransaction, now: datetime
) -> ArticleStatus:
    """Return the status of an article with the feeds that select its entry."""
    facts = site.facts(entry)
    feeds = feed_documents.all_feeds(site, reader, now).values()
    selecting = [feed for feed in feeds if matches(feed.selection, facts, now)]
    shown = [feed.path for feed in selecting if _shows(feed, entry.id, reader, now)]
    rest = [feed.path for feed in selecting if feed.path not in shown]
    return msgspec.structs.replace(status, feeds=tuple(shown), selected=tuple(rest))


def _shows(feed: FeedDefinition, entry_id: str, reader: ReadTransaction, now: datetime) -> bool:
    return any(entry.id == entry_id for entry in reader.feeds.shown(feed, now))
