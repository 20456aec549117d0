"""Bringing the catalogue up to date by itself while a server runs."""

import logging
import signal
import threading
import time
from pathlib import Path

import watchfiles
from filelock import FileLock, Timeout
from sqlalchemy import make_url

from feeds.build import build, clock
from feeds.catalogue.store import Catalogue
from feeds.errors import FeedsError
from feeds.site import Site

_log = logging.getLogger("feeds")

# Milliseconds: how long changes are gathered, and how often it is seen to that all is well.
_GATHER = 50
_WAKE = 2_000
# Seconds after which a build is made though nothing was heard: network file systems are silent.
_REGULARLY = 60


class Watcher:
    """A thread that builds whenever the article folder changes, and outlives every fault.

    Of several servers on one catalogue and machine one watches; another takes over when it ends.
    A build that fails is logged, and what was published before stays.
    """

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._site, self._catalogue = site, catalogue
        self._stop = threading.Event()
        self._lock = FileLock(_lock_file(site))
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
                pass  # another process watches
            except Exception:  # noqa: BLE001 - the thread must outlive every fault
                _log.exception("watching %s failed; trying again", self._site.folder)
            self._stop.wait(_WAKE / 1000)

    def _watch(self) -> None:
        """Build, and build again after every change, until the folder is another one."""
        watched = _identity(self._site.folder)
        self._build()  # for what changed while nobody watched
        if watched is None:
            return
        built = time.monotonic()
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
            if changed or time.monotonic() - built > _REGULARLY:
                self._build()
                built = time.monotonic()
            if _identity(self._site.folder) != watched:
                return

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


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder is there, for it may be swapped for another; None if there is none."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _lock_file(site: Site) -> Path:
    """Beside the catalogue's file, else in the config folder."""
    url = make_url(site.catalogue)
    file = url.database if url.get_backend_name() == "sqlite" else None
    return Path(f"{file or site.root / 'catalogue'}-watch.lock")
