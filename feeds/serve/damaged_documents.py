"""Documents that the server has found damaged, until a build repairs them."""

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
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")


class DamagedDocuments:
    """The keys of damaged documents. Their cached responses stay until they can be built again."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._settings, self._catalogue = settings_hashes(site), catalogue
        self._keys: set[DocumentKey] = set()

    def __contains__(self, key: DocumentKey) -> bool:
        return key in self._keys

    def must_verify(self, reader: ReadTransaction, feed: FeedDefinition | None = None) -> bool:
        """Return whether a document must match the last build unless time changed it.

        False if the selection depends on the age of entries, because the builder's clock may
        differ from this one, or if the settings are not those of that build.
        """
        by_age = bool(feed and ages(feed.selection))
        return not by_age and has_settings(self._settings, reader)

    def add(self, error: CatalogueError, key: DocumentKey | None = None) -> None:
        """Log damage once and request a repair by the next build. Other errors are ignored."""
        if not isinstance(error, DamageError) or key in self._keys:
            return
        if key is not None:
            self._keys.add(key)
            _log.error("%s; the cached document is served, if there is one", escaped(error))
        with suppress(CatalogueError):  # requested again when the damage is found again
            self._catalogue.note_damage(str(error))

    def discard(self, key: DocumentKey) -> None:
        """Remove a document that has been built without an error."""
        self._keys.discard(key)
