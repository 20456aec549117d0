"""Clients that send no complete request are disconnected after a time limit."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from feeds.serve.runner import _HEAD_MILLISECONDS
from tests.support.feeds_server import Server, start, stop
from tests.support.http_site import Raw, send, site

pytestmark = pytest.mark.xdist_group("idle")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start(site(tmp_path_factory.mktemp("site")))
    yield running
    stop(running)


@pytest.fixture(scope="module")
def slow(server: Server) -> "Iterator[Mapping[str, Future[tuple[Raw, float]]]]":
    """Send incomplete requests, and collect the answers and the seconds until the end."""
    sent = {
        "silent": b"",
        "slow head": b"GET /all.rss HTTP/1.1\r\nHost: a.test\r\n",
        "idle": b"GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }

    def wait(head: bytes) -> tuple[Raw, float]:
        begun = time.monotonic()
        answer = send(server.port, head, timeout=_HEAD_MILLISECONDS / 1000 + 20)
        return answer, time.monotonic() - begun

    with ThreadPoolExecutor(len(sent)) as threads:
        yield {name: threads.submit(wait, head) for name, head in sent.items()}


@pytest.mark.parametrize("kind", ["silent", "slow head", "idle", "HTTP/2"])
def test_idle_connections_are_closed(
    slow: "Mapping[str, Future[tuple[Raw, float]]]", kind: str
) -> None:
    answer, seconds = slow[kind].result()
    assert answer.status == (200 if kind == "idle" else 0)
    assert seconds < _HEAD_MILLISECONDS / 1000 + 5
