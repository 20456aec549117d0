"""Assign entries to the archive documents of feeds (RFC 5005), and store their states."""

from collections.abc import Collection, Iterable
from datetime import datetime

from feeds.build.ingest_result import IngestResult
from feeds.build.moves import moves
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.definitions import FeedDefinition, FeedIndex
from feeds.config.site import Site
from feeds.model.archives import split_into_archives
from feeds.render.feed_state import compute_archive_state


class Archiver:
    """Updates the archives of the `feeds` that may have changed, in the transaction of a build.

    `everything` checks all entries, because the ingest result is incomplete.
    """

    def __init__(
        self,
        site: Site,
        tx: WriteTransaction,
        now: datetime,
        feeds: Iterable[FeedDefinition],
        *,
        everything: bool,
    ) -> None:
        self._site, self._tx, self._now = site, tx, now
        self._everything = everything
        self._seconds = int(now.timestamp())
        self._archives = tx.archives
        self._feeds = {feed.path: feed for feed in feeds if feed.history}
        self._changed: set[tuple[str, int]] = set()

    def inherit(self, paths: Collection[str], new: Collection[str], revision: int) -> None:
        """Give `new` feeds the archives of feeds that moved to their paths.

        `paths` are those of all feeds. The numbers of archive documents stay the same.
        """
        if not (wanted := self._feeds.keys() & new):
            return
        gone = self._archives.newest_numbers().keys() - paths
        for old, current in moves(self._site, gone, wanted).items():
            self._archives.move(old, current, revision)

    def assign(self, index: FeedIndex, new: Collection[str], result: IngestResult) -> None:
        """Assign changed entries to archives; for `new` feeds, assign all entries.

        A corrected entry leaves its archive and appears again with the newest entries, because
        subscribers do not fetch an archive document twice (RFC 5005 section 4.1).
        """
        if not self._feeds:
            return
        self._changed |= self._archives.recall(self._keys(result.corrected), self._now)
        for path, feed in self._feeds.items():
            if self._everything or path in new:
                self._archives.enqueue_all(feed, self._seconds)
        if not self._everything:
            self._archives.enqueue(self._memberships(index, result), self._seconds)
        for feed in self._feeds.values():
            self._seal(feed)

    def save_states(self, revision: int, result: IngestResult) -> None:
        """Store the states of archive documents, once it is known which entries remain."""
        if not self._feeds:
            return
        if self._everything:
            known = self._archives.states()
            changed = {*self._changed, *known}
        else:
            changed = self._changed | self._archives.with_entries(self._keys(result.ids))
            known = {key: state for key in changed if (state := self._archives.state(*key))}
        numbers: dict[str, list[int]] = {}
        for path, number in sorted(changed):
            if path in self._feeds:
                numbers.setdefault(path, []).append(number)
        states = [
            compute_archive_state(path, number, shown, known.get((path, number)), self._seconds)
            for path, wanted in numbers.items()
            for number, shown in self._archives.shown(self._feeds[path], wanted, self._now).items()
        ]
        changed_states = [
            state for state in states if known.get((state.feed, state.number)) != state
        ]
        self._archives.put(changed_states, revision)

    def _memberships(self, index: FeedIndex, result: IngestResult) -> list[tuple[str, int]]:
        """Return (path of a feed with archives, key of a changed entry that belongs in it)."""
        entries = self._tx.entries.get(self._keys(result.ids))
        return [
            (feed.path, seq)
            for seq, entry in entries.items()
            for feed in index.matching(self._site.facts(entry), self._now)
            if feed.history
        ]

    def _keys(self, ids: Collection[str]) -> list[int]:
        return list(self._tx.entries.keys_by_id(list(ids)).values())

    def _seal(self, feed: FeedDefinition) -> None:
        """Put waiting entries into archive documents of the feed, as far as these are complete."""
        complete = split_into_archives(self._archives.waiting(feed, self._now), feed.size)
        if complete:
            first = self._archives.newest_number(feed) + 1
            archives = list(enumerate(complete, first))
            self._archives.seal(feed.path, archives)
            self._changed |= {(feed.path, number) for number, _ in archives}
