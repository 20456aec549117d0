"""How all article files looked, in stretches by path: one that differs is soon found. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from feeds.articles import folder

# So many stretches are drawn, none but the last of fewer files than these; and anew once one of
# them has become several times as long as it should be.
_STRETCHES, _FEW, _UNLIKE = 100, 200, 4


class ChangedRange(NamedTuple):
    """The lines of a stretch that looks other than before: of paths from `first` on, before `last`.

    None is the beginning or the end of all.
    """

    first: str | None
    last: str | None
    lines: Sequence[str]


class ScanDigest(msgspec.Struct, frozen=True):
    """A digest of the lines (`folder.Scan.lines`) of each stretch, empty where it is not known.

    `begins` are the paths at which all stretches but the first begin. `whole` is the digest of all
    lines, empty unless all are known.
    """

    whole: str = ""
    begins: tuple[str, ...] = ()
    digests: tuple[str, ...] = ("",)

    @staticmethod
    def decoded(said: str) -> "ScanDigest":
        """What `encoded` wrote. Anything else, as another version's, tells nothing of any file."""
        try:
            known = msgspec.json.decode(said, type=ScanDigest)
        except msgspec.MsgspecError:
            return ScanDigest()
        return known if len(known.digests) == len(known.begins) + 1 else ScanDigest()

    def encoded(self) -> str:
        """As text, to be kept."""
        return msgspec.json.encode(self).decode()

    def without(self, paths: Iterable[str]) -> "ScanDigest":
        """The same, and nothing is known of the stretches of these paths."""
        unknown = {bisect_right(self.begins, path) for path in paths}
        if not unknown:
            return self
        kept = ("" if n in unknown else each for n, each in enumerate(self.digests))
        return ScanDigest("", self.begins, tuple(kept))


class PartitionedScan:
    """The files of a walk in the stretches of an outline; `paths` and `lines` in one order.

    `whole` is the digest of all lines.
    """

    def __init__(
        self, known: ScanDigest, paths: Sequence[str], lines: Sequence[str], whole: str
    ) -> None:
        self._known, self._paths, self._lines, self._whole = known, paths, lines, whole
        self._grouped = _grouped(known.begins, paths, lines)
        self._now = tuple(map(folder.digest, self._grouped))

    def differing(self) -> Iterator[ChangedRange]:
        """Where the files look other than the outline says, or it says nothing."""
        ends = [None, *self._known.begins, None]
        for number, lines in enumerate(self._grouped):
            if self._now[number] != self._known.digests[number]:
                yield ChangedRange(ends[number], ends[number + 1], lines)

    def outline(self) -> ScanDigest:
        """The outline of these files; in other stretches, if they have become too unlike."""
        wanted = max(_FEW, len(self._paths) // _STRETCHES)
        if max(map(len, self._grouped)) <= _UNLIKE * wanted:
            return ScanDigest(self._whole, self._known.begins, self._now)
        begins = tuple(sorted(self._paths)[wanted::wanted])
        again = _grouped(begins, self._paths, self._lines)
        return ScanDigest(self._whole, begins, tuple(map(folder.digest, again)))


def _grouped(begins: Sequence[str], paths: Sequence[str], lines: Sequence[str]) -> list[list[str]]:
    grouped: list[list[str]] = [[] for _ in range(len(begins) + 1)]
    for path, line in zip(paths, lines, strict=True):
        grouped[bisect_right(begins, path)].append(line)
    return grouped
