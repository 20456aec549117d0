"""What a server hands out, by path: in units of documents that change together. Pure; no I/O."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.model import archives as history
from feeds.model.document import FORMATS
from feeds.render.site import pages
from feeds.render.site.documents import DocumentFactory
from feeds.render.site.groups import FeedGroup


class DocumentKey(NamedTuple):
    """Documents that are made and change together, and the path that they have but for extensions.

    A feed's formats, its page, an archive document's formats, or another document alone.
    """

    kind: Literal["feed", "page", "archive", "site"]
    name: str


class Snapshot(msgspec.Struct, frozen=True):
    """What belongs to one revision of the catalogue, and until when it holds.

    `catalogue` is the file that it was read from, `changed` when a feed last did (in seconds since
    1970), `folded` are the feeds' paths without capitals,
    `archives` the newest archive document of each feed that has any.
    """

    catalogue: tuple[int, int] | None
    revision: int
    changed: int
    feeds_revision: int
    until: datetime | None
    feeds: dict[str, FeedDefinition]
    groups: dict[str, FeedGroup]
    makers: Mapping[str, DocumentFactory]
    folded: dict[str, str]
    archives: dict[str, int]

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.changed, UTC)
        return f"revision {self.revision}, changed last at {at:%Y-%m-%d %H:%M:%S} UTC,"

    def unit(self, name: str) -> DocumentKey | None:
        """The unit of the document at a path below the feeds' URL; None if there is none."""
        path, _, extension = name.rpartition(".")
        if path in self.feeds and extension in FORMATS:
            return DocumentKey("feed", path)
        if path in self.feeds and extension == "html":
            return DocumentKey("page", path)
        if extension in FORMATS and self.archive(path):
            return DocumentKey("archive", path)
        name = pages.INDEX if name == "" else "" if name == pages.INDEX else name
        return DocumentKey("site", name) if name in self.makers else None

    def archive(self, path: str) -> tuple[FeedDefinition, int] | None:
        """The feed and the number of the archive document at a path; None if there is none."""
        found = history.parsed(path)
        feed = self.feeds.get(found[0]) if found else None
        if feed is None or found is None:
            return None
        there = history.available(self.archives.get(feed.path, 0), feed.history)
        return (feed, found[1]) if found[1] in there else None

    def holds(self, unit: DocumentKey) -> bool:
        """Whether there still is such a unit."""
        if unit.kind == "site":
            return unit.name in self.makers
        return unit.name in self.feeds or self.archive(unit.name) is not None

    def canonical_name(self, name: str) -> str | None:
        """The document that a path means, whatever its capitals; None if there is none."""
        folded = name.casefold()
        path, _, extension = folded.rpartition(".")
        found = history.parsed(path)
        if path in self.folded:
            name = f"{self.folded[path]}.{extension}"
        elif found and found[0] in self.folded:
            name = f"{history.path(self.folded[found[0]], found[1])}.{extension}"
        else:
            name = folded
        if self.unit(name):
            return name
        if folded in ("", pages.INDEX):
            return ""
        return next((each for each in self.makers if each.casefold() == folded), None)

    def differs(self, before: "Snapshot", unit: DocumentKey) -> bool:
        """Whether a unit is another one than in an earlier state, as far as definitions tell."""
        if unit.kind == "site":
            return True
        if unit.kind == "archive":
            now, then = self.archive(unit.name), before.archive(unit.name)
            if now is None or now != then:
                return True
            path = now[0].path
            return self.archives.get(path) != before.archives.get(path)  # it links to others
        return self.feeds.get(unit.name) != before.feeds.get(unit.name) or (
            unit.kind == "page" and self.feeds is not before.feeds  # it names those beside it
        )
