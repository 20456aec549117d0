"""Articles -> catalogue: only what changed. Deciding is pure; the loop decides nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from feeds import facts, folder
from feeds.article import Article
from feeds.catalogue.store import Memory, Seen, moment
from feeds.catalogue.writer import EntryChange, Writer
from feeds.entry import Entry, content_hash
from feeds.errors import GuardError, Problem, shared_id
from feeds.selection import Facts
from feeds.site import Site
from feeds.work import ReadResult, ReadTask, Workers

# So few entries may always be withdrawn at once, however small the site.
_GUARD_FROM = 20

Progress = Callable[[str, int, int], None]


class Plan(msgspec.Struct, frozen=True):
    """What to read, which files are gone, and the walk that says so."""

    tasks: list[ReadTask]
    gone: list[str]
    scan: folder.Scan


class Outcome(msgspec.Struct):
    """What an ingest did. `touched` are the facts of changed entries, before and after."""

    read: int = 0
    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    touched: list[Facts] = []

    @property
    def total(self) -> int:
        """How many entries are other than before."""
        return self.added + self.changed + self.withdrawn


class Decision(msgspec.Struct, frozen=True):
    """What to do about one article: store an entry, withdraw one, or neither; and its problems."""

    put: EntryChange | None = None
    withdraw: Memory | None = None
    problems: tuple[Problem, ...] = ()


def plan(scan: folder.Scan, known: Mapping[str, Seen], *, again: bool, trust: bool) -> Plan:
    """Which files to read: those that look other than before, or all.

    `again` parses even those with the same bytes; without `trust` in file times every file is
    read, and parsed if its bytes differ.
    """
    tasks = []
    for path, stat in scan.files.items():
        seen = known.get(path)
        if seen is None:
            tasks.append(ReadTask(path))
        elif again or not trust or (seen.size, seen.mtime_ns) != (stat.size, stat.mtime_ns):
            tasks.append(ReadTask(path, digest="" if again else seen.digest))
    return Plan(tasks, [path for path in known if path not in scan.files], scan)


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
    written = min(seen.mtime_ns // 1_000_000_000, now)
    if memory is None:
        put = EntryChange(entry, None, min(written, now), content_hash(entry), article.likeness)
        return Decision(put, problems=article.problems)
    entry = msgspec.structs.replace(entry, id=memory.id)
    made = content_hash(entry)
    updated = moment(memory.updated)
    if made != memory.content_hash and not same_bytes:
        updated = max(updated, entry.updated, moment(written))
    entry = msgspec.structs.replace(entry, updated=max(updated, entry.published))
    put = EntryChange(entry, memory.seq, memory.first_seen, made, article.likeness)
    return Decision(put, problems=article.problems)


def _stays(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(
        msgspec.structs.replace(problem, message=f"{problem.message} (published as it was before)")
        if problem.fatal
        else problem
        for problem in problems
    )


class Ingest:
    """One run: reads what the plan says and brings the catalogue up to date."""

    def __init__(self, site: Site, writer: Writer, now: int, progress: Progress) -> None:
        self._site, self._writer, self._now = site, writer, now
        self._progress = progress
        self.outcome = Outcome(touched=[])
        self._known: dict[str, Seen] = {}
        self._walked: set[str] = set()
        self._first = not writer.any_entry()

    def run(self, plan: Plan, known: Mapping[str, Seen], workers: Workers, *, force: bool) -> None:
        """Read, decide and store; raises `GuardError` where too much would be withdrawn."""
        self._known, self._walked = dict(known), set(plan.scan.files)
        out = self._writer.count_out()
        tasks = self._dated(plan.tasks)
        for results in workers.read(tasks):
            self._store(results)
            self._progress("Reading articles", self.outcome.read, len(tasks))
        self._withdraw_gone(plan.gone)
        self._guard(out, force=force)

    def _dated(self, tasks: Sequence[ReadTask]) -> list[ReadTask]:
        """The tasks, with the first-seen dates that are remembered."""
        memories = {} if self._first else self._writer.memories([task.path for task in tasks])
        return [
            msgspec.structs.replace(task, first_seen=memory.first_seen)
            if (memory := memories.get(task.path))
            else task
            for task in tasks
        ]

    def _store(self, results: Sequence[ReadResult]) -> None:
        self.outcome.read += len(results)
        self._writer.touch_files({each.path: each.seen for each in results if not each.article})
        parsed = [(each, each.article) for each in results if each.article]
        memories = self._memories(parsed)
        decided = [
            (each, self._decide(each, article, memories.get(each.path))) for each, article in parsed
        ]
        decided = self._distinct(decided)
        self._note_before(decided, memories)
        self._put([decision.put for _, decision in decided if decision.put])
        self._withdraw([decision.withdraw for _, decision in decided if decision.withdraw])
        self._writer.put_files(
            {each.path: (each.seen, decision.problems) for each, decision in decided}
        )

    def _decide(self, result: ReadResult, article: Article, memory: Memory | None) -> Decision:
        known = self._known.get(result.path)
        same = known is not None and known.digest == result.seen.digest
        return decide(article, memory, result.seen, self._now, same_bytes=same)

    def _memories(self, parsed: Sequence[tuple[ReadResult, Article]]) -> dict[str, Memory]:
        """What is remembered of these articles, also of those that were renamed, by new path."""
        if self._first:
            return {}
        memories = self._writer.memories([each.path for each, _ in parsed])
        new = [
            (each.path, article)
            for each, article in parsed
            if each.path not in memories and article.entry
        ]
        if not new:
            return memories
        lost = [
            known
            for known in self._writer.like(
                [article.entry.link for _, article in new if article.entry],
                [article.likeness for _, article in new],
            )
            if known[0].path not in self._walked
        ]
        memories.update(renamed(new, lost))
        return memories

    def _distinct(
        self, decided: Sequence[tuple[ReadResult, Decision]]
    ) -> list[tuple[ReadResult, Decision]]:
        """The decisions, with no id given twice: an id that is taken is for its first holder."""
        fresh = [each.put.entry.id for _, each in decided if each.put and each.put.seq is None]
        taken = {} if not fresh else self._writer.paths_of_ids(fresh)
        made = []
        for result, decision in decided:
            put = decision.put
            if put and put.seq is None:
                decision = self._own_id(decision, put, taken)
            made.append((result, decision))
        return made

    def _own_id(self, decision: Decision, put: EntryChange, taken: dict[str, str]) -> Decision:
        entry, holder = put.entry, taken.get(put.entry.id)
        if holder is None:
            taken[entry.id] = entry.path
            return decision
        if _stem(holder) == _stem(entry.path) and holder in self._walked:
            return Decision(problems=(*decision.problems, shared_id(entry.path, holder)))
        # The holder had this path and was renamed since: this is another article.
        number = 2
        while f"{entry.id}~{number}" in taken:
            number += 1
        taken.update(self._writer.paths_of_ids([f"{entry.id}~{number}"]))
        entry = msgspec.structs.replace(entry, id=f"{entry.id}~{number}")
        return self._own_id(
            msgspec.structs.replace(decision, put=msgspec.structs.replace(put, entry=entry)),
            msgspec.structs.replace(put, entry=entry),
            taken,
        )

    def _note_before(
        self, decided: Sequence[tuple[ReadResult, Decision]], memories: Mapping[str, Memory]
    ) -> None:
        """Note what the entries that are about to change were, so that their feeds are known."""
        touched = [
            memories[each.path].seq
            for each, decision in decided
            if each.path in memories and (decision.put or decision.withdraw)
        ]
        if touched:
            self._touch(self._writer.entries(touched).values())

    def _touch(self, entries: Iterable[Entry]) -> None:
        self.outcome.touched += [facts.of(entry, self._site) for entry in entries]

    def _put(self, changes: Sequence[EntryChange]) -> None:
        if not changes:
            return
        self._writer.put_entries(changes, self._site)
        self._touch(change.entry for change in changes)
        added = sum(change.seq is None for change in changes)
        self.outcome.added += added
        self.outcome.changed += len(changes) - added

    def _withdraw(self, memories: Sequence[Memory]) -> None:
        self._writer.withdraw([memory.seq for memory in memories], self._now)
        self.outcome.withdrawn += len(memories)

    def _withdraw_gone(self, gone: Sequence[str]) -> None:
        """Withdraw the entries whose articles are gone and were not renamed."""
        self._writer.forget_files(gone)
        lost = [
            memory for memory in self._writer.memories(gone).values() if memory.withdrawn is None
        ]
        self._touch(self._writer.entries([memory.seq for memory in lost]).values())
        self._withdraw(lost)

    def _guard(self, out: int, *, force: bool) -> None:
        limit = max(_GUARD_FROM, int(out * self._site.settings.guard / 100))
        if self.outcome.withdrawn > limit and not force:
            raise GuardError(
                f"this build would withdraw {self.outcome.withdrawn:,} of {out:,} entries, "
                f"more than the {self._site.settings.guard} % that site.guard allows; nothing "
                "was changed. Look at the article folder, or say --force if this is meant"
            )


def renamed(
    new: Sequence[tuple[str, Article]], lost: Sequence[tuple[Memory, str, str]]
) -> dict[str, Memory]:
    """Which of the `new` articles are `lost` entries under another path, each at most once.

    The same content tells best, then the same source URL (design, decision 1).
    """
    found: dict[str, Memory] = {}
    for told_by in ("likeness", "link"):
        waiting: dict[str, list[Memory]] = {}
        for memory, link, likeness in lost:
            if memory not in found.values():
                waiting.setdefault(likeness if told_by == "likeness" else link, []).append(memory)
        for path, article in new:
            told = (
                article.likeness if told_by == "likeness" else article.entry and article.entry.link
            )
            if path not in found and told and waiting.get(told):
                found[path] = waiting[told].pop(0)
    return found


def _stem(path: str) -> PurePosixPath:
    return PurePosixPath(path).with_suffix("")
