"""Telling WebSub hubs which feed URLs changed, once these are being served (WebSub §6)."""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import HubState, TopicState
from feeds.config.definitions import feed_url
from feeds.config.site import Site
from feeds.errors import CatalogueError, PingError
from feeds.model.document import FORMATS
from feeds.util.terminal import escaped
from feeds.websub.client import HubClient
from feeds.websub.schedule import (
    TRIES,
    Answer,
    Failure,
    HubReport,
    Ping,
    hub_after,
    next_try,
    plan_pings,
    topic_after,
)

_log = logging.getLogger("feeds")

# After so many pings the outcome is written down: so many may come twice if this is killed.
_BATCH = 64
# Seconds for which writing it down is tried, while a long build keeps others from writing, and
# seconds between two tries.
_WRITING = 600
_AGAIN = 1


def unix_time() -> int:
    """Now, in whole seconds since 1970."""
    return int(time.time())


def current_topics(site: Site, catalogue: Catalogue) -> dict[str, str]:
    """The URLs of all feeds in all formats, each with the digest of what it shows."""
    return topic_digests(site, feed_digests(catalogue))


def feed_digests(catalogue: Catalogue) -> dict[str, str]:
    """The digest of what each feed shows, by path."""
    with catalogue.read() as reader:
        return reader.feeds.digests()


def topic_digests(site: Site, digests: Mapping[str, str]) -> dict[str, str]:
    """The same by the URLs of the feeds in all formats."""
    return {
        feed_url(path, site, format_): digest
        for path, digest in digests.items()
        for format_ in FORMATS
    }


def notify_hubs(
    site: Site,
    catalogue: Catalogue,
    changed: Mapping[str, str],
    *,
    everything: bool = False,
    patience: float = 0,
    clock: Callable[[], int] = unix_time,
) -> tuple[HubReport, ...]:
    """Tell every hub of the site which of the topics `changed` are new to it; a report for each.

    All at once, and as `tell_hub` does it. Raises what that does.
    """
    if not site.hubs or not changed:
        return ()  # before the first build a hub would count as told of nothing

    def told(hub: str) -> HubReport:
        return notify_hub(
            site, catalogue, hub, changed, everything=everything, patience=patience, clock=clock
        )

    with ThreadPoolExecutor(len(site.hubs)) as pool:
        return tuple(pool.map(told, site.hubs))


def notify_hub(
    site: Site,
    catalogue: Catalogue,
    hub: str,
    changed: Mapping[str, str],
    *,
    everything: bool = False,
    stop: threading.Event | None = None,
    patience: float = 0,
    clock: Callable[[], int] = unix_time,
) -> HubReport:
    """Tell one hub of the site which of the topics `changed` are new to it.

    `everything` tells of all topics. What the hub does not take is tried again by the next call,
    at its time. `stop` ends this early, `patience` is how many seconds to wait for another process
    that tells this hub. Raises `PingError` if that takes longer, and `CatalogueError`.
    """
    try:
        with FileLock(lock_file(site, hub), timeout=patience):
            first = _enrol(site, catalogue, hub, changed)
            made = HubRun(hub, catalogue, changed, stop or threading.Event(), clock)
            return made.run(first=first, everything=everything)
    except Timeout:
        raise PingError("another process is telling the hubs just now; try again") from None


def lock_file(site: Site, hub: str) -> Path:
    """What a process holds that tells this hub: a slow one must not hold back another."""
    return site.lock_file(f"ping-{hashlib.sha256(hub.encode()).hexdigest()[:12]}")


def _enrol(site: Site, catalogue: Catalogue, hub: str, changed: Mapping[str, str]) -> bool:
    """Take note of a hub that is new, and forget those that are gone; returns whether it is new.

    A new hub counts as told of all there is: nobody can have subscribed there yet.
    """
    with catalogue.read() as reader:
        known = set(reader.hubs.states())
    first, gone = hub not in known, known - set(site.hubs)
    if first or gone:
        with catalogue.write() as writer:
            writer.hubs.forget(sorted(gone))
            if first:
                writer.hubs.put(
                    hub, HubState(), {url: TopicState(digest) for url, digest in changed.items()}
                )
    return first


class HubRun:
    """The pings of one hub."""

    def __init__(
        self,
        hub: str,
        catalogue: Catalogue,
        changed: Mapping[str, str],
        stop: threading.Event,
        clock: Callable[[], int],
    ) -> None:
        self.hub = hub
        self._catalogue, self._changed, self._clock = catalogue, changed, clock
        self._stop = stop
        self._taken: set[str] = set()
        self._given_up = 0
        self._failures: list[Failure] = []

    def run(self, *, first: bool, everything: bool) -> HubReport:
        with self._catalogue.read() as reader:
            state, told = reader.hubs.states()[self.hub], reader.hubs.topics(self.hub)
        made = plan_pings(state, self._changed, told, self._clock(), everything=everything)
        due, outstanding = made.pings, [*made.pings, *made.waiting]
        with closing(HubClient(self.hub, self._stop)) as calls:
            for start in range(0, len(due), _BATCH):
                batch = due[start : start + _BATCH]
                asked = calls.post_all([ping.topic for ping in batch])
                if not asked:
                    break
                answers = [(ping, asked[ping.topic]) for ping in batch if ping.topic in asked]
                state = self._remember(state, answers, outstanding)
        return self._report(first=first)

    def _remember(
        self, state: HubState, answers: Sequence[tuple[Ping, Answer]], outstanding: Sequence[Ping]
    ) -> HubState:
        """Write down what a hub answered; its state now."""
        now = self._clock()
        # What spreads tries over time need be no secret.
        after = {p.topic: topic_after(p, a, now, random.random()) for p, a in answers}  # noqa: S311
        state = hub_after(state, [a for _, a in answers], now, random.random())  # noqa: S311
        self._taken |= {p.topic for p, a in answers if a.accepted}
        missed = [
            p for p, _ in answers if p.topic not in self._taken and p.state.tries + 1 >= TRIES
        ]
        if state.tries >= TRIES:
            # Away for a day: what it has missed is old, and the next change counts again.
            missed = [p for p in outstanding if p.topic not in self._taken]
            after |= {p.topic: TopicState(p.digest) if p.digest else None for p in missed}
            state = HubState()
        self._write(state, after)
        self._given_up += len(missed)
        self._failures += [Failure(p.topic, a.message) for p, a in answers if not a.accepted]
        return state

    def _write(self, state: HubState, after: Mapping[str, TopicState | None]) -> None:
        """What is not written down is told again: so a build that writes for long is waited for."""
        end = time.monotonic() + _WRITING
        while True:
            try:
                with self._catalogue.write() as writer:
                    writer.hubs.put(self.hub, state, after)
                    return
            except CatalogueError:
                if time.monotonic() >= end or self._stop.wait(_AGAIN):
                    raise

    def _report(self, *, first: bool) -> HubReport:
        with self._catalogue.read() as reader:
            state, told = reader.hubs.states()[self.hub], reader.hubs.topics(self.hub)
        now = self._clock()
        left = plan_pings(state, self._changed, told, now)
        report = HubReport(
            hub=self.hub,
            sent=len(self._taken),
            failed=len(self._failures),
            given_up=self._given_up,
            waiting=len(left.pings) + len(left.waiting),
            next_try=now if left.pings else next_try(state, left.waiting),
            first=first,
            failures=tuple(self._failures),
        )
        _tell_log(report)
        return report


def _tell_log(report: HubReport) -> None:
    if report.sent:
        _log.info("told %s of %d feed URLs", escaped(report.hub), report.sent)
    if report.failures:
        worst = report.failures[0]
        said = "%s did not take %d of the feed URLs, %d are still to be told: %s: %s"
        hub, topic, why = map(escaped, (report.hub, worst.topic, worst.why))
        _log.warning(said, hub, report.failed, report.waiting, topic, why)
    if report.given_up:
        said = "%s is not told of %d changes: it took none of them for a day"
        _log.error(said, escaped(report.hub), report.given_up)
