"""The table `meta`: single values about the whole catalogue, by key."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue.schema import feed, meta
from feeds.catalogue.table import Table
from feeds.errors import CatalogueError
from feeds.util.dates import from_timestamp

_PUBLISHED = "published:"


class Meta(Table):
    """Values by key. `feeds.catalogue.schema` lists the keys."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._values: dict[str, str] | None = None

    def get(self, key: str) -> str:
        """Return the value of a key, or an empty string if it is not set."""
        return self._all().get(key, "")

    def put(self, key: str, value: str) -> None:
        """Set the value of a key."""
        self._delete(meta.c.key, [key])
        self._insert(meta, [{"key": key, "value": value}])
        self._values = None

    def revision(self) -> int:
        """Return how many builds have changed anything; 0 before the first."""
        return self._number("revision")

    def feeds_revision(self) -> int:
        """Return the revision that last changed the set of feeds, their order or their titles."""
        return self._number("feeds") if self.get("feeds") else 0

    def article_count(self) -> int:
        """Return the number of article files."""
        return self._number("articles")

    def last_build(self) -> int:
        """Return the time of the last build that changed anything, in seconds; 0 before the first.

        Catalogues of earlier versions do not store it: for them, the latest change of any feed.
        """
        if stored := self.get("clock"):
            return int(stored)
        return self._connection.scalar(select(func.max(feed.c.updated))) or 0

    def display_time(self, now: datetime) -> datetime:
        """Return the time to show feeds at: never before the last build.

        So entries stay visible if the clock goes back.
        """
        return max(now, from_timestamp(self.last_build()))

    def published_copies(self) -> dict[str, tuple[str, int]]:
        """Return (id, revision) of the published copies that this catalogue continues, by URL."""
        copies = {}
        for key, value in self._all().items():
            if key.startswith(_PUBLISHED):
                copy_id, revision = value.split()
                copies[key.removeprefix(_PUBLISHED)] = copy_id, int(revision)
        return copies

    def put_published_copy(self, url: str, copy_id: str, revision: int) -> None:
        """Store that this catalogue continues the copy with this id in the state at `url`."""
        self.put(*published_copy(url, copy_id, revision))

    def _all(self) -> dict[str, str]:
        if self._values is None:  # a few rows, read often
            rows = self._connection.execute(select(meta.c.key, meta.c.value))
            self._values = {key: value for key, value in rows}  # noqa: C416
        return self._values

    def _number(self, key: str) -> int:
        try:
            return int(self.get(key))
        except ValueError:
            raise CatalogueError(
                f"the catalogue is damaged: meta.{key} is not a number; replace it with a backup"
            ) from None


def published_copy(url: str, copy_id: str, revision: int) -> tuple[str, str]:
    """Return the key and the value for a published copy."""
    return f"{_PUBLISHED}{url}", f"{copy_id} {revision}"
