"""Monitoring of a running server: its access log and its metrics."""

import logging
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.build.builder import BuildReport
from feeds.errors import ConfigError
from feeds.serve.stats.access_log import AccessLog, Client
from feeds.serve.stats.metrics import Metrics, shared, with_metrics_endpoint
from feeds.serve.stats.middleware import Listener, observe
from feeds.websub.schedule import HubReport

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


_log = logging.getLogger("feeds")


class Monitoring:
    """The monitoring options of `feeds serve`, passed to every worker process.

    Raises `LogError` if the access log cannot be written and `ConfigError` if the file `token`
    holds no token, before workers would fail again and again.
    """

    def __init__(self, log: str, client: Client, metrics: bool, token: Path | None) -> None:
        self._log, self._client, self._metrics = log, client, metrics
        self._key = secrets.token_bytes(32)
        self._token = _read_token(token) if token else ""
        self._process_metrics: Metrics | None = None
        self._folder = True
        if token and not metrics:
            raise ConfigError("feeds serve", "--metrics-token", "needs --metrics")
        if log:
            AccessLog(log).close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the folder of the metrics from before the first build to the server's end.

        Other output goes to standard error if the access log is written to standard output.
        """
        with ExitStack() as stack:
            if self._metrics:
                try:
                    stack.enter_context(shared())
                except OSError as error:
                    self._folder = False
                    _log.error(
                        "metrics are off, because their folder cannot be created: %s",
                        error.strerror,
                    )
            if self._log == "-":
                stack.enter_context(redirect_stdout(sys.stderr))
            yield

    def built(self, report: BuildReport | None, seconds: float) -> None:
        """Count a build of this process; the report is None if it failed."""
        if metrics := self._metrics_of_process():
            metrics.built(report, seconds)

    def pinged(self, reports: tuple[HubReport, ...]) -> None:
        """Count the notifications that this process sent to hubs."""
        if metrics := self._metrics_of_process():
            metrics.pinged(reports)

    def _metrics_of_process(self) -> Metrics | None:
        if self._metrics and self._folder and self._process_metrics is None:
            self._process_metrics = Metrics()
        return self._process_metrics

    def __getstate__(self) -> dict[str, object]:
        """Leave out the metrics of this process: each worker has its own."""
        return {**self.__dict__, "_process_metrics": None}

    def start_worker(self) -> "WorkerMonitoring":
        """Start the metrics and the access log of one worker process."""
        listeners: list[Listener] = []
        metrics = Metrics() if self._metrics and self._folder else None
        if metrics:
            metrics.start()
            listeners.append(metrics.answered)
        if self._log:
            lost = metrics.lost if metrics else _ignore
            log = AccessLog(self._log, self._client, self._key, lost)
            log.start()
            listeners.append(log.put)
        return WorkerMonitoring(listeners, metrics, self._token if self._metrics else None)


class WorkerMonitoring:
    """The layers of one worker process that serve the metrics and observe requests.

    `token` protects the metrics; it is empty if anyone may read them, None if they are off.
    """

    def __init__(
        self, listeners: Sequence[Listener], metrics: Metrics | None, token: str | None
    ) -> None:
        self._listeners, self._metrics, self._token = listeners, metrics, token

    def metrics_endpoint(self, app: "WSGIApplication") -> "WSGIApplication":
        """Return the app with `/metrics`, if metrics are on."""
        return (
            app if self._token is None else with_metrics_endpoint(app, self._metrics, self._token)
        )

    def observe(self, app: "WSGIApplication") -> "WSGIApplication":
        """Return the app, with its requests counted and logged."""
        return observe(app, self._listeners) if self._listeners else app


def _ignore(_lines: int) -> None:
    """Ignore lost lines: without metrics they are only logged."""


def _read_token(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), "", f"holds no token that can be read: {error}") from error
    if not token or not token.isprintable():
        raise ConfigError(str(file), "", "holds no token; write one line of ASCII into it")
    return token
