"""Update the feeds after an ingest: find those that may have changed, render and store them."""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from feeds.build.archiver import Archiver
from feeds.build.ingest_result import IngestResult
from feeds.build.moves import moves
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
    """All feeds, with an index of them. `revision` is the one in which the set last changed."""

    revision: str
    expansion: Expansion
    index: FeedIndex


class FeedChanges(msgspec.Struct, frozen=True):
    """The feeds that may have changed, and their new states.

    `renamed` holds the paths of feeds that are new or have a new title, None if the set of feeds
    is the same; `gone` those of feeds that no longer exist, `moved` the former paths of new feeds.
    `states` holds the feeds of `checked` that changed, `keys` the keys of the entries that these
    show, and `shown` the entries in `checked` by key.
    """

    feed_set: FeedSet
    renamed: Sequence[str] | None
    checked: Sequence[FeedDefinition]
    states: Sequence[FeedState]
    keys: Mapping[str, Sequence[int]]
    shown: Mapping[int, ShownEntry]
    archiver: Archiver
    gone: Collection[str] = ()
    moved: Mapping[str, str] = {}

    @property
    def paths(self) -> list[str]:
        """The paths of the feeds that changed."""
        return [state.path for state in self.states]


class FeedUpdater:
    """Updates the feeds in the transaction of a build. `everything` checks all of them.

    `feed_set` is that of an earlier build of this process, None if there was none.
    """

    def __init__(
        self,
        site: Site,
        tx: WriteTransaction,
        now: datetime,
        progress: Progress,
        feed_set: FeedSet | None,
        *,
        everything: bool,
    ) -> None:
        self._site, self._tx, self._now, self._progress = site, tx, now, progress
        self._seconds, self._everything = int(now.timestamp()), everything
        is_current = feed_set and feed_set.revision == tx.meta.get("feeds")
        self._feed_set = feed_set if is_current else None
        self.revision = tx.meta.revision() + 1
        self._overdue = tx.feeds.overdue(now)
        self._gone: set[str] = set()
        self._moved: dict[str, str] = {}
        self._inherited: dict[str, list[int]] = {}

    def apply_due(self) -> list[str]:
        """Store the changes that time alone made to feeds; return the paths of those feeds.

        To be called before the ingest: readers have seen these changes already, so the changes of
        this build need a later date.
        """
        if self._everything or not self._overdue:
            return []
        feeds = feed_documents.all_feeds(self._site, self._tx, self._now)
        overdue = [feeds[path] for path in self._overdue if path in feeds]
        states, keys, _ = self._states(overdue, built=None)
        self._put(states, keys, feeds)
        return [state.path for state in states]

    def find(self, result: IngestResult) -> FeedChanges:
        """Find the feeds that may have changed by an ingest, and their new states."""
        if self._count_terms(result) or self._everything:
            feed_set, renamed = self._expand()
        else:
            feed_set, renamed = self._feed_set or self._load(self._tx.meta.get("feeds")), None
        check_all = self._everything or result.incomplete
        feeds = feed_set.expansion.feeds
        checked = (
            list(feeds.values()) if check_all else self._affected(feed_set, result, renamed or ())
        )
        new = set(renamed or ())
        archiver = Archiver(self._site, self._tx, self._now, checked, everything=check_all)
        archiver.inherit(feeds.keys(), new, self.revision)
        archiver.assign(feed_set.index, new, result)
        states, keys, shown = self._states(checked, built=self._seconds)
        return FeedChanges(
            feed_set, renamed, checked, states, keys, shown, archiver, self._gone, self._moved
        )

    def find_again(self, before: FeedChanges) -> FeedChanges:
        """Compute the states again after withdrawals, perhaps of the last entries of feeds."""
        feed_set, renamed = self._expand()
        feeds = feed_set.expansion.feeds
        paths = dict.fromkeys([*(feed.path for feed in before.checked), *(renamed or ())])
        checked = [feeds[path] for path in paths if path in feeds]
        states, keys, shown = self._states(checked, built=self._seconds)
        latest = before.renamed if renamed is None else renamed
        return FeedChanges(
            feed_set, latest, checked, states, keys, shown, before.archiver, self._gone, self._moved
        )

    def save(self, changes: FeedChanges, result: IngestResult) -> None:
        """Store the new states; every entry they show has been rendered."""
        changes.archiver.save_states(self.revision, result)
        feeds = changes.feed_set.expansion.feeds
        self._put(changes.states, changes.keys, feeds)
        same = feeds.keys() & set(changes.renamed or ()).difference(changes.paths)
        self._tx.feeds.put_titles({path: feeds[path].title for path in same})
        self._put_dues(changes.checked)

    def _count_terms(self, result: IngestResult) -> bool:
        """Update the counts of terms in use; return whether the set of terms may have changed."""
        if not self._everything and not result.incomplete:
            changes = self._tx.terms.newly_visible(self._seconds)
            changes.update(result.term_changes)
            is_changed = self._tx.terms.add(changes, terms.least_entries(self._site))
            if is_changed is not None:
                return is_changed
        self._tx.terms.recount(terms.families(self._site), self._seconds)
        return True

    def _expand(self) -> tuple[FeedSet, list[str] | None]:
        """Return all feeds, and the paths of new or retitled ones; None if the set is the same."""
        before = self._tx.feeds.titles()
        feed_set = self._load(str(self.revision))
        feeds = feed_set.expansion.feeds
        gone = before.keys() - feeds.keys()
        renamed = [path for path, feed in feeds.items() if before.get(path) != feed.title]
        if not (renamed or gone or self._everything):
            return msgspec.structs.replace(feed_set, revision=self._tx.meta.get("feeds")), None
        self._note_gone(gone, renamed)
        self._tx.feeds.forget(gone)
        self._tx.meta.put("feeds", str(self.revision))
        return feed_set, renamed

    def _note_gone(self, gone: Collection[str], renamed: Collection[str]) -> None:
        """Note the feeds that are gone; those that moved hand on what readers have seen of them."""
        self._gone |= set(gone)
        shown = self._tx.feeds.shown_keys(list(gone))
        for old, new in moves(self._site, gone, renamed).items():
            self._tx.departures.move(old, new)
            self._moved[new] = old
            self._inherited[new] = shown.get(old, [])

    def _load(self, revision: str) -> FeedSet:
        expansion = feed_documents.expand_definitions(self._site, self._tx, self._now)
        return FeedSet(revision, expansion, FeedIndex(expansion.feeds.values()))

    def _affected(
        self, feed_set: FeedSet, result: IngestResult, renamed: Iterable[str]
    ) -> list[FeedDefinition]:
        """Return the feeds that may have changed since the last build, each once."""
        feeds = feed_set.expansion.feeds
        paths = [path for path in (*renamed, *self._overdue) if path in feeds]
        for facts in set(result.changed_facts):
            paths += [feed.path for feed in feed_set.index.matching(facts, self._now)]
        return [feeds[path] for path in dict.fromkeys(paths)]

    def _states(
        self, feeds: Iterable[FeedDefinition], *, built: int | None
    ) -> tuple[list[FeedState], dict[str, "array[int]"], dict[int, ShownEntry]]:
        """Return the states that changed, with the keys of the entries that these feeds show.

        Also the entries that all these feeds show, by key.
        """
        known = self._tx.feeds.states([feed.path for feed in feeds])
        states: list[FeedState] = []
        keys: dict[str, array[int]] = {}
        entries: dict[int, ShownEntry] = {}
        for feed in feeds:
            shown = self._tx.feeds.shown(feed, self._now)
            moved = self._tx.feeds.last_ageing(feed, shown, self._now)
            before = known.get(feed.path)
            state = compute_feed_state(feed, self._site, shown, before, moved, built)
            entries.update((entry.seq, entry) for entry in shown)
            if state != before:
                states.append(state)
                keys[feed.path] = array("q", [entry.seq for entry in shown])
        return states, keys, entries

    def _put(
        self,
        states: Sequence[FeedState],
        keys: Mapping[str, Sequence[int]],
        feeds: Mapping[str, FeedDefinition],
    ) -> None:
        paths = [state.path for state in states]
        before = {**self._inherited, **self._tx.feeds.shown_keys(paths)}
        for path in paths:
            if left := set(before.get(path, ())).difference(keys[path]):
                self._tx.departures.add(path, left, self._seconds)
        titles = {path: feeds[path].title for path in paths}
        self._tx.feeds.put(states, titles, keys, self.revision)

    def _put_dues(self, feeds: Iterable[FeedDefinition]) -> None:
        """Store when time alone next changes these feeds."""
        known = self._tx.feeds.due_times([feed.path for feed in feeds])
        dues: dict[str, int | None] = {}
        for feed in feeds:
            until = self._tx.feeds.next_change_of(feed, self._now)
            dues[feed.path] = None if until is None else int(until.timestamp())
        self._tx.feeds.put_due_times(
            {path: due for path, due in dues.items() if due != known.get(path)}
        )

    def render(self, changes: FeedChanges, workers: Workers) -> dict[int, str]:
        """Render the shown entries that lack fragments; return the errors by key of the entry."""
        missing = self._tx.fragments.missing(changes.shown)
        fresh = self._tx.meta.revision() == 0  # the first build has stored them all
        failed: dict[int, str] = {}
        done = 0
        for start in range(0, len(missing), _RENDERED_AT_ONCE):
            part = missing[start : start + _RENDERED_AT_ONCE]
            tasks = [
                RenderTask(seq, data) for seq, data in self._tx.entries.encoded(part, fresh=fresh)
            ]
            for results in workers.render(tasks):
                rendered = [(item.seq, item.fragments) for item in results if not item.error]
                self._tx.fragments.put(rendered, changes.shown)
                failed.update((item.seq, item.error) for item in results if item.error)
                done += len(results)
                self._progress("Rendering entries", done, len(missing))
        return failed
