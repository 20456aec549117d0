"""A running server notifies a real hub and a fake one."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fake_hub import FakeHub, Handler, Reply, Subscriber, serving
from tests.support.feeds_server import Server, free_port
from tests.support.notified_site import article, ping
from tests.support.site import Publication, write_article
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("websub")


@contextmanager
def running_module(*command: str, port: int) -> Iterator[None]:
    """Run a Python module in a subprocess, and wait until it listens on its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        wait_until(lambda: listens(port))
        yield
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def plain_proxy(port: int, server: int) -> Iterator[None]:
    """A proxy that requests no encoding, because the hub would forward its name."""

    class Proxy(Handler):
        def do_GET(self) -> None:  # noqa: N802
            with urllib.request.urlopen(f"http://127.0.0.1:{server}{self.path}") as answer:
                body, headers = answer.read(), answer.headers
            self.reply(200, body, Content_Type=headers["Content-Type"], Link=headers["Link"])

    with serving(Proxy, port):
        yield


@pytest.mark.rule("W3", "W9")
@pytest.mark.parametrize("name", ["all.rss", "all.atom", "all.json"])
def test_real_hub_delivers_a_new_article_to_a_subscriber(tmp_path: Path, name: str) -> None:
    hub_port, port, public = free_port(), free_port(), free_port()
    hub, topic = f"http://127.0.0.1:{hub_port}/hub", f"http://127.0.0.1:{public}/{name}"
    site = Publication(
        tmp_path, {"a.md": article("a", "AI")}, hub=hub, feeds_url=f"http://127.0.0.1:{public}/"
    )
    command = ("feeds", "serve", "--config", str(site.root), "--port", str(port))
    server = Server(site.root, port, None)  # type: ignore[arg-type]
    with (
        running_module(
            "tests.support.real_hub", str(hub_port), str(tmp_path / "hub.sqlite"), port=hub_port
        ),
        Subscriber().run() as subscriber,
        running_module(*command, port=port),
        plain_proxy(public, port),
    ):
        wait_until(lambda: server.titles("/all.json") == ["a"])
        assert ping(site) == 0  # the hub is new
        form = f"hub.mode=subscribe&hub.topic={topic}&hub.callback={subscriber.url}"
        urllib.request.urlopen(hub, form.encode()).close()
        wait_until(lambda: subscriber.confirmed == [topic])
        write_article(site.root, "b.md", article("b", "AI"))
        wait_until(lambda: len(subscriber.got) == 1)  # the server notifies the hub
        served = server.ask(f"/{name}")
        assert subscriber.got == [(served.headers["content-type"], served.body)]


@pytest.mark.rule("C10", "W9")
def test_hub_fetches_the_new_documents_when_notified(tmp_path: Path) -> None:
    port, fetched = free_port(), dict[str, bytes]()

    def fetch(url: str) -> Reply:
        with urllib.request.urlopen(url) as answer:
            fetched[url] = answer.read()
        return 204, {}

    with FakeHub().run() as hub:
        hub.answer = fetch
        base = f"http://127.0.0.1:{port}/"
        site = Publication(tmp_path, {"a.md": article("a", "AI")}, hub=hub.url, feeds_url=base)
        command = ("feeds", "serve", "--config", str(site.root), "--port", str(port))
        with running_module(*command, "--workers", "2", port=port):
            assert ping(site) == 0  # the hub is new
            for number in range(3):
                # All workers have cached the old state.
                for path in ("all.rss", "topics/ai.json"):
                    for _ in range(8):
                        urllib.request.urlopen(f"{base}{path}").close()
                fetched.clear()
                write_article(site.root, f"{number}.md", article(f"New {number}", "AI"))
                wait_until(lambda: len(fetched) == 6)
                assert sorted(fetched) == sorted(
                    f"{base}{path}.{name}"
                    for path in ("all", "topics/ai")
                    for name in ("rss", "atom", "json")
                )
                for url, body in fetched.items():
                    assert f"New {number}".encode() in body, url
