"""A newcomer's first run: `feeds init`, then `feeds serve` without any option."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.init.sites import post, write
from tests.support.commands import run
from tests.support.feeds_server import free_port

pytestmark = pytest.mark.live

POSTS = {f"posts/{n}.md": post(f"Post {n}", f"2024-05-{n:02}") for n in range(1, 7)}


def test_feeds_init_and_serve_end_with_a_page_of_the_feeds_and_newest_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, POSTS))
    monkeypatch.delenv("FEEDS_CONFIG", raising=False)
    assert run("init", "--yes", "--url", "https://x.org").exit_code == 0
    port = free_port()
    command = [sys.executable, "-m", "feeds", "serve", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:
        try:
            assert server.stdout
            lines = [server.stdout.readline().decode() for _ in range(2)]
            assert any(f"http://127.0.0.1:{port}/" in line for line in lines), lines
            page = get(port, "").decode()
            items = json.loads(get(port, "all.json"))["items"]
        finally:
            server.send_signal(signal.SIGTERM)
    assert "Newest articles" in page
    assert page.index("Post 6") < page.index("Post 5") < page.index("Post 4")
    assert [item["url"] for item in items[:2]] == ["https://x.org/6/", "https://x.org/5/"]


def get(port: int, path: str) -> bytes:
    for _ in range(100):
        try:
            with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                return bytes(answer.read())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")
