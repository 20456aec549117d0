"""The current outage of the catalogue: its start, and its reports in the log."""

import logging
from collections.abc import Callable
from datetime import datetime

from feeds.errors import CatalogueError
from feeds.serve.snapshot import DocumentKey
from feeds.util.terminal import escaped
from feeds.util.text import counted

_log = logging.getLogger("feeds")

# Seconds between two log messages about one outage.
_REMIND_SECONDS = 60


class Outage:
    """The state of the catalogue as a server sees it; `error` is None while it can be read.

    `failed` names documents that could not be built. They are built again to find out whether
    the outage is over, because reading other parts of the catalogue may succeed meanwhile.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.error: CatalogueError | None = None
        self.failed: DocumentKey | None = None
        self._since = self._logged = self._last_read = clock()

    def begin(self, error: CatalogueError, cached: int) -> None:
        """Note an error and log it, at most once a minute; `cached` documents are still served."""
        now = self._clock()
        if self.error is None:
            self._since = now
        if self.error is None or (now - self._logged).total_seconds() >= _REMIND_SECONDS:
            _log.error("%s; %s", escaped(error), self.describe(cached))
            self._logged = now
        self.error = error

    def succeeded(self) -> None:
        """Note that the catalogue was read."""
        self._last_read = self._clock()

    def end(self) -> None:
        """Note that documents can be built again."""
        if self.error:
            _log.warning("the catalogue can be read again, after %s", self._clock() - self._since)
            self.error = None

    def describe(self, cached: int) -> str:
        """Return which documents are served."""
        age = self._clock() - self._last_read
        return f"serving {counted(cached, 'document')} unchanged, as of {age} ago"
