"""Values that the catalogue stores and returns. Times are in seconds since 1970."""

from collections.abc import Sequence

import msgspec

from feeds.catalogue import checksums
from feeds.config.definitions import FeedDefinition
from feeds.errors import CatalogueError, DamageError
from feeds.model import archives as history
from feeds.model.archives import ArchivePosition
from feeds.model.entry import Entry

_ENTRY = msgspec.json.Decoder(Entry)

# The stored state of all WebSub hubs: rows by the name of their table.
HubRows = dict[str, list[dict[str, str | int]]]


class ShownEntry(msgspec.Struct, frozen=True):
    """The parts of an entry that a feed showing it needs; `seq` is the catalogue's own key."""

    seq: int
    id: str
    content_hash: str
    published: int
    updated: int

    def checksum_of(self, fragments: Sequence[bytes]) -> int:
        """Return the checksum of the entry's fragments, given in the order of the formats."""
        return checksums.of_fragment(
            self.id, self.content_hash, self.published, self.updated, fragments
        )


class EntryOrigin(msgspec.Struct, frozen=True):
    """Where an entry comes from: its file, its page, and when the file was first seen.

    `link` is a hash if the entry is withdrawn.
    """

    path: str
    link: str
    first_seen: int
    withdrawn: int | None


class FeedState(msgspec.Struct, frozen=True):
    """The state of a feed at the last build. `digest` is of its contents, `updated` is a time."""

    path: str
    digest: str
    updated: int
    entries: int
    newest: int | None


class ArchiveState(msgspec.Struct, frozen=True):
    """The state of an archive document. `digest` is of its contents, `updated` is a time."""

    feed: str
    number: int
    digest: str
    updated: int


class Archive(msgspec.Struct, frozen=True):
    """A published archive document, and its position among the archives of its feed."""

    feed: FeedDefinition
    position: ArchivePosition
    state: ArchiveState

    @property
    def path(self) -> str:
        """The path, without extension."""
        return history.path(self.feed.path, self.state.number)


class ProblemCounts(msgspec.Struct, frozen=True):
    """The numbers of problems of all articles, as they were last read."""

    fatal: int = 0
    other: int = 0


class FileState(msgspec.Struct, frozen=True, gc=False):
    """An article file as the last build saw it; `digest` is a hash of its content."""

    size: int
    mtime_ns: int
    digest: str


class RememberedEntry(msgspec.Struct, frozen=True):
    """The memory of an entry; `withdrawn` is None unless it is withdrawn.

    `source` is the hash of what its author wrote, empty if that is unknown.
    """

    seq: int
    id: str
    path: str
    first_seen: int
    content_hash: str
    updated: int
    withdrawn: int | None
    source: str


class EntryChange(msgspec.Struct, frozen=True):
    """An entry to store; `seq` is None for a new one.

    `likeness` is a hash by which a renamed file is found, `source` one of what the author wrote.
    `corrected`: its author gave the change a date, so it appears in the feed once more.
    """

    entry: Entry
    seq: int | None
    first_seen: int
    content_hash: str
    likeness: str
    source: str
    corrected: bool = False


class TopicState(msgspec.Struct, frozen=True):
    """The last notification of a hub about a topic, and the failed attempts since.

    `digest` is that of the content last notified, or empty. While `tries` > 0, `due` is the time
    of the next attempt.
    """

    digest: str
    tries: int = 0
    due: int = 0


class HubState(msgspec.Struct, frozen=True):
    """The number of failed requests to a hub in a row, and when to try again."""

    tries: int = 0
    due: int = 0


def decode_entry(data: bytes) -> Entry:
    """Decode a stored entry. Raises `DamageError`, and `CatalogueError` if it has no content."""
    if not data:
        raise CatalogueError("an imported entry has no content yet: run feeds build")
    try:
        return _ENTRY.decode(data)
    except msgspec.DecodeError as error:
        raise DamageError(f"an entry in the catalogue is damaged: {error}") from error
