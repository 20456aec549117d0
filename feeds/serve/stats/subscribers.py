"""How many subscribers feeds have, counted from the requests of access logs. Pure; no I/O.

Aggregators tell how many they read for: the newest report in the window counts, for each of
their feed ids and each URL. Direct readers are told apart by client and User-Agent, and the
busiest day (UTC) counts, for addresses change from day to day. Neither is kept: only hashes
under a key that the process makes and forgets.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import FORMATS, Format
from feeds.serve.stats import log_parser, user_agents

# What a subscriber gets: the feed, no change (RFC 9110 §15.4.5), or what is new (RFC 3229 §10.4.1).
_ANSWERED = frozenset({200, 226, 304})
_DAY = 86_400
# So many distinct readers are counted exactly, for each feed, format and day; more are estimated.
_EXACT = 4096
# Names and ids come from whoever asks: what is kept for one feed has a bound.
_MOST_REPORTS = 2000


class Aggregator(msgspec.Struct, frozen=True):
    """What one aggregator reported of a feed; `subscribers` is None if it tells no number."""

    name: str
    subscribers: int | None


class FeedSubscribers(msgspec.Struct, frozen=True):
    """The subscribers of one feed: reported by aggregators, and direct readers; and by format.

    Who takes several formats counts once in `total`, and in each format.
    """

    path: str
    title: str
    total: int
    reported: int
    direct: int
    formats: dict[Format, int]
    aggregators: tuple[Aggregator, ...]


class Subscribers(msgspec.Struct, frozen=True):
    """What the logs told: the subscribers of every feed, and how much of the logs was of use.

    `since` and `until` are the times of the first and the last request that was counted, in
    seconds since 1970. `unreadable` lines are no requests; `unknown_clients` is how many
    requests of direct readers did not say from where, so that only their User-Agents differ.
    """

    lines: int
    unreadable: int
    requests: int
    unknown_clients: int
    since: int | None
    until: int | None
    feeds: tuple[FeedSubscribers, ...]


class Distinct:
    """Counts distinct hashes in bounded memory: up to `_EXACT` exactly, then by estimate.

    The estimate is that of the k smallest values of evenly spread hashes; its error is about
    1/sqrt(k), 2 percent.
    """

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._below = 1 << 64

    def add(self, hashed: int) -> None:
        """Count a hash of 64 bits."""
        if hashed >= self._below:
            return
        self._hashes.add(hashed)
        if len(self._hashes) >= 2 * _EXACT:
            kept = sorted(self._hashes)[:_EXACT]
            self._hashes, self._below = set(kept), kept[-1] + 1

    def count(self) -> int:
        """How many distinct hashes there were."""
        if self._below == 1 << 64 or len(self._hashes) < _EXACT:
            return len(self._hashes)
        largest = sorted(self._hashes)[_EXACT - 1]
        return round((_EXACT - 1) * (1 << 64) / largest)


class _FeedCount:
    """What is known of one feed: the reports by URL, aggregator and id; direct readers by day."""

    def __init__(self) -> None:
        self.reports: dict[tuple[Format, str, str, str], tuple[float, int | None]] = {}
        self.days: dict[tuple[int, Format | None], Distinct] = defaultdict(Distinct)

    def report(self, time: float, path: str, format_: Format, agent: user_agents.Agent) -> None:
        key = format_, path, agent.name, agent.feed_id
        before = self.reports.get(key)
        if before is None and len(self.reports) >= _MOST_REPORTS:
            return
        if before is None or time >= before[0]:
            self.reports[key] = time, agent.subscribers

    def read(self, time: float, format_: Format, hashed: int) -> None:
        day = int(time // _DAY)
        self.days[day, None].add(hashed)
        self.days[day, format_].add(hashed)

    def direct(self, format_: Format | None = None) -> int:
        """Distinct readers on the busiest day, of one format or of all."""
        counts = (each.count() for (_, of), each in self.days.items() if of == format_)
        return max(counts, default=0)

    def reported(self, format_: Format | None = None) -> dict[str, int | None]:
        """The newest reports by aggregator, of one format or of all."""
        told: dict[str, int | None] = {}
        for (of, _, name, _), (_, number) in self.reports.items():
            if format_ in (None, of):
                before = told.get(name)
                told[name] = before if number is None else (before or 0) + number
        return told

    def summed(self, path: str, title: str) -> FeedSubscribers:
        told = self.reported()
        reported, direct = _sum(told), self.direct()
        order = sorted(told.items(), key=lambda each: (-(each[1] or 0), each[0]))
        return FeedSubscribers(
            path=path,
            title=title,
            total=reported + direct,
            reported=reported,
            direct=direct,
            formats={each: _sum(self.reported(each)) + self.direct(each) for each in FORMATS},
            aggregators=tuple(Aggregator(name, number) for name, number in order),
        )


class SubscriberCounter:
    """Counts the subscribers of the feeds that `feeds` has, from lines of access logs.

    Only requests from `since` on count, in seconds since 1970.
    """

    def __init__(
        self, site: Site, feeds: Mapping[str, FeedDefinition], since: float | None = None
    ) -> None:
        self._feeds, self._since = feeds, since
        self._paths = _paths(site, feeds)
        self._found: dict[str, _FeedCount] = defaultdict(_FeedCount)
        self._key = secrets.token_bytes(32)
        self._lines = self._unreadable = self._requests = self._unknown = 0
        self._first, self._last = float("inf"), float("-inf")

    def add(self, lines: Iterable[bytes]) -> None:
        """Count the lines of one log."""
        for line in lines:
            self._lines += 1
            request = log_parser.parse(line)
            if request is None:
                self._unreadable += 1
            elif request.status in _ANSWERED and request.method == "GET":
                self._add(request)

    def _add(self, request: log_parser.LoggedRequest) -> None:
        if self._since is not None and request.time < self._since:
            return
        url_path = log_parser.url_path(request.path)
        where = self._paths.get(url_path)
        if where is None:
            return
        path, format_ = where
        self._requests += 1
        self._first = min(self._first, request.time)
        self._last = max(self._last, request.time)
        agent = user_agents.classify(request.agent)
        if agent.kind == "aggregator":
            self._found[path].report(request.time, url_path, format_, agent)
        elif agent.kind == "reader":
            self._unknown += not request.client
            self._found[path].read(request.time, format_, self._hashed(request))

    def _hashed(self, request: log_parser.LoggedRequest) -> int:
        told = f"{request.client}\0{request.agent}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(told, digest_size=8, key=self._key).digest())

    def result(self) -> Subscribers:
        """What was counted until now: feeds with the most subscribers first."""
        summed = [
            self._found[path].summed(path, feed.title)
            if path in self._found
            else FeedSubscribers(path, feed.title, 0, 0, 0, dict.fromkeys(FORMATS, 0), ())
            for path, feed in self._feeds.items()
        ]
        return Subscribers(
            lines=self._lines,
            unreadable=self._unreadable,
            requests=self._requests,
            unknown_clients=self._unknown,
            since=int(self._first) if self._requests else None,
            until=int(self._last) if self._requests else None,
            feeds=tuple(sorted(summed, key=lambda each: (-each.total, each.path))),
        )


def by_aggregator(counted: Subscribers) -> list[tuple[str, int]]:
    """All subscriptions by who reads for them, the most first; direct readers are one of them."""
    told: dict[str, int] = defaultdict(int)
    for feed in counted.feeds:
        told["Direct readers"] += feed.direct
        for each in feed.aggregators:
            told[each.name] += each.subscribers or 0
    return sorted(
        ((name, number) for name, number in told.items() if number),
        key=lambda each: (-each[1], each[0]),
    )


def _sum(told: Mapping[str, int | None]) -> int:
    return sum(number or 0 for number in told.values())


def _paths(site: Site, feeds: Iterable[str]) -> dict[str, tuple[str, Format]]:
    """URL path -> feed and format. A proxy may have taken the path of `feeds_url` away."""
    prefix = unquote(urlsplit(site.feeds_url).path)
    return {
        f"{start}{path}.{format_}": (path, format_)
        for path in feeds
        for format_ in FORMATS
        for start in ("/", prefix)
    }
