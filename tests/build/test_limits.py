"""An article that exceeds a limit is reported; the rest is published."""

import faulthandler
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feeds.articles import parser
from feeds.articles.parser import Article
from feeds.articles.site_files import NoFiles, SiteFiles
from feeds.build import check, workers
from feeds.build.workers import ReadTask, article_workers
from feeds.config.site import Site
from feeds.model import document
from feeds.model.entry import Entry
from feeds.render import fragment
from feeds.util import worker_process
from feeds.util.progress import silent
from tests.support.site import NOW, Publication, front_matter

LATER = NOW + timedelta(days=1)
_SECONDS = int(NOW.timestamp())
# Twice the size above which an article is read in a separate process, whatever the build.
_LONG = "word " * (2 * workers._SMALL_FILE // 5)


def _hang() -> None:
    """Loop in C code, where no signal handler runs."""
    re.match("(a+)+$", "a" * 60 + "b")


def _fill_memory() -> None:
    list(map(bytes, [100_000_000] * 2))


def _wait() -> None:
    """Sleep until the wall-clock limit, which is shortened if it is set."""
    if signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(60)


DEEDS: dict[str, Callable[[], object]] = {
    "hang": _hang,
    "wait": _wait,
    "fill": _fill_memory,
    "leave": lambda: os._exit(3),
    "abort": os.abort,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
REASONS = {
    "hang": r"took more than 1 s \(articles\.max_seconds\)",
    "wait": r"made no progress for 30 s \(articles\.max_seconds\)",
    "fill": r"needed more than 64 MiB of memory \(articles\.max_memory\)",
    "leave": r"ended its process \(exit code 3\)",
    "abort": r"ended its process \(signal 6\)",
    "kill": r"ended its process \(signal 9\)",
}

_NO_FILES = NoFiles()
_parse, _render, _begin, _limit_time = (
    parser.parse,
    fragment.render_entry,
    workers._start_process,
    worker_process.limit_time,
)


def _do(deed: str | None) -> None:
    if deed:
        DEEDS[deed]()


def _hostile_parse(
    path: str,
    content: bytes,
    seen: datetime,
    site: Site,
    now: datetime | None = None,
    files: SiteFiles = _NO_FILES,
) -> Article:
    """Reading an article does what it says in its body."""
    marked = re.search(rb"read: (\w+)", content)
    if marked and marked[1].startswith(b"change_it"):
        again = marked[1] == b"change_it"
        body = f"read: change_it_again {_LONG}" if again else ""
        (site.folder / path).write_text(text("b mended", body))
        os._exit(1)
    _do(marked and marked[1].decode())
    return _parse(path, content, seen, site, now, files)


def _hostile_render(entry: Entry, site: Site) -> dict[document.Format, bytes]:
    marked = re.search(r"render: (\w+)", entry.content)
    _do(marked and marked[1])
    return _render(entry, site)


def _begin_hostile(site: Site, now: int) -> None:
    """The start of a process, forked or not, whose parsers have such faults."""
    _begin(site, now)
    faulthandler.disable()  # enabled by pytest; it would report each abort
    # A quarter of the limit is plenty for these articles, and keeps the tests short.
    vars(workers)["limit_time"] = lambda seconds: _limit_time(seconds / 4)
    parser.parse, fragment.render_entry = _hostile_parse, _hostile_render


@pytest.fixture(autouse=True)
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_start_process", _begin_hostile)
    monkeypatch.setattr(workers, "_MIN_TASKS", 4)


def text(name: str, body: str = "") -> str:
    return front_matter(body, title=name, webUrl=f"https://example.org/{name[0]}")


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    limits = {"folder": "articles", "max_seconds": 1, "max_memory": 64}
    publication = Publication(tmp_path, {f"{n}.md": text(n) for n in "abcd"}, articles=limits)
    publication.build()
    return publication


def rows(site: Publication, jobs: int = 1) -> list[str]:
    return [str(problem) for problem in site.build(LATER, jobs=jobs).problems]


@pytest.mark.parametrize("deed", DEEDS)
def test_article_that_exceeds_a_limit_stays_published_unchanged(
    site: Publication, deed: str
) -> None:
    for name in "abcd":
        site.write(f"{name}.md", text(f"{name} again", f"read: {deed}" if name == "b" else ""))
    report = site.build(LATER, jobs=2)
    assert sorted(site.titles()) == ["a again", "b", "c again", "d again"]
    [problem] = report.problems
    assert (problem.path, problem.fatal) == ("b.md", True)
    assert re.match(f"reading or rendering it {REASONS[deed]}", problem.message)
    assert problem.message.endswith("(published as it was before)")
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("deed", ["hang", "fill", "abort"])
def test_long_article_does_not_harm_a_build_without_workers(site: Publication, deed: str) -> None:
    site.write("a.md", text("a again"))
    site.write("b.md", text("b again", f"read: {deed} {_LONG}"))
    [row] = rows(site)
    assert re.match(rf"b\.md:1: reading or rendering it {REASONS[deed]}", row)
    assert sorted(site.titles()) == ["a again", "b", "c", "d"]
    assert not multiprocessing.active_children()


def test_small_articles_need_no_worker(site: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ProcessPool", None)
    site.write("a.md", text("a again", _LONG[: 7 * len(_LONG) // 16]))
    assert rows(site) == []
    assert "a again" in site.titles()


def test_long_valid_article_is_published(site: Publication) -> None:
    site.write("b.md", text("b again", _LONG))
    assert rows(site) == []
    alone = site.items()
    for name in "acd":
        site.write(f"{name}.md", text(name, "Other text."))
    rows(site, jobs=2)
    assert [each for each in site.items() if each["title"] == "b again"] == [
        each for each in alone if each["title"] == "b again"
    ]


def test_failed_article_is_read_again_only_after_a_change(site: Publication) -> None:
    site.write("b.md", text("b again", f"read: leave {_LONG}"))
    assert len(rows(site)) == 1
    report = site.build(LATER)
    assert (report.read, len(report.problems)) == (0, 1)
    os.utime(site.file("b.md"), (site.written + 5, site.written + 5))
    report = site.build(LATER)
    assert (report.read, len(report.problems)) == (1, 1), "not parsed, and the problem stands"
    site.write("b.md", text("b mended"))
    assert rows(site) == []
    assert "b mended" in site.titles()


def test_article_changed_while_it_fails_is_read_again(
    site: Publication,
) -> None:
    """It is read twice, and is another one each time, and mended while it is read again."""
    site.write("b.md", text("b again", f"read: change_it {_LONG}"))
    [row] = rows(site)
    assert re.match(r"b\.md:1: reading or rendering it ended its process", row)
    assert "b" in site.titles()
    assert rows(site) == []
    assert "b mended" in site.titles()


def test_each_failing_article_is_reported_in_order(site: Publication) -> None:
    deeds = {"e": "leave", "f": "abort", "h": "fill", "k": "kill", "l": "kill"}
    names = "abcdefghijklm"
    for name in names:
        body = f"read: {deeds[name]}" if name in deeds else "Text."
        site.write(f"{name}.md", text(name, body))
    report = site.build(LATER, jobs=2)
    assert {each.path[0]: each.message for each in report.problems}.keys() == deeds.keys()
    assert sorted(site.titles()) == sorted(set(names) - deeds.keys())
    with article_workers(site.site, _SECONDS, 2, len(names)) as workers:
        read = [each for chunk in workers.read([ReadTask(f"{n}.md") for n in names])
                for each in chunk]  # fmt: skip
    assert [each.path[0] for each in read] == list(names)


def test_check_reports_an_article_that_exceeds_a_limit(site: Publication) -> None:
    site.write("b.md", text("b", "read: hang"))
    report = check.check_articles(site.site, NOW, silent)
    number, problems = report.articles, report.problems
    assert (number, [each.path for each in problems]) == (4, ["b.md"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_entry_too_costly_to_render_stays_published_unchanged(site: Publication, jobs: int) -> None:
    for name in "abcd":
        body = f"render: hang {_LONG}{_LONG[:9_999]}" if name == "b" else "Text."
        site.write(f"{name}.md", text(f"{name} again", body))
    [row] = rows(site, jobs=jobs)
    assert re.match(rf"b\.md:1: reading or rendering it {REASONS['hang']}", row)
    assert row.endswith("(published as it was before)")
    assert sorted(site.titles()) == ["a again", "b", "c again", "d again"]


def test_entry_that_kills_its_worker_does_not_affect_the_rest(site: Publication) -> None:
    """Also a small one, which is not tried while it is read."""
    for name in "abcd":
        body = "render: leave" if name == "b" else "Text."
        site.write(f"{name}.md", text(f"{name} again", body))
    [row] = rows(site, jobs=2)
    assert re.search(rf"cannot be rendered \(that {REASONS['leave']}", row)
    assert sorted(site.titles()) == ["a again", "c again", "d again"]


def test_interrupt_takes_effect_at_once() -> None:
    """Even while a process executes C code."""
    script = (
        "import os, re\n"
        "from feeds.util.processes import ProcessPool\n"
        "from feeds.util.worker_process import limit_time\n"
        "def start(): pass\n"
        "def work(task):\n"
        "    limit_time(60)\n"
        "    os.write(1, b'started\\n')\n"
        "    re.match('(a+)+$', 'a' * 60 + 'b')\n"
        "with ProcessPool(2, start) as pool:\n"
        "    list(pool.run(work, [b'1', b'2'], lambda task: []))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        assert [run.stdout.readline() for _ in range(2)] == ["started\n"] * 2
        begin = time.monotonic()
        run.send_signal(signal.SIGINT)
        # The pipe closes when the last process that holds it ends.
        assert run.stdout.read() == ""
    assert time.monotonic() - begin < 3
    assert run.returncode != 0
