"""What the server did with each request, told to whoever wants to know: log and metrics."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Where the server leaves the path and the format of the feed that it answered with.
FEED = "feeds.feed"


class Answered(NamedTuple):
    """One answered request. `time` in seconds since 1970, `seconds` how long it took.

    `feed` and `format` are "" where no feed was answered with, `coding` where none was used.
    Text of the client stands as WSGI has it, bytes as Latin-1 (PEP 3333).
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
    """The app, telling the listeners of every request when its answer is complete.

    A listener must not wait or fail. A request that the app fails at is told of as a 500.
    """

    def observing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        seen = _Seen(environ, listeners)

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            seen.status = int(status[:3])
            seen.coding = next((v for k, v in headers if k.lower() == "content-encoding"), "")
            return start_response(status, headers, *rest)

        try:
            body = app(environ, started)
        except Exception:
            seen.tell(500, 0)
            raise
        if isinstance(body, list | tuple):
            seen.tell(seen.status, sum(map(len, body)))
            return body
        return _counted(body, seen)

    return observing


class _Seen:
    """What is known of a request until it is told of."""

    def __init__(self, environ: "WSGIEnvironment", listeners: Sequence[Listener]) -> None:
        self._environ, self._listeners = environ, listeners
        self._time, self._start = time.time(), time.perf_counter()
        self.status, self.coding = 0, ""

    def tell(self, status: int, size: int) -> None:
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


def _counted(body: Iterable[bytes], seen: _Seen) -> Iterator[bytes]:
    """The body; the request is told of when it was sent, or given up."""
    size, status = 0, 500
    try:
        for part in body:
            size += len(part)
            yield part
        status = seen.status
    except GeneratorExit:
        status = seen.status  # the client went away, or wanted no body
        raise
    finally:
        seen.tell(status, size)
        if close := getattr(body, "close", None):
            close()
