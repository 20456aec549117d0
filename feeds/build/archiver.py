"""After an ingest: the places of entries in the histories of feeds, and what archives show."""

from collections.abc import Collection, Iterable
from datetime import datetime

from feeds.build.ingest import IngestResult
from feeds.catalogue.transaction import WriteTransaction
from feeds.config import redirects
from feeds.config.definitions import FeedDefinition, FeedIndex
from feeds.config.site import Site
from feeds.model.archives import split_into_archives
from feeds.render.feed_state import compute_archive_state


class Archiver:
    """One run, in the transaction of a build.

    `feeds` are those that may show something else after the ingest that `outcome` tells of;
    `everything` looks at all entries, for it does not tell of all.
    """

    def __init__(
        self,
        site: Site,
        writer: WriteTransaction,
        now: datetime,
        feeds: Iterable[FeedDefinition],
        outcome: IngestResult,
        *,
        everything: bool,
    ) -> None:
        self._site, self._writer, self._now = site, writer, now
        self._outcome, self._everything = outcome, everything
        self._seconds = int(now.timestamp())
        self._places = writer.archives
        self._feeds = {feed.path: feed for feed in feeds if feed.history}
        self._others: set[tuple[str, int]] = set()

    def inherit(self, there: Collection[str], fresh: Collection[str], revision: int) -> None:
        """Give `fresh` feeds the histories of those that moved to their paths.

        `there` are the paths of all feeds. What an archive is for stays the same.
        """
        new = {f"{path}.rss".casefold(): f"{path}.rss" for path in self._feeds.keys() & fresh}
        if not new:
            return
        for old in sorted(self._places.newest_numbers().keys() - there):
            led = redirects.resolve(f"{old}.rss", self._site, lambda name: new.get(name.casefold()))
            if led and led.location and led.location in new.values():
                self._places.move(old, led.location.removesuffix(".rss"), revision)

    def assign(self, finder: FeedIndex, fresh: Collection[str]) -> None:
        """Give entries places in the histories of feeds; of `fresh` feeds all are looked at.

        What its author has corrected leaves its place and is shown again with what is new: who
        has an archive does not look at it twice (RFC 5005 §4.1).
        """
        if not self._feeds:
            return
        self._others |= self._places.recall(self._seqs(self._outcome.corrected), self._now)
        for path, feed in self._feeds.items():
            if self._everything or path in fresh:
                self._places.enqueue_all(feed, self._seconds)
        if not self._everything:
            self._places.enqueue(self._pairs(finder), self._seconds)
        for feed in self._feeds.values():
            self._seal(feed)

    def save_states(self, revision: int) -> None:
        """Remember what archive documents show now, once it is known which entries stay."""
        if not self._feeds:
            return
        if self._everything:
            known = self._places.states()
            changed = {*self._others, *known}
        else:
            changed = self._others | self._places.with_entries(self._seqs(self._outcome.ids))
            known = {at: state for at in changed if (state := self._places.state(*at))}
        numbers: dict[str, list[int]] = {}
        for path, number in sorted(changed):
            if path in self._feeds:
                numbers.setdefault(path, []).append(number)
        states = [
            compute_archive_state(path, number, shown, known.get((path, number)), self._seconds)
            for path, wanted in numbers.items()
            for number, shown in self._places.shown(self._feeds[path], wanted, self._now).items()
        ]
        differing = [each for each in states if known.get((each.feed, each.number)) != each]
        self._places.put(differing, revision)

    def _pairs(self, finder: FeedIndex) -> list[tuple[str, int]]:
        """The paths of feeds with a history that changed entries belong in, with their keys."""
        entries = self._writer.entries.get(self._seqs(self._outcome.ids))
        return [
            (feed.path, seq)
            for seq, entry in entries.items()
            for feed in finder.matching(self._site.facts(entry), self._now)
            if feed.history
        ]

    def _seqs(self, ids: Collection[str]) -> list[int]:
        return list(self._writer.entries.keys_by_id(list(ids)).values())

    def _seal(self, feed: FeedDefinition) -> None:
        """Seal what is due of the entries that wait for an archive document of the feed."""
        cut = split_into_archives(self._places.waiting(feed, self._now), feed.size)
        if cut:
            first = self._places.newest_number(feed) + 1
            archives = list(enumerate(cut, first))
            self._places.seal(feed.path, archives)
            self._others |= {(feed.path, number) for number, _ in archives}
