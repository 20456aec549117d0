"""The access log of the server is complete, and never delays requests."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import ConfigError, LogError
from feeds.serve.stats import access_log, log_parser
from feeds.serve.stats.access_log import AccessLog
from feeds.serve.stats.middleware import FEED, Answered, observe
from feeds.serve.stats.monitoring import Monitoring
from tests.support.feeds_server import start, stop
from tests.support.site import front_matter, write_site
from tests.support.waiting import wait_until

ANSWERED = Answered(
    time=1_793_577_600.5, method="GET", path="/all.rss", query="", status=200, bytes=120,
    seconds=0.0021, feed="all", format="rss", coding="gzip", agent="NetNewsWire", referer="",
    address="192.0.2.1",
)  # fmt: skip
KEY = b"k" * 32


def written(file: Path, *answered: Answered, **options: Any) -> list[dict[str, Any]]:
    log = AccessLog(str(file), **{"key": KEY, **options})
    log.start()
    for request in answered:
        log.put(request)
    log.close()
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_line_describes_request_and_response(tmp_path: Path) -> None:
    (line,) = written(tmp_path / "log", ANSWERED)
    client = line.pop("client")
    assert line == {
        "time": "2026-11-02T00:00:00.500Z", "method": "GET", "path": "/all.rss", "status": 200,
        "bytes": 120, "ms": 2.1, "feed": "all", "format": "rss", "coding": "gzip",
        "user_agent": "NetNewsWire",
    }  # fmt: skip
    assert len(client) == 18


def test_address_is_written_only_if_configured(tmp_path: Path) -> None:
    (hashed,) = written(tmp_path / "a", ANSWERED)
    (address,) = written(tmp_path / "b", ANSWERED, client="address")
    (none,) = written(tmp_path / "c", ANSWERED, client="none")
    assert "192.0.2.1" not in json.dumps(hashed)
    assert address["client"] == "192.0.2.1"
    assert "client" not in none


def test_clients_are_distinguished_within_a_day_by_every_process(tmp_path: Path) -> None:
    other = ANSWERED._replace(address="192.0.2.2")
    next_day = ANSWERED._replace(time=ANSWERED.time + 86_400)
    lines = written(tmp_path / "a", ANSWERED, other, ANSWERED, next_day)
    first, second, again, later = (line["client"] for line in lines)
    assert first == again
    assert len({first, second, later}) == 3
    assert written(tmp_path / "b", ANSWERED)[0]["client"] == first
    assert written(tmp_path / "c", ANSWERED, key=b"another")[0]["client"] != first


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_any_request_is_one_line_of_json(path: str, agent: str) -> None:
    log = AccessLog(os.devnull, key=KEY)
    hostile = ANSWERED._replace(path=path, query=path, agent=agent, referer=agent, method=agent)
    line = log._encode(hostile)
    assert line.count(b"\n") == 1
    parsed = msgspec.json.decode(line, type=access_log.Line)
    assert (parsed.status, parsed.feed) == (200, "all")
    assert parsed.path.isascii()
    log.close()


def test_line_can_be_parsed_for_counting(tmp_path: Path) -> None:
    odd = ANSWERED._replace(path="/topics/caf\xc3\xa9.rss", query="a=%22", agent='caf\xc3\xa9 "x"')
    (line,) = written(tmp_path / "log", odd)
    request = log_parser.parse(json.dumps(line).encode())
    assert request
    assert log_parser.url_path(request.path) == "/topics/café.rss"
    assert request == (odd.time, "GET", line["path"], 200, 'café "x"', line["client"])


def test_full_queue_drops_and_counts_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "_MAX_PENDING", 10)
    lost: list[int] = []
    log = AccessLog(str(tmp_path / "log"), key=KEY, lost=lost.append)
    for _ in range(25):  # the thread has not been started, so nothing is written
        log.put(ANSWERED)
    log.start()
    log.close()
    assert sum(lost) == 15
    assert len((tmp_path / "log").read_bytes().splitlines()) == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk_loses_lines_only(caplog: pytest.LogCaptureFixture) -> None:
    lost: list[int] = []
    log = AccessLog("/dev/full", key=KEY, lost=lost.append)
    log.start()
    log.put(ANSWERED)
    log.put(ANSWERED)
    log.close()
    assert sum(lost) == 2
    assert "No space left" in caplog.text


def test_truncated_line_does_not_damage_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write, lost = tmp_path / "log", os.write, list[int]()
    log = AccessLog(str(file), key=KEY, lost=lost.append)
    log.put(ANSWERED)
    log.put(ANSWERED)
    monkeypatch.setattr(os, "write", lambda to, data: write(to, data[:-20]))
    log._write_pending()
    monkeypatch.undo()
    log.put(ANSWERED)
    log._write_pending()
    log._note_lost()
    log.close()
    whole, cut, after = file.read_bytes().splitlines()
    assert whole == after
    assert whole.startswith(cut)
    assert lost == [1]


def test_moved_file_is_created_again(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    log = AccessLog(str(file), key=KEY)
    log.start()
    log.put(ANSWERED)
    wait_until(lambda: file.read_bytes())
    file.rename(tmp_path / "access.log.1")
    wait_until(file.exists)
    log.put(ANSWERED)
    wait_until(lambda: file.read_bytes())
    file.unlink()
    wait_until(file.exists)
    log.close()
    assert len((tmp_path / "access.log.1").read_bytes().splitlines()) == 1


WRITER = """
import sys
from tests.serve.stats.test_access_log import ANSWERED, KEY
from feeds.serve.stats.access_log import AccessLog
log = AccessLog(sys.argv[1], key=KEY)
log.start()
for number in range(3000):
    log.put(ANSWERED._replace(bytes=number, agent=sys.argv[2] * 300))
"""


@pytest.mark.live
def test_several_processes_write_complete_lines(tmp_path: Path) -> None:
    file = tmp_path / "log"
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), name]) for name in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    for name in "ab":
        mine = [line["bytes"] for line in lines if line["user_agent"] == name * 300]
        assert mine == list(range(3000))


@given(st.lists(st.binary(min_size=1, max_size=9)), st.integers(1, 20))
def test_batches_do_not_split_lines(lines: list[bytes], longest: int) -> None:
    batches = list(access_log.batches(lines, longest))
    assert b"".join(batches) == b"".join(lines)
    assert all(len(batch) <= longest or batch in lines for batch in batches)


def test_unwritable_log_is_reported_before_serving(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no/log: cannot be written: No such file"):
        Monitoring(str(tmp_path / "no/log"), "hash", False, None)


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", "tökén".encode()])
def test_invalid_token_is_reported_before_serving(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match="token: holds no token"):
        Monitoring("", "hash", True, tmp_path / "token")


def test_token_without_metrics_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    with pytest.raises(ConfigError, match="needs --metrics"):
        Monitoring("", "hash", False, tmp_path / "token")


@pytest.mark.live
@pytest.mark.xdist_group("server")
def test_standard_output_contains_only_the_log(tmp_path: Path) -> None:
    root = write_site(tmp_path / "site", {"a.md": front_matter()})
    with (tmp_path / "out").open("wb") as out:
        running = start(root, "--access-log", "-", stdout=out)
    running.ask("/all.rss")
    assert stop(running) == 0
    lines = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert lines[-1]["path"] == "/all.rss"


ENVIRON = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/all.rss", "QUERY_STRING": "a=1",
    "HTTP_USER_AGENT": "NetNewsWire", "REMOTE_ADDR": "192.0.2.1",
}  # fmt: skip


def observed(app: Any, whole: bool = True) -> Answered:
    """The record of one request to the app."""
    answers: list[Answered] = []
    body = observe(app, [answers.append])(dict(ENVIRON), lambda *_: lambda _: None)
    if whole:
        list(body)
    elif close := getattr(body, "close", None):
        next(iter(body))
        close()
    (answered,) = answers
    return answered


def test_observer_gets_the_response_and_its_feed() -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        environ[FEED] = ("all", "rss")
        start("200 OK", [("content-Encoding", "br")])
        return [b"ab", b"c"]

    answered = observed(app)
    assert answered[1:6] == ("GET", "/all.rss", "a=1", 200, 3)
    assert answered[7:] == ("all", "rss", "br", "NetNewsWire", "", "192.0.2.1")


def test_body_in_parts_is_counted_as_sent() -> None:
    closed = threading.Event()

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"ab", b"c")

        def close(self) -> None:
            closed.set()

    def app(_: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [])
        return Body()

    assert observed(app).bytes == 3
    assert closed.is_set()
    assert observed(app, whole=False)[4:6] == (200, 2)


def test_exception_in_the_app_is_observed_as_500() -> None:
    answers: list[Answered] = []

    def app(*_: Any) -> list[bytes]:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        observe(app, [answers.append])(dict(ENVIRON), lambda *_: lambda _: None)
    assert [answer.status for answer in answers] == [500]
