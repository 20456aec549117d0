"""Bringing the catalogue up to date by itself, for as long as a process runs."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from filelock import Timeout

from feeds.build import sidecar
from feeds.build.builder import BuildCache, BuildReport, build
from feeds.build.changes import find_changed_paths
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import ArticleFolderError, CatalogueError, ClockError, FeedsError
from feeds.util.daemon import DaemonLoop
from feeds.util.progress import clock
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")

# Milliseconds: what is heard is gathered until a step brings nothing new, at most so long.
_STEP = 15
_GATHER = 90
# Milliseconds since a file was last written, after which it is taken for whole.
_SETTLED = 25
# Milliseconds: how often it is seen to whether time has changed a feed.
_TICK = 100
# Seconds until the next attempt after a fault, and until a folder that was heard of is looked at
# again: what came into a new folder before it was listened to is not heard of.
_PAUSE = 1.0
# Seconds until a build is tried again that could not use the catalogue or the article folder.
_RETRY = 5.0
# Seconds between looks at all files: where events come, only to be safe, and where none do.
_SAFETY = 60
_POLL = 10
# So many problems of one build are logged.
_SOME = 10

# Told of each build: its report, None of one that failed, and how many seconds it took.
BuildCallback = Callable[[BuildReport | None, float], None]


class Watcher:
    """Builds whenever the article folder or the time changes a feed, and outlives every fault.

    Of several on one catalogue and machine one watches; another takes over when it ends. A build
    that fails is logged, and what was published before stays. `built` is called in the
    watcher's thread after every build, and is to return soon.
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
        """Build, and build again after every change, until the folder is another one."""
        watched = _identity(self._site.folder)
        if watched is None:
            self._builder.build(None)
            return
        ear = ChangeListener(self._site, self._loop.stopping)
        with (
            closing(ear.listen()) as heard,
            PeriodicScan(self._site, self._builder, ear) as scanner,
        ):
            next(heard, None)
            self._builder.build(None)  # for what changed while nobody listened
            for paths in heard:
                self._builder.build_if_needed(paths)
                # Apart, for what the guard stops is found again and again, and must cost nothing
                # that is heard meanwhile.
                if (found := scanner.take_changes()) is not None:
                    self._builder.apply_scan(found)
                if _identity(self._site.folder) != watched:
                    return


class Rebuilder:
    """Builds what was heard of and what is due."""

    def __init__(self, site: Site, catalogue: Catalogue, built: BuildCallback | None) -> None:
        self._site, self.catalogue, self._built = site, catalogue, built
        self._memo = BuildCache()
        self._due: int | None = None
        self._missed: set[str] = set()
        self._retry = 0.0
        self._owed = True
        self._said = ""
        self._noted: str | None = None

    def build_if_needed(self, heard: set[str]) -> None:
        """Build if there is something to hear of, or time has changed a feed."""
        if self._missed and time.monotonic() >= self._retry:
            missed, self._missed = self._missed, set()
            self.build(missed)
        if heard or (self._due is not None and clock().timestamp() >= self._due):
            self.build(heard)

    def apply_scan(self, differing: set[str]) -> None:
        """Build what a look at all files has found; everything where a build was stopped before."""
        if self._owed:
            self.build(None)
        elif differing:
            self.build(differing)

    def build(self, heard: set[str] | None) -> None:
        """Build what lies at these paths, or all; a failure is logged."""
        start, report = time.monotonic(), None
        whole = heard is None or "" in heard
        if self._noted is None:
            self._note("the articles are being looked at for the first time since the start")
        try:
            at = None if whole else heard
            report = build(self._site, self.catalogue, clock(), changed_paths=at, cache=self._memo)
        except FeedsError as error:
            self._failed(error, heard or set())
        except Exception as error:
            self._note(f"a build failed for a reason that nobody foresaw: {error!r}")
            raise
        else:
            self._succeeded(report, whole=whole)
        if self._built:
            try:
                self._built(report, time.monotonic() - start)
            except Exception:  # noqa: BLE001 - whatever it is for, building goes on
                _log.exception("telling of a build failed")

    def _succeeded(self, report: BuildReport, *, whole: bool) -> None:
        self._due, self._said = report.due, ""
        _tell(report)
        if whole:
            self._missed, self._owed = set(), False
            sidecar.save_settings(self._site)
        if not self._missed and not self._owed:
            self._note("")

    def _failed(self, error: FeedsError, heard: set[str]) -> None:
        """Try again soon what the catalogue, the folder or the clock prevented.

        Anything else, such as the guard, is tried again after the next look at all files.
        """
        if not heard:
            self._due = None
        if isinstance(error, CatalogueError | ClockError | ArticleFolderError):
            self._missed |= heard or {""}
            self._retry = time.monotonic() + _RETRY
        else:
            self._owed = True
        # The message of a clock error differs at every attempt.
        key = "clock" if isinstance(error, ClockError) else str(error)
        if key != self._said:
            self._said = key
            self._note(f"no build succeeds: {error}")
            _log.error("build failed, feeds stay as they were: %s", escaped(error))

    def _note(self, why: str) -> None:
        """Note for those that serve why feeds are not what the articles are, if they are not."""
        if why != self._noted:
            self._noted = why
            sidecar.write_stale(self._site, why)


def _tell(report: BuildReport) -> None:
    for problem in report.problems[:_SOME] if report.read else ():
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


class ChangeListener:
    """Hears of changes in the article folder, from the file system where it tells of them."""

    def __init__(self, site: Site, stop: threading.Event) -> None:
        self._folder, self._stop = site.folder.resolve(), stop
        self._polls = site.settings.articles.watch == "poll"
        self._every = site.settings.articles.scan_every
        self._again: dict[str, float] = {}

    @property
    def interval(self) -> float:
        """How many seconds lie between two looks at all files."""
        return float(self._every or (_POLL if self._polls else _SAFETY))

    def listen(self) -> Generator[set[str], None, None]:
        """The paths, below the folder, that were heard of: now and then none."""
        if not self._polls:
            try:
                for paths in self._events():
                    yield paths | self._look_again(paths)
            except (OSError, RuntimeError) as error:  # RuntimeError is watchfiles' own
                self._polls = True
                said = "the file system tells of no changes (%s); looking at all files every %g s"
                _log.warning(said, escaped(error), self.interval)
        while not self._stop.wait(_TICK / 1000):
            yield set()

    def _events(self) -> Generator[set[str], None, None]:
        import watchfiles  # here, for who polls needs none

        changes = watchfiles.watch(
            self._folder,
            stop_event=self._stop,
            step=_STEP,
            debounce=_GATHER,
            rust_timeout=_TICK,
            yield_on_timeout=True,
            watch_filter=None,
            ignore_permission_denied=True,
        )
        for changed in changes:
            paths = {path.removeprefix(str(self._folder)).strip("/") for _, path in changed}
            self._settle(paths)
            yield paths

    def _settle(self, paths: set[str]) -> None:
        """Wait while one of these files is being written, so that no half of it is published."""
        end = time.monotonic() + _GATHER / 1000
        while any(map(self._is_fresh, paths)) and time.monotonic() < end:
            self._stop.wait(_STEP / 1000)

    def _is_fresh(self, path: str) -> bool:
        try:
            written = (self._folder / path).stat().st_mtime
        except OSError:
            return False
        return 0 <= time.time() - written < _SETTLED / 1000

    def _look_again(self, paths: set[str]) -> set[str]:
        """Folders that were heard of a while ago. Notes those among `paths` for later."""
        now = time.monotonic()
        again = {path for path, at in self._again.items() if at <= now}
        for path in again:
            del self._again[path]
        for path in paths:
            if (self._folder / path).is_dir():
                self._again[path] = now + _PAUSE
        return again


class PeriodicScan:
    """Looks at all files now and then, in a thread of its own, so that nothing waits for it."""

    def __init__(self, site: Site, builder: Rebuilder, ear: ChangeListener) -> None:
        self._site, self._builder, self._ear = site, builder, ear
        self._found: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        fault = "looking at all files failed; trying again"
        self._loop = DaemonLoop("feeds-scan", self._scan_later, fault, retry=0)

    def __enter__(self) -> "PeriodicScan":
        self._loop.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.stop()

    def take_changes(self) -> set[str] | None:
        """The paths that looks found that ended since this was last asked; None if none did."""
        found: set[str] | None = None
        while not self._found.empty():
            found = (found or set()) | self._found.get()
        return found

    def _scan_later(self) -> None:
        """Wait for the next scan, and do it."""
        if self._loop.stopping.wait(self._ear.interval):
            return
        try:
            self._found.put(set(find_changed_paths(self._site, self._builder.catalogue)))
        except FeedsError as error:
            _log.error("looking at all files failed: %s", escaped(error))


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder is there, for it may be swapped for another; None if there is none."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
