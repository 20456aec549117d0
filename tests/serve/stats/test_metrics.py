"""Metrics for Prometheus, of one process and of several."""

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from feeds.build.builder import BuildReport
from feeds.catalogue.records import ProblemCounts
from feeds.errors import Problem
from feeds.serve.stats.metrics import METRICS, Metrics, with_metrics_endpoint
from feeds.serve.stats.monitoring import Monitoring
from feeds.websub.schedule import HubReport
from tests.support.feeds_server import Server, start, stop, wait_for
from tests.support.site import Publication, front_matter, write_article, write_site

pytestmark = pytest.mark.xdist_group("metrics")

REPORT = BuildReport(
    articles=9, read=3, added=2, changed=1, withdrawn=0, feeds=4, feeds_changed=("all", "maps"),
    problems=(Problem("b.md", 1, "", "b"),), revision=7, standing=ProblemCounts(fatal=1, other=5),
)  # fmt: skip


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(text: bytes, name: str, **labels: str) -> float | None:
    return samples(text).get((name, tuple(sorted(labels.items()))))


def test_requests_are_counted_by_feed_format_status_and_coding() -> None:
    metrics = Metrics()
    metrics.requests.extend([("all", "rss", 200, "gzip", 100), ("all", "rss", 200, "gzip", 20)])
    metrics.requests.append(("all", "rss", 304, "identity", 0))
    text, _ = metrics.render()
    labels = {"feed": "all", "format": "rss"}
    assert value(text, "feeds_requests_total", **labels, status="200", coding="gzip") == 2
    assert value(text, "feeds_requests_total", **labels, status="304", coding="") == 1
    assert value(text, "feeds_response_bytes_total", **labels, coding="gzip") == 120
    assert not metrics.requests


def test_labels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.serve.stats.metrics._MAX_FEEDS", 2)
    metrics = Metrics()
    metrics.requests.extend((f"f{n}", "xml", 200, f"c{n}", 1) for n in range(9))
    metrics.requests.append(("", "", 404, "", 1))
    counts = {
        dict(labels)["feed"]: dict(labels)
        for (name, labels) in samples(metrics.render()[0])
        if name == "feeds_requests_total"
    }
    assert set(counts) == {"f0", "f1", "other", ""}
    assert counts["other"] == {
        "feed": "other",
        "format": "other",
        "status": "200",
        "coding": "other",
    }


def test_build_is_measured() -> None:
    metrics = Metrics()
    metrics.built(REPORT, 0.3)
    metrics.built(REPORT, 20)
    metrics.built(None, 1)
    text, _ = metrics.render()
    expected = {
        "feeds_articles": 9, "feeds_feeds": 4, "feeds_revision": 7, "feeds_articles_read_total": 6,
        "feeds_entries_added_total": 4, "feeds_entries_changed_total": 2,
        "feeds_entries_withdrawn_total": 0, "feeds_feeds_changed_total": 4,
        "feeds_build_seconds_count": 2, "feeds_build_seconds_sum": 20.3,
    }  # fmt: skip
    assert {name: value(text, name) for name in expected} == expected
    assert value(text, "feeds_builds_total", result="done") == 2
    assert value(text, "feeds_builds_total", result="failed") == 1
    assert value(text, "feeds_problems", fatal="true") == 1
    assert value(text, "feeds_problems", fatal="false") == 5
    assert value(text, "feeds_build_seconds_bucket", le="0.5") == 1
    last = value(text, "feeds_build_last_success_timestamp_seconds")
    assert last
    assert abs(last - time.time()) < 60


def test_gauges_count_all_articles_after_a_partial_build(
    tmp_path: Path,
) -> None:
    bad = front_matter(title=None)
    doubtful = front_matter(topics=["Space"], images=[{"url": "not a URL"}])
    site = Publication(tmp_path, {"good.md": front_matter(), "a.md": bad, "b.md": doubtful})
    metrics = Metrics()

    def gauges(**options: Any) -> tuple[float | None, ...]:
        metrics.built(site.build(**options), 1)
        text, _ = metrics.render()
        problems = (value(text, "feeds_problems", fatal=fatal) for fatal in ("true", "false"))
        return value(text, "feeds_articles"), value(text, "feeds_feeds"), *problems

    assert gauges() == (3, 3, 1, 1)
    site.write("c.md", front_matter(webUrl="https://example.org/c", topics=["Maps"]))
    assert gauges(changed_paths=["c.md"]) == (4, 4, 1, 1)
    site.write("d.md", bad)
    assert gauges(changed_paths=["d.md"]) == gauges() == (5, 4, 2, 1)
    site.write("a.md", front_matter(webUrl="https://example.org/a"))
    assert gauges(changed_paths=["a.md"]) == gauges() == (5, 4, 1, 1)


def test_notifications_are_measured() -> None:
    metrics = Metrics()
    metrics.pinged([HubReport("https://hub.example/", 3, 2, 1, 0, None, False, ())])
    text, _ = metrics.render()
    assert value(text, "feeds_pings_total", result="sent") == 3
    assert value(text, "feeds_pings_total", result="failed") == 2


def test_described_metrics_are_the_existing_ones() -> None:
    metrics = Metrics()
    metrics.requests.append(("all", "rss", 200, "", 1))
    metrics.built(REPORT, 1)
    metrics.lost(1)
    metrics.pinged([HubReport("https://hub.example/", 3, 2, 1, 0, None, False, ())])
    counts = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in samples(metrics.render()[0])}
    assert counts == {metric.name for metric in METRICS}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.1", "application/openmetrics"),
        ("text/html", "text/plain; version=0.0.4"),
    ],
)
def test_format_follows_the_accept_header(accept: str, kind: str) -> None:
    text, content_type = Metrics().render(accept)
    assert content_type.startswith(kind)
    assert text.endswith(b"# EOF\n") == ("openmetrics" in kind)


def asked(token: str = "", **environ: str) -> tuple[str, dict[str, str], bytes]:
    got: list[Any] = []
    app = with_metrics_endpoint(lambda *_: [b"the app"], Metrics(), token)
    body = app(
        {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET", **environ},
        lambda *given: got.extend(given),  # type: ignore[arg-type]
    )
    status, headers = got or ("", ())
    return status, dict(headers), b"".join(body)


def test_metrics_require_the_token() -> None:
    for wrong in ("", "Bearer", "Bearer no", "Basic secret", "Bearer secret2", "Bearer s\xe9cret"):
        status, headers, body = asked("secret", HTTP_AUTHORIZATION=wrong)
        assert (status[:3], headers["WWW-Authenticate"][:6]) == ("401", "Bearer")
        assert b"feeds_" not in body
    status, _, body = asked("secret", HTTP_AUTHORIZATION="Bearer secret")
    assert (status, b"feeds_builds_total" in body) == ("200 OK", True)


def test_metrics_accept_get_and_head_at_one_path() -> None:
    assert asked(PATH_INFO="/metrics/")[2] == b"the app"
    assert asked(REQUEST_METHOD="POST")[0][:3] == "405"
    status, headers, body = asked(REQUEST_METHOD="HEAD")
    assert (status, body, int(headers["Content-Length"]) > 0) == ("200 OK", b"", True)
    assert headers["Cache-Control"] == "no-store"


def test_other_commands_do_not_import_the_metrics() -> None:
    code = (
        "import sys, feeds.cli.main, feeds.serve.stats.metrics; "
        "print('prometheus_client' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"False"


PROCESSES = """
import os, signal, sys
from feeds.serve.stats.metrics import Metrics, shared
with shared():
    from tests.serve.stats.test_metrics import REPORT, value
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    for number in (1, 2):
        if not (pid := os.fork()):
            metrics = Metrics()
            metrics.built(REPORT, 1)
            metrics.requests.append(("all", "rss", 200, "", 5))
            metrics.drain()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
    metrics = Metrics()
    metrics.requests.append(("all", "rss", 200, "", 5))
    text, _ = metrics.render()
    print(value(text, "feeds_requests_total", feed="all", format="rss", status="200", coding=""))
    print(value(text, "feeds_builds_total", result="done"), value(text, "feeds_revision"))
print(os.path.exists(folder), "PROMETHEUS_MULTIPROC_DIR" in os.environ)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_metrics_include_other_and_dead_processes() -> None:
    values = subprocess.check_output([sys.executable, "-c", PROCESSES], text=True).split()
    assert values == ["3.0", "2.0", "7.0", "False", "False"]


FULL = """
import errno, os, sys
from feeds.serve.stats.metrics import Metrics, with_metrics_endpoint, shared

def ask():
    got = []
    body = with_metrics_endpoint(None, metrics)(
        {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET"}, lambda *given: got.append(given[0][:3])
    )
    return got[0], b"".join(body)

write, room = os.write, int(sys.argv[1])
def full(descriptor, data):
    global room
    if not room:
        raise OSError(errno.ENOSPC, "No space left on device")
    written = write(descriptor, data[:room])  # a nearly full disk accepts a part
    room -= written
    return written

with shared():
    from feeds.serve.stats import counter_files  # reads the folder when it is imported
    from tests.serve.stats.test_metrics import REPORT, value
    counter_files.os = type("os", (), {"write": staticmethod(full), "ftruncate": os.ftruncate})
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    metrics = Metrics()
    metrics.built(REPORT, 1)
    metrics.requests.extend((f"f{n}", "rss", 200, "", 5) for n in range(500))
    metrics.requests.append(("f0", "rss", 200, "", 5))
    metrics.drain()
    metrics.drain()
    status, text = ask()
    print(status, text.count(b"feeds_requests_total{"))
    for file in os.listdir(folder):
        assert file.endswith(".db") and os.path.getsize(f"{folder}/{file}") >= 16_384, file
    room = 10_000_000
    metrics.requests.extend((f"f{n}", "rss", 200, "", 5) for n in range(500))
    status, text = ask()
    print(status, text.count(b"feeds_requests_total{"))
    labels = {"feed": "f499", "format": "rss", "status": "200", "coding": ""}
    print(value(text, "feeds_requests_total", **labels))
"""


@pytest.mark.parametrize(("room", "first"), [(40_000, "503 0"), (70_000, "200 ")])
def test_counting_stops_on_a_full_disk_and_resumes(room: int, first: str) -> None:
    """No byte is written to a page that the disk may lack, which would raise SIGBUS."""
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(room)], capture_output=True, text=True, check=True
    )
    lines = ended.stdout.splitlines()
    assert lines[0].startswith(first)
    if first == "200 ":  # files with room are still written
        assert 10 < int(lines[0].split()[1]) < 500
    assert lines[1:] == ["200 500", "1.0"]
    assert ended.stderr.count("metrics are lost: ") == 1
    assert "No space left on device; free space there" in ended.stderr


@pytest.fixture
def full_folder(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder on a disk with two free pages."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k,nr_inodes=100", "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("may not mount a small tmpfs")
    try:
        with (folder / "rest").open("wb", buffering=0) as rest, suppress(OSError):
            while rest.write(bytes(4096)):
                pass
        os.truncate(folder / "rest", (folder / "rest").stat().st_size - 8192)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.live
def test_server_keeps_serving_while_the_disk_is_full(tmp_path: Path, full_folder: Path) -> None:
    root = write_site(tmp_path / "site", {"a.md": front_matter()})
    environment = {**os.environ, "TMPDIR": str(full_folder)}
    server = start(root, "--metrics", env=environment, stderr=subprocess.PIPE)
    try:
        for _ in range(5):
            assert server.ask("/all.rss").status == 200
        answer = server.ask("/metrics")
        assert (answer.status, answer.body[:16]) == (503, b"There is no room")
        (full_folder / "rest").unlink()
        assert server.ask("/all.rss").status == 200
        answer = server.ask("/metrics")
        assert answer.status == 200
        assert b'feeds_requests_total{coding="",feed="all"' in answer.body
    finally:
        server.process.terminate()
        log = server.process.communicate(timeout=30)[1]
    assert server.process.returncode == 0
    assert b"metrics are lost: " in log


def test_server_without_metrics_folder_serves_without_metrics(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    monitoring = Monitoring("", "none", True, None)
    got: list[str] = []
    with monitoring.running():
        monitoring.built(REPORT, 1)
        app = monitoring.start_worker().metrics_endpoint(lambda *_: [b"the app"])
        environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET"}
        app(environ, lambda *given: got.append(given[0]))  # type: ignore[arg-type]
        assert b"".join(app({"PATH_INFO": "/"}, lambda *_: None)) == b"the app"  # type: ignore[arg-type]
    assert got[0][:3] == "503"
    assert "metrics are off, because their folder cannot be created: No space left" in caplog.text


@pytest.fixture
def server(tmp_path: Path) -> Any:
    root = write_site(tmp_path / "site", {"a.md": front_matter()})
    (tmp_path / "token").write_text("secret\n")
    options = ("--metrics", "--metrics-token", str(tmp_path / "token"))
    running = start(root, "--workers", "2", "--access-log", str(tmp_path / "log"), *options)
    yield running
    if running.process.poll() is None:
        stop(running)


@pytest.mark.live
def test_any_worker_reports_the_metrics_of_all(server: Server, tmp_path: Path) -> None:
    for _ in range(20):
        assert server.ask("/all.rss").status == 200
    assert server.ask("/metrics").status == 401
    for _ in range(60):  # any worker may answer; another may lag by a second
        texts = [server.ask("/metrics", Authorization="Bearer secret").body for _ in range(4)]
        requests = [
            sum(
                number
                for (name, labels), number in samples(text).items()
                if name == "feeds_requests_total" and dict(labels)["status"] == "200"
            )
            for text in texts
        ]
        if min(requests) > 20:
            break
        time.sleep(0.1)
    assert min(requests) > 20
    assert value(texts[0], "feeds_builds_total", result="done")
    assert value(texts[0], "feeds_articles") == 1
    fresh = front_matter(
        title="Just in", webUrl="https://e.org/b", publishedDateTime="2024-06-01T09:00:00Z"
    )
    write_article(server.root, "b.md", fresh)
    wait_for(server, "/all.json", ["Just in", "A title"])
    server.ask("/all.atom?last")
    assert stop(server) == 0
    assert b'"path":"/all.atom?last","status":200' in (tmp_path / "log").read_bytes()


def test_examples_of_the_documentation_name_existing_metrics() -> None:
    page = (Path(__file__).parents[3] / "docs/guides/monitoring.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert [list(block) for block in blocks] == [["scrape_configs"], ["groups"]]
    named = set(re.findall(r"feeds_\w+", " ".join(map(str, blocks))))
    assert named
    assert named <= {metric.name for metric in METRICS}
    assert str(blocks[1]).count('format!="html",status=') == 2  # browsers request pages again
