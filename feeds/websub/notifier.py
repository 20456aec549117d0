"""Telling WebSub hubs by itself while a server runs."""

import logging
import signal
import threading
import time
from collections.abc import Callable

from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import FeedsError, PingError
from feeds.websub import notify as websub
from feeds.websub.schedule import HubReport

_log = logging.getLogger("feeds")

# Seconds after which it is looked whether another process has built, and after which a hub that
# another process is telling is looked at again.
_REGULARLY = 60
_AGAIN = 2

# Seconds that `stop` waits for what is under way.
_LEAVE = 2

Reported = Callable[[tuple[HubReport, ...]], None]


class Notifier:
    """Tells every hub of every change, each in a thread of its own that outlives every fault.

    Every process of a server may have one: of what one has told a hub, the others tell it no more.
    `reported` is called, in these threads, with what each run told a hub.
    """

    def __init__(self, site: Site, catalogue: Catalogue, reported: Reported | None = None) -> None:
        self._loops = [_Loop(site, catalogue, hub, reported) for hub in site.hubs]

    def start(self) -> None:
        """Begin, if the site has a hub, with what is still to be told."""
        for loop in self._loops:
            loop.thread.start()

    def notify(self) -> None:
        """Feeds changed. Returns at once."""
        for loop in self._loops:
            loop.wake.set()

    def stop(self) -> None:
        """End, and leave alone what takes longer than two seconds."""
        for loop in self._loops:
            loop.stop.set()
            loop.wake.set()
        end = time.monotonic() + _LEAVE
        for loop in self._loops:
            if loop.thread.is_alive():
                loop.thread.join(max(0, end - time.monotonic()))


class _Loop:
    """Tells one hub, so that it does not hold back others by being slow."""

    def __init__(
        self, site: Site, catalogue: Catalogue, hub: str, reported: Reported | None
    ) -> None:
        self._site, self._catalogue, self._hub, self._reported = site, catalogue, hub, reported
        self.stop, self.wake = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="feeds-ping", daemon=True)
        self._revision, self._next_try = "", 0

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # A signal that reaches this thread would leave the main thread waiting.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self.stop.is_set():
            self.wake.clear()
            try:
                pause = self._look()
            except PingError:
                pause = _AGAIN
            except FeedsError as error:
                _log.error("%s cannot be told: %s", self._hub, error)
                pause = _REGULARLY
            except Exception:  # noqa: BLE001 - the thread must outlive every fault
                _log.exception("telling %s failed; trying again", self._hub)
                pause = _REGULARLY
            self.wake.wait(pause)

    def _look(self) -> float:
        """Tell the hub what is new since the last look; seconds until the next one."""
        with self._catalogue.read() as reader:
            revision = reader.meta.get("revision")
        now = websub.seconds()
        if revision != self._revision or 0 < self._next_try <= now:
            # What is read here is what readers get after the delay; what changes meanwhile is
            # another change.
            topics = websub.topics(self._site, self._catalogue)
            if self.stop.wait(self._site.ping_delay):
                return 0
            if topics:  # before the first build a hub would count as told of nothing
                report = websub.notify_hub(
                    self._site, self._catalogue, self._hub, topics, stop=self.stop
                )
                self._next_try = report.next_try or 0
                if self._reported:
                    self._reported((report,))
            self._revision = revision
        left = self._next_try - websub.seconds() if self._next_try else _REGULARLY
        return min(max(left, 1), _REGULARLY)
