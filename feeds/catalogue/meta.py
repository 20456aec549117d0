"""The table `meta`: single values about the whole catalogue, by key."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue import checksums
from feeds.catalogue.schema import feed, meta
from feeds.catalogue.table import Table
from feeds.errors import CatalogueError, DamageError
from feeds.util.dates import from_timestamp

T = TypeVar("T")

_PUBLISHED = "published:"


class Meta(Table):
    """Values by key. `feeds.catalogue.schema` lists the keys."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._values: dict[str, str] | None = None

    def get(self, key: str) -> str:
        """Return the value of a key, or an empty string if it is not set."""
        return self._all().get(key, "")

    def decode(self, key: str, decoder: Callable[[str], T]) -> T:
        """Return the decoded value of a key. Raises `DamageError` if it cannot be decoded."""
        try:
            return decoder(self.get(key))
        except (ValueError, OverflowError, OSError, msgspec.DecodeError):
            raise _damaged(key) from None

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
        if self.get("clock"):
            known = self.get("clock_sum")
            if known and known != checksums.of_value(self.get("clock")):
                raise _damaged("clock")
            return self.decode("clock", valid_seconds)
        return self._connection.scalar(select(func.max(feed.c.updated))) or 0

    def put_last_build(self, seconds: int) -> None:
        """Store the time of a build that changed something."""
        self.put("clock", str(seconds))
        self.put("clock_sum", checksums.of_value(str(seconds)))

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
                try:
                    copy_id, revision = value.split()
                    copies[key.removeprefix(_PUBLISHED)] = copy_id, int(revision)
                except ValueError:
                    raise CatalogueError(
                        f"the catalogue is damaged: meta.{key}; replace it with a backup"
                    ) from None
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


def valid_seconds(text: str) -> int:
    """Return the time that a text holds, in seconds. Raises an error unless it is a time."""
    return int(from_timestamp(int(text)).timestamp())


def _damaged(key: str) -> DamageError:
    return DamageError(f"the catalogue is damaged: meta.{key}")


def published_copy(url: str, copy_id: str, revision: int) -> tuple[str, str]:
    """Return the key and the value for a published copy."""
    return f"{_PUBLISHED}{url}", f"{copy_id} {revision}"
