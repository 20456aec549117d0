"""What Prometheus can ask: requests, builds, and what builds found. One set for all processes.

prometheus_client is imported only where metrics are made: it takes its time, and looks at the
environment variable that `shared` sets just once, when it is imported.
"""

import hmac
import logging
import os
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from feeds.build.builder import BuildReport
from feeds.serve.stats.middleware import Answered
from feeds.util.daemon import DaemonLoop
from feeds.websub.schedule import HubReport

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger("feeds")

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_EVERY = 1.0  # seconds between two drains
_COMPLAIN_EVERY = 60.0  # seconds between two lines of the log about metrics that are lost
# A site may have more feeds than a Prometheus wants series: those that come later share a name.
_MOST_FEEDS = 2000
_REST = "other"
_FORMATS = frozenset({"", "rss", "atom", "json", "html"})
_CODINGS = frozenset({"", "gzip", "br", "zstd", "deflate"})
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class MetricSpec(msgspec.Struct, frozen=True):
    """One metric: its name as Prometheus has it, its labels, and what it counts."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    what: str


METRICS = (
    MetricSpec(
        "feeds_requests_total",
        "counter",
        ("feed", "format", "status", "coding"),
        "Requests answered. What is neither a feed nor the page of one (format html) has an empty "
        "feed.",
    ),
    MetricSpec(
        "feeds_response_bytes_total",
        "counter",
        ("feed", "format", "coding"),
        "Bytes of bodies sent, without headers.",
    ),
    MetricSpec("feeds_builds_total", "counter", ("result",), "Builds: result is done or failed."),
    MetricSpec("feeds_build_seconds", "histogram", (), "How long builds took that were done."),
    MetricSpec(
        "feeds_build_last_success_timestamp_seconds",
        "gauge",
        (),
        "When a build was last done, in seconds since 1970.",
    ),
    MetricSpec("feeds_revision", "gauge", (), "The revision of the catalogue after that build."),
    MetricSpec("feeds_articles", "gauge", (), "Articles in the folder."),
    MetricSpec("feeds_feeds", "gauge", (), "Feeds that there are."),
    MetricSpec(
        "feeds_problems",
        "gauge",
        ("fatal",),
        "Problems of all articles, as they were last read; fatal ones are not published.",
    ),
    MetricSpec("feeds_articles_read_total", "counter", (), "Articles that builds read."),
    MetricSpec("feeds_entries_added_total", "counter", (), "Entries that builds added."),
    MetricSpec("feeds_entries_changed_total", "counter", (), "Entries that builds changed."),
    MetricSpec("feeds_entries_withdrawn_total", "counter", (), "Entries that builds withdrew."),
    MetricSpec("feeds_feeds_changed_total", "counter", (), "Feeds that builds changed."),
    MetricSpec(
        "feeds_pings_total",
        "counter",
        ("result",),
        "Feed URLs told to hubs: result is sent, failed or given_up.",
    ),
    MetricSpec(
        "feeds_access_log_lost_total", "counter", (), "Lines of the access log that were lost."
    ),
)


@contextmanager
def shared() -> Iterator[None]:
    """A folder in which this process and those that it starts keep their metrics together.

    Must be entered before anything makes `Metrics`; the folder is gone afterwards. Raises `OSError`
    if it cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="feeds-metrics-") as folder:
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_FOLDER]


class Metrics:
    """The metrics of this process, and below `shared` what all processes say together.

    The server appends to `requests` what it answered: feed, format, status, coding, and the
    bytes of the body; that is all a request costs. Without room for a count in the folder that
    processes share it is lost, and the log says so; nothing else happens.
    """

    def __init__(self) -> None:
        self.requests: deque[tuple[str, str, int, str, int]] = deque()
        self._registry: Any = None
        self._known: dict[str, Any] = {}
        self._feeds: set[str] = set()
        self._making, self._draining = threading.Lock(), threading.Lock()
        self._complained = float("-inf")
        with self._counting():
            self._all()

    def _all(self) -> "dict[str, Any]":
        """Every metric by name, made once there is room for them; raises `OSError` if not."""
        with self._making:
            if not self._known:
                import prometheus_client

                from feeds.serve.stats.counter_files import prepare

                prepare()
                registry = prometheus_client.CollectorRegistry()
                self._known = {each.name: _made(each, registry) for each in METRICS}
                self._registry = registry
            return self._known

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Lose what there is no room to count, and log that once a minute."""
        try:
            yield
        except OSError as error:
            if time.monotonic() - self._complained >= _COMPLAIN_EVERY:
                self._complained = time.monotonic()
                lost = "metrics are lost: %s: %s; make room there, or set TMPDIR to another folder"
                _log.error(lost, os.environ.get(_FOLDER), error.strerror)

    def start(self) -> None:
        """Drain from now on, once a second."""
        fault = "metrics failed; going on"
        DaemonLoop("feeds-metrics", self.drain, fault, pause=_EVERY, retry=_EVERY).start()

    def answered(self, answered: Answered) -> None:
        """Count one request, as `observing` tells of it."""
        self.requests.append(
            (answered.feed, answered.format, answered.status, answered.coding, answered.bytes)
        )

    def drain(self) -> None:
        """Count the requests that wait in `requests`."""
        with self._draining:
            pending = [self.requests.popleft() for _ in range(len(self.requests))]
            self._count(pending)

    def built(self, report: BuildReport | None, seconds: float) -> None:
        """Count a build that took so long; None for the report of one that failed."""
        with self._counting():
            metrics = self._all()
            metrics["feeds_builds_total"].labels("done" if report else "failed").inc()
            if report is None:
                return
            metrics["feeds_build_seconds"].observe(seconds)
            # Not the report's: a build that looks at some articles has only problems of these.
            problems = metrics["feeds_problems"]
            problems.labels("true").set(report.standing.fatal)
            problems.labels("false").set(report.standing.other)
            for name, value in (
                ("feeds_build_last_success_timestamp_seconds", time.time()),
                ("feeds_revision", report.revision),
                ("feeds_articles", report.articles),
                ("feeds_feeds", report.feeds),
            ):
                metrics[name].set(value)
            for name, count in (
                ("feeds_articles_read_total", report.read),
                ("feeds_entries_added_total", report.added),
                ("feeds_entries_changed_total", report.changed),
                ("feeds_entries_withdrawn_total", report.withdrawn),
                ("feeds_feeds_changed_total", len(report.feeds_changed)),
            ):
                metrics[name].inc(count)

    def pinged(self, reports: Iterable[HubReport]) -> None:
        """Count what hubs were told."""
        with self._counting():
            pings = self._all()["feeds_pings_total"]
            for report in reports:
                for result in ("sent", "failed", "given_up"):
                    pings.labels(result).inc(getattr(report, result))

    def lost(self, lines: int) -> None:
        """Count lines of the access log that were lost."""
        with self._counting():
            self._all()["feeds_access_log_lost_total"].inc(lines)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics, and their content type, in the format that the Accept header asks for.

        Raises `OSError` without room for them, and `ValueError` where their folder is gone.
        """
        from prometheus_client import CollectorRegistry, multiprocess
        from prometheus_client.exposition import choose_encoder

        self.drain()
        self._all()
        registry = self._registry
        if folder := os.environ.get(_FOLDER):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        encoder, content_type = choose_encoder(accept)
        return encoder(registry), content_type

    def _count(self, pending: Iterable[tuple[str, str, int, str, int]]) -> None:
        counts: Counter[tuple[str, str, int, str]] = Counter()
        sizes: Counter[tuple[str, str, str]] = Counter()
        for feed, format_, status, coding, size in pending:
            counts[feed, format_, status, coding] += 1
            sizes[feed, format_, coding] += size
        for (feed, format_, status, coding), count in counts.items():
            labels = self._feed(feed), _one_of(format_, _FORMATS), str(status), _coding(coding)
            with self._counting():
                self._all()["feeds_requests_total"].labels(*labels).inc(count)
        for (feed, format_, coding), size in sizes.items():
            where = self._feed(feed), _one_of(format_, _FORMATS), _coding(coding)
            with self._counting():
                self._all()["feeds_response_bytes_total"].labels(*where).inc(size)

    def _feed(self, feed: str) -> str:
        if feed and feed not in self._feeds:
            if len(self._feeds) >= _MOST_FEEDS:
                return _REST
            self._feeds.add(feed)
        return feed


def answering(
    app: "WSGIApplication", metrics: Metrics | None, token: str = ""
) -> "WSGIApplication":
    """The app, with the metrics at `/metrics`: for all, or for those with the bearer `token`.

    503 where there are none, or no room for them: a scrape that fails is seen.
    """
    wanted = f"Bearer {token}".encode()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            return app(environ, start_response)
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        headers = [("Cache-Control", "no-store")]
        if token and not hmac.compare_digest(given, wanted):
            status, kind, body = "401 Unauthorized", "text/plain", b"A bearer token is needed.\n"
            headers.append(("WWW-Authenticate", 'Bearer realm="metrics"'))
        elif environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            status, kind, body = "405 Method Not Allowed", "text/plain", b"Only GET and HEAD.\n"
            headers.append(("Allow", "GET, HEAD"))
        else:
            status, kind, body = _rendered(metrics, environ.get("HTTP_ACCEPT", ""))
        headers += [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return answer


def _rendered(metrics: Metrics | None, accept: str) -> tuple[str, str, bytes]:
    with suppress(OSError, ValueError):
        if metrics:
            body, kind = metrics.render(accept)
            return "200 OK", kind, body
    return "503 Service Unavailable", "text/plain", b"There is no room for metrics; see the log.\n"


def _made(described: MetricSpec, registry: Any) -> Any:
    import prometheus_client

    name, what, labels = described.name.removesuffix("_total"), described.what, described.labels
    if described.kind == "counter":
        return prometheus_client.Counter(name, what, labels, registry=registry)
    if described.kind == "histogram":
        return prometheus_client.Histogram(name, what, labels, registry=registry, buckets=_SECONDS)
    # What the process said that built last, though it may have ended since.
    return prometheus_client.Gauge(
        name, what, labels, registry=registry, multiprocess_mode="mostrecent"
    )


def _one_of(value: str, known: frozenset[str]) -> str:
    return value if value in known else _REST


def _coding(coding: str) -> str:
    return "" if coding == "identity" else _one_of(coding, _CODINGS)
