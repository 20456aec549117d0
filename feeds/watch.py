"""Bringing the catalogue up to date by itself while a server runs."""

import logging
import signal
import tempfile
import threading
from hashlib import sha256
from pathlib import Path

import watchfiles
from filelock import FileLock, Timeout

from feeds.build import build, clock
from feeds.catalogue.store import Catalogue
from feeds.errors import FeedsError
from feeds.site import Site

_log = logging.getLogger("feeds")

# Milliseconds: how long changes are gathered, and how often the time itself is looked at.
_GATHER = 50
_WAKE = 5_000


class Watcher:
    """A thread that builds whenever the article folder changes.

    Of several servers on one catalogue and machine one watches; another takes over when it ends.
    A build that fails is logged, and what was published before stays.
    """

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._site, self._catalogue = site, catalogue
        self._stop = threading.Event()
        self._lock = FileLock(_lock_file(catalogue.url))
        self._thread = threading.Thread(target=self._run, name="feeds-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End, within the time that a build in progress takes."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # A signal that reaches this thread would leave the main thread waiting.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self._stop.is_set():
            try:
                with self._lock.acquire(timeout=0):
                    self._watch()
            except Timeout:
                self._stop.wait(_WAKE / 1000)

    def _watch(self) -> None:
        self._build()  # for what changed while nobody watched
        changes = watchfiles.watch(
            self._site.folder,
            stop_event=self._stop,
            step=_GATHER,
            debounce=10 * _GATHER,
            rust_timeout=_WAKE,
            yield_on_timeout=True,
            watch_filter=None,
            ignore_permission_denied=True,
        )
        for changed in changes:
            if changed:
                self._build()

    def _build(self) -> None:
        try:
            report = build(self._site, self._catalogue, clock())
        except FeedsError as error:
            _log.error("build failed, feeds stay as they were: %s", error)
            return
        if report.feeds_changed:
            _log.info(
                "built revision %d: %d added, %d changed, %d withdrawn; %d feeds changed",
                report.revision,
                report.added,
                report.changed,
                report.withdrawn,
                len(report.feeds_changed),
            )


def _lock_file(url: str) -> Path:
    name = f"feeds-watch-{sha256(url.encode()).hexdigest()[:16]}.lock"
    return Path(tempfile.gettempdir()) / name
