"""The work of a build that the guard judges, before it is committed."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from feeds.build.build_clock import BuildTime
from feeds.build.changes import Changes
from feeds.build.ingest_result import IngestResult
from feeds.build.refresh import FeedChanges
from feeds.catalogue.transaction import ReadTransaction
from feeds.compare.harm import Harm


class BuildOutcome(NamedTuple):
    """The files that a build looked at, and the changes that it made."""

    changes: Changes
    result: IngestResult
    feeds: FeedChanges
    time: BuildTime


class Inspector(Protocol):
    """Looks at the outcome of a build before it is committed."""

    def look(
        self,
        before: ReadTransaction,
        after: ReadTransaction,
        outcome: BuildOutcome,
        harms: Sequence[Harm],
    ) -> None:
        """Look at the states before and after. An exception undoes the whole build."""
        ...
