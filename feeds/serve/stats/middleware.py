"""A WSGI layer that reports each answered request to the access log and the metrics."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Key of the WSGI environment for the path and the format of the feed that was sent.
FEED = "feeds.feed"


class Answered(NamedTuple):
    """One answered request: `time` in seconds since 1970, `seconds` its duration.

    `feed` and `format` are "" if no feed was sent, `coding` if the body was not encoded. Text
    from the client is as in WSGI: bytes decoded as Latin-1 (PEP 3333).
    """

    time: float
    method: str
    path: str
    query: str
    status: int
    bytes: int
    seconds: float
    feed: str
    format: str
    coding: str
    agent: str
    referer: str
    address: str


Listener = Callable[[Answered], None]


def observe(app: "WSGIApplication", listeners: Sequence[Listener]) -> "WSGIApplication":
    """Return the app; `listeners` are called for each request when its answer is complete.

    A listener must neither block nor raise. If the app raises, the request is reported as a 500.
    """

    def observing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        observation = _Observation(environ, listeners)

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            observation.status = int(status[:3])
            observation.coding = next(
                (v for k, v in headers if k.lower() == "content-encoding"), ""
            )
            return start_response(status, headers, *rest)

        try:
            body = app(environ, started)
        except Exception:
            observation.report(500, 0)
            raise
        if isinstance(body, list | tuple):
            observation.report(observation.status, sum(map(len, body)))
            return body
        return _observed_body(body, observation)

    return observing


class _Observation:
    """A request that is not reported yet."""

    def __init__(self, environ: "WSGIEnvironment", listeners: Sequence[Listener]) -> None:
        self._environ, self._listeners = environ, listeners
        self._time, self._start = time.time(), time.perf_counter()
        self.status, self.coding = 0, ""

    def report(self, status: int, size: int) -> None:
        get = self._environ.get
        feed, format_ = get(FEED) or ("", "")
        answered = Answered(
            self._time,
            get("REQUEST_METHOD", ""),
            get("SCRIPT_NAME", "") + get("PATH_INFO", ""),
            get("QUERY_STRING", ""),
            status,
            size,
            time.perf_counter() - self._start,
            feed,
            format_,
            self.coding,
            get("HTTP_USER_AGENT", ""),
            get("HTTP_REFERER", ""),
            get("REMOTE_ADDR", ""),
        )
        for listener in self._listeners:
            listener(answered)


def _observed_body(body: Iterable[bytes], observation: _Observation) -> Iterator[bytes]:
    """Yield the body; report the request when it was sent, or the client went away."""
    size, status = 0, 500
    try:
        for part in body:
            size += len(part)
            yield part
        status = observation.status
    except GeneratorExit:
        status = observation.status  # the client went away, or needs no body
        raise
    finally:
        observation.report(status, size)
        if close := getattr(body, "close", None):
            close()
