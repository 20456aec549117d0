"""The Prometheus metrics of requests and builds, summed over all processes of a server.

prometheus_client is imported only where metrics are created: importing it is slow, and it reads
the environment variable that `shared` sets only once, at import.
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
_EVERY = 1.0  # seconds between two counts of pending requests
_REMIND_SECONDS = 60.0  # seconds between two log messages about lost metrics
# Feeds with labels of their own; more would be too many time series for Prometheus.
_MAX_FEEDS = 2000
_OTHER = "other"
_FORMATS = frozenset({"", "rss", "atom", "json", "html"})
_CODINGS = frozenset({"", "gzip", "br", "zstd", "deflate"})
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class MetricSpec(msgspec.Struct, frozen=True):
    """One metric: its name in Prometheus, its labels, and its help text."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


METRICS = (
    MetricSpec(
        "feeds_requests_total",
        "counter",
        ("feed", "format", "status", "coding"),
        "Requests answered. The feed is empty for anything but feeds and their pages (format "
        "html).",
    ),
    MetricSpec(
        "feeds_response_bytes_total",
        "counter",
        ("feed", "format", "coding"),
        "Bytes of bodies sent, without headers.",
    ),
    MetricSpec("feeds_builds_total", "counter", ("result",), "Builds: result is done or failed."),
    MetricSpec("feeds_build_seconds", "histogram", (), "Durations of successful builds."),
    MetricSpec(
        "feeds_build_last_success_timestamp_seconds",
        "gauge",
        (),
        "When a build last succeeded, in seconds since 1970.",
    ),
    MetricSpec("feeds_revision", "gauge", (), "The revision of the catalogue after that build."),
    MetricSpec("feeds_articles", "gauge", (), "Articles in the folder."),
    MetricSpec("feeds_feeds", "gauge", (), "Feeds of the site."),
    MetricSpec(
        "feeds_problems",
        "gauge",
        ("fatal",),
        "Problems of all articles when last read; those with fatal ones are not published.",
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
        "Feed URLs that hubs were notified of: result is sent, failed or given_up.",
    ),
    MetricSpec(
        "feeds_access_log_lost_total", "counter", (), "Lines of the access log that were lost."
    ),
)


@contextmanager
def shared() -> Iterator[None]:
    """Create a folder in which this process and its children share their metrics.

    Must be entered before any `Metrics` is created; the folder is deleted afterwards. Raises
    `OSError` if it cannot be created.
    """
    with tempfile.TemporaryDirectory(prefix="feeds-metrics-") as folder:
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_FOLDER]


class Metrics:
    """The metrics of this process, and within `shared` those of all processes.

    A request only appends its feed, format, status, encoding and body size to `requests`. On a
    full disk counts are lost, which is logged; the server is not affected otherwise.
    """

    def __init__(self) -> None:
        self.requests: deque[tuple[str, str, int, str, int]] = deque()
        self._registry: Any = None
        self._metrics: dict[str, Any] = {}
        self._feeds: set[str] = set()
        self._creation_lock, self._drain_lock = threading.Lock(), threading.Lock()
        self._logged = float("-inf")
        with self._counting():
            self._all()

    def _all(self) -> "dict[str, Any]":
        """Return every metric by name, created once. Raises `OSError` on a full disk."""
        with self._creation_lock:
            if not self._metrics:
                import prometheus_client

                from feeds.serve.stats.counter_files import prepare

                prepare()
                registry = prometheus_client.CollectorRegistry()
                self._metrics = {spec.name: _metric(spec, registry) for spec in METRICS}
                self._registry = registry
            return self._metrics

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Drop counts that do not fit on the disk, and log that once a minute."""
        try:
            yield
        except OSError as error:
            if time.monotonic() - self._logged >= _REMIND_SECONDS:
                self._logged = time.monotonic()
                message = (
                    "metrics are lost: %s: %s; free space there, or set TMPDIR to another folder"
                )
                _log.error(message, os.environ.get(_FOLDER), error.strerror)

    def start(self) -> None:
        """Count pending requests from now on, once a second, in a thread."""
        fault = "metrics failed; going on"
        DaemonLoop("feeds-metrics", self.drain, fault, pause=_EVERY, retry=_EVERY).start()

    def answered(self, answered: Answered) -> None:
        """Note one request, as a listener of `middleware.observe`."""
        self.requests.append(
            (answered.feed, answered.format, answered.status, answered.coding, answered.bytes)
        )

    def drain(self) -> None:
        """Count the pending `requests`."""
        with self._drain_lock:
            pending = [self.requests.popleft() for _ in range(len(self.requests))]
            self._count(pending)

    def built(self, report: BuildReport | None, seconds: float) -> None:
        """Count a build and its duration; the report is None if it failed."""
        with self._counting():
            metrics = self._all()
            metrics["feeds_builds_total"].labels("done" if report else "failed").inc()
            if report is None:
                return
            metrics["feeds_build_seconds"].observe(seconds)
            # Problems of all articles; the build may have read only some of them.
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
        """Count notifications of hubs."""
        with self._counting():
            pings = self._all()["feeds_pings_total"]
            for report in reports:
                for result in ("sent", "failed", "given_up"):
                    pings.labels(result).inc(getattr(report, result))

    def lost(self, lines: int) -> None:
        """Count lost lines of the access log."""
        with self._counting():
            self._all()["feeds_access_log_lost_total"].inc(lines)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics and their content type, in the format that the Accept header asks for.

        Raises `OSError` on a full disk and `ValueError` if their folder is missing.
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
            feed_labels = self._feed(feed), _one_of(format_, _FORMATS), _coding(coding)
            with self._counting():
                self._all()["feeds_response_bytes_total"].labels(*feed_labels).inc(size)

    def _feed(self, feed: str) -> str:
        if feed and feed not in self._feeds:
            if len(self._feeds) >= _MAX_FEEDS:
                return _OTHER
            self._feeds.add(feed)
        return feed


def with_metrics_endpoint(
    app: "WSGIApplication", metrics: Metrics | None, token: str = ""
) -> "WSGIApplication":
    """Return the app with the metrics at `/metrics`, for everyone or for a bearer `token`.

    Answers 503 if there are no metrics or no space for them, so that the scrape fails visibly.
    """
    expected = f"Bearer {token}".encode()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            return app(environ, start_response)
        authorization = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        headers = [("Cache-Control", "no-store")]
        if token and not hmac.compare_digest(authorization, expected):
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


def _metric(spec: MetricSpec, registry: Any) -> Any:
    import prometheus_client

    name, labels = spec.name.removesuffix("_total"), spec.labels
    if spec.kind == "counter":
        return prometheus_client.Counter(name, spec.help, labels, registry=registry)
    if spec.kind == "histogram":
        return prometheus_client.Histogram(
            name, spec.help, labels, registry=registry, buckets=_BUCKETS
        )
    # The value of the last process that built, even if it has ended.
    return prometheus_client.Gauge(
        name, spec.help, labels, registry=registry, multiprocess_mode="mostrecent"
    )


def _one_of(value: str, known: frozenset[str]) -> str:
    return value if value in known else _OTHER


def _coding(coding: str) -> str:
    return "" if coding == "identity" else _one_of(coding, _CODINGS)
