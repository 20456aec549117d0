"""The documents that a server found damaged, until a build has repaired them."""

import logging
from contextlib import suppress

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.errors import CatalogueError, DamageError
from feeds.model.selection import ages
from feeds.render.settings_hash import has_settings, settings_hashes
from feeds.serve.snapshot import DocumentKey

_log = logging.getLogger("feeds")


class DamagedDocuments:
    """What a server has found damaged: it is not made anew until a build has mended it."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._settings, self._catalogue = settings_hashes(site), catalogue
        self._units: set[DocumentKey] = set()

    def __contains__(self, unit: DocumentKey) -> bool:
        return unit in self._units

    def checks(self, reader: ReadTransaction, feed: FeedDefinition | None = None) -> bool:
        """Whether a feed must be as the last build left it, unless time changed it.

        Not by the age of entries, for the builder's clock may be another one.
        """
        by_age = bool(feed and ages(feed.selection))
        return not by_age and has_settings(self._settings, reader)

    def note(self, error: CatalogueError, unit: DocumentKey | None = None) -> None:
        """Log damage once, and have the builder make it again; other errors are no news here."""
        if not isinstance(error, DamageError) or unit in self._units:
            return
        if unit is not None:
            self._units.add(unit)
            _log.error("%s; it is served as it was, if at all", error)
        with suppress(CatalogueError):  # whoever finds it next tries again
            self._catalogue.note_damage(str(error))

    def whole(self, unit: DocumentKey) -> None:
        """Note that a unit could be made."""
        self._units.discard(unit)
