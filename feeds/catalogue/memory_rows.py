"""The rows of the portable memory: the parts of the catalogue that no rebuild can restore.

The fields of a row are columns of its table in `feeds.catalogue.schema`, except that `entry` of a
place is an id. To add a column, add a field, with a default for files written before.
"""

from datetime import datetime
from typing import Annotated

import msgspec

# A time in whole seconds, UTC; in files in the format of RFC 3339.
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Row(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """Base class of the rows, which have a fixed order of fields."""


class EntryRow(_Row, frozen=True, kw_only=True, tag="entry"):
    """The memory of an entry. That of a withdrawn one has nothing readable but its path."""

    id: str
    path: str
    published: Time
    first_seen: Time
    updated: Time
    withdrawn: Time | None = None
    link: str
    content_hash: str
    likeness: str
    source: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The key, and the order in a file."""
        return (self.id,)


class FeedRow(_Row, frozen=True, kw_only=True, tag="feed"):
    """The state of a feed at the last build."""

    path: str
    updated: Time
    entries: int
    newest: Time | None = None
    digest: str

    @property
    def key(self) -> tuple[str, ...]:
        """The key, and the order in a file."""
        return (self.path,)


class ArchiveRow(_Row, frozen=True, kw_only=True, tag="archive"):
    """The state of an archive document."""

    feed: str
    number: int
    updated: Time
    digest: str

    @property
    def key(self) -> tuple[str, int]:
        """The key, and the order in a file."""
        return (self.feed, self.number)


class PlaceRow(_Row, frozen=True, kw_only=True, tag="place"):
    """The archive document of a feed that has an entry; 0 while it waits, `since` a time."""

    feed: str
    entry: str
    archive: int
    since: Time | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The key, and the order in a file."""
        return (self.feed, self.entry)


class HubRow(_Row, frozen=True, kw_only=True, tag="hub"):
    """The content of a feed URL that a WebSub hub was last notified of."""

    hub: str
    topic: str
    digest: str

    @property
    def key(self) -> tuple[str, ...]:
        """The key, and the order in a file."""
        return (self.hub, self.topic)


MemoryRow = EntryRow | FeedRow | ArchiveRow | PlaceRow | HubRow
# The kinds of rows, in the order of a file.
KINDS: tuple[type[MemoryRow], ...] = (EntryRow, FeedRow, ArchiveRow, PlaceRow, HubRow)
# The fields that are times, which the catalogue stores in seconds.
TIMES = frozenset(
    field.name
    for kind in KINDS
    for field in msgspec.structs.fields(kind)
    if field.type in (Time, Time | None)
)
