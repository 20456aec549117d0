"""Whether what a feed shows is another than at the last build for a reason, or by damage."""

from datetime import datetime

from feeds.catalogue.places import Archive
from feeds.catalogue.store import FeedState, Reader
from feeds.definitions import FeedDefinition
from feeds.errors import DamageError


def check_time(feed: FeedDefinition, before: FeedState, reader: Reader, now: datetime) -> None:
    """Raise `DamageError` unless time may have changed a feed since the last build.

    So may a clock that is behind the builder's.
    """
    seconds, due = now.timestamp(), reader.dues([feed.path]).get(feed.path)
    behind = seconds < (before.newest or 0)
    if not behind and (due is None or seconds < due):
        raise DamageError(f"the catalogue is damaged: what feed {feed.path} shows")


def check_clock(made: Archive, reader: Reader, now: datetime) -> None:
    """Raise `DamageError` unless the clock is behind that of the last build.

    Nothing else changes an archive document without a build.
    """
    feed = reader.feed_state(made.feed.path)
    if feed is None or now.timestamp() >= (feed.newest or 0):
        raise DamageError(f"the catalogue is damaged: what {made.path} shows")
