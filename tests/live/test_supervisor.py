"""Worker processes of the server: they end with the main process, and die alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from feeds.serve.supervisor import Restarts
from tests.support.feeds_server import Server, start, stop
from tests.support.site import front_matter, write_site

pytestmark = pytest.mark.xdist_group("workers")

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def workers(server: Server) -> list[int]:
    """Return the process ids of the workers, except those that are about to end."""
    main, pids = server.process.pid, []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == main and state != "Z" and b"spawn_main" in command:
            pids.append(int(stat.parent.name))
    return pids


def wait_until(holds: object, seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)
    return bool(held)


def answers(server: Server) -> bool:
    try:
        return server.ask("/all.rss").status == 200
    except OSError:
        return False


@needs_proc
def test_workers_end_with_a_killed_main_process(
    tmp_path: Path,
) -> None:
    server = start(write_site(tmp_path, {"a.md": front_matter()}), "--workers", "2")
    orphans = workers(server)
    with socket.create_connection(("127.0.0.1", server.port)):  # a client that stays
        server.process.kill()
        server.process.wait()
        again = start(tmp_path, port=server.port)
        try:
            assert answers(again)
            assert len(orphans) == 2
            assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
        finally:
            stop(again)


@needs_proc
def test_worker_that_dies_twice_does_not_stop_the_server(tmp_path: Path) -> None:
    server = start(write_site(tmp_path, {"a.md": front_matter()}))
    try:
        for _ in range(2):
            (worker,) = workers(server)
            os.kill(worker, signal.SIGKILL)
            assert wait_until(lambda gone=worker: workers(server) not in ([], [gone]))
        assert wait_until(lambda: answers(server))
        assert server.process.poll() is None
    finally:
        assert stop(server) == 0


STARTING = """
import logging, multiprocessing, sys
from functools import partial
from feeds.serve import supervisor

def load():
    raise SystemExit(7)

if __name__ == "__main__":
    supervisor._MAX_PAUSE = 0.01
    multiprocessing.set_start_method("spawn", force=True)
    server = supervisor.SupervisedServer("x:y", port=0, interface="wsgi", workers=2)
    server.serve(target_loader=server.loader(load), wrap_loader=False)
"""


def test_server_stops_if_its_workers_never_start(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(STARTING)
    ended = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ended.returncode == 1
    assert "because its workers cannot start" in ended.stderr
    assert "ended with status 7" in ended.stderr


def test_restarts_are_delayed_exponentially() -> None:
    restarts = Restarts()
    pauses = [restarts.pause(0, 2, served=True, others=False) for _ in range(8)]
    assert pauses == [0, 1, 2, 4, 8, 10, 10, 10]
    assert restarts.pause(1, 2, served=True, others=True) == 0
    assert restarts.pause(0, 3600, served=True, others=False) == 0
    assert restarts.pause(0, 2, served=True, others=False) == 1
    for _ in range(3000):
        assert restarts.pause(0, 2, served=True, others=False)


def test_only_failed_starts_without_a_serving_worker_stop_the_server() -> None:
    restarts = Restarts()
    failed = [restarts.pause(0, 1, served=False, others=False) for _ in range(6)]
    assert failed == [0, 1, 2, 4, 8, None]
    assert restarts.pause(0, 1, served=False, others=True) == 10
    assert restarts.pause(0, 1, served=True, others=False) == 10
    assert restarts.pause(0, 1, served=False, others=False) == 10
