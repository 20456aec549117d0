"""What a catalogue was made with, and what is done about damage in it."""

import hashlib
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

import msgspec

from feeds import fragment
from feeds.catalogue import damage
from feeds.catalogue.store import Catalogue, Reader
from feeds.definitions import FeedDefinition
from feeds.errors import CatalogueError, DamageError
from feeds.keys import ExportSettings, HTTPSettings, PageSettings
from feeds.refresh import definitions_hash
from feeds.selection import ages
from feeds.site import Site
from feeds.units import Unit

_log = logging.getLogger("feeds")


def made_with(site: Site) -> tuple[str, str]:
    """What a catalogue that was built with these settings has as fingerprint and definitions."""
    return _fingerprint(site), definitions_hash(site)


def is_made_with(known: tuple[str, str], reader: Reader) -> bool:
    """Whether the last build had these settings (`made_with`)."""
    return known == (reader.meta("fingerprint"), reader.meta("definitions"))


def are_sound(site: Site, reader: Reader, known: Collection[str], feeds: Collection[str]) -> bool:
    """Whether `feeds` must be as the last build left them, unless time changed them.

    Raises `DamageError` where one that is `known` of that build is no more.
    """
    if not is_made_with(made_with(site), reader):
        return False
    if lost := set(known) - set(feeds):
        raise DamageError(f"the catalogue is damaged: the terms of feed {min(lost)}")
    return True


def look(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Look at every row, and have what is damaged made again (see `mend`)."""
    with catalogue.connect() as connection:
        found = len(damage.find(connection))
    if found:
        mend(catalogue, now, force=force)


def mend(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Have the next build make again what is damaged. Raises `CatalogueError` if that cannot be."""
    with catalogue.connect(write=True) as connection:
        number = damage.mend(connection, now, force=force)
    what = f"{number:,} damaged rows of the catalogue" if number else "all entries"
    _log.warning("%s are made again from the articles", what)


@contextmanager
def noted(catalogue: Catalogue) -> Iterator[None]:
    """Note damage that is found, so that the next build makes it again; a `CatalogueError` then."""
    try:
        yield
    except DamageError as error:
        catalogue.note_damage(str(error))
        raise CatalogueError(
            f"{error}; nothing was written of that. Run the same command again: what can be is "
            "made again from the articles"
        ) from error


class Soundness:
    """What a server has found damaged: it is not made anew until a build has mended it."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._settings, self._catalogue = made_with(site), catalogue
        self._units: set[Unit] = set()

    def __contains__(self, unit: Unit) -> bool:
        return unit in self._units

    def checks(self, reader: Reader, feed: FeedDefinition | None = None) -> bool:
        """Whether a feed must be as the last build left it, unless time changed it.

        Not by the age of entries, for the builder's clock may be another one.
        """
        by_age = bool(feed and ages(feed.selection))
        return not by_age and is_made_with(self._settings, reader)

    def note(self, error: CatalogueError, unit: Unit | None = None) -> None:
        """Log damage once, and have the builder make it again; other errors are no news here."""
        if not isinstance(error, DamageError) or unit in self._units:
            return
        if unit is not None:
            self._units.add(unit)
            _log.error("%s; it is served as it was, if at all", error)
        with suppress(CatalogueError):  # whoever finds it next tries again
            self._catalogue.note_damage(str(error))

    def whole(self, unit: Unit) -> None:
        """Note that a unit could be made."""
        self._units.discard(unit)


def _fingerprint(site: Site) -> str:
    """A hash of all that entries and fragments are made with, besides their articles."""
    articles = msgspec.structs.replace(site.settings.articles, watch="auto", scan_every=None)
    settings = msgspec.structs.replace(
        site.settings,
        catalogue="",
        guard=0,
        ping_delay=0,
        articles=articles,
        http=HTTPSettings(),
        pages=PageSettings(),
        export=ExportSettings(),
        upload=None,
        purge=(),
    )
    used = {
        "version": fragment.VERSION,
        "settings": settings,
        "topics": site.topics,
        "providers": site.providers,
    }
    return hashlib.sha256(msgspec.json.encode(used, order="deterministic")).hexdigest()[:32]
