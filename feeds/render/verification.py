"""Detects damage of the catalogue: contents that changed without a reason since the last build."""

from collections.abc import Collection
from datetime import datetime

from feeds.catalogue.records import Archive, FeedState
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.errors import DamageError
from feeds.render.settings_hash import has_settings, settings_hashes


def check_time(
    feed: FeedDefinition, before: FeedState, transaction: ReadTransaction, now: datetime
) -> None:
    """Raise `DamageError` unless time may have changed a feed since the last build.

    A clock that is behind the builder's is accepted as a reason, too.
    """
    seconds, due = now.timestamp(), transaction.feeds.due_times([feed.path]).get(feed.path)
    is_behind = seconds < (before.newest or 0)
    if not is_behind and (due is None or seconds < due):
        raise DamageError(f"the catalogue is damaged: the entries of feed {feed.path}")


def check_clock(archive: Archive, transaction: ReadTransaction, now: datetime) -> None:
    """Raise `DamageError` unless the clock is behind that of the last build.

    Nothing else changes an archive document between builds.
    """
    state = transaction.feeds.state(archive.feed.path)
    if state is None or now.timestamp() >= (state.newest or 0):
        raise DamageError(f"the catalogue is damaged: the entries of {archive.path}")


def can_verify(
    site: Site, transaction: ReadTransaction, built: Collection[str], current: Collection[str]
) -> bool:
    """Return whether the feeds must be as the last build left them, except for changes due to time.

    That is the case if it used the same settings. Raises `DamageError` if one of the feeds that
    it `built` is not among the `current` feeds. Both are paths.
    """
    if not has_settings(settings_hashes(site), transaction):
        return False
    if lost := set(built) - set(current):
        raise DamageError(f"the catalogue is damaged: the terms of feed {min(lost)}")
    return True
