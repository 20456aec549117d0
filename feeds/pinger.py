"""Telling WebSub hubs by itself while a server runs."""

import logging
import signal
import threading
from collections.abc import Callable

from feeds import websub
from feeds.build import Report
from feeds.catalogue.store import Catalogue
from feeds.errors import FeedsError, PingError
from feeds.pings import HubReport
from feeds.site import Site

_log = logging.getLogger("feeds")

# Seconds after which it is looked whether another process has built, and after which a hub that
# another process is telling is looked at again.
_REGULARLY = 60
_AGAIN = 2

Told = Callable[[tuple[HubReport, ...]], None]


class Pinger:
    """A thread that tells the hubs of every change, and outlives every fault.

    Every process of a server may have one: of what one has told a hub, the others tell it no more.
    `told` is called, in the pinger's thread, with what each run told the hubs.
    """

    def __init__(self, site: Site, catalogue: Catalogue, told: Told | None = None) -> None:
        self._site, self._catalogue, self._told = site, catalogue, told
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeds-ping", daemon=True)
        self._revision, self._next_try = "", 0

    def start(self) -> None:
        """Begin, if the site has a hub, with what is still to be told."""
        if self._site.hubs:
            self._thread.start()

    def after(self, report: Report) -> None:
        """A build was made. Returns at once."""
        if report.feeds_changed:
            self.notify()

    def notify(self) -> None:
        """Feeds changed. Returns at once."""
        self._wake.set()

    def stop(self) -> None:
        """End, within the time that a request in progress takes."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # A signal that reaches this thread would leave the main thread waiting.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self._stop.is_set():
            self._wake.clear()
            try:
                pause = self._look()
            except PingError:
                pause = _AGAIN
            except FeedsError as error:
                _log.error("the hubs cannot be told: %s", error)
                pause = _REGULARLY
            except Exception:  # noqa: BLE001 - the thread must outlive every fault
                _log.exception("telling the hubs failed; trying again")
                pause = _REGULARLY
            self._wake.wait(pause)

    def _look(self) -> float:
        """Tell the hubs what is new since the last look; seconds until the next one."""
        with self._catalogue.read() as reader:
            revision = reader.meta("revision")
        now = websub.seconds()
        if revision != self._revision or 0 < self._next_try <= now:
            # What is read here is what readers get after the delay; what changes meanwhile is
            # another change.
            topics = websub.topics(self._site, self._catalogue)
            if self._stop.wait(self._site.ping_delay):
                return 0
            reports = websub.tell(self._site, self._catalogue, topics, stop=self._stop)
            self._note(reports)
            self._revision = revision
        left = self._next_try - websub.seconds() if self._next_try else _REGULARLY
        return min(max(left, 1), _REGULARLY)

    def _note(self, reports: tuple[HubReport, ...]) -> None:
        if self._told:
            self._told(reports)
        tries = [report.next_try for report in reports if report.next_try is not None]
        self._next_try = min(tries, default=0)
