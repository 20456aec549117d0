"""Notify WebSub hubs of changed feed URLs, once the feeds are served (WebSub section 6)."""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import msgspec
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

# Store the outcome after this many pings: at most these are sent twice if the process is killed.
_BATCH = 64
# Seconds to retry storing the outcome, because a long build locks the catalogue; and seconds
# between tries.
_WRITING = 600
_AGAIN = 1


def unix_time() -> int:
    """Return the current time in whole seconds since 1970."""
    return int(time.time())


class NotifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of notifying hubs.

    `everything` sends all topics. `stop` ends a run early. `patience` is how many seconds to wait
    for another process that notifies the same hub. `clock` returns seconds since 1970.
    """

    everything: bool = False
    stop: Event | None = None
    patience: float = 0
    clock: Callable[[], int] = unix_time


_DEFAULTS = NotifyOptions()


def current_topics(site: Site, catalogue: Catalogue) -> dict[str, str]:
    """Return the digests of all feeds, by the URL of each format."""
    return topic_digests(site, feed_digests(catalogue))


def feed_digests(catalogue: Catalogue) -> dict[str, str]:
    """Return the digest of each feed, by path."""
    with catalogue.read() as reader:
        return reader.feeds.digests()


def topic_digests(site: Site, digests: Mapping[str, str]) -> dict[str, str]:
    """Return these digests by feed URL, in all formats."""
    return {
        feed_url(path, site, format_): digest
        for path, digest in digests.items()
        for format_ in FORMATS
    }


def notify_hubs(
    site: Site,
    catalogue: Catalogue,
    changed: Mapping[str, str],
    options: NotifyOptions = _DEFAULTS,
) -> tuple[HubReport, ...]:
    """Notify every hub of the site of the `changed` topics that are new to it.

    The hubs are notified concurrently. Return a report for each. Raises the exceptions of
    `notify_hub`.
    """
    if not site.hubs or not changed:
        return ()  # before the first build, a new hub would count as notified of nothing

    def run(hub: str) -> HubReport:
        return notify_hub(site, catalogue, hub, changed, options)

    with ThreadPoolExecutor(len(site.hubs)) as pool:
        return tuple(pool.map(run, site.hubs))


def notify_hub(
    site: Site,
    catalogue: Catalogue,
    hub: str,
    changed: Mapping[str, str],
    options: NotifyOptions = _DEFAULTS,
) -> HubReport:
    """Notify one hub of the site of the `changed` topics that are new to it.

    Topics that the hub does not accept are tried again by a later call, when they are due. Raises
    `PingError` if another process notifies the hub for longer than `options.patience`, and
    `CatalogueError`.
    """
    try:
        with FileLock(lock_file(site, hub), timeout=options.patience):
            first = _enrol(site, catalogue, hub, changed)
            return _HubRun(hub, catalogue, changed, options).run(first=first)
    except Timeout:
        raise PingError("another process is notifying the hubs at the moment; try again") from None


def lock_file(site: Site, hub: str) -> Path:
    """Return the lock file for one hub: a slow hub must not delay the others."""
    return site.lock_file(f"ping-{hashlib.sha256(hub.encode()).hexdigest()[:12]}")


def _enrol(site: Site, catalogue: Catalogue, hub: str, changed: Mapping[str, str]) -> bool:
    """Store a new hub, and forget hubs that are gone; return whether the hub is new.

    A new hub counts as notified of all current feeds: it cannot have subscribers yet.
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


class _HubRun:
    """The pings of one hub."""

    def __init__(
        self,
        hub: str,
        catalogue: Catalogue,
        changed: Mapping[str, str],
        options: NotifyOptions,
    ) -> None:
        self.hub = hub
        self._catalogue, self._changed, self._clock = catalogue, changed, options.clock
        self._everything, self._stop = options.everything, options.stop or Event()
        self._accepted: set[str] = set()
        self._given_up = 0
        self._failures: list[Failure] = []

    def run(self, *, first: bool) -> HubReport:
        with self._catalogue.read() as reader:
            state, topics = reader.hubs.states()[self.hub], reader.hubs.topics(self.hub)
        plan = plan_pings(state, self._changed, topics, self._clock(), everything=self._everything)
        due, outstanding = plan.pings, [*plan.pings, *plan.waiting]
        with closing(HubClient(self.hub, self._stop)) as client:
            for start in range(0, len(due), _BATCH):
                batch = due[start : start + _BATCH]
                received = client.post_all([ping.topic for ping in batch])
                if not received:
                    break
                answers = [(ping, received[ping.topic]) for ping in batch if ping.topic in received]
                state = self._remember(state, answers, outstanding)
        return self._report(first=first)

    def _remember(
        self, state: HubState, answers: Sequence[tuple[Ping, Answer]], outstanding: Sequence[Ping]
    ) -> HubState:
        """Store the answers of a hub; return its new state."""
        now = self._clock()
        # Randomness that spreads tries over time need not be secure.
        after = {p.topic: topic_after(p, a, now, random.random()) for p, a in answers}  # noqa: S311
        state = hub_after(state, [a for _, a in answers], now, random.random())  # noqa: S311
        self._accepted |= {p.topic for p, a in answers if a.accepted}
        missed = [
            p for p, _ in answers if p.topic not in self._accepted and p.state.tries + 1 >= TRIES
        ]
        if state.tries >= TRIES:
            # Unreachable for a day: drop the missed changes; the next change is sent again.
            missed = [p for p in outstanding if p.topic not in self._accepted]
            after |= {p.topic: TopicState(p.digest) if p.digest else None for p in missed}
            state = HubState()
        self._write(state, after)
        self._given_up += len(missed)
        self._failures += [Failure(p.topic, a.message) for p, a in answers if not a.accepted]
        return state

    def _write(self, state: HubState, after: Mapping[str, TopicState | None]) -> None:
        """Store the state, and wait for a long build: topics not stored would be sent again."""
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
            state, topics = reader.hubs.states()[self.hub], reader.hubs.topics(self.hub)
        now = self._clock()
        left = plan_pings(state, self._changed, topics, now)
        report = HubReport(
            hub=self.hub,
            sent=len(self._accepted),
            failed=len(self._failures),
            given_up=self._given_up,
            waiting=len(left.pings) + len(left.waiting),
            next_try=now if left.pings else next_try(state, left.waiting),
            first=first,
            failures=tuple(self._failures),
        )
        _log_report(report)
        return report


def _log_report(report: HubReport) -> None:
    if report.sent:
        _log.info("notified %s of %d feed URLs", escaped(report.hub), report.sent)
    if report.failures:
        worst = report.failures[0]
        message = "%s did not accept %d of the feed URLs, %d are still to be sent: %s: %s"
        hub, topic, why = map(escaped, (report.hub, worst.topic, worst.why))
        _log.warning(message, hub, report.failed, report.waiting, topic, why)
    if report.given_up:
        message = "%s is not notified of %d changes: it accepted none of them for a day"
        _log.error(message, escaped(report.hub), report.given_up)
