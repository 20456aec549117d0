"""Transactions on the catalogue, with one attribute for each table."""

import sqlalchemy as sa

from feeds.catalogue.adopted import Adopted
from feeds.catalogue.archives import Archives
from feeds.catalogue.clock_repair import ClockRepair
from feeds.catalogue.departures import Departures
from feeds.catalogue.duplicates import Duplicates
from feeds.catalogue.entries import Entries
from feeds.catalogue.feeds import Feeds
from feeds.catalogue.files import Files
from feeds.catalogue.fragments import Fragments
from feeds.catalogue.hubs import Hubs
from feeds.catalogue.memory import Memory
from feeds.catalogue.meta import Meta
from feeds.catalogue.term_counts import TermCounts


class ReadTransaction:
    """A consistent state of the catalogue. Made by `Catalogue.read`; must not write."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.meta = Meta(connection)
        self.files = Files(connection, self.meta)
        self.entries = Entries(connection)
        self.duplicates = Duplicates(connection)
        self.fragments = Fragments(connection)
        self.terms = TermCounts(connection, self.meta)
        self.feeds = Feeds(connection)
        self.archives = Archives(connection)
        self.departures = Departures(connection)
        self.adopted = Adopted(connection)
        self.hubs = Hubs(connection)
        self.memory = Memory(connection, self.meta)


class WriteTransaction(ReadTransaction):
    """A transaction that may write. Made by `Catalogue.write`."""

    @property
    def clock(self) -> ClockRepair:
        """Repairs dates that a wrong clock has stored."""
        return ClockRepair(self._connection)
