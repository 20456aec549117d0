"""What operators get to see of a running server: the access log and the metrics, around its app."""

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
from feeds.serve.stats.metrics import Metrics, answering, shared
from feeds.serve.stats.middleware import Listener, observe
from feeds.websub.schedule import HubReport

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


_log = logging.getLogger("feeds")


class Monitoring:
    """What `feeds serve` was asked for, made once and given to every worker process.

    Raises `LogError` if the access log cannot be written, and `ConfigError` if there is no token
    in the file `token`: workers would fail over and over.
    """

    def __init__(self, log: str, client: Client, metrics: bool, token: Path | None) -> None:
        self._log, self._client, self._metrics = log, client, metrics
        self._key = secrets.token_bytes(32)
        self._token = _read(token) if token else ""
        self._counted: Metrics | None = None
        self._folder = True
        if token and not metrics:
            raise ConfigError("feeds serve", "--metrics-token", "needs --metrics")
        if log:
            AccessLog(log).close()

    @contextmanager
    def around(self) -> Iterator[None]:
        """What has to stand around a server from before its first build to its end.

        Standard output is for the access log alone, if it goes there.
        """
        with ExitStack() as stack:
            if self._metrics:
                try:
                    stack.enter_context(shared())
                except OSError as error:
                    self._folder = False
                    _log.error("metrics are off, there is no room for them: %s", error.strerror)
            if self._log == "-":
                stack.enter_context(redirect_stdout(sys.stderr))
            yield

    def built(self, report: BuildReport | None, seconds: float) -> None:
        """Count a build of this process; None for the report of one that failed."""
        if counted := self._own():
            counted.built(report, seconds)

    def pinged(self, reports: tuple[HubReport, ...]) -> None:
        """Count what this process told the hubs."""
        if counted := self._own():
            counted.pinged(reports)

    def _own(self) -> Metrics | None:
        if self._metrics and self._folder and self._counted is None:
            self._counted = Metrics()
        return self._counted

    def __getstate__(self) -> dict[str, object]:
        """What worker processes get: each counts for itself."""
        return {**self.__dict__, "_counted": None}

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
        return app if self._token is None else answering(app, self._metrics, self._token)

    def observe(self, app: "WSGIApplication") -> "WSGIApplication":
        """Return the app, with its requests counted and logged."""
        return observe(app, self._listeners) if self._listeners else app


def _ignore(_lines: int) -> None:
    """Ignore lost lines: without metrics they are only logged."""


def _read(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), "", f"holds no token that can be read: {error}") from error
    if not token or not token.isprintable():
        raise ConfigError(str(file), "", "holds no token; write one line of ASCII into it")
    return token
