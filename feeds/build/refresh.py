"""After an ingest: which feeds there are, which of them may show something else, and what."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from feeds.build.archiver import Archiver
from feeds.build.ingest import Ingest, IngestResult
from feeds.build.workers import RenderTask, Workers
from feeds.catalogue import terms
from feeds.catalogue.records import FeedState, ShownEntry
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.definitions import Expansion, FeedDefinition, FeedIndex
from feeds.config.site import Site
from feeds.render import feed_documents
from feeds.render.feed_state import compute_feed_state
from feeds.util.progress import Progress

_RENDERED_AT_ONCE = 5000


class FeedSet(msgspec.Struct, frozen=True):
    """The feeds there are, and a finder among them. `at` is the revision that made them so."""

    revision: str
    expansion: Expansion
    index: FeedIndex


class FeedUpdater:
    """One run over the feeds, in the transaction of a build. `everything` looks at all of them.

    `known` are the feeds as an earlier run of this process left them, None if there was none.
    """

    def __init__(
        self,
        site: Site,
        writer: WriteTransaction,
        now: datetime,
        progress: Progress,
        known: FeedSet | None,
        *,
        everything: bool,
    ) -> None:
        self._site, self._writer, self._now, self._progress = site, writer, now, progress
        self._seconds, self._everything = int(now.timestamp()), everything
        self._before = known if known and known.revision == writer.meta.get("feeds") else None
        self.revision = writer.meta.revision() + 1
        self._overdue = writer.feeds.overdue(now)

    def apply_due(self) -> list[str]:
        """Date what time alone did to feeds, before this build changes anything; returns which.

        Readers have seen that already, so that what the build changes needs a later date.
        """
        if self._everything or not self._overdue:
            return []
        feeds = feed_documents.all_feeds(self._site, self._writer, self._now)
        overdue = [feeds[path] for path in self._overdue if path in feeds]
        states, _ = self._states(overdue, built=None)
        self._put(states, feeds)
        return [state.path for state in states]

    def run(self, ingest: Ingest, workers: Workers) -> tuple[FeedSet, list[str], bool]:
        """See what feeds show now. Returns the feeds, those that changed, and whether others are.

        Feeds are others where one came or went or has another title.
        """
        outcome = ingest.outcome
        if self._count(outcome) or self._everything:
            known, renamed = self._expanded()
        else:
            known, renamed = self._before or self._found(self._writer.meta.get("feeds")), None
        feeds = known.expansion.feeds
        all_of_them = self._everything or outcome.incomplete
        looked_at = (
            list(feeds.values()) if all_of_them else self._may_differ(known, outcome, renamed or ())
        )
        archiving = Archiver(
            self._site, self._writer, self._now, looked_at, outcome, everything=all_of_them
        )
        archiving.inherit(feeds.keys(), set(renamed or ()), self.revision)
        archiving.assign(known.index, set(renamed or ()))
        states, wanted = self._states(looked_at, built=self._seconds)
        while failed := self._render(wanted, workers):
            ingest.refuse(failed)  # which may be the last of their feeds
            known, again = self._expanded()
            feeds = known.expansion.feeds
            if again is not None:
                renamed = again
            paths = [*(feed.path for feed in looked_at), *(again or ())]
            looked_at = [feeds[path] for path in dict.fromkeys(paths) if path in feeds]
            states, wanted = self._states(looked_at, built=self._seconds)
        archiving.save_states(self.revision)
        self._put(states, feeds)
        same = feeds.keys() & set(renamed or ()).difference(state.path for state in states)
        self._writer.feeds.put_titles({path: feeds[path].title for path in same})
        self._put_dues(looked_at)
        return known, [state.path for state in states], renamed is not None

    def _count(self, outcome: IngestResult) -> bool:
        """Bring the counts of terms in use up to date; returns whether other terms may be."""
        if not self._everything and not outcome.incomplete:
            changes = self._writer.terms.newly_visible(self._seconds)
            changes.update(outcome.term_changes)
            other = self._writer.terms.add(changes)
            if other is not None:
                return other
        self._writer.terms.recount(terms.families(self._site), self._seconds)
        return True

    def _expanded(self) -> tuple[FeedSet, list[str] | None]:
        """The feeds there are, and those new or of a new title; None if no feed is another."""
        before = self._writer.feeds.titles()
        known = self._found(str(self.revision))
        feeds = known.expansion.feeds
        gone = before.keys() - feeds.keys()
        renamed = [path for path, feed in feeds.items() if before.get(path) != feed.title]
        if not (renamed or gone or self._everything):
            return msgspec.structs.replace(known, revision=self._writer.meta.get("feeds")), None
        self._writer.feeds.forget(gone)
        self._writer.meta.put("feeds", str(self.revision))
        return known, renamed

    def _found(self, at: str) -> FeedSet:
        expansion = feed_documents.expand_definitions(self._site, self._writer, self._now)
        return FeedSet(at, expansion, FeedIndex(expansion.feeds.values()))

    def _may_differ(
        self, known: FeedSet, outcome: IngestResult, renamed: Iterable[str]
    ) -> list[FeedDefinition]:
        """The feeds that may show something else than at the last build, each once."""
        feeds = known.expansion.feeds
        paths = [path for path in (*renamed, *self._overdue) if path in feeds]
        for touched in set(outcome.changed_facts):
            paths += [feed.path for feed in known.index.matching(touched, self._now)]
        return [feeds[path] for path in dict.fromkeys(paths)]

    def _states(
        self, feeds: Iterable[FeedDefinition], *, built: int | None
    ) -> tuple[list[FeedState], dict[int, ShownEntry]]:
        """The states that differ from the known ones, and the entries that those feeds show."""
        known = self._writer.feeds.states([feed.path for feed in feeds])
        states: list[FeedState] = []
        wanted: dict[int, ShownEntry] = {}
        for feed in feeds:
            shown = self._writer.feeds.shown(feed, self._now)
            moved = self._writer.feeds.last_ageing(feed, shown, self._now)
            before = known.get(feed.path)
            state = compute_feed_state(feed, self._site, shown, before, moved, built)
            wanted.update((each.seq, each) for each in shown)
            if state != before:
                states.append(state)
        return states, wanted

    def _put(self, states: Sequence[FeedState], feeds: Mapping[str, FeedDefinition]) -> None:
        titles = {state.path: feeds[state.path].title for state in states}
        self._writer.feeds.put(states, titles, self.revision)

    def _put_dues(self, feeds: Iterable[FeedDefinition]) -> None:
        """Remember when time alone next changes these feeds."""
        known = self._writer.feeds.due_times([feed.path for feed in feeds])
        dues: dict[str, int | None] = {}
        for feed in feeds:
            until = self._writer.feeds.next_change_of(feed, self._now)
            dues[feed.path] = None if until is None else int(until.timestamp())
        self._writer.feeds.put_due_times(
            {path: due for path, due in dues.items() if due != known.get(path)}
        )

    def _render(self, wanted: Mapping[int, ShownEntry], workers: Workers) -> dict[int, str]:
        """Render the entries that have no fragments yet; returns those that failed, and why."""
        missing = self._writer.fragments.missing(wanted)
        fresh = self._writer.meta.revision() == 0  # the first build has stored them all
        failed: dict[int, str] = {}
        done = 0
        for start in range(0, len(missing), _RENDERED_AT_ONCE):
            part = missing[start : start + _RENDERED_AT_ONCE]
            tasks = [
                RenderTask(seq, data)
                for seq, data in self._writer.entries.encoded(part, fresh=fresh)
            ]
            for results in workers.render(tasks):
                made = [(each.seq, each.fragments) for each in results if not each.error]
                self._writer.fragments.put(made, wanted)
                failed.update((each.seq, each.error) for each in results if each.error)
                done += len(results)
                self._progress("Rendering entries", done, len(missing))
        return failed
