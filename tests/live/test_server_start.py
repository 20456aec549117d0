"""A server that starts without articles or with other settings, and restarted workers."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from tests.support.feeds_server import Server, start, stop, wait_for
from tests.support.site import front_matter, write_site

FEED_PATHS = ["/all.rss", "/all.atom", "/all.json", "/topics/ai.rss"]


def tags(server: Server) -> dict[str, str | None]:
    answers = {path: server.ask(path) for path in (*FEED_PATHS, "/", "/feeds.opml", "/all.html")}
    return {path: answer.headers.get("etag") for path, answer in answers.items()}


def workers(server: Server) -> list[int]:
    """Return the process ids of the workers."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split(maxsplit=1) for line in listing.stdout.splitlines()]
    return [int(pid) for pid, args in lines if "spawn_main" in args]


def until_ready(server: Server, holds: Callable[[], bool] = lambda: True) -> str:
    """Wait until a server is ready and `holds` is true; return its status message."""
    for _ in range(200):
        with suppress(OSError):
            answer = server.ask("/readyz")
            if answer.status == 200 and holds():
                return answer.body.decode()
        time.sleep(0.05)
    raise AssertionError("the server does not answer")


def is_ready(server: Server) -> Callable[[], bool]:
    return lambda: server.ask("/readyz").body == b"ready\n"


def test_restarted_worker_keeps_the_settings_of_the_server(tmp_path: Path) -> None:
    running = start(write_site(tmp_path, {"a.md": front_matter()}))
    try:
        before = tags(running)
        (worker,) = workers(running)
        write_site(
            tmp_path,
            {"topics/ai.yaml": "name: AI\ndescription: Another\n"},
            {"feeds": [{"path": "all", "title": "Another"}]},
            title="Another",
            language="de",
            articles={"folder": "no-such-folder"},
        )
        os.kill(worker, signal.SIGKILL)
        until_ready(running, lambda: worker not in workers(running))
        assert tags(running) == before
        assert running.titles("/all.json") == ["A title"]
    finally:
        stop(running)


def test_server_starts_without_articles(tmp_path: Path) -> None:
    root = write_site(tmp_path, {"a.md": front_matter(title="Old")})
    first = start(root)
    before = tags(first)
    stop(first)
    (root / "articles").rename(root / "away")
    running = start(root)
    try:
        assert tags(running) == before
        said = until_ready(running, lambda: b"cannot be read" in running.ask("/readyz").body)
        assert said.startswith("stale: revision 1, changed last at ")
        assert "no build succeeds: the article folder" in said
        content = front_matter(
            title="New", webUrl="https://example.org/new", publishedDateTime="2024-06-01T09:00:00Z"
        )
        (root / "away" / "new.md").write_text(content)
        (root / "away").rename(root / "articles")
        until_ready(running, is_ready(running))
        wait_for(running, "/all.json", ["New", "Old"])
    finally:
        stop(running)


def test_server_with_changed_settings_answers_before_the_build(
    tmp_path: Path,
) -> None:
    root = write_site(tmp_path, {"a.md": front_matter()})
    first = start(root)
    until_ready(first, is_ready(first))
    before = tags(first)
    stop(first)
    write_site(tmp_path, {}, title="Another", language="de")
    with closing(sqlite3.connect(root / "catalogue.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")  # so that no build can end
        running = start(root, "--workers", "2")
        try:
            assert tags(running) == before
            assert "the settings have changed" in running.ask("/readyz").body.decode()
            holder.execute("ROLLBACK")
            until_ready(running, is_ready(running))
            assert json.loads(running.ask("/all.json").body)["title"] == "Another"
        finally:
            stop(running)
