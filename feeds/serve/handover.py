"""A server whose settings have changed: it answers with those before until a build has them.

Documents are made of the catalogue and of settings. With those of two builds they would be
something that was never published, with entity tags that no other server has.
"""

import logging
import threading
from collections.abc import Callable

from feeds.build import sidecar
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.site import Site
from feeds.errors import CatalogueError
from feeds.render.settings_hash import settings_hashes
from feeds.serve.document_cache import DocumentCache
from feeds.serve.snapshot import Snapshot

_log = logging.getLogger("feeds")

# Seconds between two looks whether the catalogue is built with the new settings.
_EVERY = 0.05


class OutgoingCache(DocumentCache):
    """Documents of the settings before, as they were in the last build with these."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        super().__init__(site, catalogue)
        with catalogue.read() as reader:
            self._built_with = sidecar.stored_hashes(reader)

    def status(self) -> tuple[bool, str]:
        """As that of others, and that the settings are those before."""
        ready, said = super().status()
        if not ready:
            return ready, said
        said = f"stale: {self._state} is served" if said == "ready" else said
        return True, f"{said}; the settings have changed, and no build has the new ones yet"

    def _is_of(self, reader: ReadTransaction, state: Snapshot) -> bool:
        """A state holds also when a build with other settings was made: it is not for these."""
        return sidecar.stored_hashes(reader) != self._built_with or super()._is_of(reader, state)


def when_built(site: Site, catalogue: Catalogue, then: Callable[[], None]) -> None:
    """Call `then`, in a thread, when the catalogue is built with the settings of `site`."""
    wanted, waiting = settings_hashes(site), threading.Event()

    def wait() -> None:
        while not waiting.wait(_EVERY):
            try:
                with catalogue.read() as reader:
                    if sidecar.stored_hashes(reader) != wanted:
                        continue
                then()
            except CatalogueError:
                continue  # whoever serves notes it
            _log.info("the catalogue is built with the new settings, and so is what is served")
            return

    threading.Thread(target=wait, name="feeds-handover", daemon=True).start()
