"""The values that the catalogue stores and returns."""

from collections.abc import Sequence

import msgspec

from feeds.catalogue import checksums
from feeds.config.definitions import FeedDefinition
from feeds.errors import DamageError
from feeds.model import archives as history
from feeds.model.archives import ArchivePosition
from feeds.model.entry import Entry

_ENTRY = msgspec.json.Decoder(Entry)

# All that is stored of WebSub hubs: rows by the name of their table.
HubRows = dict[str, list[dict[str, str | int]]]


class ShownEntry(msgspec.Struct, frozen=True):
    """One entry as a feed shows it; `seq` is the catalogue's own key. Times in seconds."""

    seq: int
    id: str
    content_hash: str
    published: int
    updated: int

    def checksum_of(self, fragments: Sequence[bytes]) -> int:
        """Return the checksum of its fragments, given in the order of the formats."""
        return checksums.of_fragment(
            self.id, self.content_hash, self.published, self.updated, fragments
        )


class FeedState(msgspec.Struct, frozen=True):
    """What a feed showed at the last build, and when that last changed. Times in seconds."""

    path: str
    digest: str
    updated: int
    entries: int
    newest: int | None


class ArchiveState(msgspec.Struct, frozen=True):
    """What an archive document shows, and when that last changed, in seconds."""

    feed: str
    number: int
    digest: str
    updated: int


class Archive(msgspec.Struct, frozen=True):
    """An archive document that there is: of which feed, and where in its history."""

    feed: FeedDefinition
    position: ArchivePosition
    state: ArchiveState

    @property
    def path(self) -> str:
        """Its path, without extension."""
        return history.path(self.feed.path, self.state.number)


class ProblemCounts(msgspec.Struct, frozen=True):
    """How many problems all articles have, as they were last read."""

    fatal: int = 0
    other: int = 0


class FileState(msgspec.Struct, frozen=True, gc=False):
    """An article file as the last build saw it."""

    size: int
    mtime_ns: int
    digest: str


class RememberedEntry(msgspec.Struct, frozen=True):
    """What is remembered of an entry. Times in seconds; `withdrawn` is None while it is out."""

    seq: int
    id: str
    path: str
    first_seen: int
    content_hash: str
    updated: int
    withdrawn: int | None


class EntryChange(msgspec.Struct, frozen=True):
    """An entry to store. `seq` is None for one that was never out. Times in seconds.

    `corrected` is whether it changed and its author dates the change: all are to see it.
    """

    entry: Entry
    seq: int | None
    first_seen: int
    content_hash: str
    likeness: str
    corrected: bool = False


class TopicState(msgspec.Struct, frozen=True):
    """What a hub was last told of a topic, and how telling it more has failed since.

    `digest` is empty if it was told nothing yet; `due` is when to try again, while `tries` > 0.
    """

    digest: str
    tries: int = 0
    due: int = 0


class HubState(msgspec.Struct, frozen=True):
    """How often in a row a hub did not take anything, and until when it is left alone."""

    tries: int = 0
    due: int = 0


def decode_entry(data: bytes) -> Entry:
    """Decode a stored entry. Raises `DamageError`."""
    try:
        return _ENTRY.decode(data)
    except msgspec.DecodeError as error:
        raise DamageError(f"an entry in the catalogue is damaged: {error}") from error
