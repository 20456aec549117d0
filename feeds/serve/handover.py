"""Serving with the previous settings until a build has used the new ones.

Documents combine the catalogue with settings. With the settings of one build and the entries of
another, they would be documents that no build has produced, with entity tags that no other server
has.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress

from feeds.build import sidecar
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.site import Site
from feeds.errors import CatalogueError
from feeds.render.settings_hash import settings_hashes
from feeds.serve.document_cache import DocumentCache
from feeds.serve.fast_path import WSGIApp
from feeds.serve.refresher import Refresher
from feeds.serve.responses import Environ, StartResponse
from feeds.serve.snapshot import Snapshot
from feeds.util.daemon import DaemonLoop

_log = logging.getLogger("feeds")

# Seconds between checks whether the catalogue was built with the new settings.
_INTERVAL = 0.05
_STATUS = "the settings have changed, and no build has the new ones yet"


class OutgoingCache(DocumentCache):
    """The documents of the last build that used the previous settings."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        super().__init__(site, catalogue)
        with catalogue.read() as reader:
            self._built_with = sidecar.stored_hashes(reader)

    def is_current(self, reader: ReadTransaction, snapshot: Snapshot) -> bool:
        """Ignore builds with other settings: their entries do not belong to these documents."""
        built_with_others = sidecar.stored_hashes(reader) != self._built_with
        return built_with_others or super().is_current(reader, snapshot)


def outgoing_refresher(refresher: Refresher) -> Refresher | None:
    """Return a refresher with the previous settings, or None if the last build had the new ones.

    Also None if the previous settings are unknown or the catalogue cannot be read.
    """
    cache = refresher.cache
    with suppress(CatalogueError):  # reported by the refresher
        if previous := sidecar.previous_site(cache.site, cache.catalogue):
            return Refresher(OutgoingCache(previous, cache.catalogue), _STATUS)
    return None


class Handover:
    """A WSGI layer: `outgoing_app` until a build has used the new settings, then `app`.

    Starts `outgoing`, and `refresher` in its place once that build is done.
    """

    def __init__(
        self, outgoing_app: WSGIApp, outgoing: Refresher, app: WSGIApp, refresher: Refresher
    ) -> None:
        self._app, self._next_app = outgoing_app, app
        self._outgoing, self._refresher = outgoing, refresher
        self._expected = settings_hashes(refresher.cache.site)
        outgoing.start()
        fault = "switching to the new settings failed; trying again"
        self._loop = DaemonLoop("feeds-handover", self._switch, fault, pause=_INTERVAL)
        self._loop.start()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        return self._app(environ, start_response)

    def _switch(self) -> None:
        """Switch to the new settings, once a build has used them."""
        try:
            with self._refresher.cache.catalogue.read() as reader:
                if sidecar.stored_hashes(reader) != self._expected:
                    return
            self._refresher.start()
        except CatalogueError:
            return  # reported by the outgoing refresher
        self._app = self._next_app
        self._loop.request_stop()
        self._outgoing.stop()
        _log.info("the catalogue has been built with the new settings, which are now served")
