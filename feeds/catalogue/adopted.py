"""The table `adopted`: the ids and dates that entries took over from another system."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import select

from feeds.catalogue.schema import adopted
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table


class AdoptedEntry(msgspec.Struct, frozen=True):
    """An entry (its key) that took over an id and dates, in seconds.

    `published` and `updated` are the adopted dates, `authored` is the author's date of publication
    at that time; `old_id` and `old_updated` are the values before. `revision` is that of the build
    in which the entry was adopted. `permalink`: the id is a URL declared as a permalink.
    """

    entry: int
    permalink: bool
    published: int
    updated: int
    authored: int
    old_id: str
    old_updated: int
    revision: int


_ALL = select(*(adopted.c[name] for name in AdoptedEntry.__struct_fields__))


class Adopted(Table):
    """Adopted entries, by key."""

    def all(self) -> dict[int, AdoptedEntry]:
        """Return all adopted entries, by key."""
        return {row[0]: AdoptedEntry(*row) for row in self._connection.execute(_ALL)}

    def of(self, seqs: Sequence[int]) -> dict[int, AdoptedEntry]:
        """Return those of the entries with these keys that were adopted, by key."""
        entries: dict[int, AdoptedEntry] = {}
        for batch in batches(seqs):
            rows = self._connection.execute(_ALL.where(adopted.c.entry.in_(batch)))
            entries.update((row[0], AdoptedEntry(*row)) for row in rows)
        return entries

    def any(self) -> bool:
        """Return whether any entry was adopted."""
        return self._connection.scalar(select(adopted.c.entry).limit(1)) is not None

    def put(self, entries: Sequence[AdoptedEntry]) -> None:
        """Store adopted entries, in place of earlier rows."""
        self.forget(entry.entry for entry in entries)
        self._insert(adopted, [msgspec.structs.asdict(entry) for entry in entries])

    def forget(self, seqs: Iterable[int]) -> None:
        """Delete the rows of these entries."""
        self._delete(adopted.c.entry, seqs)
