"""The watcher builds changes of the article folder while a server runs."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from feeds.build import builder, changes, listener, sidecar, watcher
from feeds.build.builder import BuildReport
from feeds.build.watcher import Rebuilder, Watcher
from feeds.catalogue.catalogue import Catalogue
from feeds.config import load
from feeds.errors import WorkerError
from feeds.util.progress import clock
from tests.support.site import Publication, front_matter, write_article
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "_PAUSE", 0.1)
    monkeypatch.setattr(listener, "_SECOND_LOOK", 0.1)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return Publication(tmp_path, {"a.md": front_matter(title="a")})


@contextmanager
def watching(
    site: Publication,
    changed: Callable[[BuildReport], None] | None = None,
    patience: float = 30,
) -> Iterator[Watcher]:
    revisions = {0}

    def built(report: BuildReport | None, seconds: float) -> None:
        assert seconds >= 0
        if report and changed and report.revision not in revisions:
            revisions.add(report.revision)
            changed(report)

    with closing(Catalogue(site.site.catalogue, patience=patience)) as catalogue:
        running = Watcher(site.site, catalogue, built)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def shows(site: Publication, *titles: str) -> Callable[[], bool]:
    return lambda: "all" in site.feeds(clock()) and sorted(site.titles(now=clock())) == [*titles]


def add(site: Publication, name: str) -> None:
    content = front_matter(title=name, webUrl=f"https://example.org/{name}")
    write_article(site.root, f"{name}.md", content)


def test_change_is_built(site: Publication) -> None:
    with watching(site):
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))


def test_replaced_folder_is_watched(site: Publication) -> None:
    with watching(site):
        wait_until(shows(site, "a"))
        shutil.copytree(site.root / "articles", site.root / "next")
        (site.root / "articles").rename(site.root / "old")
        (site.root / "next").rename(site.root / "articles")
        add(site, "b")
        wait_until(shows(site, "a", "b"))
        add(site, "c")
        wait_until(shows(site, "a", "b", "c"))


def test_watching_continues_when_a_missing_folder_returns(site: Publication) -> None:
    with watching(site):
        wait_until(shows(site, "a"))
        (site.root / "articles").rename(site.root / "away")
        time.sleep(0.5)
        (site.root / "away").rename(site.root / "articles")
        add(site, "b")
        wait_until(shows(site, "a", "b"))


def test_watcher_survives_an_unexpected_exception(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([RuntimeError("unexpected"), OSError("no more memory")])

    def build(*arguments: Any, **options: Any) -> BuildReport:
        for fault in faults:
            raise fault
        return builder.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    with watching(site):
        wait_until(shows(site, "a"))


def scanned_site(root: Path, **articles: Any) -> Publication:
    """A site whose folder is scanned every second."""
    settings = {"folder": "articles", "scan_every": 1, **articles}
    return Publication(root, {"a.md": front_matter(title="a")}, articles=settings)


def test_polling_finds_added_and_removed_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchfiles.watch", None)  # must not be called
    site = scanned_site(tmp_path, watch="poll")
    with watching(site):
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))
        site.file("b.md").unlink()
        wait_until(shows(site, "a"))


def test_folder_is_scanned_regularly_without_file_system_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, stop_event: Event, **__: object) -> Iterator[set[object]]:
        while not stop_event.wait(0.05):
            yield set()

    monkeypatch.setattr("watchfiles.watch", silent)
    site = scanned_site(tmp_path)
    with watching(site):
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))


def test_watch_limit_leads_to_polling_and_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def limited(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr("watchfiles.watch", limited)
    site = scanned_site(tmp_path)
    with watching(site):
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))
    assert "OS file watch limit reached" in caplog.text
    assert "looking at all files every 1 s" in caplog.text


def test_each_change_is_reported_once_with_its_feeds(site: Publication) -> None:
    reports: list[BuildReport] = []
    with watching(site, reports.append):
        wait_until(lambda: len(reports) == 1)
        write_article(site.root, "b.md", front_matter(title="b", topics=["Robots"]))
        wait_until(lambda: len(reports) == 2)
        time.sleep(0.3)
    assert [set(report.feeds_changed) for report in reports] == [
        {"all", "topics/ai"},
        {"all", "topics/robots"},
    ]


def test_file_is_built_once_it_is_complete(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_SETTLED", 1_000)
    monkeypatch.setattr(listener, "_DEBOUNCE", 10_000)
    reports: list[BuildReport] = []
    with watching(site, reports.append):
        wait_until(lambda: len(reports) == 1)
        for title in ("b", "b, wri", "b, written"):
            write_article(
                site.root, "b.md", front_matter(title=title, webUrl="https://example.org/b")
            )
            time.sleep(0.2)
        wait_until(shows(site, "a", "b, written"))
    assert [report.revision for report in reports] == [1, 2]


def test_failing_callback_is_logged_and_ignored(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: BuildReport) -> None:
        raise ValueError("callback failed")

    with watching(site, fail):
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))
    assert "callback failed" in caplog.text


def test_failed_build_is_reported(site: Publication) -> None:
    reports: list[BuildReport | None] = []
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        (site.root / "articles" / "a.md").rename(site.root / "a.md")
        running = Watcher(site.site, catalogue, lambda report, _: reports.append(report))
        running.start()
        wait_until(lambda: reports == [None])
        running.stop()


@pytest.mark.rule("R36")
def test_future_article_is_built_when_it_is_due(site: Publication) -> None:
    reports: list[BuildReport] = []
    with watching(site, reports.append):
        wait_until(lambda: len(reports) == 1)
        soon = clock() + timedelta(seconds=3)
        content = front_matter(title="soon", topics=["New"], publishedDateTime=soon.isoformat())
        write_article(site.root, "soon.md", content)
        wait_until(lambda: len(reports) == 2)
        assert reports[1].feeds_changed == ()
        wait_until(lambda: len(reports) == 3)
        assert clock() >= soon
    assert set(reports[2].feeds_changed) == {"all", "topics/new"}


def test_moved_and_removed_folders_are_built(site: Publication) -> None:
    with watching(site):
        wait_until(shows(site, "a"))
        outside = site.root / "outside" / "deep"
        outside.mkdir(parents=True)
        (outside / "b.md").write_text(front_matter(title="b", webUrl="https://example.org/b"))
        (site.root / "outside").rename(site.root / "articles" / "inside")
        wait_until(shows(site, "a", "b"))
        (site.root / "articles" / "inside").rename(site.root / "articles" / "other")
        add(site, "c")
        wait_until(shows(site, "a", "b", "c"))
        shutil.rmtree(site.root / "articles" / "other")
        wait_until(shows(site, "a", "c"))


def test_bad_article_is_logged(site: Publication, caplog: pytest.LogCaptureFixture) -> None:
    with watching(site):
        wait_until(shows(site, "a"))
        write_article(site.root, "b.md", "---\nwebUrl: https://example.org/b\n---\n")
        wait_until(lambda: "b.md:" in caplog.text)
    assert "title" in caplog.text


def test_file_name_cannot_forge_log_lines(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the log format of `feeds`: other WSGI servers have their own."""
    with watching(site):
        wait_until(shows(site, "a"))
        write_article(site.root, "b\x1b[2J\nerror.md", "---\nwebUrl: https://example.org/b\n---\n")
        wait_until(lambda: "error.md" in caplog.text)
    [message] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message.startswith(r"b\x1b[2J\nerror.md:1: title")


def test_build_is_retried_while_the_catalogue_is_locked(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_RETRY", 0.2)
    with watching(site, patience=0.1):
        wait_until(shows(site, "a"))
        file = site.root / "catalogue.sqlite"
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            add(site, "b")
            time.sleep(0.5)
        wait_until(shows(site, "a", "b"))


def test_missed_change_is_built_after_later_ones(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_RETRY", 1)
    with closing(Catalogue(site.site.catalogue, patience=0.1)) as catalogue:
        rebuilder = Rebuilder(site.site, catalogue, None)
        rebuilder.build(None)
        with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as writer:
            writer.execute("BEGIN IMMEDIATE")
            add(site, "b")
            rebuilder.build_if_needed({"b.md"})
        add(site, "c")
        rebuilder.build_if_needed({"c.md"})
        assert shows(site, "a", "c")()
        time.sleep(1)
        rebuilder.build_if_needed(set())
        assert shows(site, "a", "b", "c")()


def test_change_is_built_although_the_guard_stops_a_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = scanned_site(tmp_path)
    for number in range(40):
        add(site, f"old{number}")
    removed, scanned, find_changed_paths = Event(), Event(), changes.find_changed_paths

    def find(*arguments: Any) -> list[str]:
        paths = find_changed_paths(*arguments)
        if len(paths) > 20:
            scanned.set()
        return paths

    def events(*_: object, stop_event: Event, **__: object) -> Iterator[set[tuple[int, str]]]:
        while not removed.wait(0.05) and not stop_event.is_set():
            yield set()
        scanned.wait(10)
        time.sleep(0.1)  # so that both arrive together
        yield {(1, str(site.file("b.md")))}
        while not stop_event.wait(0.05):
            yield set()

    monkeypatch.setattr("watchfiles.watch", events)
    monkeypatch.setattr(watcher, "find_changed_paths", find)
    with watching(site):
        wait_until(lambda: "all" in site.feeds(clock()) and len(site.titles(now=clock())) == 41)
        removed.set()
        for number in range(30):
            site.file(f"old{number}.md").unlink()
        add(site, "b")
        wait_until(lambda: "b" in site.titles(now=clock()))
        wait_until(lambda: "guard" in caplog.text)
        assert len(site.titles(now=clock())) == 42


def test_watch_command_builds_until_it_is_terminated(site: Publication) -> None:
    command = [sys.executable, "-m", "feeds", "watch", "--config", str(site.root)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(shows(site, "a"))
        add(site, "b")
        wait_until(shows(site, "a", "b"))
    finally:
        running.terminate()
        stderr = running.communicate(timeout=10)[1].decode()
    assert running.returncode == 0
    assert "1 added" in stderr


def test_another_watcher_takes_over(site: Publication) -> None:
    with watching(site) as first, watching(site):
        wait_until(shows(site, "a"))
        first.stop()
        add(site, "b")
        wait_until(shows(site, "a", "b"))


def stale_reason(site: Publication) -> str:
    """The reason that a server reports for stale content."""
    return str(sidecar.read_stale(load.load(site.root, {}, away=True)) or "")


@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_missing_articles_are_reported_until_they_return(
    site: Publication, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setattr(watcher, "_RETRY", 0.2)
    site.build(clock())
    articles, away = site.root / "articles", site.root / "away"
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        running = Watcher(site.site, catalogue)
        articles.rename(away)
        if empty:
            articles.mkdir()
        running.start()
        try:
            wait_until(lambda: "no build succeeds: the article folder" in stale_reason(site))
            content = front_matter(title="b", webUrl="https://example.org/b")
            (away / "b.md").write_text(content)
            if empty:
                for file in away.iterdir():
                    file.rename(articles / file.name)
            else:
                away.rename(articles)
            wait_until(shows(site, "a", "b"))
            wait_until(lambda: stale_reason(site) == "")
        finally:
            running.stop()


def test_guard_is_reported_until_the_articles_return(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = scanned_site(tmp_path)
    for number in range(40):
        add(site, f"old{number}")
    site.build(clock())
    removed = [site.file(f"old{number}.md") for number in range(30)]
    content = {file: file.read_bytes() for file in removed}
    for file in removed:
        file.unlink()
    with watching(site):
        wait_until(lambda: "guard.withdrawn allows" in stale_reason(site))
        for file in removed:
            file.write_bytes(content[file])
        wait_until(lambda: stale_reason(site) == "")
    assert caplog.text.count("entries would be withdrawn") == 1


def test_changed_settings_are_built_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = scanned_site(tmp_path)
    site.build(clock())
    faults = iter([WorkerError("a worker process was killed")])

    def build(*arguments: Any, **options: Any) -> BuildReport:
        for fault in faults:
            raise fault
        return builder.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    settings = {"folder": "articles", "scan_every": 1}
    changed = Publication(tmp_path, {}, title="Another", articles=settings)
    with watching(changed):
        wait_until(lambda: "a worker process was killed" in stale_reason(changed))
        wait_until(lambda: changed.fetch(now=clock())["json"].body.count(b"Another") > 0)
        wait_until(lambda: stale_reason(changed) == "")
    with closing(Catalogue(changed.site.catalogue)) as catalogue:
        assert sidecar.is_current(changed.site, catalogue)
        assert sidecar.previous_site(changed.site, catalogue) is None
        assert sidecar.previous_site(Publication(tmp_path, {}).site, catalogue) is not None


def test_unexpected_exception_is_reported(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Event()

    def build(*arguments: Any, **options: Any) -> BuildReport:
        if not failing.is_set():
            raise RuntimeError("unexpected")
        return builder.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    with watching(site):
        wait_until(lambda: "RuntimeError('unexpected')" in stale_reason(site))
        failing.set()
        wait_until(shows(site, "a"))
        wait_until(lambda: stale_reason(site) == "")
