"""Notify WebSub hubs in the background while a server runs."""

import logging
import time
from collections.abc import Callable

from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import FeedsError, PingError
from feeds.util.daemon import DaemonLoop
from feeds.util.terminal import escaped
from feeds.websub.notify import NotifyOptions, current_topics, notify_hub, unix_time
from feeds.websub.schedule import HubReport

_log = logging.getLogger("feeds")

# Seconds between checks whether another process has built, and until the next check of a hub that
# another process is notifying.
_REGULARLY = 60
_AGAIN = 2

# Seconds that `stop` waits for requests in progress.
_LEAVE = 2

ReportCallback = Callable[[tuple[HubReport, ...]], None]


class Notifier:
    """Notifies every hub of every change, each in its own thread, which survives all errors.

    Every process of a server may have one: a change that one process sent is not sent by the
    others. `on_report` is called in these threads with the report of each run.
    """

    def __init__(
        self, site: Site, catalogue: Catalogue, on_report: ReportCallback | None = None
    ) -> None:
        self._loops = [_HubNotifier(site, catalogue, hub, on_report).loop for hub in site.hubs]

    def start(self) -> None:
        """Start, with pings left from before; does nothing without hubs."""
        for loop in self._loops:
            loop.start()

    def notify(self) -> None:
        """Check for changed feeds soon. Returns at once."""
        for loop in self._loops:
            loop.wake()

    def stop(self) -> None:
        """Stop, and abandon requests that take longer than two seconds."""
        for loop in self._loops:
            loop.request_stop()
        end = time.monotonic() + _LEAVE
        for loop in self._loops:
            loop.join(max(0, end - time.monotonic()))


class _HubNotifier:
    """Notifies one hub; a slow hub does not delay the others."""

    def __init__(
        self, site: Site, catalogue: Catalogue, hub: str, on_report: ReportCallback | None
    ) -> None:
        self._site, self._catalogue, self._hub, self._on_report = site, catalogue, hub, on_report
        fault = f"notifying {hub} failed; trying again"
        self.loop = DaemonLoop("feeds-ping", self._run, fault, retry=_REGULARLY)
        self._revision, self._next_try = "", 0

    def _run(self) -> float:
        """Notify the hub if needed; return the seconds until the next check."""
        try:
            return self._check()
        except PingError:
            return _AGAIN
        except FeedsError as error:
            _log.error("%s cannot be notified: %s", escaped(self._hub), escaped(error))
            return _REGULARLY

    def _check(self) -> float:
        """Notify the hub of changes since the last call; return the seconds until the next one."""
        with self._catalogue.read() as reader:
            revision = reader.meta.get("revision")
        now = unix_time()
        if revision != self._revision or 0 < self._next_try <= now:
            # Read before the delay: after it, readers get at least this state. A later change
            # is notified separately.
            topics = current_topics(self._site, self._catalogue)
            if self.loop.stopping.wait(self._site.ping_delay):
                return 0
            if topics:  # before the first build, a new hub would count as notified of nothing
                options = NotifyOptions(stop=self.loop.stopping)
                report = notify_hub(self._site, self._catalogue, self._hub, topics, options)
                self._next_try = report.next_try or 0
                if self._on_report:
                    self._on_report((report,))
            self._revision = revision
        left = self._next_try - unix_time() if self._next_try else _REGULARLY
        return min(max(left, 1), _REGULARLY)
