"""The table `departure`: entries that a feed showed at an earlier build, and no longer shows."""

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from feeds.catalogue.schema import departure
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table


class Departures(Table):
    """Departed entries, by the path of their feed."""

    def of(self, path: str) -> set[int]:
        """Return the keys of the entries that have left a feed, even if they came back."""
        statement = select(departure.c.entry).where(departure.c.feed == path)
        return set(self._connection.scalars(statement))

    def add(self, path: str, entries: Iterable[int], since: int) -> None:
        """Note that entries left a feed at a time, in seconds."""
        keys = sorted(entries)
        for batch in batches(keys):
            self._connection.execute(
                delete(departure).where(departure.c.feed == path, departure.c.entry.in_(batch))
            )
        rows = [{"feed": path, "entry": key, "since": since} for key in keys]
        self._insert(departure, rows)

    def move(self, old: str, new: str) -> None:
        """Give the departed entries of a feed to the feed at another path, which has none."""
        self._connection.execute(update(departure).where(departure.c.feed == old).values(feed=new))
