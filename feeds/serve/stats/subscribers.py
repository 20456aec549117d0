"""Counts the subscribers of feeds from the requests in access logs. No I/O.

Aggregators report their subscribers: the newest report in the window counts, per feed id and URL.
Direct readers are distinguished by client and User-Agent; the busiest day (UTC) counts, because
addresses change from day to day. Neither is stored: only hashes, with a key that exists in this
process alone.
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

# Statuses of a feed that is sent, unchanged (RFC 9110 §15.4.5), or a delta (RFC 3229 §10.4.1).
_SUCCESSFUL = frozenset({200, 226, 304})
_DAY = 86_400
# Distinct readers counted exactly per feed, format and day; larger numbers are estimated.
_MAX_EXACT = 4096
# Reports stored per feed; limited, because clients choose the names and ids in them.
_MAX_REPORTS = 2000


class Aggregator(msgspec.Struct, frozen=True):
    """The report of one aggregator for a feed; `subscribers` is None if it gives no number."""

    name: str
    subscribers: int | None


class FeedSubscribers(msgspec.Struct, frozen=True):
    """The subscribers of one feed: reported by aggregators, direct readers, and by format.

    A reader of several formats counts once in `total`, and in each format.
    """

    path: str
    title: str
    total: int
    reported: int
    direct: int
    formats: dict[Format, int]
    aggregators: tuple[Aggregator, ...]


class Subscribers(msgspec.Struct, frozen=True):
    """The subscribers of every feed, and how much of the logs could be used.

    `since` and `until` are the times of the first and the last counted request, in seconds since
    1970. `unreadable` lines are not requests. `unknown_clients` counts requests of direct readers
    without a client address, who are distinguished by their User-Agent only.
    """

    lines: int
    unreadable: int
    requests: int
    unknown_clients: int
    since: int | None
    until: int | None
    feeds: tuple[FeedSubscribers, ...]


class Distinct:
    """Counts distinct hashes in bounded memory: exactly up to `_MAX_EXACT`, then by estimate.

    Uses the k minimum values of evenly distributed hashes, with an error of about 1/sqrt(k), 2 %.
    """

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._below = 1 << 64

    def add(self, hashed: int) -> None:
        """Count a hash of 64 bits."""
        if hashed >= self._below:
            return
        self._hashes.add(hashed)
        if len(self._hashes) >= 2 * _MAX_EXACT:
            smallest = sorted(self._hashes)[:_MAX_EXACT]
            self._hashes, self._below = set(smallest), smallest[-1] + 1

    def count(self) -> int:
        """Return the number of distinct hashes."""
        if self._below == 1 << 64 or len(self._hashes) < _MAX_EXACT:
            return len(self._hashes)
        largest = sorted(self._hashes)[_MAX_EXACT - 1]
        return round((_MAX_EXACT - 1) * (1 << 64) / largest)


class _FeedCount:
    """The reports of one feed by URL, aggregator and id, and its direct readers by day."""

    def __init__(self) -> None:
        self.reports: dict[tuple[Format, str, str, str], tuple[float, int | None]] = {}
        self.days: dict[tuple[int, Format | None], Distinct] = defaultdict(Distinct)

    def report(self, time: float, path: str, format_: Format, agent: user_agents.Agent) -> None:
        key = format_, path, agent.name, agent.feed_id
        before = self.reports.get(key)
        if before is None and len(self.reports) >= _MAX_REPORTS:
            return
        if before is None or time >= before[0]:
            self.reports[key] = time, agent.subscribers

    def read(self, time: float, format_: Format, hashed: int) -> None:
        day = int(time // _DAY)
        self.days[day, None].add(hashed)
        self.days[day, format_].add(hashed)

    def direct(self, format_: Format | None = None) -> int:
        """Return the distinct readers on the busiest day, of one format or of all."""
        counts = (day.count() for (_, of), day in self.days.items() if of == format_)
        return max(counts, default=0)

    def reported(self, format_: Format | None = None) -> dict[str, int | None]:
        """Return the newest reports by aggregator, of one format or of all."""
        reported: dict[str, int | None] = {}
        for (of, _, name, _), (_, number) in self.reports.items():
            if format_ in (None, of):
                before = reported.get(name)
                reported[name] = before if number is None else (before or 0) + number
        return reported

    def total(self, path: str, title: str) -> FeedSubscribers:
        by_aggregator = self.reported()
        reported, direct = _sum(by_aggregator), self.direct()
        largest_first = sorted(by_aggregator.items(), key=lambda item: (-(item[1] or 0), item[0]))
        return FeedSubscribers(
            path=path,
            title=title,
            total=reported + direct,
            reported=reported,
            direct=direct,
            formats={
                format_: _sum(self.reported(format_)) + self.direct(format_) for format_ in FORMATS
            },
            aggregators=tuple(Aggregator(name, number) for name, number in largest_first),
        )


class SubscriberCounter:
    """Counts the subscribers of `feeds`, by path, from lines of access logs.

    Requests before `since`, in seconds since 1970, are ignored.
    """

    def __init__(
        self, site: Site, feeds: Mapping[str, FeedDefinition], since: float | None = None
    ) -> None:
        self._feeds, self._since = feeds, since
        self._paths = _paths(site, feeds)
        self._counts: dict[str, _FeedCount] = defaultdict(_FeedCount)
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
            elif request.status in _SUCCESSFUL and request.method == "GET":
                self._add(request)

    def _add(self, request: log_parser.LoggedRequest) -> None:
        if self._since is not None and request.time < self._since:
            return
        url_path = log_parser.url_path(request.path)
        target = self._paths.get(url_path)
        if target is None:
            return
        path, format_ = target
        self._requests += 1
        self._first = min(self._first, request.time)
        self._last = max(self._last, request.time)
        agent = user_agents.classify(request.agent)
        if agent.kind == "aggregator":
            self._counts[path].report(request.time, url_path, format_, agent)
        elif agent.kind == "reader":
            self._unknown += not request.client
            self._counts[path].read(request.time, format_, self._hash(request))

    def _hash(self, request: log_parser.LoggedRequest) -> int:
        reader = f"{request.client}\0{request.agent}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(reader, digest_size=8, key=self._key).digest())

    def result(self) -> Subscribers:
        """Return the counts so far, the feeds with the most subscribers first."""
        totals = [
            self._counts[path].total(path, feed.title)
            if path in self._counts
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
            feeds=tuple(sorted(totals, key=lambda feed: (-feed.total, feed.path))),
        )


def by_aggregator(counted: Subscribers) -> list[tuple[str, int]]:
    """Return all subscriptions by aggregator, and those of direct readers; most first."""
    totals: dict[str, int] = defaultdict(int)
    for feed in counted.feeds:
        totals["Direct readers"] += feed.direct
        for aggregator in feed.aggregators:
            totals[aggregator.name] += aggregator.subscribers or 0
    return sorted(
        ((name, number) for name, number in totals.items() if number),
        key=lambda item: (-item[1], item[0]),
    )


def _sum(numbers: Mapping[str, int | None]) -> int:
    return sum(number or 0 for number in numbers.values())


def _paths(site: Site, feeds: Iterable[str]) -> dict[str, tuple[str, Format]]:
    """Map URL paths to feed and format; also without the path of `feeds_url`, for proxies."""
    prefix = unquote(urlsplit(site.feeds_url).path)
    return {
        f"{start}{path}.{format_}": (path, format_)
        for path in feeds
        for format_ in FORMATS
        for start in ("/", prefix)
    }
