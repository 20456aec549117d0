"""Telling WebSub hubs by itself while a server runs."""

import logging
import time
from collections.abc import Callable

from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import FeedsError, PingError
from feeds.util.daemon import DaemonLoop
from feeds.util.terminal import escaped
from feeds.websub import notify as websub
from feeds.websub.schedule import HubReport

_log = logging.getLogger("feeds")

# Seconds after which it is looked whether another process has built, and after which a hub that
# another process is telling is looked at again.
_REGULARLY = 60
_AGAIN = 2

# Seconds that `stop` waits for what is under way.
_LEAVE = 2

ReportCallback = Callable[[tuple[HubReport, ...]], None]


class Notifier:
    """Tells every hub of every change, each in a thread of its own that outlives every fault.

    Every process of a server may have one: of what one has told a hub, the others tell it no more.
    `reported` is called, in these threads, with what each run told a hub.
    """

    def __init__(
        self, site: Site, catalogue: Catalogue, reported: ReportCallback | None = None
    ) -> None:
        self._loops = [_HubNotifier(site, catalogue, hub, reported).loop for hub in site.hubs]

    def start(self) -> None:
        """Begin, if the site has a hub, with what is still to be told."""
        for loop in self._loops:
            loop.start()

    def notify(self) -> None:
        """Feeds changed. Returns at once."""
        for loop in self._loops:
            loop.wake()

    def stop(self) -> None:
        """End, and leave alone what takes longer than two seconds."""
        for loop in self._loops:
            loop.request_stop()
        end = time.monotonic() + _LEAVE
        for loop in self._loops:
            loop.join(max(0, end - time.monotonic()))


class _HubNotifier:
    """Tells one hub, so that it does not hold back others by being slow."""

    def __init__(
        self, site: Site, catalogue: Catalogue, hub: str, reported: ReportCallback | None
    ) -> None:
        self._site, self._catalogue, self._hub, self._reported = site, catalogue, hub, reported
        fault = f"telling {hub} failed; trying again"
        self.loop = DaemonLoop("feeds-ping", self._run, fault, retry=_REGULARLY)
        self._revision, self._next_try = "", 0

    def _run(self) -> float:
        """Notify the hub if needed; return the seconds until the next look."""
        try:
            return self._look()
        except PingError:
            return _AGAIN
        except FeedsError as error:
            _log.error("%s cannot be told: %s", escaped(self._hub), escaped(error))
            return _REGULARLY

    def _look(self) -> float:
        """Tell the hub what is new since the last look; seconds until the next one."""
        with self._catalogue.read() as reader:
            revision = reader.meta.get("revision")
        now = websub.unix_time()
        if revision != self._revision or 0 < self._next_try <= now:
            # What is read here is what readers get after the delay; what changes meanwhile is
            # another change.
            topics = websub.current_topics(self._site, self._catalogue)
            if self.loop.stopping.wait(self._site.ping_delay):
                return 0
            if topics:  # before the first build a hub would count as told of nothing
                report = websub.notify_hub(
                    self._site, self._catalogue, self._hub, topics, stop=self.loop.stopping
                )
                self._next_try = report.next_try or 0
                if self._reported:
                    self._reported((report,))
            self._revision = revision
        left = self._next_try - websub.unix_time() if self._next_try else _REGULARLY
        return min(max(left, 1), _REGULARLY)
