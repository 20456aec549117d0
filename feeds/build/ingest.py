"""Store changed articles in the catalogue, as `feeds.build.decide` decides."""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TypeAlias

import msgspec

from feeds.articles.parser import Article, identifier, stem
from feeds.build.adoption import with_adopted
from feeds.build.changes import Changes
from feeds.build.decide import (
    Decision,
    decide_article,
    log_decisions,
)
from feeds.build.ingest_result import IngestResult
from feeds.build.scheduled_reads import ScheduledReads
from feeds.build.second_reads import SecondReads
from feeds.build.workers import ReadResult, ReadTask, Workers
from feeds.catalogue import terms
from feeds.catalogue.adopted import AdoptedEntry
from feeds.catalogue.records import EntryChange, RememberedEntry
from feeds.catalogue.terms import TermCount
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import Problem, shared_id
from feeds.model.entry import Entry
from feeds.util.progress import Progress

_log = logging.getLogger("feeds")

# Parsed articles by path, with their read results.
_Parsed: TypeAlias = dict[str, tuple[ReadResult, Article]]


class Ingest:
    """One ingest of the files that `changes` lists, in the transaction of a build.

    `now` is in seconds. The logger "feeds" reports at level DEBUG why each entry was added,
    updated, withdrawn, matched as a rename or left alone.
    """

    def __init__(
        self,
        site: Site,
        tx: WriteTransaction,
        now: int,
        progress: Progress,
        changes: Changes,
        scheduled: ScheduledReads,
    ) -> None:
        self._site, self._tx, self._now = site, tx, now
        self._progress, self._changes, self._scheduled = progress, changes, scheduled
        self._plan, self._gone = changes.plan, set(changes.plan.gone)
        self._result = IngestResult()
        self._families = terms.families(site)
        self._first = not tx.entries.any()
        self._second_reads = SecondReads(site, tx, changes, now, exists=self._exists)

    def run(self, workers: Workers) -> IngestResult:
        """Read the articles, decide about each, and store the outcome."""
        plan = self._plan
        tasks = self._add_first_seen(plan.tasks)
        for results in workers.read(tasks):
            self._result.read += len(results)
            self._store(results)
            self._progress("Reading articles", self._result.read, len(tasks))
        # Not before, because workers do one run at a time.
        for results in workers.read(self._second_reads.tasks()):
            self._store(results)
        self._result.undated = self._second_reads.problems()
        self._withdraw_gone(plan.gone)
        self._withdraw_without_content()
        self._scheduled.save(plan.gone)
        return self._result

    def withdraw_unrenderable(self, failed: Mapping[int, str]) -> IngestResult:
        """Withdraw entries that cannot be rendered, so that the others can be published.

        `failed` maps the keys of entries to error messages. Return the result of the whole ingest.
        """
        entries = self._tx.entries.get(list(failed))
        changes = Counter[TermCount]()
        for entry in entries.values():
            changes.subtract(terms.counts_of(entry, self._site, self._families, self._now))
        self._tx.entries.withdraw(list(failed), self._now)
        if self._tx.terms.add(changes, terms.least_entries(self._site)) is None:
            self._tx.terms.recount(self._families, self._now)
        self._result.withdrawn += len(failed)
        for seq, entry in entries.items():
            self._result.ids.add(entry.id)
            message = f"cannot be rendered ({failed[seq]}); it is left out of all feeds"
            problem = Problem(entry.path, 1, "", message, fatal=True)
            _log.debug("%s: withdrawn: cannot be rendered (%s)", entry.path, failed[seq])
            self._tx.files.add_problem(problem)
            self._result.unrenderable.append(problem)
        return self._result

    def replace(self, entries: Mapping[int, Entry]) -> None:
        """Store these entries in place of those with the same keys, whose ids or dates change."""
        stored = self._tx.entries.stored(list(entries))
        self._note_facts(change.entry for change in stored.values())
        self._count_terms((change.entry for change in stored.values()), -1)
        replace = msgspec.structs.replace
        self._put([replace(change, entry=entries[seq]) for seq, change in stored.items()])

    def _add_first_seen(self, tasks: Sequence[ReadTask]) -> list[ReadTask]:
        """Return the tasks with the first-seen dates of known entries."""
        memories = {} if self._first else self._tx.entries.remembered([task.path for task in tasks])
        return [
            msgspec.structs.replace(task, first_seen=memory.first_seen)
            if (memory := memories.get(task.path))
            else task
            for task in tasks
        ]

    def _store(self, results: Sequence[ReadResult]) -> None:
        unchanged = {result.path: result.seen for result in results if not result.article}
        self._tx.files.update_times(unchanged)
        self._result.note_races(self._changes.walk, unchanged)
        parsed = {result.path: (result, result.article) for result in results if result.article}
        memories = {} if self._first else self._tx.entries.remembered(list(parsed))
        memories |= self._second_reads.match(parsed, memories)
        for path, (result, article) in parsed.items():
            self._scheduled.schedule(path, article.until, result.assets)
        adopted = self._tx.adopted.of([memory.seq for memory in memories.values()])
        decided = self._give_unique_ids(
            [
                (result, self._decide(result, article, memories.get(path), adopted))
                for path, (result, article) in parsed.items()
            ]
        )
        if _log.isEnabledFor(logging.DEBUG):
            log_decisions(unchanged, decided)
        self._note_before(decided, memories)
        self._put([decision.put for _, decision in decided if decision.put])
        self._withdraw([decision.withdraw for _, decision in decided if decision.withdraw])
        for result, decision in decided:
            if decision.withdraw:
                if result.path in self._scheduled.due:
                    self._result.expired.add(result.path)
                self._result.withheld += decision.problems[:1]
        self._tx.files.put(
            {result.path: (result.seen, decision.problems) for result, decision in decided}
        )
        read = {result.path: result.seen for result, _ in decided}
        self._result.note_races(self._changes.walk, read)

    def _decide(
        self,
        result: ReadResult,
        article: Article,
        memory: RememberedEntry | None,
        adopted: Mapping[int, AdoptedEntry],
    ) -> Decision:
        article = with_adopted(article, adopted.get(memory.seq) if memory else None)
        known = self._changes.known.get(result.path)
        if known is not None and not known.digest and not article.entry:
            memory = None  # an imported memory has no earlier content to go on with
        return decide_article(article, memory, result, self._now)

    def _exists(self, path: str) -> bool:
        """Return whether an article file exists at this path, from the scan if it covers it."""
        if self._plan.complete or path in self._plan.present or path in self._gone:
            return path in self._plan.present
        return bool(self._tx.files.at([path])) and os.path.lexists(self._site.folder / path)

    def _give_unique_ids(
        self, decided: Sequence[tuple[ReadResult, Decision]]
    ) -> list[tuple[ReadResult, Decision]]:
        """Return the decisions, with no id given to two entries."""
        puts = [decision.put for _, decision in decided if decision.put]
        new_ids = [put.entry.id for put in puts if put.seq is None]
        taken = self._tx.entries.paths_by_id(new_ids) if new_ids else {}
        return [(result, self._with_unique_id(decision, taken)) for result, decision in decided]

    def _with_unique_id(self, decision: Decision, taken: dict[str, str]) -> Decision:
        """Return the decision, with a free id for a new entry. `taken` maps ids to paths."""
        put = decision.put
        if put is None or put.seq is not None:
            return decision
        entry, holder = put.entry, taken.get(put.entry.id)
        if holder and stem(holder) == stem(entry.path) and self._exists(holder):
            problems = (*decision.problems, shared_id(entry.path, holder))
            return Decision(f"not published: {holder} has the same id", problems=problems)
        if holder is not None:  # an entry that had this path before it was renamed
            entry = msgspec.structs.replace(entry, id=self._free_id(entry.path, taken))
            put = msgspec.structs.replace(put, entry=entry)
        taken[entry.id] = entry.path
        return msgspec.structs.replace(decision, put=put)

    def _free_id(self, path: str, taken: Mapping[str, str]) -> str:
        base = stem(path)
        for number in count(2):
            id_ = identifier(f"{base}~{number}{path.removeprefix(base)}", self._site)
            if id_ not in taken and not self._tx.entries.paths_by_id([id_]):
                break
        return id_

    def _note_before(
        self,
        decided: Sequence[tuple[ReadResult, Decision]],
        memories: Mapping[str, RememberedEntry],
    ) -> None:
        """Note the facts of entries before they change, to find the feeds that show them."""
        changing = [
            memories[result.path]
            for result, decision in decided
            if result.path in memories and (decision.put or decision.withdraw)
        ]
        stored = {decision.put.seq for _, decision in decided if decision.put and decision.put.seq}
        self._result.restored += sum(
            memory.seq in stored and memory.withdrawn is not None for memory in changing
        )
        if changing and not self._result.incomplete:
            entries = self._tx.entries.get([memory.seq for memory in changing])
            self._note_facts(entries.values())
            published = {memory.seq for memory in changing if memory.withdrawn is None}
            self._count_terms((entry for seq, entry in entries.items() if seq in published), -1)

    def _note_facts(self, entries: Iterable[Entry]) -> None:
        if not self._result.incomplete:
            for entry in entries:
                self._result.changed_facts.append(self._site.facts(entry))
                self._result.ids.add(entry.id)

    def _count_terms(self, entries: Iterable[Entry], change: int) -> None:
        if not self._result.incomplete:
            for entry in entries:
                for term in terms.counts_of(entry, self._site, self._families, self._now):
                    self._result.term_changes[term] += change

    def _put(self, changes: Sequence[EntryChange]) -> None:
        if not changes:
            return
        self._tx.entries.put(changes, self._site)
        self._note_facts(change.entry for change in changes)
        self._count_terms((change.entry for change in changes), 1)
        self._result.corrected.update(change.entry.id for change in changes if change.corrected)
        added = [change.entry.path for change in changes if change.seq is None]
        self._result.added += len(added)
        self._result.changed += len(changes) - len(added)
        self._result.added_paths = (
            [] if self._result.incomplete else [*self._result.added_paths, *added]
        )

    def _withdraw(self, memories: Sequence[RememberedEntry]) -> None:
        self._tx.entries.withdraw([memory.seq for memory in memories], self._now)
        self._result.withdrawn += len(memories)

    def _withdraw_gone(self, gone: Sequence[str]) -> None:
        """Withdraw the entries whose article files are gone and were not renamed."""
        self._tx.files.forget(gone)
        lost = [
            memory
            for memory in self._tx.entries.remembered(gone).values()
            if memory.withdrawn is None
        ]
        if not self._result.incomplete:
            entries = list(self._tx.entries.get([memory.seq for memory in lost]).values())
            self._note_facts(entries)
            self._count_terms(entries, -1)
        self._result.gone += [memory.path for memory in lost]
        for memory in lost:
            _log.debug("%s: withdrawn: its file is gone", memory.path)
        self._withdraw(lost)

    def _withdraw_without_content(self) -> None:
        """Withdraw imported entries whose articles cannot be read, because nothing can be shown."""
        without_content = self._tx.memory.without_content()
        self._tx.entries.withdraw(without_content, self._now)
        self._result.withdrawn += len(without_content)
        self._tx.memory.note_read()
