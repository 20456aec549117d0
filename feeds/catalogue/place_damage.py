"""Finds and repairs damage of the table `place`, and of the keys of the table `archive`.

Entries in an archive document have no time since which they wait; every archive document has a
place for some entry, and the numbers of a feed's documents have no gaps.
"""

from collections import Counter
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums
from feeds.catalogue.schema import archive, place
from feeds.model.archives import WAITING

_Key = tuple[str, int]


class MisplacedRows(msgspec.Struct, frozen=True):
    """Places, by feed and entry, of entries that wait; unused archive documents and missing ones.

    Archive documents by feed and number.
    """

    waiting: list[_Key]
    unused: list[_Key]
    missing: list[_Key]

    def __len__(self) -> int:
        return len(self.waiting) + len(self.unused) + len(self.missing)


def find(connection: sa.Connection) -> MisplacedRows:
    """Compare the places of entries with the archive documents that exist."""
    sealed = (place.c.archive != WAITING, place.c.since == 0)
    waiting = select(place.c.feed, place.c.entry).where(
        place.c.archive != WAITING, place.c.since != 0
    )
    used = select(place.c.feed, place.c.archive).where(*sealed).distinct()
    feeds = set(connection.scalars(select(place.c.feed).distinct()))
    documents = _keys(connection, select(archive.c.feed, archive.c.number))
    unused = {key for key in documents if key[0] not in feeds}
    known = documents - unused
    missing = _keys(connection, used) - known
    count = Counter(feed for feed, _ in known | missing)
    # A number beyond the others is damaged itself.
    missing = {(feed, number) for feed, number in missing if number <= count[feed]}
    return MisplacedRows(sorted(_keys(connection, waiting)), sorted(unused), sorted(missing))


def repair(connection: sa.Connection, damaged: MisplacedRows, now: int) -> None:
    """Let entries wait again, and have the next build fill archive documents that are missing."""
    for feed, entry in damaged.waiting:
        row = (place.c.feed == feed, place.c.entry == entry)
        connection.execute(update(place).where(*row).values(archive=WAITING))
    for feed, number in damaged.unused:
        row = (archive.c.feed == feed, archive.c.number == number)
        connection.execute(delete(archive).where(*row))
    for feed, number in damaged.missing:
        values = {"feed": feed, "number": number, "digest": "", "updated": now, "revision": 0}
        checksum = checksums.of_archive(number, "", now)
        connection.execute(archive.insert().values(**values, sum=checksum))


def _keys(connection: sa.Connection, statement: sa.Select[Any]) -> set[_Key]:
    return {(feed, number) for feed, number in connection.execute(statement)}
