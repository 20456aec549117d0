"""Rebuild whenever the article folder changes, as long as the process runs."""

import logging
import queue
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from filelock import Timeout

from feeds.build import sidecar
from feeds.build.builder import BuildCache, BuildReport, BuildRequest, build
from feeds.build.changes import find_changed_paths
from feeds.build.listener import ChangeListener
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import ArticleFolderError, CatalogueError, ClockError, FeedsError
from feeds.util.daemon import DaemonLoop
from feeds.util.progress import clock
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")

# Seconds until the next attempt after a fault.
_PAUSE = 1.0
# Seconds until a build that could not use the catalogue or the article folder is tried again.
_RETRY = 5.0
# Log at most this many problems of a build.
_MAX_LOGGED = 10

# Called after each build with its report, None if it failed, and its duration in seconds.
BuildCallback = Callable[[BuildReport | None, float], None]


class Watcher:
    """Builds whenever a change of the article folder, or time, changes a feed.

    Only one watcher per catalogue and machine is active; another takes over when it stops. A build
    that fails is logged, and the published state stays. `on_build` is called in the watcher's
    thread after every build; it must return soon.
    """

    def __init__(
        self, site: Site, catalogue: Catalogue, on_build: BuildCallback | None = None
    ) -> None:
        self._site = site
        self._builder = Rebuilder(site, catalogue, on_build)
        self._lock = sidecar.watch_lock(site)
        self._loop = DaemonLoop(
            "feeds-watch",
            self._watch_if_alone,
            f"watching {site.folder} failed; trying again",
            pause=_PAUSE,
            retry=_PAUSE,
            at_end=self._lock.release,
        )

    def start(self) -> None:
        """Start to watch."""
        self._loop.start()

    def stop(self) -> None:
        """Stop; waits for a build in progress."""
        self._loop.stop()

    def _watch_if_alone(self) -> None:
        """Watch unless another process does.

        The lock is held from one folder to the next: it shows that the sidecar's note is current.
        """
        if not self._lock.is_locked:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return
        self._watch()

    def _watch(self) -> None:
        """Build, and build again after every change, until the folder is replaced."""
        watched = _identity(self._site.folder)
        if watched is None:
            self._builder.build(None)
            return
        listener = ChangeListener(self._site, self._loop.stopping)
        with (
            closing(listener.listen()) as events,
            PeriodicScan(self._site, self._builder, listener) as scanner,
        ):
            next(events, None)
            self._builder.build(None)  # for changes before the listener started
            for paths in events:
                self._builder.build_if_needed(paths)
                # In a separate build: every scan finds the changes that the guard has stopped, and
                # these must not hold back the changes from events.
                if (changed := scanner.take_changes()) is not None:
                    self._builder.apply_scan(changed)
                if _identity(self._site.folder) != watched:
                    return


class Rebuilder:
    """Builds the paths that changed and the feeds that are due."""

    def __init__(self, site: Site, catalogue: Catalogue, built: BuildCallback | None) -> None:
        self._site, self.catalogue, self._built = site, catalogue, built
        self._cache = BuildCache()
        self._due: int | None = None
        self._missed: set[str] = set()
        self._retry = 0.0
        self._needs_full_build = True
        self._last_error = ""
        self._reason: str | None = None

    def build_if_needed(self, paths: set[str]) -> None:
        """Build if there are changed paths, missed ones to retry, or feeds that are due."""
        if self._missed and time.monotonic() >= self._retry:
            missed, self._missed = self._missed, set()
            self.build(missed)
        if paths or (self._due is not None and clock().timestamp() >= self._due):
            self.build(paths)

    def apply_scan(self, changed: set[str]) -> None:
        """Build the paths that a full scan found; everything if a build was stopped before."""
        if self._needs_full_build:
            self.build(None)
        elif changed:
            self.build(changed)

    def build(self, paths: set[str] | None) -> None:
        """Build these paths, or everything; log a failure."""
        start, report = time.monotonic(), None
        whole = paths is None or "" in paths
        if self._reason is None:
            self._write_reason("the first scan of the articles since the start is not complete")
        try:
            request = BuildRequest(changed_paths=None if whole else paths)
            report = build(self._site, self.catalogue, clock(), request, cache=self._cache)
        except FeedsError as error:
            self._failed(error, paths or set())
        except Exception as error:
            self._write_reason(f"a build failed with an unexpected error: {error!r}")
            raise
        else:
            self._succeeded(report, whole=whole)
        if self._built:
            try:
                self._built(report, time.monotonic() - start)
            except Exception:  # noqa: BLE001 - builds must go on
                _log.exception("reporting a build failed")

    def _succeeded(self, report: BuildReport, *, whole: bool) -> None:
        self._due, self._last_error = report.due, ""
        _log_report(report)
        if whole:
            self._missed, self._needs_full_build = set(), False
            sidecar.save_settings(self._site)
        if not self._missed and not self._needs_full_build:
            self._write_reason("")

    def _failed(self, error: FeedsError, paths: set[str]) -> None:
        """Retry soon after an error of the catalogue, the folder or the clock.

        After any other error, such as the guard's, the next full scan tries again.
        """
        if not paths:
            self._due = None
        if isinstance(error, CatalogueError | ClockError | ArticleFolderError):
            self._missed |= paths or {""}
            self._retry = time.monotonic() + _RETRY
        else:
            self._needs_full_build = True
        # The message of a clock error differs at every attempt.
        key = "clock" if isinstance(error, ClockError) else str(error)
        if key != self._last_error:
            self._last_error = key
            self._write_reason(f"no build succeeds: {error}")
            _log.error("build failed, feeds stay as they were: %s", escaped(error))

    def _write_reason(self, reason: str) -> None:
        """Record for servers why feeds are out of date; empty if they are not."""
        if reason != self._reason:
            self._reason = reason
            sidecar.write_stale(self._site, reason)


def _log_report(report: BuildReport) -> None:
    for problem in report.problems[:_MAX_LOGGED] if report.read else ():
        _log.warning("%s", escaped(problem))
    if report.feeds_changed:
        _log.info(
            "built revision %d: %d added, %d changed, %d withdrawn; %d feeds changed",
            report.revision,
            report.added,
            report.changed,
            report.withdrawn,
            len(report.feeds_changed),
        )


class PeriodicScan:
    """Scans all files at intervals, in a separate thread so that builds do not wait for it."""

    def __init__(self, site: Site, builder: Rebuilder, listener: ChangeListener) -> None:
        self._site, self._builder, self._listener = site, builder, listener
        self._changes: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        fault = "scanning all files failed; trying again"
        self._loop = DaemonLoop("feeds-scan", self._scan_later, fault, retry=0)

    def __enter__(self) -> "PeriodicScan":
        self._loop.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.stop()

    def take_changes(self) -> set[str] | None:
        """Return the changed paths found by scans since the last call; None if none completed."""
        changed: set[str] | None = None
        while not self._changes.empty():
            changed = (changed or set()) | self._changes.get()
        return changed

    def _scan_later(self) -> None:
        """Wait for the next scan, and do it."""
        if self._loop.stopping.wait(self._listener.interval):
            return
        try:
            self._changes.put(set(find_changed_paths(self._site, self._builder.catalogue)))
        except FeedsError as error:
            _log.error("scanning all files failed: %s", escaped(error))


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return the identity of the folder at this path; None if there is none."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
