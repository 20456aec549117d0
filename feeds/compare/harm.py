"""Which changes of a feed harm its subscribers: entries shown twice, as new, or lost. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from feeds.catalogue.records import EntryOrigin, ShownEntry
from feeds.compare.difference import FeedDifference
from feeds.config.settings import GuardSettings

# Kinds of harm, in the order of the table in messages, the worst first.
Kind = Literal[
    "folder", "withdrawn", "feeds", "lost", "old", "twice", "undated", "dates", "updated", "size"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# So many entries of a feed may always change: a share of a small feed means nothing.
ALWAYS_ALLOWED = 5
_DAY = 86_400
# An entry that is older than the newest by more is old.
_OLD = 30 * _DAY


class Harm(msgspec.Struct, frozen=True):
    """One harm: its kind, the feed or folder that it is about, and a description."""

    kind: Kind
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class Surroundings(msgspec.Struct, frozen=True):
    """Everything but the feed itself that decides whether a change harms.

    `origins` are those of all entries that entered or left, by key; `shared` the keys of entries
    with the link of another entry that readers have. `aged` tells whether an entry left a feed
    because of its age alone.
    """

    limits: GuardSettings
    origins: Mapping[int, EntryOrigin]
    shared: Collection[int] = ()
    aged: Callable[[ShownEntry], bool] = lambda _: False


def harms_of(difference: FeedDifference, around: Surroundings) -> Iterator[Harm]:
    """Yield the harms of a feed's change that exceed the limits of the guard."""
    before, after = len(difference.before), len(difference.after)
    limits = around.limits
    checks: tuple[tuple[Kind, Sequence[ShownEntry], int, int, str], ...] = (
        ("lost", _lost(difference, around), before, limits.lost, "would disappear"),
        (
            "old", _old(difference), after, limits.old,
            "would appear as new, although they are over 30 days older than the newest",
        ),
        (
            "twice", _twice(difference, around), after, limits.twice,
            "would appear a second time: another entry has the same link",
        ),
        (
            "undated", _undated(difference, around), after, limits.undated,
            "would appear as new, dated by when their files were first seen",
        ),
        ("dates", _redated(difference), before, limits.dates, "would have another date"),
        ("updated", difference.updated, before, limits.updated, "would be marked as updated"),
    )  # fmt: skip
    for kind, entries, total, limit, description in checks:
        if len(entries) > max(ALWAYS_ALLOWED, total * limit / 100):
            example = _example(entries, around)
            message = f"{len(entries):,} of {total:,} entries {description}{example}"
            yield Harm(kind, difference.path, message)


def _example(entries: Sequence[ShownEntry], around: Surroundings) -> str:
    origin = next(
        (around.origins[item.seq] for item in entries if item.seq in around.origins), None
    )
    return f", such as {origin.path}" if origin else ""


def _lost(difference: FeedDifference, around: Surroundings) -> list[ShownEntry]:
    excused = {entry.seq for entry in difference.pushed_out}
    return [
        entry for entry in difference.left if entry.seq not in excused and not around.aged(entry)
    ]


def _old(difference: FeedDifference) -> list[ShownEntry]:
    limit = difference.newest_before - _OLD
    return [entry for entry in difference.new if entry.published < limit]


def _twice(difference: FeedDifference, around: Surroundings) -> list[ShownEntry]:
    """Return new entries that have the link of another, or of one that leaves now."""
    left = {origin.link for entry in difference.left if (origin := around.origins.get(entry.seq))}
    return [
        entry
        for entry in difference.new
        if entry.seq in around.shared
        or ((origin := around.origins.get(entry.seq)) and origin.link in left)
    ]


def _undated(difference: FeedDifference, around: Surroundings) -> list[ShownEntry]:
    return [
        entry
        for entry in difference.new
        if (origin := around.origins.get(entry.seq)) and origin.first_seen == entry.published
    ]


def _redated(difference: FeedDifference) -> list[ShownEntry]:
    old = {entry.seq: entry.published for entry in difference.before}
    return [entry for entry in difference.redated if abs(entry.published - old[entry.seq]) > _DAY]
