"""Digests of a folder scan, partitioned by path, to find changed files fast. No I/O."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from feeds.articles import folder

# The number of ranges, and the fewest files in each but the last. The boundaries are
# recomputed once a range has grown to several times its intended length.
_RANGES, _MIN_FILES, _MAX_GROWTH = 100, 200, 4


class ChangedRange(NamedTuple):
    """The lines of a range that has changed: paths from `first` up to, not including, `last`.

    None stands for the beginning or the end of all paths.
    """

    first: str | None
    last: str | None
    lines: Sequence[str]


class ScanDigest(msgspec.Struct, frozen=True):
    """Digests of the lines (`folder.Scan.lines`) of each range of paths; empty if unknown.

    `begins` are the paths at which the ranges after the first begin. `whole` is the digest of all
    lines; empty unless all are known.
    """

    whole: str = ""
    begins: tuple[str, ...] = ()
    digests: tuple[str, ...] = ("",)

    @staticmethod
    def decoded(text: str) -> "ScanDigest":
        """Return the digest that `encoded` wrote; an empty one for other text (other versions)."""
        try:
            known = msgspec.json.decode(text, type=ScanDigest)
        except msgspec.MsgspecError:
            return ScanDigest()
        return known if len(known.digests) == len(known.begins) + 1 else ScanDigest()

    def encoded(self) -> str:
        """Return the digest as text, for the catalogue."""
        return msgspec.json.encode(self).decode()

    def without(self, paths: Iterable[str]) -> "ScanDigest":
        """Return a copy without the digests of the ranges that contain these paths."""
        unknown = {bisect_right(self.begins, path) for path in paths}
        if not unknown:
            return self
        digests = ("" if n in unknown else digest for n, digest in enumerate(self.digests))
        return ScanDigest("", self.begins, tuple(digests))


class PartitionedScan:
    """The files of a scan, partitioned into the ranges of a known digest.

    `paths` and `lines` have the same order. `whole` is the digest of all lines.
    """

    def __init__(
        self, known: ScanDigest, paths: Sequence[str], lines: Sequence[str], whole: str
    ) -> None:
        self._known, self._paths, self._lines, self._whole = known, paths, lines, whole
        self._grouped = _grouped(known.begins, paths, lines)
        self._now = tuple(map(folder.digest, self._grouped))

    def differing(self) -> Iterator[ChangedRange]:
        """Yield the ranges whose digest differs or is unknown."""
        ends = [None, *self._known.begins, None]
        for number, lines in enumerate(self._grouped):
            if self._now[number] != self._known.digests[number]:
                yield ChangedRange(ends[number], ends[number + 1], lines)

    def updated_digest(self) -> ScanDigest:
        """Return the digest of these files, with new ranges if the old ones are too unequal."""
        wanted = max(_MIN_FILES, len(self._paths) // _RANGES)
        if max(map(len, self._grouped)) <= _MAX_GROWTH * wanted:
            return ScanDigest(self._whole, self._known.begins, self._now)
        begins = tuple(sorted(self._paths)[wanted::wanted])
        ranges = _grouped(begins, self._paths, self._lines)
        return ScanDigest(self._whole, begins, tuple(map(folder.digest, ranges)))


def _grouped(begins: Sequence[str], paths: Sequence[str], lines: Sequence[str]) -> list[list[str]]:
    grouped: list[list[str]] = [[] for _ in range(len(begins) + 1)]
    for path, line in zip(paths, lines, strict=True):
        grouped[bisect_right(begins, path)].append(line)
    return grouped
