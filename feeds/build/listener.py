"""Listen for changes in the article folder, by file-system events or by polling."""

import logging
import threading
import time
from collections.abc import Generator

from feeds.config.site import Site
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")

# Milliseconds: changes are gathered until a step brings no new one, at most this long.
_STEP = 15
_DEBOUNCE = 90
# Milliseconds since its last write after which a file counts as complete.
_SETTLED = 25
# Milliseconds between checks whether time has changed a feed.
_TICK = 100
# Seconds until a changed folder is scanned again: files that came into a new folder before it was
# watched cause no event.
_SECOND_LOOK = 1.0
# Seconds between full scans: with events as a safety net, and without.
_SAFETY = 60
_POLL = 10


class ChangeListener:
    """Yields changed paths of the article folder, from file-system events if there are any."""

    def __init__(self, site: Site, stop: threading.Event) -> None:
        self._folder, self._stop = site.folder.resolve(), stop
        self._polls = site.settings.articles.watch == "poll"
        self._every = site.settings.articles.scan_every
        self._pending: dict[str, float] = {}

    @property
    def interval(self) -> float:
        """The seconds between two full scans."""
        return float(self._every or (_POLL if self._polls else _SAFETY))

    def listen(self) -> Generator[set[str], None, None]:
        """Yield the paths that changed, relative to the folder; an empty set at every tick."""
        if not self._polls:
            try:
                for paths in self._events():
                    yield paths | self._second_look(paths)
            except (OSError, RuntimeError) as error:  # watchfiles raises RuntimeError
                self._polls = True
                message = "no file-system events (%s); looking at all files every %g s"
                _log.warning(message, escaped(error), self.interval)
        while not self._stop.wait(_TICK / 1000):
            yield set()

    def _events(self) -> Generator[set[str], None, None]:
        import watchfiles  # here, because polling does not need it

        changes = watchfiles.watch(
            self._folder,
            stop_event=self._stop,
            step=_STEP,
            debounce=_DEBOUNCE,
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
        """Wait while one of these files is being written, so that no partial file is published."""
        end = time.monotonic() + _DEBOUNCE / 1000
        while any(map(self._is_fresh, paths)) and time.monotonic() < end:
            self._stop.wait(_STEP / 1000)

    def _is_fresh(self, path: str) -> bool:
        try:
            written = (self._folder / path).stat().st_mtime
        except OSError:
            return False
        return 0 <= time.time() - written < _SETTLED / 1000

    def _second_look(self, paths: set[str]) -> set[str]:
        """Return the folders whose second look is due; schedule one for folders in `paths`."""
        now = time.monotonic()
        due = {path for path, at in self._pending.items() if at <= now}
        for path in due:
            del self._pending[path]
        for path in paths:
            if (self._folder / path).is_dir():
                self._pending[path] = now + _SECOND_LOOK
        return due
