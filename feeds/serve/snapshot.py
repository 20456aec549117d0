"""The documents that one revision of the catalogue makes available, by path."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Self

import msgspec

from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.errors import CatalogueError
from feeds.model import archives
from feeds.model.document import FORMATS
from feeds.render import feed_documents
from feeds.render.site import documents, groups, pages
from feeds.render.site.documents import DocumentFactory
from feeds.render.site.groups import FeedGroup


class DocumentKey(NamedTuple):
    """Documents that are built together: their kind, and their common path without extension.

    The formats of a feed, the page of a feed, the formats of an archive document, or one other
    document of the site.
    """

    kind: Literal["feed", "page", "archive", "site"]
    name: str


class Snapshot(msgspec.Struct, frozen=True):
    """The feeds and site documents of one revision of the catalogue.

    `catalogue` identifies the file that it was read from. `changed` is when a feed last changed,
    in seconds since 1970, and `expires` when time alone changes the snapshot. `folded` maps
    case-folded paths to feeds' paths, and `archives` maps feeds' paths to the number of their
    newest archive document.
    """

    catalogue: tuple[int, int] | None
    revision: int
    changed: int
    feeds_revision: int
    expires: datetime | None
    feeds: dict[str, FeedDefinition]
    groups: dict[str, FeedGroup]
    factories: Mapping[str, DocumentFactory]
    folded: dict[str, str]
    archives: dict[str, int]

    @classmethod
    def read(
        cls,
        site: Site,
        catalogue: tuple[int, int] | None,
        reader: ReadTransaction,
        now: datetime,
        before: Self | None = None,
    ) -> Self:
        """Read the snapshot of this revision; reuse the feeds of `before` if they are unchanged."""
        feeds_revision = reader.meta.feeds_revision()
        if (
            before
            and before.catalogue == catalogue
            and before.feeds_revision == feeds_revision
            and not before.is_expired(now)
        ):
            feeds, grouped, folded = before.feeds, before.groups, before.folded
        else:
            feeds = feed_documents.all_feeds(site, reader, now)
            grouped = groups.group_by_folder(feeds.values())
            folded = {path.casefold(): path for path in feeds}
        has_archives = any(feed.history for feed in feeds.values())
        states = reader.feeds.states()
        newest = feed_documents.newest_entries(feeds.values(), states, reader, now)
        return cls(
            catalogue=catalogue,
            revision=reader.meta.revision(),
            changed=max((state.updated for state in states.values()), default=0),
            feeds_revision=feeds_revision,
            expires=reader.feeds.next_publication(now),
            feeds=feeds,
            groups=grouped,
            factories=documents.site_documents(list(feeds.values()), states, site, newest),
            folded=folded,
            archives=reader.archives.newest_numbers() if has_archives else {},
        )

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.changed, UTC)
        return f"revision {self.revision}, changed last at {at:%Y-%m-%d %H:%M:%S} UTC,"

    def is_expired(self, now: datetime) -> bool:
        """Return whether time alone has changed the snapshot."""
        return self.expires is not None and now >= self.expires

    def key(self, name: str) -> DocumentKey | None:
        """Return the key of the document at a path below the feeds' URL, or None."""
        path, _, extension = name.rpartition(".")
        if path in self.feeds and extension in FORMATS:
            return DocumentKey("feed", path)
        if path in self.feeds and extension == "html":
            return DocumentKey("page", path)
        if extension in FORMATS and self.archive(path):
            return DocumentKey("archive", path)
        # The index page is served at the folder's URL only.
        name = pages.INDEX if name == "" else "" if name == pages.INDEX else name
        return DocumentKey("site", name) if name in self.factories else None

    def archive(self, path: str) -> tuple[FeedDefinition, int] | None:
        """Return the feed and the number of the archive document at a path, or None."""
        parsed = archives.parsed(path)
        feed = self.feeds.get(parsed[0]) if parsed else None
        if feed is None or parsed is None:
            return None
        numbers = archives.available(self.archives.get(feed.path, 0), feed.history)
        return (feed, parsed[1]) if parsed[1] in numbers else None

    def __contains__(self, key: DocumentKey) -> bool:
        """Return whether these documents exist."""
        if key.kind == "site":
            return key.name in self.factories
        return key.name in self.feeds or self.archive(key.name) is not None

    def canonical_name(self, name: str) -> str | None:
        """Return the path of the document that `name` differs from in case only, or None."""
        folded = name.casefold()
        path, _, extension = folded.rpartition(".")
        parsed = archives.parsed(path)
        if path in self.folded:
            name = f"{self.folded[path]}.{extension}"
        elif parsed and parsed[0] in self.folded:
            name = f"{archives.path(self.folded[parsed[0]], parsed[1])}.{extension}"
        else:
            name = folded
        if self.key(name):
            return name
        if folded in ("", pages.INDEX):
            return ""
        return next((path for path in self.factories if path.casefold() == folded), None)

    def differs(self, before: "Snapshot", key: DocumentKey) -> bool:
        """Return whether the definitions alone make these documents differ from those of `before`.

        Always true for documents of the site.
        """
        if key.kind == "site":
            return True
        if key.kind == "archive":
            archive = self.archive(key.name)
            if archive is None or archive != before.archive(key.name):
                return True
            path = archive[0].path
            return self.archives.get(path) != before.archives.get(path)  # links to neighbours
        return self.feeds.get(key.name) != before.feeds.get(key.name) or (
            key.kind == "page" and self.feeds is not before.feeds  # names neighbouring feeds
        )


def require_build(reader: ReadTransaction) -> None:
    """Raise `CatalogueError` if no build has filled the catalogue yet."""
    if reader.meta.revision() == 0:
        raise CatalogueError("the catalogue is new: no build was made yet")
    if reader.memory.is_unread():
        raise CatalogueError("a memory was imported, and no build was made since: run feeds build")
