"""Delta encoding of feeds: RFC 3229 with the instance manipulation `feed`.

A delta holds the entries that are new or changed since the client's copy. Earlier versions of
documents are remembered in memory only; a client with a forgotten version gets the whole feed.
"""

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from feeds.catalogue.records import ShownEntry
from feeds.config.definitions import FeedDefinition
from feeds.model.document import Document
from feeds.serve.responses import CachedResponse

# Earlier versions remembered of each document.
_MAX_VERSIONS = 8
# Documents of which versions are remembered, the last changed ones.
_MAX_DOCUMENTS = 1_000


class Version(NamedTuple):
    """One version of a document: the base of its entity tag, and three numbers for each entry."""

    base: str
    entries: "array[int]"


class Delta(NamedTuple):
    """The new entries of a feed as a document, and the base of the client's entity tag."""

    response: CachedResponse
    base: str


class DeltaHistory:
    """The versions of documents, by path."""

    def __init__(self) -> None:
        self._versions: dict[str, deque[Version]] = {}

    def add(self, documents: Mapping[str, Document], shown: Sequence[ShownEntry]) -> None:
        """Remember that these documents, by path, show these entries."""
        entries = array("q", (number for entry in shown for number in _numbers(entry)))
        for name, document in documents.items():
            versions = self._versions.pop(name, None) or deque(maxlen=_MAX_VERSIONS)
            self._versions[name] = versions
            while len(self._versions) > _MAX_DOCUMENTS:
                del self._versions[next(iter(self._versions))]
            base = document.etag.strip('"')
            if base not in (version.base for version in versions):
                versions.append(Version(base, entries))

    def find(self, name: str, tags: Sequence[str]) -> Version | None:
        """Return the newest version of a document that one of these entity tags names."""
        # A copy, because another thread may add a version meanwhile.
        for version in reversed(list(self._versions.get(name, ()))):
            if any(tag.startswith(version.base) for tag in tags):
                return version
        return None


def new_entries(
    before: "array[int]", shown: Sequence[ShownEntry], feed: FeedDefinition
) -> list[ShownEntry] | None:
    """Return the entries that are new or changed since a version, or None if one was withdrawn.

    A withdrawal needs the whole feed, because a delta cannot express it.
    """
    known = {seq: (mark, published) for seq, mark, published in _triples(before)}
    last = min((entry.published for entry in shown), default=0)
    current = {entry.seq for entry in shown}
    # New entries push out old ones only if the feed is full and ordered by date.
    pushes_out = feed.order == "date" and len(shown) >= feed.size
    missing = [published for seq, (_, published) in known.items() if seq not in current]
    if any(published > last or not pushes_out for published in missing):
        return None
    return [entry for entry in shown if known.get(entry.seq) != _numbers(entry)[1:]]


def _numbers(entry: ShownEntry) -> tuple[int, int, int]:
    """Return an entry as its key, a mark that changes with its content, and its date."""
    return entry.seq, int(entry.content_hash[-15:], 16) ^ entry.updated, entry.published


def _triples(entries: "array[int]") -> list[tuple[int, int, int]]:
    return list(zip(entries[::3], entries[1::3], entries[2::3], strict=True))
