"""The history of a feed: archive documents of its older entries (RFC 5005 §4). Pure; no I/O.

A feed that keeps a history gives each of its entries a place, once. Entries wait until more
of them do than the feed shows; then the oldest that wait are sealed, so many at a time, as the
archive document of the next number. Which entries that one is for never changes again.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from feeds.model.document import Caching

T = TypeVar("T")

# How many archive documents a feed has that is to have all.
ALL = 1_000_000_000
# The number of the archive for entries that wait for one.
WAITING = 0
# No archive document is for more entries, however many the feed shows.
_MOST = 100
_PATH = re.compile(r"(?P<feed>.+)/archive/(?P<number>[1-9][0-9]{0,8})")
# For how long copies may be kept, in seconds: for ever, as caches understand that; and of the
# newest archive, which is to link to the next one when there is one.
_FOR_EVER = 31_536_000
_A_DAY = 86_400


class ArchivePosition(msgspec.Struct, frozen=True):
    """Where a document stands in the history of its feed.

    `number` is that of an archive document, None for the subscription document. There are
    archives from `oldest` to `newest`, none if that is 0.
    """

    number: int | None = None
    oldest: int = 1
    newest: int = 0

    @property
    def previous(self) -> int | None:
        """The archive of what is older."""
        before = self.newest if self.number is None else self.number - 1
        return before if before >= self.oldest else None

    @property
    def next(self) -> int | None:
        """The archive of what is newer."""
        if self.number is None or self.number >= self.newest:
            return None
        return self.number + 1


# Where the only document of a feed without archives stands.
NO_ARCHIVES = ArchivePosition()


def available(newest: int, depth: int) -> range:
    """The numbers of the archive documents that there are, with at most `depth` of them."""
    return range(max(1, newest - depth + 1), newest + 1)


def split_into_archives(waiting: Sequence[T], size: int) -> list[Sequence[T]]:
    """What is to be sealed of the entries that wait, oldest first, for each new archive.

    What is left is at most as much as the feed shows, `size`, and about half of that at least:
    entries are sealed once enough newer ones are there, so that hasty corrections are over.
    """
    many = min(_MOST, (size + 1) // 2)
    sealed = range(0, max(0, len(waiting) - size), many)
    return [waiting[start : start + many] for start in sealed]


def path(feed: str, number: int) -> str:
    """The path of an archive document of the feed at a path, without extension."""
    return f"{feed}/archive/{number}"


def parsed(path: str) -> tuple[str, int] | None:
    """The feed's path and the number that such a path says; None for any other path."""
    found = _PATH.fullmatch(path)
    return (found["feed"], int(found["number"])) if found else None


def caching(feed: Caching, place: ArchivePosition) -> Caching:
    """For how long copies of an archive document may be kept.

    Never `immutable` (RFC 8246): an entry may be corrected or withdrawn.
    """
    return msgspec.structs.replace(
        feed, max_age=_A_DAY if place.next is None else _FOR_EVER, cdn_max_age=None
    )
