"""HTTP servers for tests: a WebSub hub, a subscriber, a cache, and their base."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # the client may have disconnected
            self.end_headers()
            self.wfile.write(body)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[int]:
    """Serve in a thread, on any free port by default; yield the port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


Reply = tuple[int, Mapping[str, str]]


class FakeHub:
    """A hub that answers as configured, and records what it receives."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[dict[str, list[str]]] = []
        self.types: list[str] = []
        self.answer: Callable[[str], Reply] = lambda _: (204, {})

    def take(self) -> list[str]:
        """Return the URLs pinged since the last call, sorted."""
        urls = sorted(url for form in self.forms for url in form["hub.url"])
        self.forms.clear()
        return urls

    @contextmanager
    def run(self) -> Iterator["FakeHub"]:
        hub = self

        class Hub(Handler):
            def do_POST(self) -> None:
                hub.types.append(self.headers["Content-Type"])
                form = parse_qs(self.body().decode(), strict_parsing=True)
                hub.forms.append(form)
                status, headers = hub.answer(form["hub.url"][0])
                self.reply(status, b"" if status == 204 else b"said by the hub", **headers)

        with serving(Hub) as port:
            self.url = f"http://127.0.0.1:{port}/"
            yield self


class Subscriber:
    """A subscriber that confirms every subscription, and records what it is sent."""

    def __init__(self) -> None:
        self.url = ""
        self.confirmed: list[str] = []
        self.got: list[tuple[str, bytes]] = []

    @contextmanager
    def run(self) -> Iterator["Subscriber"]:
        subscriber = self

        class Callback(Handler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                subscriber.confirmed.append(query["hub.topic"][0])
                self.reply(200, query["hub.challenge"][0].encode())

            def do_POST(self) -> None:
                subscriber.got.append((self.headers["Content-Type"], self.body()))
                self.reply(200)

        with serving(Callback) as port:
            self.url = f"http://127.0.0.1:{port}/callback"
            yield self


class FakeCache:
    """A cache that records the paths it is asked to purge, and answers as configured."""

    def __init__(self) -> None:
        self.settings: list[dict[str, object]] = []
        self.purged: list[str] = []
        self.answer: Callable[[str], int] = lambda _: 200

    @contextmanager
    def run(self) -> Iterator["FakeCache"]:
        """Start it; `settings` are then those of a site that purges it."""
        cache = self

        class Cache(Handler):
            def purge(self) -> None:
                cache.purged.append(self.path)
                self.reply(cache.answer(self.path))

            do_PURGE = purge  # noqa: N815 - http.server's name

        with serving(Cache) as port:
            self.settings = [{"via": "http", "servers": [f"http://127.0.0.1:{port}"]}]
            yield self
