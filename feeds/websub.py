"""Telling WebSub hubs which feed URLs changed, once these are being served (WebSub §6)."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import urllib3
from filelock import FileLock, Timeout

from feeds.catalogue.store import Catalogue
from feeds.catalogue.told import ToldHubs
from feeds.definitions import feed_url
from feeds.errors import PingError
from feeds.fragment import FORMATS
from feeds.pings import (
    TRIES,
    Answer,
    Failure,
    HubReport,
    HubState,
    Ping,
    Told,
    next_try,
    plan,
    rested,
    settled,
)
from feeds.site import Site

_log = logging.getLogger("feeds")

# Requests to a hub at the same time, and after how many pings the outcome is written down:
# so many may come twice if this is killed.
_PARALLEL = 4
_BATCH = 64
_TIMEOUT = urllib3.Timeout(connect=5, read=10)
# So much of an answer is read: what is wrong stands at its beginning.
_SAID_BYTES = 300
_AGENT = "feed-publisher"


def seconds() -> int:
    """Now, in whole seconds since 1970."""
    return int(time.time())


def topics(site: Site, catalogue: Catalogue) -> dict[str, str]:
    """The URLs of all feeds in all formats, each with the digest of what it shows."""
    with catalogue.connect() as connection:
        digests = ToldHubs(connection).digests()
    return {
        feed_url(path, site, format_): digest
        for path, digest in digests.items()
        for format_ in FORMATS
    }


def tell(
    site: Site,
    catalogue: Catalogue,
    changed: Mapping[str, str],
    *,
    everything: bool = False,
    stop: threading.Event | None = None,
    patience: float = 0,
    clock: Callable[[], int] = seconds,
) -> tuple[HubReport, ...]:
    """Tell every hub of the site which of the topics `changed` are new to it; a report for each.

    `everything` tells of all topics. What a hub does not take is tried again by the next call, at
    its time. `stop` ends this early, `patience` is how many seconds to wait for another process
    that does the same. Raises `PingError` if that takes longer, and `CatalogueError`.
    """
    if not site.hubs or not changed:
        return ()  # before the first build a hub would count as told of nothing
    try:
        with FileLock(site.lock_file("ping"), timeout=patience):
            new = _enrol(site, catalogue, changed)
            rounds = [
                _Round(hub, catalogue, changed, stop or threading.Event(), clock)
                for hub in site.hubs
            ]
            with ThreadPoolExecutor(len(rounds)) as pool:
                done = pool.map(
                    lambda each: each.run(first=each.hub in new, everything=everything), rounds
                )
                return tuple(done)
    except Timeout:
        raise PingError("another process is telling the hubs just now; try again") from None


def _enrol(site: Site, catalogue: Catalogue, changed: Mapping[str, str]) -> set[str]:
    """Take note of hubs that are new, and forget those that are gone; returns the new ones.

    A new hub counts as told of all there is: nobody can have subscribed there yet.
    """
    with catalogue.connect() as connection:
        known = set(ToldHubs(connection).hubs())
    new, gone = set(site.hubs) - known, known - set(site.hubs)
    if new or gone:
        with catalogue.connect(write=True) as connection:
            hubs = ToldHubs(connection)
            hubs.forget(sorted(gone))
            for hub in new:
                hubs.put(hub, HubState(), {url: Told(digest) for url, digest in changed.items()})
    return new


class _Round:
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
        self._stop, self._closed = stop, threading.Event()
        self._taken: set[str] = set()
        self._given_up = 0
        self._failures: list[Failure] = []

    def run(self, *, first: bool, everything: bool) -> HubReport:
        with self._catalogue.connect() as connection:
            hubs = ToldHubs(connection)
            state, told = hubs.hubs()[self.hub], hubs.told(self.hub)
        made = plan(state, self._changed, told, self._clock(), everything=everything)
        due, outstanding = made.pings, [*made.pings, *made.waiting]
        with urllib3.PoolManager(maxsize=_PARALLEL) as http, ThreadPoolExecutor(_PARALLEL) as pool:
            for start in range(0, len(due), _BATCH):
                batch = due[start : start + _BATCH]
                asked = pool.map(lambda ping: self._ask(http, ping), batch)
                answers = [
                    (ping, answer)
                    for ping, answer in zip(batch, asked, strict=True)
                    if answer is not None
                ]
                if answers:
                    state = self._remember(state, answers, outstanding)
        return self._report(first=first)

    def _ask(self, http: urllib3.PoolManager, ping: Ping) -> Answer | None:
        """Send a ping, unless the hub has closed meanwhile or this is to stop."""
        if self._closed.is_set() or self._stop.is_set():
            return None
        answer = send(http, self.hub, ping.topic)
        if answer.closed:
            self._closed.set()
        return answer

    def _remember(
        self, state: HubState, answers: Sequence[tuple[Ping, Answer]], outstanding: Sequence[Ping]
    ) -> HubState:
        """Write down what a hub answered; its state now."""
        now = self._clock()
        # What spreads tries over time need be no secret.
        after = {p.topic: settled(p, a, now, random.random()) for p, a in answers}  # noqa: S311
        state = rested(state, [a for _, a in answers], now, random.random())  # noqa: S311
        self._taken |= {p.topic for p, a in answers if a.received}
        missed = [p for p, _ in answers if p.topic not in self._taken and p.told.tries + 1 >= TRIES]
        if state.tries >= TRIES:
            # Away for a day: what it has missed is old, and the next change counts again.
            missed = [p for p in outstanding if p.topic not in self._taken]
            after |= {p.topic: Told(p.digest) if p.digest else None for p in missed}
            state = HubState()
        with self._catalogue.connect(write=True) as connection:
            ToldHubs(connection).put(self.hub, state, after)
        self._given_up += len(missed)
        self._failures += [Failure(p.topic, a.said) for p, a in answers if not a.received]
        return state

    def _report(self, *, first: bool) -> HubReport:
        with self._catalogue.connect() as connection:
            hubs = ToldHubs(connection)
            state, told = hubs.hubs()[self.hub], hubs.told(self.hub)
        now = self._clock()
        left = plan(state, self._changed, told, now)
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
        _log.info("told %s of %d feed URLs", report.hub, report.sent)
    if report.failures:
        worst = report.failures[0]
        said = "%s did not take %d of the feed URLs, %d are still to be told: %s: %s"
        _log.warning(said, report.hub, report.failed, report.waiting, worst.topic, worst.why)
    if report.given_up:
        said = "%s is not told of %d changes: it took none of them for a day"
        _log.error(said, report.hub, report.given_up)


def send(http: urllib3.PoolManager, hub: str, topic: str) -> Answer:
    """Tell a hub of one topic, and wait for its answer. Raises nothing.

    WebSub §6 leaves the form open: most hubs read `hub.url`, some `hub.topic`. One topic a
    request, for hubs differ in how they take many.
    """
    fields = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        answer = http.request(
            "POST",
            hub,
            fields=fields,
            encode_multipart=False,
            headers={"User-Agent": _AGENT},
            timeout=_TIMEOUT,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        with answer:
            said = answer.read(_SAID_BYTES).decode(errors="replace")
            answer.drain_conn() if len(said) < _SAID_BYTES else answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return Answer(None, f"no answer: {error}")
    return Answer(answer.status, _told(answer, said), _retry_after(answer))


def _told(answer: urllib3.BaseHTTPResponse, said: str) -> str:
    """What an answer means, in one line."""
    where = answer.headers.get("Location")
    if 300 <= answer.status < 400 and where:
        return f"{answer.status}: it moved to {where}; name that as hub in site.yaml"
    return f"{answer.status} {answer.reason or ''}: {' '.join(said.split())}".rstrip(": ")


def _retry_after(answer: urllib3.BaseHTTPResponse) -> int:
    """The seconds of Retry-After (RFC 9110 §10.2.3), whether it is a number or a date; else 0."""
    try:
        return int(urllib3.Retry(0).get_retry_after(answer) or 0)
    except urllib3.exceptions.InvalidHeader:
        return 0
