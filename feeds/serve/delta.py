"""What is new in a feed since a client last had it: RFC 3229 with the instance manipulation `feed`.

Pure, but for remembering in memory what documents were. What is not remembered is sent whole.
"""

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from feeds.catalogue.records import ShownEntry
from feeds.config.definitions import FeedDefinition
from feeds.model.document import Document
from feeds.serve.responses import CachedResponse

# So many earlier states of each document are remembered.
_STATES = 8
# So many documents' states are remembered, of those that changed last.
_DOCUMENTS = 1_000


class DeltaState(NamedTuple):
    """The base of a document's entity tag, and what it showed: three numbers for each entry."""

    base: str
    told: "array[int]"


class Delta(NamedTuple):
    """What is new in a document: as one, the base of the whole one's tag, and of the old one's."""

    ready: CachedResponse
    whole: str
    base: str


class DeltaHistory:
    """What documents showed, by their paths."""

    def __init__(self) -> None:
        self._states: dict[str, deque[DeltaState]] = {}

    def note(self, made: Mapping[str, Document], shown: Sequence[ShownEntry]) -> None:
        """Remember that these documents, by path, show these entries."""
        told = array("q", (number for each in shown for number in _told(each)))
        for name, document in made.items():
            states = self._states.pop(name, None) or deque(maxlen=_STATES)
            self._states[name] = states
            while len(self._states) > _DOCUMENTS:
                del self._states[next(iter(self._states))]
            base = document.etag.strip('"')
            if base not in (each.base for each in states):
                states.append(DeltaState(base, told))

    def find(self, name: str, tags: Sequence[str]) -> DeltaState | None:
        """The newest state that one of these tags names."""
        # A copy, because another thread may note a state meanwhile.
        for state in reversed(list(self._states.get(name, ()))):
            if any(tag.startswith(state.base) for tag in tags):
                return state
        return None


def since(
    before: "array[int]", shown: Sequence[ShownEntry], feed: FeedDefinition
) -> list[ShownEntry] | None:
    """The entries that are new or changed since a state; None where the whole feed is to be sent.

    That is where an entry was withdrawn: a feed of what is new cannot say so.
    """
    known = {seq: (mark, published) for seq, mark, published in _triples(before)}
    last = min((each.published for each in shown), default=0)
    there = {each.seq for each in shown}
    # Only from a full feed by date an entry falls because others came, and then the oldest.
    falls = feed.order == "date" and len(shown) >= feed.size
    lost = [published for seq, (_, published) in known.items() if seq not in there]
    if any(published > last or not falls for published in lost):
        return None
    return [each for each in shown if known.get(each.seq) != _told(each)[1:]]


def _told(each: ShownEntry) -> tuple[int, int, int]:
    """An entry as three numbers: its key, a mark that changes with it, and its date."""
    return each.seq, int(each.content_hash[-15:], 16) ^ each.updated, each.published


def _triples(told: "array[int]") -> list[tuple[int, int, int]]:
    return list(zip(told[::3], told[1::3], told[2::3], strict=True))
