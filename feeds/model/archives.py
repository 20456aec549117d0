"""The history of a feed: archive documents with its older entries (RFC 5005 §4). No I/O.

A feed with a history assigns each entry to one archive document, once. Entries wait until more
are waiting than the feed shows; then the oldest are sealed in batches, each as the archive
document with the next number. The entries of an archive document never change again.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from feeds.model.document import Caching

T = TypeVar("T")

# The number of archive documents of a feed that keeps them all.
ALL = 1_000_000_000
# The archive number of entries that are still waiting.
WAITING = 0
# The most entries in one archive document, however many the feed shows.
_MAX_ENTRIES = 100
_PATH = re.compile(r"(?P<feed>.+)/archive/(?P<number>[1-9][0-9]{0,8})")
# Seconds that caches may keep copies: a year, which caches treat as forever, and a day for the
# newest archive document, which has to link to the next one when that appears.
_YEAR = 31_536_000
_DAY = 86_400


class ArchivePosition(msgspec.Struct, frozen=True):
    """The position of a document in the history of its feed.

    `number` is that of an archive document, or None for the subscription document. Archive
    documents exist from `oldest` to `newest`; there are none if `newest` is 0.
    """

    number: int | None = None
    oldest: int = 1
    newest: int = 0

    @property
    def previous(self) -> int | None:
        """The number of the archive document with the next older entries; None if there is none."""
        number = self.newest if self.number is None else self.number - 1
        return number if number >= self.oldest else None

    @property
    def next(self) -> int | None:
        """The number of the archive document with the next newer entries; None if there is none."""
        if self.number is None or self.number >= self.newest:
            return None
        return self.number + 1


# The position of the only document of a feed without a history.
NO_ARCHIVES = ArchivePosition()


def available(newest: int, depth: int) -> range:
    """Return the numbers of the archive documents that exist if at most `depth` are kept."""
    return range(max(1, newest - depth + 1), newest + 1)


def split_into_archives(waiting: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the entries to seal, as one sequence for each new archive document.

    `waiting` is ordered oldest first. At most `size` entries (the number that the feed shows)
    stay waiting, and at least about half of that, so that early
    corrections precede sealing.
    """
    batch = min(_MAX_ENTRIES, (size + 1) // 2)
    sealed = range(0, max(0, len(waiting) - size), batch)
    return [waiting[start : start + batch] for start in sealed]


def path(feed: str, number: int) -> str:
    """Return the path of an archive document, without extension, from the path of its feed."""
    return f"{feed}/archive/{number}"


def parsed(path: str) -> tuple[str, int] | None:
    """Return the feed's path and the number from an archive document's path; else None."""
    match = _PATH.fullmatch(path)
    return (match["feed"], int(match["number"])) if match else None


def caching(feed: Caching, position: ArchivePosition) -> Caching:
    """Return the caching of an archive document, derived from that of its feed.

    It is never `immutable` (RFC 8246), because an entry may be corrected or withdrawn.
    """
    return msgspec.structs.replace(
        feed, max_age=_DAY if position.next is None else _YEAR, cdn_max_age=None
    )
