"""The work of a build that the guard judges."""

from typing import NamedTuple

from feeds.build.build_clock import BuildTime
from feeds.build.changes import Changes
from feeds.build.ingest_result import IngestResult
from feeds.build.refresh import FeedChanges


class BuildOutcome(NamedTuple):
    """The files that a build looked at, and the changes that it made."""

    changes: Changes
    result: IngestResult
    feeds: FeedChanges
    time: BuildTime
