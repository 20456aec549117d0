"""`feeds check` and `feeds show`: what is wrong with articles, and what becomes of one."""

from datetime import datetime
from pathlib import Path

import msgspec

from feeds import article, documents, facts, folder
from feeds.build import processors
from feeds.catalogue.store import Reader, moment
from feeds.decisions import stem
from feeds.definitions import FeedDefinition
from feeds.entry import Entry
from feeds.errors import ArticleError, Problem, UnknownError, shared_id, shared_link
from feeds.ingest import Progress
from feeds.selection import matches
from feeds.site import Site
from feeds.work import ReadTask, Workers


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one article. `feeds` are the paths of those that show it now;
    `selected` of those whose selection it fits, though others come before it."""

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
    tasks, done = [ReadTask(path) for path in scan.files], 0
    with Workers(site, int(now.timestamp()), processors(), len(tasks)) as workers:
        for results in workers.read(tasks):
            for result in results:
                if result.article:
                    problems += result.article.problems
                    problems += _shared(result.article.entry, links, ids)
            done += len(results)
            progress("Reading articles", done, len(tasks))
    return len(tasks), sorted(problems)


def _shared(entry: Entry | None, links: dict[str, str], ids: dict[str, str]) -> list[Problem]:
    """Problems of an entry that has the link or the id of one before it."""
    if entry is None:
        return []
    problems = []
    if (first := links.setdefault(entry.link, entry.path)) != entry.path:
        problems.append(shared_link(entry.path, entry.link, first))
    if (first := ids.setdefault(entry.id, entry.path)) != entry.path:
        problems.append(shared_id(entry.path, first))
    return problems


def fate(name: str, site: Site, reader: Reader, now: datetime) -> Fate:
    """What becomes of the article that `name` names: an entry's id, or a file's path.

    Raises `UnknownError` where there is neither such an entry nor such a file.
    """
    path = _path(name, site)
    found = reader.find(name) or reader.find(path)
    if found:
        path = found[0].path
    try:
        content, stat = folder.read(site.folder, path, site.settings.articles.max_bytes)
    except ArticleError as error:
        if found is None:
            raise UnknownError(f"there is no entry and no article {name!r}") from error
        return Fate(path, found[1], f"withdrawn, for the article is gone: {error.problem.message}")
    seen = moment(found[0].first_seen if found else stat.mtime_ns // 1_000_000_000)
    parsed = article.parse(path, content, seen, site)
    if parsed.withheld:
        return Fate(path, None, "withheld by its author", problems=parsed.problems)
    if parsed.entry is None and found and found[0].withdrawn is None:
        said = "published as it was before, for it has problems now"
        return _shown(found[1], said, parsed.problems, site, reader, now)
    problems = parsed.problems if found else (*parsed.problems, *_taken(parsed.entry, reader))
    if parsed.entry is None or len(problems) > len(parsed.problems):
        return Fate(path, None, "not published, for it has problems", problems=problems)
    entry = parsed.entry
    if found:
        kept = {"id": found[0].id, "updated": found[1].updated}
        entry = msgspec.structs.replace(entry, **kept)
    return _shown(entry, _status(entry, found is not None, now), problems, site, reader, now)


def _taken(entry: Entry | None, reader: Reader) -> list[Problem]:
    """The problem of a new entry whose id an article has that differs in extension only."""
    other = reader.find(entry.id) if entry else None
    if entry is None or other is None or stem(other[0].path) != stem(entry.path):
        return []
    return [shared_id(entry.path, other[0].path)]


def _status(entry: Entry, known: bool, now: datetime) -> str:
    if entry.published > now:
        return f"held back until {entry.published:%Y-%m-%d %H:%M} UTC"
    return "published" if known else "new: the next build publishes it"


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
