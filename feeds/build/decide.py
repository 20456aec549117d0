"""What to do about articles: which to read, and what becomes of each. Pure; no I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Literal

import msgspec

from feeds.articles import folder
from feeds.articles.parser import Article, stem
from feeds.build.workers import ReadResult, ReadTask
from feeds.catalogue.records import EntryChange, FileState, RememberedEntry
from feeds.errors import Problem
from feeds.model.entry import Entry
from feeds.util.dates import from_timestamp

# What tells a renamed article, out of its link and its likeness.
_WHOLE, _LINK, _LIKENESS = slice(0, 2), slice(0, 1), slice(1, 2)
# Seconds since an entry was withdrawn, within which one such sign is enough: from the Friday on
# which a file is taken away to the Monday on which it is back under another name.
_RECENT = 3 * 86_400
# Which signs tell, best first, and where: between equal dates, of entries that are recent, or of
# articles that have no date.
_Where = Literal["same date", "recent", "undated"]
_WAYS: tuple[tuple[slice, _Where], ...] = (
    (_WHOLE, "same date"),
    (_WHOLE, "recent"),
    (_WHOLE, "undated"),
    (_LIKENESS, "same date"),
    (_LIKENESS, "recent"),
    (_LINK, "same date"),
    (_LINK, "recent"),
)


class ReadPlan(msgspec.Struct, frozen=True):
    """What to read, and which files are gone or still there.

    `there` are those that were found, and known ones that could not be looked at. `whole` is
    whether all were looked for; else of files not named here nothing is said.
    """

    tasks: list[ReadTask]
    gone: list[str]
    present: Set[str]
    complete: bool


class Decision(msgspec.Struct, frozen=True):
    """What to do about one article: store an entry, withdraw one, or neither; and its problems."""

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
    """Which files to read: those that look other than before, or all.

    `again` parses even those with the same bytes; without `trust` in file times every file is
    read, and parsed if its bytes differ. What could not be looked at is not gone. A scan that
    is not `whole` comes with what is known of the same paths.
    """
    unread = [problem.path.rstrip("/") for problem in scan.problems]
    there: Set[str] = scan.files.keys()
    if unread:
        there |= {path for path in known if _lies_in(path, unread)}
    other = {
        path
        for path, stat in scan.files.items()
        if (seen := known.get(path)) is None
        or seen.mtime_ns != stat.mtime_ns
        or seen.size != stat.size
    }
    gone = known.keys() - there
    freed = {stem(path) for path in gone}
    anew = {path for path in other if path not in known}
    if freed:
        anew.update(path for path in scan.files if stem(path) in freed)
    tasks = [
        ReadTask(path) if reparse or path in anew else ReadTask(path, digest=known[path].digest)
        for path in (other | anew if trust and not reparse else scan.files)
    ]
    return ReadPlan(sorted(tasks, key=lambda task: task.path), sorted(gone), there, complete)


def decide_article(
    article: Article, memory: RememberedEntry | None, seen: FileState, now: int, *, same_bytes: bool
) -> Decision:
    """What becomes of an article, given what is remembered of its entry. Times in seconds.

    An article that cannot be read keeps the entry that is out; only its author withdraws it.
    `updated` moves only when the article's file changed and with it what subscribers see.
    """
    entry = article.entry
    if entry is None:
        out = memory if memory and memory.withdrawn is None else None
        if article.withheld:
            return Decision(withdraw=out, problems=article.problems)
        return Decision(problems=_stays(article.problems) if out else article.problems)
    if entry.updated > from_timestamp(max(now, int(entry.published.timestamp()))):
        # A change that is yet to come would date the whole feed in the future.
        entry = msgspec.structs.replace(entry, updated=entry.published)
    written = min(seen.mtime_ns // 1_000_000_000, now)
    made = article.content_hash
    if memory is None:
        put = EntryChange(entry, None, written, made, article.source_hash)
        return Decision(put, problems=article.problems)
    updated = memory.updated
    changed = made != memory.content_hash and not same_bytes
    corrected = changed and entry.updated > max(from_timestamp(memory.updated), entry.published)
    if changed:
        updated = max(int(entry.updated.timestamp()), written)
        if updated <= memory.updated:  # a file whose time is older than what it replaces
            updated = max(now, memory.updated)
    entry = msgspec.structs.replace(
        entry, id=memory.id, updated=max(from_timestamp(updated), entry.published)
    )
    put = EntryChange(
        entry, memory.seq, memory.first_seen, made, article.source_hash, corrected=corrected
    )
    return Decision(put, problems=article.problems)


def _stays(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(
        msgspec.structs.replace(problem, message=f"{problem.message} (published as it was before)")
        if problem.fatal
        else problem
        for problem in problems
    )


class RenameCandidate(msgspec.Struct, frozen=True):
    """What tells whether an article at a path that is new was known under another one.

    `published` in seconds; `dated` is false where that is only when its file was first seen.
    """

    link: str
    source_hash: str
    published: int
    dated: bool


def rename_candidate(result: ReadResult, entry: Entry, likeness: str) -> RenameCandidate:
    """What tells of an article, with this entry, whether it was known before."""
    published = int(entry.published.timestamp())
    return RenameCandidate(entry.link, likeness, published, has_own_date(result, entry))


def has_own_date(result: ReadResult, entry: Entry) -> bool:
    """Whether an article has a date of its own, and not only that when it was first seen."""
    return int(entry.published.timestamp()) != result.first_seen


def is_recent(memory: RememberedEntry, gone: Set[str], now: int) -> bool:
    """Whether the file of an entry went in this build, or a few days ago. `now` in seconds.

    `gone` are the paths of the files that went in this build.
    """
    if memory.withdrawn is None or memory.path in gone:
        return True
    return now - memory.withdrawn <= _RECENT


def match_renames(
    new: Mapping[str, RenameCandidate],
    lost: Sequence[tuple[RememberedEntry, str, str, int]],
    recent: Set[int],
) -> dict[str, RememberedEntry]:
    """Which of the `new` articles are `lost` entries under another path, each at most once.

    Both tell their link and likeness, and when they were published. Both alike tell best, then
    the same content, then the same source URL (design, decision 1). An author may use a text or a
    URL again much later, for another article, which nobody would see under the old id. So one of
    them alone counts only where the dates agree, or for the entries whose keys are `recent`; and
    for others both together do not count against another date that the author gives.
    """
    found: dict[str, RememberedEntry] = {}
    for signs, where in _WAYS:
        waiting: dict[tuple[str | int, ...], list[RememberedEntry]] = {}
        taken = {memory.seq for memory in found.values()}
        for memory, link, likeness, published in lost:
            if memory.seq not in taken and (where != "recent" or memory.seq in recent):
                key = _key(signs, where, link, likeness, published)
                waiting.setdefault(key, []).append(memory)
        for path, each in new.items():
            if path in found or (where == "undated" and each.dated):
                continue
            key = _key(signs, where, each.link, each.source_hash, each.published)
            if candidates := waiting.get(key):
                found[path] = candidates.pop(0)
    return found


def _key(
    signs: slice, where: _Where, link: str, likeness: str, published: int
) -> tuple[str | int, ...]:
    known: tuple[str, ...] = (link, likeness)
    return (*known[signs], published) if where == "same date" else known[signs]


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    """Whether the path is one of `folders` or below one; files count as folders here."""
    return any(folder in (path, ".") or path.startswith(folder + "/") for folder in folders)
