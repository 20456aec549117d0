"""A recorder between a client and a server: it passes everything on as it is, and remembers."""

import http.client
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

# Headers that belong to one connection and not to the message (RFC 9110 §7.6.1).
_HOPS = {"connection", "keep-alive", "transfer-encoding"}


class Seen(NamedTuple):
    """A request, and the status of its response."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int


class Recorder:
    """Listens on a separate port, in front of the server at `port`.

    `seen` has what passed, the newest last. Each of `adds` is a header put to every answer, such
    as the Age that a cache on the way would have told.
    """

    def __init__(self, port: int) -> None:
        self.seen: list[Seen] = []
        self.adds: list[tuple[str, str]] = []
        self._upstream = port
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        self._open = True

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def statuses(self, path: str) -> list[int]:
        """The statuses of the answers to requests for a path, the newest last."""
        return [exchange.status for exchange in self.seen if exchange.path == path]

    def stop(self) -> None:
        """Refuse connections from now on; may be called again."""
        if self._open:
            self._open = False
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            # One request for each connection: none is left to answer when the recorder stops.
            def _pass(self) -> None:
                recorder._pass_on(self)

            do_GET = do_HEAD = do_POST = do_OPTIONS = do_PURGE = _pass  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _pass_on(self, request: BaseHTTPRequestHandler) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=10)
        upstream.putrequest(
            request.command, request.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in request.headers.items():
            if name.lower() not in _HOPS:
                upstream.putheader(name, value)
        with suppress(OSError):  # the server or the client is gone: so is the connection
            upstream.endheaders()
            answer = upstream.getresponse()
            body = answer.read()
            head = {name.lower(): value for name, value in request.headers.items()}
            self.seen.append(Seen(request.command, request.path, head, answer.status))
            request.send_response_only(answer.status, answer.reason)
            for name, value in (*answer.getheaders(), *self.adds):
                if name.lower() not in _HOPS:
                    request.send_header(name, value)
            request.send_header("Connection", "close")
            request.end_headers()
            request.wfile.write(body)
        upstream.close()
