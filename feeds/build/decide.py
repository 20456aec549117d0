"""Decide which articles to read, and what to do with each. Pure; no I/O, no clock."""

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Literal

import msgspec

from feeds.articles import folder
from feeds.articles.parser import Article, stem
from feeds.build.workers import ReadResult, ReadTask
from feeds.catalogue.records import EntryChange, FileState, RememberedEntry
from feeds.errors import Problem
from feeds.model.entry import Entry, is_comparable
from feeds.util.dates import from_timestamp

_log = logging.getLogger("feeds")

# Seconds since an entry was withdrawn during which one matching property is enough for a rename:
# a file removed on Friday may return under another name on Monday.
_RECENT = 3 * 86_400
# The ways to recognize a renamed article, best first: the properties to compare (link and
# likeness), and where that is enough: for equal dates, for recent entries, or for undated articles.
_Where = Literal["same date", "recent", "undated"]
_BOTH, _LINK, _LIKENESS = slice(0, 2), slice(0, 1), slice(1, 2)
_WAYS: tuple[tuple[slice, str, _Where], ...] = (
    (_BOTH, "same link and content", "same date"),
    (_BOTH, "same link and content", "recent"),
    (_BOTH, "same link and content", "undated"),
    (_LIKENESS, "same content", "same date"),
    (_LIKENESS, "same content", "recent"),
    (_LINK, "same link", "same date"),
    (_LINK, "same link", "recent"),
)


class ReadPlan(msgspec.Struct, frozen=True):
    """The files to read, and which files are gone or present.

    `present` holds the files found, and known files that could not be examined. `complete` is True
    if the plan is about all files, else only about those named here.
    """

    tasks: list[ReadTask]
    gone: list[str]
    present: Set[str]
    complete: bool


class Decision(msgspec.Struct, frozen=True):
    """The decision about one article: store an entry, withdraw one, or neither; and its problems.

    `reason` explains the decision in the log.
    """

    reason: str
    put: EntryChange | None = None
    withdraw: RememberedEntry | None = None
    problems: tuple[Problem, ...] = ()


def plan_reads(
    scan: folder.Scan,
    known: Mapping[str, FileState],
    *,
    reparse: bool,
    trust: bool,
    complete: bool = True,
) -> ReadPlan:
    """Plan to read the files whose size or time changed, or all files.

    `reparse` parses even files with unchanged bytes; without `trust` in file times every file is
    read, and parsed if its bytes changed. Files that could not be examined do not count as gone.
    If the scan is not `complete`, `known` is about the same paths.
    """
    unread = [problem.path.rstrip("/") for problem in scan.problems]
    present: Set[str] = scan.files.keys()
    if unread:
        present |= {path for path in known if _lies_in(path, unread)}
    changed = {
        path
        for path, stat in scan.files.items()
        if (seen := known.get(path)) is None
        or seen.mtime_ns != stat.mtime_ns
        or seen.size != stat.size
    }
    gone = known.keys() - present
    freed = {stem(path) for path in gone}
    parse = {path for path in changed if path not in known}
    if freed:
        parse.update(path for path in scan.files if stem(path) in freed)
    tasks = [
        ReadTask(path) if reparse or path in parse else ReadTask(path, digest=known[path].digest)
        for path in (changed | parse if trust and not reparse else scan.files)
    ]
    return ReadPlan(sorted(tasks, key=lambda task: task.path), sorted(gone), present, complete)


def decide_article(
    article: Article, memory: RememberedEntry | None, result: ReadResult, now: int
) -> Decision:
    """Decide about the article of a result, given the remembered state of its entry.

    `now` is in seconds. An article that cannot be read keeps its published entry; only its author
    can withdraw it. `updated` changes only if the author changed the article (`_is_changed`).
    """
    entry = article.entry
    if entry is None:
        return _decide_without_entry(article, memory)
    if entry.updated > from_timestamp(max(now, int(entry.published.timestamp()))):
        # A change in the future would date the whole feed in the future.
        entry = msgspec.structs.replace(entry, updated=entry.published)
    written = min(result.seen.mtime_ns // 1_000_000_000, now)
    if memory is None:
        first_seen = written if result.first_seen is None else result.first_seen
        put = _entry_change(article, entry, None, first_seen)
        return Decision("added: no known entry matches", put, problems=article.problems)
    updated = memory.updated
    changed = _is_changed(article, memory)
    corrected = changed and entry.updated > max(from_timestamp(memory.updated), entry.published)
    if changed:
        updated = max(int(entry.updated.timestamp()), written)
        if updated <= memory.updated:  # a file whose time is older than that of the replaced one
            updated = max(now, memory.updated)
    entry = msgspec.structs.replace(
        entry, id=memory.id, updated=max(from_timestamp(updated), entry.published)
    )
    put = _entry_change(article, entry, memory.seq, memory.first_seen, corrected=corrected)
    return Decision(_reason(article, memory, changed=changed), put, problems=article.problems)


def _is_changed(article: Article, memory: RememberedEntry) -> bool:
    """Return whether subscribers see a change that the author made, and does not mark as minor.

    Both hashes must differ: settings and new versions of this program change only that of the
    content, and details that no feed shows only that of the source.
    """
    return (
        not article.minor
        and article.content_hash != memory.content_hash
        and article.source_hash != memory.source
        and is_comparable(article.source_hash, memory.source)
    )


def _entry_change(
    article: Article, entry: Entry, seq: int | None, first_seen: int, *, corrected: bool = False
) -> EntryChange:
    return EntryChange(
        entry,
        seq,
        first_seen,
        article.content_hash,
        article.likeness,
        article.source_hash,
        corrected=corrected,
    )


def _decide_without_entry(article: Article, memory: RememberedEntry | None) -> Decision:
    published = memory if memory and memory.withdrawn is None else None
    if article.withheld:
        reason = "withdrawn: withheld by its author" if published else "withheld by its author"
        return Decision(reason, withdraw=published, problems=article.problems)
    if published:
        reason = "left alone: the article has problems"
        return Decision(reason, problems=_mark_kept(article.problems))
    return Decision("not published: the article has problems", problems=article.problems)


def _reason(article: Article, memory: RememberedEntry, *, changed: bool) -> str:
    if memory.withdrawn is not None:
        return "published again: it was withdrawn"
    if changed:
        return "updated: its content changed"
    if article.content_hash != memory.content_hash:
        if article.minor:
            return "stored without a new date: its author marks the change as minor"
        return "stored without a new date: its author did not change it"
    return "stored without a new date: its content is the same to subscribers"


def _mark_kept(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(
        msgspec.structs.replace(problem, message=f"{problem.message} (published as it was before)")
        if problem.fatal
        else problem
        for problem in problems
    )


class RenameCandidate(msgspec.Struct, frozen=True):
    """The properties by which a new article may be recognized as a renamed one.

    `published` is in seconds; `dated` is False if it is only the date when the file was first seen.
    """

    link: str
    likeness: str
    published: int
    dated: bool


def rename_candidate(result: ReadResult, entry: Entry, likeness: str) -> RenameCandidate:
    """Return the properties of a new article with this entry."""
    published = int(entry.published.timestamp())
    return RenameCandidate(entry.link, likeness, published, has_own_date(result, entry))


def has_own_date(result: ReadResult, entry: Entry) -> bool:
    """Return whether the author dated the article; else its date is when it was first seen."""
    return int(entry.published.timestamp()) != result.first_seen


def is_recent(memory: RememberedEntry, gone: Set[str], now: int) -> bool:
    """Return whether the file of an entry disappeared in this build or a few days ago.

    `gone` holds the paths of files that disappeared in this build; `now` is in seconds.
    """
    if memory.withdrawn is None or memory.path in gone:
        return True
    return now - memory.withdrawn <= _RECENT


def match_renames(
    new: Mapping[str, RenameCandidate],
    lost: Sequence[tuple[RememberedEntry, str, str, int]],
    recent: Set[int],
) -> dict[str, RememberedEntry]:
    """Match `new` articles with `lost` entries under other paths, each at most once.

    `lost` has the link, likeness and publication time of each entry. The best match has both the
    same link and the same content, the next the same content, the last the same link. An author
    may reuse a text or a URL much later for another article, which readers would not notice under
    the old id. So a single property counts only with the same date, or for entries whose keys are
    `recent`; and for older entries both properties do not count against a different date that the
    author gives.
    """
    matches: dict[str, RememberedEntry] = {}
    for properties, description, where in _WAYS:
        waiting: dict[tuple[str | int, ...], list[RememberedEntry]] = {}
        taken = {memory.seq for memory in matches.values()}
        for memory, link, likeness, published in lost:
            if memory.seq not in taken and (where != "recent" or memory.seq in recent):
                key = _key(properties, where, link, likeness, published)
                waiting.setdefault(key, []).append(memory)
        for path, candidate in new.items():
            if path in matches or (where == "undated" and candidate.dated):
                continue
            key = _key(properties, where, candidate.link, candidate.likeness, candidate.published)
            if memories := waiting.get(key):
                matches[path] = memories.pop(0)
                renamed = "%s: matched as a rename of %s: %s, %s"
                _log.debug(renamed, path, matches[path].path, description, where)
    return matches


def _key(
    properties: slice, where: _Where, link: str, likeness: str, published: int
) -> tuple[str | int, ...]:
    values: tuple[str, ...] = (link, likeness)
    return (*values[properties], published) if where == "same date" else values[properties]


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    """Return whether the path is one of `folders` or below one; files count as folders here."""
    return any(folder in (path, ".") or path.startswith(folder + "/") for folder in folders)


def log_decisions(unchanged: Iterable[str], decided: Iterable[tuple[ReadResult, Decision]]) -> None:
    """Log why each article was decided so, and that `unchanged` ones were left alone."""
    for path in unchanged:
        _log.debug("%s: left alone: its bytes are the same", path)
    for result, decision in decided:
        _log.debug("%s: %s", result.path, decision.reason)
