"""How a feed changes for its subscribers from one state to another. Pure; no I/O."""

from functools import cached_property

import msgspec

from feeds.catalogue.records import ShownEntry


class FeedDifference(msgspec.Struct, frozen=True, dict=True):
    """The entries that the feed at `path` showed `before`, and those that it shows `after`.

    `seen` are the keys of entries that left the feed at some time: readers know them. A full feed
    shows `size` entries; `is_dated` is False if it is ordered by anything but date.
    """

    path: str
    before: tuple[ShownEntry, ...]
    after: tuple[ShownEntry, ...]
    seen: frozenset[int] = frozenset()
    size: int = 0
    is_dated: bool = True

    @cached_property
    def entered(self) -> tuple[ShownEntry, ...]:
        """The entries that the feed did not show before, in feed order."""
        known = {entry.seq for entry in self.before}
        return tuple(entry for entry in self.after if entry.seq not in known)

    @cached_property
    def new(self) -> tuple[ShownEntry, ...]:
        """The entries that readers of this feed have never seen."""
        return tuple(entry for entry in self.entered if entry.seq not in self.seen)

    @cached_property
    def returned(self) -> tuple[ShownEntry, ...]:
        """The entries that had left the feed and are back."""
        return tuple(entry for entry in self.entered if entry.seq in self.seen)

    @cached_property
    def left(self) -> tuple[ShownEntry, ...]:
        """The entries that the feed no longer shows, as they were."""
        shown = {entry.seq for entry in self.after}
        return tuple(entry for entry in self.before if entry.seq not in shown)

    @cached_property
    def kept(self) -> tuple[tuple[ShownEntry, ShownEntry], ...]:
        """The entries in both states, before and after."""
        old = {entry.seq: entry for entry in self.before}
        return tuple((old[entry.seq], entry) for entry in self.after if entry.seq in old)

    @property
    def updated(self) -> tuple[ShownEntry, ...]:
        """The entries with a later date of change."""
        return tuple(after for before, after in self.kept if after.updated > before.updated)

    @property
    def redated(self) -> tuple[ShownEntry, ...]:
        """The entries with another date of publication."""
        return tuple(after for before, after in self.kept if after.published != before.published)

    @property
    def changed(self) -> tuple[ShownEntry, ...]:
        """The entries with other content, whether or not their date of change is later."""
        return tuple(
            after for before, after in self.kept if after.content_hash != before.content_hash
        )

    @property
    def most_of_a_kind(self) -> int:
        """The number of entries that entered, left or have another date, whichever is most."""
        return max(map(len, (self.entered, self.left, self.updated, self.redated)))

    @property
    def newest_before(self) -> int:
        """When the newest entry before was published, in seconds; 0 if there was none."""
        return max((entry.published for entry in self.before), default=0)

    @property
    def pushed_out(self) -> tuple[ShownEntry, ...]:
        """The entries that left because a full feed has no room for them."""
        if len(self.after) < self.size:
            return ()
        if not self.is_dated:
            return self.left[-len(self.entered) :] if self.entered else ()
        oldest = min((entry.published for entry in self.after), default=0)
        return tuple(entry for entry in self.left if entry.published <= oldest)
