"""The site of the HTTP tests, and requests to it over a raw socket."""

import gzip
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import brotli

from feeds.config import feed_addresses
from tests.support.feeds_server import Answer, Server
from tests.support.site import front_matter, write_site

FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all", "title": "{site}"},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "categories/{category}", "each": "category"},
    ],
    "gone": ["retired.rss", "retired-{topic}"],
    "moved": {
        "old": "all",
        "older": "old",
        "for-now.rss": {"to": "all.rss", "status": 302},
        "for-now-too.rss": {"to": "all.rss", "status": 307},
        "for-ever.rss": {"to": "all.rss", "status": 308},
        "away.rss": "https://elsewhere.example/feed",
        "loop-a": "loop-b",
        "loop-b": "loop-a",
    },
    "replaces": list(feed_addresses.FEED_ADDRESSES),
}
KINDS = {
    "/all.rss": "application/rss+xml",
    "/all.atom": "application/atom+xml",
    "/all.json": "application/feed+json",
    "/all.html": "text/html",
    "/": "text/html",
    "/feeds.opml": "text/x-opml",
    "/topics/feeds.opml": "text/x-opml",
    "/feed.css": "text/css",
    "/pages.css": "text/css",
}
# Each asks for something that is not a document.
OTHERS = {"/no.rss": 404, "/old.rss": 301, "/retired.rss": 410, "/healthz": 200}
SENT = ("all.rss", "all.atom", "all.json")


class Raw(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    text: bytes

    def get(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


def send(port: int, head: bytes, timeout: float = 10) -> Raw:
    """Send bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        got = bytearray()
        with suppress(ConnectionError):  # it may have heard enough; what it said of it is read
            connection.sendall(head)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                got += part
    return parsed(bytes(got))


def parsed(text: bytes) -> Raw:
    if not text:
        return Raw(0, [], b"", b"")
    head, _, body = text.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in rest]
    headers = [(name.lower(), value.strip()) for name, _, value in fields]
    return Raw(int(first.split()[1]), headers, body, text)


def raw(server: Server, path: str, *lines: str, method: str = "GET", host: str = "a.test") -> Raw:
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]
    return send(server.port, "\r\n".join(head).encode("latin-1"))


def site(root: Path, **settings: Any) -> Path:
    articles = {
        f"_news/{number}.md": front_matter(
            title=f"Title {number} & <more>",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
        )
        for number in range(1, 8)
    }
    return write_site(root, articles, **{"feeds": FEEDS, **settings})


def decoded(answer: Answer) -> bytes:
    coding = answer.headers.get("content-encoding")
    if coding == "br":
        return bytes(brotli.decompress(answer.body))
    return gzip.decompress(answer.body) if coding == "gzip" else answer.body
