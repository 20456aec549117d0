"""Articles -> catalogue: only what changed. `feeds.build.decide` decides, this does."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TypeAlias

import msgspec

from feeds.articles.folder import Stat
from feeds.articles.parser import Article, identifier, stem
from feeds.build.decide import (
    Decision,
    ReadPlan,
    decide_article,
    has_own_date,
    is_recent,
    match_renames,
    rename_candidate,
)
from feeds.build.scheduled_reads import ScheduledReads
from feeds.build.workers import ReadResult, ReadTask, Workers
from feeds.catalogue import terms
from feeds.catalogue.records import EntryChange, FileState, RememberedEntry
from feeds.catalogue.terms import TermCount
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import GuardError, Problem, shared_id
from feeds.model.entry import Entry
from feeds.model.selection import Facts
from feeds.util.progress import Progress

# Past so many changed entries, looking at every feed is cheaper than asking which show them.
MANY_CHANGES = 500

# Articles that were parsed, by path, with what reading them gave.
_Parsed: TypeAlias = dict[str, tuple[ReadResult, Article]]


class IngestResult(msgspec.Struct):
    """What an ingest did.

    `touched` are the facts of changed entries, before and after, and `terms` what they change in
    the counts of terms in use: both incomplete if they are `many`. `refused` are the problems of
    those among the withdrawn that cannot be rendered. `ids` are of all entries that changed, as
    complete as `touched`, and of those refused; `corrected` of those whose authors say that they
    corrected them. `back` is how many of the changed were withdrawn before,
    `expired` how many are withdrawn because their expiry date has passed; `withheld` are the first
    problems of articles whose front matter withholds them. `unlike` are
    the files that looked other than in the walk when they were read.
    """

    read: int = 0
    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    expired: int = 0
    withheld: list[Problem] = []
    changed_facts: list[Facts] = []
    ids: set[str] = set()
    corrected: set[str] = set()
    term_changes: Counter[TermCount] = msgspec.field(default_factory=Counter)
    unrenderable: list[Problem] = []
    restored: int = 0
    changed_while_reading: set[str] = set()

    @property
    def total(self) -> int:
        """How many entries are other than before."""
        return self.added + self.changed + self.withdrawn

    @property
    def incomplete(self) -> bool:
        """Whether `touched` and `terms` are not complete."""
        return len(self.changed_facts) > MANY_CHANGES


class Ingest:
    """One run: reads what the plan says and brings the catalogue up to date."""

    def __init__(
        self,
        site: Site,
        writer: WriteTransaction,
        now: int,
        progress: Progress,
        awaiting: ScheduledReads,
    ) -> None:
        self._site, self._writer, self._now = site, writer, now
        self._progress, self._awaiting = progress, awaiting
        self.outcome = IngestResult()
        self._known: Mapping[str, FileState] = {}
        self._plan = ReadPlan([], [], set(), complete=True)
        self._walk: Mapping[str, Stat] = {}
        self._gone: set[str] = set()
        self._families = terms.families(site)
        self._first = not writer.entries.any()
        self._later: dict[str, ReadTask] = {}
        self._renames: dict[str, RememberedEntry] = {}

    def run(
        self,
        plan: ReadPlan,
        known: Mapping[str, FileState],
        workers: Workers,
        walk: Mapping[str, Stat],
    ) -> None:
        """Read, decide and store. What comes of it stands once `guard` has seen it.

        `walk` is how all files looked when they were walked, empty if they were not.
        """
        self._known, self._plan, self._gone = known, plan, set(plan.gone)
        self._walk = walk
        tasks = self._dated(plan.tasks)
        for results in workers.read(tasks):
            self.outcome.read += len(results)
            self._store(results)
            self._progress("Reading articles", self.outcome.read, len(tasks))
        # Only now, because workers do one run at a time.
        for results in workers.read(list(self._later.values())):
            self._store(results)
        self._withdraw_gone(plan.gone)
        self._awaiting.save(plan.gone)

    def refuse(self, failed: Mapping[int, str]) -> None:
        """Withdraw entries that cannot be rendered, so that they cost the others nothing.

        `failed` says why, by key.
        """
        refused = self._writer.entries.get(list(failed))
        changes = Counter[TermCount]()
        for entry in refused.values():
            changes.subtract(terms.counts_of(entry, self._site, self._families, self._now))
        self._writer.entries.withdraw(list(failed), self._now)
        if self._writer.terms.add(changes) is None:
            self._writer.terms.recount(self._families, self._now)
        self.outcome.withdrawn += len(failed)
        for seq, entry in refused.items():
            self.outcome.ids.add(entry.id)
            said = f"cannot be rendered ({failed[seq]}); it is left out of all feeds"
            problem = Problem(entry.path, 1, "", said, fatal=True)
            self._writer.files.add_problem(problem)
            self.outcome.unrenderable.append(problem)

    def guard(self) -> None:
        """Raise `GuardError` if too much would be withdrawn, whatever the reason.

        Entries whose expiry date has passed do not count: their authors wanted that.
        """
        withdrawn = self.outcome.withdrawn - self.outcome.expired
        if withdrawn <= self._site.withdrawal_limit(0):
            return
        left = self._writer.entries.count()
        before = left + self.outcome.withdrawn - self.outcome.added - self.outcome.restored
        out = max(before, left + len(self.outcome.unrenderable))
        if withdrawn <= self._site.withdrawal_limit(out):
            return
        look, refused = "Look at the article folder", self.outcome.unrenderable
        if refused:
            look = f"{len(refused):,} of them cannot be rendered, the first is {refused[0]}. {look}"
        if withheld := self.outcome.withheld:
            look = (
                f"The front matter of {len(withheld):,} of them withholds them, the first is "
                f"{withheld[0]}. {look}"
            )
        raise GuardError(
            f"this build would withdraw {withdrawn:,} of {out:,} entries, "
            f"more than the {self._site.settings.guard} % that site.guard allows; nothing "
            f"was changed. {look}, or say --force if this is meant"
        )

    def _dated(self, tasks: Sequence[ReadTask]) -> list[ReadTask]:
        """The tasks, with the first-seen dates that are remembered."""
        memories = (
            {} if self._first else self._writer.entries.remembered([task.path for task in tasks])
        )
        return [
            msgspec.structs.replace(task, first_seen=memory.first_seen)
            if (memory := memories.get(task.path))
            else task
            for task in tasks
        ]

    def _store(self, results: Sequence[ReadResult]) -> None:
        same = {each.path: each.seen for each in results if not each.article}
        self._writer.files.update_times(same)
        self._note_unlike(same)
        parsed = {each.path: (each, each.article) for each in results if each.article}
        memories = {} if self._first else self._writer.entries.remembered(list(parsed))
        if not self._first:
            memories |= self._renamed(parsed, memories)
            self._put_off(parsed, memories)
        for path, (result, article) in parsed.items():
            self._awaiting.schedule(path, article.until, result.assets)
        decided = self._distinct(
            [
                (each, self._decide(each, article, memories.get(each.path)))
                for each, article in parsed.values()
            ]
        )
        self._note_before(decided, memories)
        self._put([decision.put for _, decision in decided if decision.put])
        self._withdraw([decision.withdraw for _, decision in decided if decision.withdraw])
        for result, decision in decided:
            if decision.withdraw:
                self.outcome.expired += result.path in self._awaiting.due
                self.outcome.withheld += decision.problems[:1]
        self._writer.files.put(
            {each.path: (each.seen, decision.problems) for each, decision in decided}
        )
        self._note_unlike({each.path: each.seen for each, _ in decided})

    def _note_unlike(self, stored: Mapping[str, FileState]) -> None:
        """Note which files looked other than in the walk when they were read."""
        for path, seen in stored.items() if self._walk else ():
            stat = self._walk.get(path)
            if stat is None or (stat.size, stat.mtime_ns) != (seen.size, seen.mtime_ns):
                self.outcome.changed_while_reading.add(path)

    def _decide(
        self, result: ReadResult, article: Article, memory: RememberedEntry | None
    ) -> Decision:
        known = self._known.get(result.path)
        same = known is not None and known.digest == result.seen.digest
        return decide_article(article, memory, result.seen, self._now, same_bytes=same)

    def _renamed(
        self, parsed: _Parsed, memories: Mapping[str, RememberedEntry]
    ) -> dict[str, RememberedEntry]:
        """What is remembered of those among the unknown articles that were renamed, by path."""
        again = {path: self._renames[path] for path in parsed if path in self._renames}
        new = {
            path: rename_candidate(result, article.entry, article.source_hash)
            for path, (result, article) in parsed.items()
            if path not in memories and path not in again and article.entry
        }
        if not new:
            return again
        like = self._writer.entries.similar(
            [each.link for each in new.values()], [each.source_hash for each in new.values()]
        )
        taken = {memory.seq for memory in self._renames.values()}
        lost = [
            known
            for known in like
            if known[0].seq not in taken and not self._is_there(known[0].path)
        ]
        recent = {memory.seq for memory, *_ in lost if is_recent(memory, self._gone, self._now)}
        return again | match_renames(new, lost, recent)

    def _put_off(self, parsed: _Parsed, memories: Mapping[str, RememberedEntry]) -> None:
        """Take out the renamed articles that have no date but when they were first seen.

        The times of their files stood in for that before it was known which entries they are. They
        are read once more at the end, and nothing else may take their entries until then.
        """
        for path, (result, article) in list(parsed.items()):
            memory, entry = memories.get(path), article.entry
            if memory is None or memory.path == path or path in self._later or entry is None:
                continue
            if not has_own_date(result, entry) and result.first_seen != memory.first_seen:
                self._later[path] = ReadTask(path, first_seen=memory.first_seen)
                self._renames[path] = memory
                del parsed[path]

    def _is_there(self, path: str) -> bool:
        """Whether there is an article file at this path, as far as this build has looked."""
        if self._plan.complete or path in self._plan.present or path in self._gone:
            return path in self._plan.present
        known = bool(self._writer.files.at([path]))
        return known and os.path.lexists(self._site.folder / path)

    def _distinct(
        self, decided: Sequence[tuple[ReadResult, Decision]]
    ) -> list[tuple[ReadResult, Decision]]:
        """The decisions, with no id given twice."""
        fresh = [each.put.entry.id for _, each in decided if each.put and each.put.seq is None]
        taken = self._writer.entries.paths_by_id(fresh) if fresh else {}
        return [(result, self._own_id(decision, taken)) for result, decision in decided]

    def _own_id(self, decision: Decision, taken: dict[str, str]) -> Decision:
        """The decision, its new entry with an id that is free. `taken` are paths by id."""
        put = decision.put
        if put is None or put.seq is not None:
            return decision
        entry, holder = put.entry, taken.get(put.entry.id)
        if holder and stem(holder) == stem(entry.path) and self._is_there(holder):
            return Decision(problems=(*decision.problems, shared_id(entry.path, holder)))
        if holder is not None:  # it had this path before it was renamed: this is another article
            entry = msgspec.structs.replace(entry, id=self._free_id(entry.path, taken))
            put = msgspec.structs.replace(put, entry=entry)
        taken[entry.id] = entry.path
        return msgspec.structs.replace(decision, put=put)

    def _free_id(self, path: str, taken: Mapping[str, str]) -> str:
        own = stem(path)
        for number in count(2):
            id_ = identifier(f"{own}~{number}{path.removeprefix(own)}", self._site)
            if id_ not in taken and not self._writer.entries.paths_by_id([id_]):
                break
        return id_

    def _note_before(
        self,
        decided: Sequence[tuple[ReadResult, Decision]],
        memories: Mapping[str, RememberedEntry],
    ) -> None:
        """Note what the entries that are about to change were, so that their feeds are known."""
        changing = [
            memories[each.path]
            for each, decision in decided
            if each.path in memories and (decision.put or decision.withdraw)
        ]
        put = {decision.put.seq for _, decision in decided if decision.put and decision.put.seq}
        self.outcome.restored += sum(
            memory.seq in put and memory.withdrawn is not None for memory in changing
        )
        if changing and not self.outcome.incomplete:
            entries = self._writer.entries.get([memory.seq for memory in changing])
            self._touch(entries.values())
            out = {memory.seq for memory in changing if memory.withdrawn is None}
            self._count((each for seq, each in entries.items() if seq in out), -1)

    def _touch(self, entries: Iterable[Entry]) -> None:
        if not self.outcome.incomplete:
            known = list(entries)
            self.outcome.changed_facts += [self._site.facts(entry) for entry in known]
            self.outcome.ids.update(entry.id for entry in known)

    def _count(self, entries: Iterable[Entry], change: int) -> None:
        if not self.outcome.incomplete:
            for entry in entries:
                for each in terms.counts_of(entry, self._site, self._families, self._now):
                    self.outcome.term_changes[each] += change

    def _put(self, changes: Sequence[EntryChange]) -> None:
        if not changes:
            return
        self._writer.entries.put(changes, self._site)
        self._touch(change.entry for change in changes)
        self._count((change.entry for change in changes), 1)
        self.outcome.corrected.update(each.entry.id for each in changes if each.corrected)
        added = sum(change.seq is None for change in changes)
        self.outcome.added += added
        self.outcome.changed += len(changes) - added

    def _withdraw(self, memories: Sequence[RememberedEntry]) -> None:
        self._writer.entries.withdraw([memory.seq for memory in memories], self._now)
        self.outcome.withdrawn += len(memories)

    def _withdraw_gone(self, gone: Sequence[str]) -> None:
        """Withdraw the entries whose articles are gone and were not renamed."""
        self._writer.files.forget(gone)
        lost = [
            memory
            for memory in self._writer.entries.remembered(gone).values()
            if memory.withdrawn is None
        ]
        if not self.outcome.incomplete:
            entries = list(self._writer.entries.get([memory.seq for memory in lost]).values())
            self._touch(entries)
            self._count(entries, -1)
        self._withdraw(lost)
