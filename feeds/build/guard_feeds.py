"""The part of the guard that compares each changed feed with its state at the last build."""

from collections.abc import Iterator

from feeds.build.feed_differences import differences, has_aged
from feeds.build.guard_input import BuildOutcome
from feeds.build.refresh import FeedChanges
from feeds.catalogue.records import ShownEntry
from feeds.catalogue.transaction import ReadTransaction, WriteTransaction
from feeds.compare.difference import FeedDifference
from feeds.compare.harm import ALWAYS_ALLOWED, Harm, Surroundings, harms_of
from feeds.config import redirects
from feeds.config.site import Site

_KB = 1024


def find_harms(
    site: Site, before: ReadTransaction, after: WriteTransaction, outcome: BuildOutcome
) -> Iterator[Harm]:
    """Yield the harms of all feeds that changed or are gone."""
    yield from _feeds_gone(site, before, outcome.feeds)
    for difference in differences(before, outcome.feeds, outcome.time):
        if difference.most_of_a_kind > ALWAYS_ALLOWED:
            yield from harms_of(difference, _surroundings(site, before, after, difference, outcome))
        yield from _growth(site, before, after, difference)


def _feeds_gone(site: Site, before: ReadTransaction, changes: FeedChanges) -> Iterator[Harm]:
    """Yield a harm for each feed with entries that is gone without a redirect."""
    gone = sorted(set(changes.gone).difference(changes.moved.values()))
    names = {f"{path}.rss".casefold(): f"{path}.rss" for path in changes.feed_set.expansion.feeds}
    entries = {path: state.entries for path, state in before.feeds.states(gone).items()}
    for path in gone:
        if redirects.resolve(f"{path}.rss", site, lambda name: names.get(name.casefold())):
            continue
        if (number := entries.get(path, 0)) > ALWAYS_ALLOWED:
            message = f"the feed with {number:,} entries would be gone; name it in moved or gone"
            yield Harm("feeds", path, message)


def _surroundings(
    site: Site,
    before: ReadTransaction,
    after: WriteTransaction,
    difference: FeedDifference,
    outcome: BuildOutcome,
) -> Surroundings:
    entered = [entry.seq for entry in difference.entered]
    left = [entry.seq for entry in difference.left]
    # Those that left from the state before, because a withdrawal erases links.
    origins = {**before.entries.origins(left), **after.entries.origins(entered)}
    definition = outcome.feeds.feed_set.expansion.feeds[difference.path]

    def excused(entry: ShownEntry) -> bool:
        has_expired = origins[entry.seq].path in outcome.result.expired
        return has_expired or has_aged(entry, definition, outcome.time)

    return Surroundings(site.limits, origins, after.entries.with_shared_links(entered), excused)


def _growth(
    site: Site, before: ReadTransaction, after: WriteTransaction, difference: FeedDifference
) -> Iterator[Harm]:
    """Yield a harm if a feed becomes too large for some readers, and much larger than it was."""
    most = site.limits.size * _KB
    if not most or not difference.entered:
        return
    size = after.fragments.size([entry.seq for entry in difference.after])
    if size <= most:
        return
    old_size = before.fragments.size([entry.seq for entry in difference.before])
    if old_size <= most and size * 4 > old_size * 5:
        message = f"the feed would have {size // _KB:,} KB, more than some readers accept"
        yield Harm("size", difference.path, message)
