"""How a build changes each feed, before it is committed."""

from collections.abc import Iterator, Sequence

from feeds.build.build_clock import BuildTime
from feeds.build.refresh import FeedChanges
from feeds.catalogue.records import ShownEntry
from feeds.catalogue.transaction import ReadTransaction
from feeds.compare.difference import FeedDifference
from feeds.config.definitions import FeedDefinition
from feeds.model.selection import ages


def differences(
    before: ReadTransaction, changes: FeedChanges, time: BuildTime
) -> Iterator[FeedDifference]:
    """Yield how each feed changed that existed at the last build."""
    former = {path: changes.moved.get(path, path) for path in changes.keys}
    shown = before.feeds.shown_keys(list(former.values()))
    definitions = changes.feed_set.expansion.feeds
    known = before.feeds.states(list(former.values()))
    for path, keys in changes.keys.items():
        if (old := former[path]) not in known:
            continue
        definition = definitions[path]
        if (old_keys := shown.get(old)) is None:  # built by an older version
            entries = tuple(before.feeds.shown(definition, time.now))
        else:
            entries = _entries(before, old_keys)
        yield FeedDifference(
            path=path,
            before=entries,
            after=tuple(changes.shown[key] for key in keys),
            seen=frozenset(before.departures.of(old)),
            size=definition.size,
            is_dated=definition.order == "date",
        )


def _entries(transaction: ReadTransaction, keys: Sequence[int]) -> tuple[ShownEntry, ...]:
    entries = transaction.entries.shown(keys)
    return tuple(entries[key] for key in keys if key in entries)


def has_aged(entry: ShownEntry, definition: FeedDefinition, time: BuildTime) -> bool:
    """Return whether an entry has crossed an age in the selection since the last build."""
    now = int(time.now.timestamp())
    return any(time.last - age <= entry.published < now - age for age in ages(definition.selection))
