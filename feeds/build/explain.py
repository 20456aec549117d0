"""`feeds check` and `feeds show`: what is wrong with articles, and what becomes of one."""

from datetime import datetime
from pathlib import Path

import msgspec

from feeds.articles import folder
from feeds.articles.parser import Article, stem
from feeds.build.decide import Decision, decide_article
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


def explain(name: str, site: Site, reader: ReadTransaction, now: datetime) -> ArticleStatus:
    """What becomes of the article that `name` names: an entry's id, or a file's path.

    It is read and decided on as a build would do it.
    Raises `UnknownError` where there is neither such an entry nor such a file.
    """
    path = _path(name, site)
    memory, before = reader.entries.find(name) or reader.entries.find(path) or (None, None)
    path = memory.path if memory else path
    scan, seconds = folder.scan(site), int(now.timestamp())
    result = _read(path, memory, scan, site, seconds)
    if result is None or result.article is None:
        if memory is None:
            raise NotFoundError(f"there is no entry and no article {name!r}")
        return ArticleStatus(path, None, "withdrawn, for the article is gone")
    known = reader.files.all().get(path)
    same = known is not None and known.digest == result.seen.digest
    decision = decide_article(result.article, memory, result.seen, seconds, same_bytes=same)
    if same:  # a build does not read it again: what the last one found wrong with it stands
        problems = tuple(each for each in reader.files.problems() if each.path == path)
    else:
        problems = (*decision.problems, *_taken(decision, scan, reader))
    if result.article.withheld:
        return ArticleStatus(path, None, "withheld by its author", problems=problems)
    if decision.put is None or any(problem.fatal for problem in problems):
        if before is None or memory is None or memory.withdrawn is not None:
            return ArticleStatus(
                path, None, "not published, for it has problems", problems=problems
            )
        said = "published as it was before, for it has problems now"
        return _shown(before, said, problems, site, reader, now)
    entry = decision.put.entry
    return _shown(entry, _status(entry, memory, now), problems, site, reader, now)


def _read(
    path: str, memory: RememberedEntry | None, scan: folder.Scan, site: Site, now: int
) -> ReadResult | None:
    """The article as a build reads it, None if there is none."""
    if path in scan.files:
        task = ReadTask(path, first_seen=memory.first_seen if memory else None)
        with article_workers(site, now, jobs=1, tasks=1) as workers:
            return next(workers.read([task]))[0]
    unread = tuple(
        each for each in scan.problems if f"{path}/".startswith(f"{each.path.rstrip('/')}/")
    )
    return (
        ReadResult(path, FileState(-1, 0, ""), Article(None, problems=unread)) if unread else None
    )


def _taken(decision: Decision, scan: folder.Scan, reader: ReadTransaction) -> list[Problem]:
    """The problem of a new entry whose id an article has that differs in extension only."""
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
    return "published" if memory.withdrawn is None else "back: the next build publishes it again"


def _path(name: str, site: Site) -> str:
    """The path below the article folder that a path given on the command line means."""
    given = Path(name)
    if given.exists():
        try:
            return given.resolve().relative_to(site.folder.resolve()).as_posix()
        except ValueError:
            raise NotFoundError(f"{name} is not in the article folder {site.folder}") from None
    return name


def _shown(
    entry: Entry,
    status: str,
    problems: tuple[Problem, ...],
    site: Site,
    reader: ReadTransaction,
    now: datetime,
) -> ArticleStatus:
    its = site.facts(entry)
    feeds = feed_documents.all_feeds(site, reader, now).values()
    fitting = [feed for feed in feeds if matches(feed.selection, its, now)]
    shown = [feed.path for feed in fitting if _shows(feed, entry.id, reader, now)]
    rest = [feed.path for feed in fitting if feed.path not in shown]
    return ArticleStatus(entry.path, entry, status, tuple(shown), tuple(rest), problems)


def _shows(feed: FeedDefinition, entry_id: str, reader: ReadTransaction, now: datetime) -> bool:
    return any(each.id == entry_id for each in reader.feeds.shown(feed, now))
