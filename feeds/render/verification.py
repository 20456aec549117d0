"""Whether what a feed shows is another than at the last build for a reason, or by damage."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.reader import Reader
from feeds.catalogue.records import Archive, FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.errors import CatalogueError, DamageError
from feeds.render.settings_hash import has_settings, settings_hashes


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


def are_sound(site: Site, reader: Reader, known: Collection[str], feeds: Collection[str]) -> bool:
    """Whether `feeds` must be as the last build left them, unless time changed them.

    Raises `DamageError` where one that is `known` of that build is no more.
    """
    if not has_settings(settings_hashes(site), reader):
        return False
    if lost := set(known) - set(feeds):
        raise DamageError(f"the catalogue is damaged: the terms of feed {min(lost)}")
    return True


@contextmanager
def note_damage(catalogue: Catalogue) -> Iterator[None]:
    """Note damage that is found, so that the next build makes it again; a `CatalogueError` then."""
    try:
        yield
    except DamageError as error:
        catalogue.note_damage(str(error))
        raise CatalogueError(
            f"{error}; nothing was written of that. Run the same command again: what can be is "
            "made again from the articles"
        ) from error
