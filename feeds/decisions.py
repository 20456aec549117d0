"""What to do about articles: which to read, and what becomes of each. Pure; no I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from feeds import folder
from feeds.article import Article, stem
from feeds.catalogue.feeds import moment
from feeds.catalogue.reader import Memory, Seen
from feeds.catalogue.writer import EntryChange
from feeds.errors import Problem
from feeds.work import ReadTask

# What tells a renamed article, out of its link and its likeness.
_WHOLE, _LINK, _LIKENESS = slice(0, 2), slice(0, 1), slice(1, 2)


class Plan(msgspec.Struct, frozen=True):
    """What to read, and which files are gone or still there.

    `there` are those that were found, and known ones that could not be looked at. `whole` is
    whether all were looked for; else of files not named here nothing is said.
    """

    tasks: list[ReadTask]
    gone: list[str]
    there: Set[str]
    whole: bool


class Decision(msgspec.Struct, frozen=True):
    """What to do about one article: store an entry, withdraw one, or neither; and its problems."""

    put: EntryChange | None = None
    withdraw: Memory | None = None
    problems: tuple[Problem, ...] = ()


def plan(
    scan: folder.Scan, known: Mapping[str, Seen], *, again: bool, trust: bool, whole: bool = True
) -> Plan:
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
        ReadTask(path) if again or path in anew else ReadTask(path, digest=known[path].digest)
        for path in (other | anew if trust and not again else scan.files)
    ]
    return Plan(sorted(tasks, key=lambda task: task.path), sorted(gone), there, whole)


def decide(
    article: Article, memory: Memory | None, seen: Seen, now: int, *, same_bytes: bool
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
    if entry.updated > moment(max(now, int(entry.published.timestamp()))):
        # A change that is yet to come would date the whole feed in the future.
        entry = msgspec.structs.replace(entry, updated=entry.published)
    written = min(seen.mtime_ns // 1_000_000_000, now)
    made = article.content_hash
    if memory is None:
        put = EntryChange(entry, None, written, made, article.likeness)
        return Decision(put, problems=article.problems)
    updated = memory.updated
    changed = made != memory.content_hash and not same_bytes
    corrected = changed and entry.updated > max(moment(memory.updated), entry.published)
    if changed:
        updated = max(int(entry.updated.timestamp()), written)
        if updated <= memory.updated:  # a file whose time is older than what it replaces
            updated = max(now, memory.updated)
    entry = msgspec.structs.replace(
        entry, id=memory.id, updated=max(moment(updated), entry.published)
    )
    put = EntryChange(
        entry, memory.seq, memory.first_seen, made, article.likeness, corrected=corrected
    )
    return Decision(put, problems=article.problems)


def _stays(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(
        msgspec.structs.replace(problem, message=f"{problem.message} (published as it was before)")
        if problem.fatal
        else problem
        for problem in problems
    )


def renamed(
    new: Mapping[str, tuple[str, str]], lost: Sequence[tuple[Memory, str, str]]
) -> dict[str, Memory]:
    """Which of the `new` articles are `lost` entries under another path, each at most once.

    Both tell their link and likeness. Both alike tell best, then the same content, then the
    same source URL (design, decision 1).
    """
    found: dict[str, Memory] = {}
    for tells_by in (_WHOLE, _LIKENESS, _LINK):
        waiting: dict[tuple[str, ...], list[Memory]] = {}
        taken = {memory.seq for memory in found.values()}
        for memory, *told in lost:
            if memory.seq not in taken:
                waiting.setdefault(tuple(told[tells_by]), []).append(memory)
        for path, known in new.items():
            candidates = waiting.get(tuple(known)[tells_by])
            if candidates and path not in found:
                found[path] = candidates.pop(0)
    return found


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    """Whether the path is one of `folders` or below one; files count as folders here."""
    return any(folder in (path, ".") or path.startswith(folder + "/") for folder in folders)
