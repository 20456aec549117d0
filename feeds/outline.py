"""How all article files looked, in stretches by path: one that differs is soon found. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from feeds import folder

# As many stretches as that, of like length; none is drawn for so few files as these.
_STRETCHES, _FEW = 100, 200


class Differing(NamedTuple):
    """The lines of a stretch that looks other than before: of paths from `first` on, before `last`.

    None is the beginning or the end of all.
    """

    first: str | None
    last: str | None
    lines: Sequence[str]


class Outline(msgspec.Struct, frozen=True):
    """A digest of the lines (`folder.Scan.lines`) of each stretch, empty where it is not known.

    `begins` are the paths at which all stretches but the first begin.
    """

    begins: tuple[str, ...] = ()
    digests: tuple[str, ...] = ("",)

    @staticmethod
    def decoded(said: str) -> "Outline":
        """The outline that `encoded` wrote; one that knows nothing, of nothing."""
        return msgspec.json.decode(said, type=Outline) if said else Outline()

    def encoded(self) -> str:
        """As text, to be kept."""
        return msgspec.json.encode(self).decode()

    def without(self, paths: Iterable[str]) -> "Outline":
        """The same, and nothing is known of the stretches of these paths."""
        digests = list(self.digests)
        for path in paths:
            digests[bisect_right(self.begins, path)] = ""
        return Outline(self.begins, tuple(digests))


class Drawn:
    """The files of a walk in the stretches of an outline; `paths` and `lines` in one order."""

    def __init__(self, known: Outline, paths: Sequence[str], lines: Sequence[str]) -> None:
        self._known, self._paths, self._lines = known, paths, lines
        self._grouped = _grouped(known.begins, paths, lines)
        self._now = tuple(map(folder.digest, self._grouped))

    def differing(self) -> Iterator[Differing]:
        """Where the files look other than the outline says, or it says nothing."""
        ends = [None, *self._known.begins, None]
        for number, lines in enumerate(self._grouped):
            if self._now[number] != self._known.digests[number]:
                yield Differing(ends[number], ends[number + 1], lines)

    def outline(self) -> Outline:
        """The outline of these files; in other stretches, if they have become too unlike."""
        wanted = max(_FEW, len(self._paths) // _STRETCHES)
        if max(map(len, self._grouped)) <= 4 * wanted:
            return Outline(self._known.begins, self._now)
        begins = tuple(sorted(self._paths)[wanted::wanted])
        again = _grouped(begins, self._paths, self._lines)
        return Outline(begins, tuple(map(folder.digest, again)))


def _grouped(begins: Sequence[str], paths: Sequence[str], lines: Sequence[str]) -> list[list[str]]:
    grouped: list[list[str]] = [[] for _ in range(len(begins) + 1)]
    for path, line in zip(paths, lines, strict=True):
        grouped[bisect_right(begins, path)].append(line)
    return grouped
