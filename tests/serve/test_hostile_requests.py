"""Hostile, malformed and unusual requests."""

import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from feeds.serve.document_cache import DocumentCache
from tests.support.feeds_server import Server
from tests.support.http_site import raw, send

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/topics/../all.rss", "/./all.rss", "/topics/%2e%2e/all.rss", "/all.rss%00", "/all%00.rss",
        "/%ff%fe.rss", "/..\\all.rss", "/%5c..%5call.rss", "/all.rss;x=1", "/%252e%252e/all.rss",
        "//evil.example/", "//evil.example/%2e%2e", "/\\evil.example",
        "/all.rss%0d%0aSet-Cookie:a=b", "/%", "/%zz", "/all.rss%20", "/?/all.rss%00/..",
        "/" + "a/" * 5000, "/all.rss?" + "a" * 9000, "/site.yaml", "/catalogue.sqlite",
        "/articles/_news/1.md", "/.git/config", "/static/x",
    ],
)  # fmt: skip
def test_path_traversal_is_404(server: Server, path: str) -> None:
    answer = raw(server, path)
    expected = 200 if path.startswith(("/?", "/all.rss?")) else 404
    assert answer.status == expected
    assert "location" not in dict(answer.headers)
    assert b"root:" not in answer.text


def test_granian_decodes_an_encoded_slash_once(server: Server) -> None:
    # Granian decodes the path, and hands on nothing of how it was sent.
    slash = raw(server, "/topics/ai.rss")
    assert raw(server, "/topics%2Fai.rss").get("etag") == slash.get("etag")
    assert raw(server, "/topics%252Fai.rss").status == 404


def test_encoded_slash_is_404_if_the_server_passes_the_raw_path(client: FlaskClient) -> None:
    assert client.get("/topics/ai.rss").status_code == 200
    for path in ("/topics%2Fai.rss", "/topics%2fai.rss", "/all.rss%2F", "/%2Fall.rss"):
        assert client.get(path).status_code == 404
    assert client.get("/topics/ai.rss?a=%2F").status_code == 200


def test_unexpected_exception_is_500_without_traceback(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(DocumentCache, "get", fail)
    answer = client.get("/topics/ai.rss", headers={"If-None-Match": "*"})
    assert answer.status_code == 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text == "Internal error. It has been logged.\n"


@pytest.mark.parametrize(
    "path", ["/", "/all.rss", "/no.rss", "/old.rss", "/retired.rss", "/healthz", "/topics"]
)
def test_answers_reveal_neither_host_header_nor_versions(server: Server, path: str) -> None:
    for host in ("evil.example", 'evil"><script>', "evil.example:99999", "[::1", "a,evil", ""):
        for method in ("GET", "POST", "OPTIONS"):
            answer = raw(server, path, "X-Forwarded-Host: evil.example", method=method, host=host)
            assert answer.status in (200, 204, 301, 404, 405, 410)
            assert b"evil" not in answer.text
            assert b"Traceback" not in answer.text
            assert answer.get("server") == ["granian"]
            assert not re.search(rb"(?i)(werkzeug|flask|python)", answer.text)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"X: " + b"a" * 65_536, 431),
        (b"\r\n".join(b"X-%d: a" % number for number in range(1000)), 431),
        (b"If-None-Match: " + b'"x", ' * 4000, 200),
        (b"If-None-Match: " + b'"' * 20_000, 200),
        (b"If-None-Match: " + b"W/" * 10_000, 200),
        (b"If-Modified-Since: " + b"9" * 20_000, 200),
        (b"Accept-Encoding: " + b"gzip;q=0.5," * 2000, 200),
        (b"Range: bytes=" + b"0-1," * 5000, 200),
        (b"Content-Length: -1", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", 200),
        (b"no colon in here", 400),
        (b"X: a\0b", 400),
    ],
)
def test_hostile_headers_are_rejected_or_ignored_at_once(
    server: Server, head: bytes, status: int
) -> None:
    begun = time.monotonic()
    request = b"GET /all.rss HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head + b"\r\n\r\n"
    answer = send(server.port, request)
    assert answer.status == status
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "text", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_malformed_request_is_400(server: Server, text: bytes) -> None:
    assert send(server.port, text).status == 400


@pytest.mark.parametrize("target", ["http://evil.example/all.rss", "*", "evil.example:443"])
def test_other_request_target_forms_do_not_redirect(server: Server, target: str) -> None:
    method = {"*": "OPTIONS", "evil.example:443": "CONNECT"}.get(target, "GET")
    answer = raw(server, target, method=method)
    assert answer.status == {"GET": 200, "OPTIONS": 404, "CONNECT": 405}[method]
    assert b"evil" not in answer.text


def test_server_does_not_wait_for_a_request_body(server: Server) -> None:
    answer = raw(server, "/all.rss", "Content-Length: 100000000", method="POST")
    assert answer.status == 405


def test_clients_that_do_not_read_do_not_block_others(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        for connection in idle:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.sendall(b"GET /all.rss HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        assert server.ask("/all.atom").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_concurrent_clients_are_all_answered(server: Server) -> None:
    tag = server.ask("/all.rss").headers["etag"]
    barrier = threading.Barrier(16)

    def ask(number: int) -> int:
        barrier.wait()
        headers = {"If_None_Match": tag} if number % 2 else {}
        return server.ask("/all.rss", **headers).status

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == [200, 304] * 8


def test_empty_path_is_the_root_without_redirect(client: FlaskClient) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": "", "HTTP_HOST": "evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.text
