"""Builds without writing anything, and returns what subscribers would see."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from feeds.build import builder
from feeds.build.builder import BuildRequest
from feeds.build.feed_differences import differences, has_aged
from feeds.build.guard_input import BuildOutcome
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import ShownEntry
from feeds.catalogue.transaction import ReadTransaction
from feeds.compare.difference import FeedDifference
from feeds.compare.harm import Harm
from feeds.config.site import Site
from feeds.diff import changes
from feeds.diff.changes import Difference, EntryChange, EntryNote, FeedChange
from feeds.errors import FeedsError
from feeds.model.entry import Entry
from feeds.util.progress import Progress


class _PreviewOver(FeedsError):  # noqa: N818
    """Ends the transaction of a preview, so that nothing is written."""


def preview(
    site: Site, catalogue: Catalogue, now: datetime, request: BuildRequest, progress: Progress
) -> Difference:
    """Return how a build at `now` would change the feeds since the last build.

    Nothing is written, and the guard stops nothing: its harms are in the result. Raises the errors
    of a build.
    """
    inspector = _Inspector(now)
    request = msgspec.structs.replace(request, inspector=inspector)
    with suppress(_PreviewOver):
        builder.build(site, catalogue, now, request, progress=progress)
    return inspector.difference


class _Inspector:
    def __init__(self, now: datetime) -> None:
        self._now = now
        self.difference = Difference()

    def look(
        self,
        before: ReadTransaction,
        after: ReadTransaction,
        outcome: BuildOutcome,
        harms: Sequence[Harm],
    ) -> None:
        """Note the difference, and undo the build."""
        self.difference = _Comparison(before, after, outcome, self._now).difference(harms)
        raise _PreviewOver


class _Comparison:
    """The states before and after a build. Entries are read once for all feeds."""

    def __init__(
        self,
        before: ReadTransaction,
        after: ReadTransaction,
        outcome: BuildOutcome,
        now: datetime,
    ) -> None:
        self._before, self._after, self._outcome = before, after, outcome
        self._now = int(now.timestamp())
        self._feeds = list(differences(before, outcome.feeds, outcome.time))
        keys = {entry.seq for feed in self._feeds for entry in (*feed.before, *feed.after)}
        self._old = before.entries.get(sorted(keys))
        self._new = after.entries.get(sorted(keys))

    def difference(self, harms: Sequence[Harm]) -> Difference:
        """Return the whole difference."""
        changed = dict(self._changed_entries())
        feeds = [*self._feeds_changed(changed), *self._feeds_new(), *self._feeds_gone()]
        return Difference(
            tuple(sorted(feeds, key=lambda feed: feed.path)),
            tuple(changed[seq] for seq in sorted(changed, key=lambda seq: changed[seq].entry.path)),
            tuple(harms),
        )

    def _changed_entries(self) -> Iterator[tuple[int, EntryChange]]:
        kept = {entry.seq: (old, entry) for feed in self._feeds for old, entry in feed.kept}
        for seq, (old, new) in kept.items():
            if old == new:
                continue
            fields = changes.field_changes(self._old[seq], self._new[seq])
            if fields:
                is_updated = new.updated > old.updated
                yield seq, EntryChange(changes.note(self._new[seq]), fields, is_updated)

    def _feeds_changed(self, changed: Mapping[int, EntryChange]) -> Iterator[FeedChange]:
        definitions = self._outcome.feeds.feed_set.expansion.feeds
        moved = self._outcome.feeds.moved
        for feed in self._feeds:
            yield FeedChange(
                path=feed.path,
                title=definitions[feed.path].title,
                state="moved" if feed.path in moved else "changed",
                new=self._notes(feed.new),
                returned=self._notes(feed.returned),
                changed=tuple(
                    changed[entry.seq].entry.id for _, entry in feed.kept if entry.seq in changed
                ),
                gone=tuple(
                    changes.note(self._old[entry.seq], self._reason(entry, feed))
                    for entry in feed.left
                ),
            )

    def _notes(self, entries: Sequence[ShownEntry]) -> tuple[EntryNote, ...]:
        return tuple(changes.note(self._new[entry.seq]) for entry in entries)

    def _reason(self, entry: ShownEntry, feed: FeedDifference) -> str:
        """Return why an entry leaves a feed."""
        stored = self._new[entry.seq]
        origin = self._after.entries.origins([entry.seq])[entry.seq]
        definition = self._outcome.feeds.feed_set.expansion.feeds[feed.path]
        if origin.withdrawn is not None:
            is_gone = origin.path in self._outcome.result.gone
            return "its file is gone" if is_gone else "it is withheld"
        if int(stored.published.timestamp()) > self._now:
            return "it is dated in the future"
        if has_aged(entry, definition, self._outcome.time):
            return "it is too old for the feed"
        is_full = entry.seq in {left.seq for left in feed.pushed_out}
        return "newer entries push it out" if is_full else "it no longer matches the feed"

    def _feeds_new(self) -> Iterator[FeedChange]:
        known = {feed.path for feed in self._feeds}
        feeds = self._outcome.feeds
        for path, keys in feeds.keys.items():
            if path not in known:
                entries = self._after.entries.get(list(keys))
                new = tuple(changes.note(entries[key]) for key in keys)
                title = feeds.feed_set.expansion.feeds[path].title
                yield FeedChange(path, title, state="new", new=new)

    def _feeds_gone(self) -> Iterator[FeedChange]:
        feeds = self._outcome.feeds
        titles = self._before.feeds.titles()
        gone = sorted(set(feeds.gone).difference(feeds.moved.values()))
        shown = self._before.feeds.shown_keys(gone)
        for path in gone:
            keys = shown.get(path, [])
            entries: Mapping[int, Entry] = self._before.entries.get(keys)
            notes = tuple(changes.note(entries[key], "the feed is gone") for key in keys)
            yield FeedChange(path, titles.get(path, path), state="gone", gone=notes)
