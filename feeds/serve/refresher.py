"""The thread that keeps a document cache up to date with the catalogue and the time."""

import time
from datetime import datetime

from feeds.build import sidecar
from feeds.catalogue.transaction import ReadTransaction
from feeds.errors import CatalogueError, DamageError
from feeds.model import archives
from feeds.serve.document_cache import DocumentCache
from feeds.serve.responses import CachedResponse
from feeds.serve.snapshot import DocumentKey, Snapshot, require_build
from feeds.util.daemon import DaemonLoop

# Documents rebuilt at once when they change; the rest are rebuilt when they are requested.
_MAX_REBUILT = 50
# Seconds between two checks of the catalogue: the longest delay of a change.
_INTERVAL = 0.025
# Seconds after which the catalogue is read without any sign of a change: it may be damaged.
_FORCED_INTERVAL = 1.0
# Seconds to pause after an unexpected exception.
_PAUSE = 1


class Refresher:
    """Moves a cache to the next snapshot, all documents at once, and detects outages.

    `status_note` is appended to the status, which then counts as stale.
    """

    def __init__(self, cache: DocumentCache, status_note: str = "") -> None:
        self.cache = cache
        self._status_note = status_note
        self._change_token: object = None
        self._last_read = float("-inf")
        fault = "refreshing the cached documents failed; trying again"
        self._loop = DaemonLoop("feeds-refresh", self.refresh, fault, pause=_INTERVAL, retry=_PAUSE)

    def start(self) -> None:
        """Refresh now, and from now on in a thread."""
        self.refresh()
        self._loop.start()

    def stop(self) -> None:
        """Stop the thread; does not wait for it."""
        self._loop.request_stop()

    def refresh(self) -> None:
        """Update the cache if the catalogue or the time changed it; note an outage, or its end.

        Cached documents stay during an outage.
        """
        cache, outage = self.cache, self.cache.outage
        try:
            token = self.cache.catalogue.change_token()
            if self._is_due(token):
                with cache.lock:
                    self._update()
                    if outage.failed:
                        cache.build(outage.failed)
                    outage.failed = None
                self._change_token, self._last_read = token, time.monotonic()
                outage.succeeded()
        except CatalogueError as error:
            cache.note(error)
            return
        outage.end()

    def status(self) -> tuple[bool, str]:
        """Return whether anything can be served, and a description for the operator."""
        ready, message = self._status()
        if not ready or not self._status_note:
            return ready, message
        if message == "ready":
            message = f"stale: {self.cache.snapshot} is served"
        return True, f"{message}; {self._status_note}"

    def _status(self) -> tuple[bool, str]:
        cache = self.cache
        error = cache.outage.error
        if error is None:
            stale = sidecar.read_stale(cache.site)
            return True, f"stale: {cache.snapshot} is served; {stale}" if stale else "ready"
        if cache.snapshot is None or not cache.responses:
            return False, str(error)
        return True, f"stale: {cache.outage.describe(len(cache.responses))}"

    def _is_due(self, token: object) -> bool:
        snapshot = self.cache.snapshot
        return bool(
            token != self._change_token
            or time.monotonic() - self._last_read > _FORCED_INTERVAL
            or self.cache.outage.error
            or (snapshot and snapshot.is_expired(self.cache.clock()))
        )

    def _update(self) -> None:
        """Read the next snapshot and rebuild the cached documents that changed.

        The snapshot is set only when no document of an earlier one is left, so that an update
        that fails halfway is repeated.
        """
        cache, before, now = self.cache, self.cache.snapshot, self.cache.clock()
        with cache.catalogue.read() as reader:
            require_build(reader)
            if before and not before.is_expired(now) and cache.is_current(reader, before):
                return
            now = reader.meta.display_time(now)
            snapshot = Snapshot.read(cache.site, cache.catalogue.identity, reader, now, before)
            changed = self._changed(before, snapshot, reader, now) if before else []
            in_use = [key for key in changed if key in snapshot and cache.responses.in_use(key)]
            rebuilt = in_use[:_MAX_REBUILT]
            feeds = self._rebuild_feeds(rebuilt, snapshot, reader, now)
        lists = [key for key in rebuilt if key.kind == "site"]
        cache.responses.put(feeds)
        cache.responses.drop(
            key
            for key in set(changed) - set(feeds) - set(lists)
            if key not in cache.damaged or key not in snapshot
        )
        listing = {key: cache.build_from(key, snapshot, reader, now) for key in lists}
        cache.responses.drop(lists)
        cache.snapshot = snapshot
        # Lists of feeds last, because their readers then request the feeds that are new.
        cache.responses.put(listing)

    def _rebuild_feeds(
        self, keys: list[DocumentKey], snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[DocumentKey, dict[str, CachedResponse]]:
        """Build all but lists of feeds; damaged documents are noted and left out."""
        rebuilt = {}
        for key in keys:
            if key.kind == "site":
                continue
            try:
                rebuilt[key] = self.cache.build_from(key, snapshot, reader, now)
                self.cache.damaged.discard(key)
            except DamageError as error:
                self.cache.damaged.add(error, key)
        return rebuilt

    def _changed(
        self, before: Snapshot, snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> list[DocumentKey]:
        """Return the cached keys whose documents may have changed since `before`."""
        responses = self.cache.responses
        if before.catalogue != snapshot.catalogue or before.revision > snapshot.revision:
            return responses.cached_keys()  # the catalogue was replaced
        names = set(reader.feeds.changed_since(before.revision))
        names |= {archives.path(*at) for at in reader.archives.changed_since(before.revision)}
        return [
            key
            for key in responses.cached_keys()
            if key.name in names
            or key in self.cache.damaged
            or snapshot.differs(before, key)
            or responses.expires(key) <= now.timestamp()
        ]
