"""Building by itself while a server runs, whatever happens to the folder."""

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

from feeds.build import builder as building
from feeds.build import changes, listener, sidecar
from feeds.build import watcher as watch
from feeds.build.builder import BuildReport
from feeds.build.watcher import Watcher
from feeds.catalogue.catalogue import Catalogue
from feeds.config import load
from feeds.errors import WorkerError
from feeds.util.progress import clock
from tests.support.site import Publication, front_matter, write_article


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE", 0.1)
    monkeypatch.setattr(listener, "_SECOND_LOOK", 0.1)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return Publication(tmp_path, {"a.md": front_matter(title="a")})


@contextmanager
def watching(
    site: Publication, changed: Callable[[BuildReport], None] | None = None
) -> Iterator[Watcher]:
    revisions = {0}

    def built(report: BuildReport | None, seconds: float) -> None:
        assert seconds >= 0
        if report and changed and report.revision not in revisions:
            revisions.add(report.revision)
            changed(report)

    with closing(Catalogue(site.site.catalogue)) as catalogue:
        watcher = Watcher(site.site, catalogue, built)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.stop()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def shows(site: Publication, *titles: str) -> Callable[[], bool]:
    return lambda: "all" in site.feeds(clock()) and sorted(site.titles(now=clock())) == [*titles]


def add(site: Publication, name: str) -> None:
    content = front_matter(title=name, webUrl=f"https://example.org/{name}")
    write_article(site.root, f"{name}.md", content)


def test_a_change_is_built(site: Publication) -> None:
    with watching(site):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))


def test_a_folder_that_is_swapped_for_another_is_watched_on(site: Publication) -> None:
    with watching(site):
        until(shows(site, "a"))
        shutil.copytree(site.root / "articles", site.root / "next")
        (site.root / "articles").rename(site.root / "old")
        (site.root / "next").rename(site.root / "articles")
        add(site, "b")
        until(shows(site, "a", "b"))
        add(site, "c")
        until(shows(site, "a", "b", "c"))


def test_a_folder_that_goes_and_comes_back_costs_nothing(site: Publication) -> None:
    with watching(site):
        until(shows(site, "a"))
        (site.root / "articles").rename(site.root / "away")
        time.sleep(0.5)
        (site.root / "away").rename(site.root / "articles")
        add(site, "b")
        until(shows(site, "a", "b"))


def test_the_thread_outlives_a_fault_that_nobody_foresaw(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([RuntimeError("what nobody foresaw"), OSError("no more memory")])

    def build(*arguments: Any, **options: Any) -> BuildReport:
        for fault in faults:
            raise fault
        return building.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    with watching(site):
        until(shows(site, "a"))


def polled(root: Path, **articles: Any) -> Publication:
    """A site whose files are all looked at every second."""
    wanted = {"folder": "articles", "scan_every": 1, **articles}
    return Publication(root, {"a.md": front_matter(title="a")}, articles=wanted)


def test_polling_finds_what_was_saved_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchfiles.watch", None)  # it is not asked
    site = polled(tmp_path, watch="poll")
    with watching(site):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))
        site.file("b.md").unlink()
        until(shows(site, "a"))


def test_where_the_file_system_is_silent_all_files_are_looked_at_regularly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, stop_event: Event, **__: object) -> Iterator[set[object]]:
        while not stop_event.wait(0.05):
            yield set()

    monkeypatch.setattr("watchfiles.watch", silent)
    site = polled(tmp_path)
    with watching(site):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))


def test_where_no_more_can_be_watched_it_polls_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def limited(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr("watchfiles.watch", limited)
    site = polled(tmp_path)
    with watching(site):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))
    assert "OS file watch limit reached" in caplog.text
    assert "looking at all files every 1 s" in caplog.text


def test_every_change_is_told_once_with_the_feeds_that_changed(site: Publication) -> None:
    told: list[BuildReport] = []
    with watching(site, told.append):
        until(lambda: len(told) == 1)
        write_article(site.root, "b.md", front_matter(title="b", topics=["Robots"]))
        until(lambda: len(told) == 2)
        time.sleep(0.3)
    assert [set(report.feeds_changed) for report in told] == [
        {"all", "topics/ai"},
        {"all", "topics/robots"},
    ]


def test_a_file_that_is_still_being_written_is_waited_for(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_SETTLED", 1_000)
    monkeypatch.setattr(listener, "_DEBOUNCE", 10_000)
    told: list[BuildReport] = []
    with watching(site, told.append):
        until(lambda: len(told) == 1)
        for title in ("b", "b, wri", "b, written"):
            write_article(
                site.root, "b.md", front_matter(title=title, webUrl="https://example.org/b")
            )
            time.sleep(0.2)
        until(shows(site, "a", "b, written"))
    assert [report.revision for report in told] == [1, 2]


def test_a_callback_that_fails_costs_nothing(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: BuildReport) -> None:
        raise ValueError("nobody there to be told")

    with watching(site, fail):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))
    assert "nobody there to be told" in caplog.text


def test_a_build_that_fails_is_told_too(site: Publication) -> None:
    told: list[BuildReport | None] = []
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        (site.root / "articles" / "a.md").rename(site.root / "a.md")
        watcher = Watcher(site.site, catalogue, lambda report, _: told.append(report))
        watcher.start()
        until(lambda: told == [None])
        watcher.stop()


def test_an_article_of_a_future_date_is_built_when_it_comes(site: Publication) -> None:
    told: list[BuildReport] = []
    with watching(site, told.append):
        until(lambda: len(told) == 1)
        soon = clock() + timedelta(seconds=3)
        content = front_matter(title="soon", topics=["New"], publishedDateTime=soon.isoformat())
        write_article(site.root, "soon.md", content)
        until(lambda: len(told) == 2)
        assert told[1].feeds_changed == ()
        until(lambda: len(told) == 3)
        assert clock() >= soon
    assert set(told[2].feeds_changed) == {"all", "topics/new"}


def test_folders_that_come_and_go_are_built(site: Publication) -> None:
    with watching(site):
        until(shows(site, "a"))
        outside = site.root / "outside" / "deep"
        outside.mkdir(parents=True)
        (outside / "b.md").write_text(front_matter(title="b", webUrl="https://example.org/b"))
        (site.root / "outside").rename(site.root / "articles" / "inside")
        until(shows(site, "a", "b"))
        (site.root / "articles" / "inside").rename(site.root / "articles" / "other")
        add(site, "c")
        until(shows(site, "a", "b", "c"))
        shutil.rmtree(site.root / "articles" / "other")
        until(shows(site, "a", "c"))


def test_a_bad_article_is_told_of_in_the_log(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(site):
        until(shows(site, "a"))
        write_article(site.root, "b.md", "---\nwebUrl: https://example.org/b\n---\n")
        until(lambda: "b.md:" in caplog.text)
    assert "title" in caplog.text


def test_a_file_name_does_not_forge_lines_of_the_log(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    """Without our log format: another WSGI server may have its own."""
    with watching(site):
        until(shows(site, "a"))
        write_article(site.root, "b\x1b[2J\nerror.md", "---\nwebUrl: https://example.org/b\n---\n")
        until(lambda: "error.md" in caplog.text)
    [message] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message.startswith(r"b\x1b[2J\nerror.md:1: title")


def test_a_catalogue_that_is_busy_is_tried_again(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_RETRY", 0.2)
    with closing(Catalogue(site.site.catalogue, patience=0.1)) as catalogue:
        watcher = Watcher(site.site, catalogue)
        watcher.start()
        try:
            until(shows(site, "a"))
            file = site.root / "catalogue.sqlite"
            with closing(sqlite3.connect(file, isolation_level=None)) as holder:
                holder.execute("BEGIN IMMEDIATE")
                add(site, "b")
                time.sleep(0.5)
            until(shows(site, "a", "b"))
        finally:
            watcher.stop()


def test_what_was_missed_is_made_up_for_though_others_were_built_since(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_RETRY", 1)
    with closing(Catalogue(site.site.catalogue, patience=0.1)) as catalogue:
        builder = watch.Rebuilder(site.site, catalogue, None)
        builder.build(None)
        with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as holder:
            holder.execute("BEGIN IMMEDIATE")
            add(site, "b")
            builder.build_if_needed({"b.md"})
        add(site, "c")
        builder.build_if_needed({"c.md"})
        assert shows(site, "a", "c")()
        time.sleep(1)
        builder.build_if_needed(set())
        assert shows(site, "a", "b", "c")()


def test_what_the_guard_stops_costs_nothing_that_is_heard_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = polled(tmp_path)
    for number in range(40):
        add(site, f"old{number}")
    told, scanned, real = Event(), Event(), changes.find_changed_paths

    def look(*arguments: Any) -> list[str]:
        found = real(*arguments)
        if len(found) > 20:
            scanned.set()
        return found

    def events(*_: object, stop_event: Event, **__: object) -> Iterator[set[tuple[int, str]]]:
        while not told.wait(0.05) and not stop_event.is_set():
            yield set()
        scanned.wait(10)
        time.sleep(0.1)  # so that both come at once
        yield {(1, str(site.file("b.md")))}
        while not stop_event.wait(0.05):
            yield set()

    monkeypatch.setattr("watchfiles.watch", events)
    monkeypatch.setattr(watch, "find_changed_paths", look)
    with watching(site):
        until(lambda: "all" in site.feeds(clock()) and len(site.titles(now=clock())) == 41)
        told.set()
        for number in range(30):
            site.file(f"old{number}.md").unlink()
        add(site, "b")
        until(lambda: "b" in site.titles(now=clock()))
        until(lambda: "guard" in caplog.text)
        assert len(site.titles(now=clock())) == 42


def test_the_command_builds_until_it_is_told_to_stop(site: Publication) -> None:
    command = [sys.executable, "-m", "feeds", "watch", "--config", str(site.root)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))
    finally:
        running.terminate()
        said = running.communicate(timeout=10)[1].decode()
    assert running.returncode == 0
    assert "1 added" in said


def test_another_takes_over_when_the_one_that_watches_ends(site: Publication) -> None:
    with watching(site) as first, watching(site):
        until(shows(site, "a"))
        first.stop()
        add(site, "b")
        until(shows(site, "a", "b"))


def note(site: Publication) -> str:
    """What a server that is asked whether it is ready finds noted."""
    return str(sidecar.read_stale(load.load(site.root, {}, away=True)) or "")


@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_articles_that_are_away_are_noted_and_built_when_they_come_back(
    site: Publication, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setattr(watch, "_RETRY", 0.2)
    site.build(clock())
    articles, away = site.root / "articles", site.root / "away"
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        watcher = Watcher(site.site, catalogue)
        articles.rename(away)
        if empty:
            articles.mkdir()
        watcher.start()
        try:
            until(lambda: "no build succeeds: the article folder" in note(site))
            content = front_matter(title="b", webUrl="https://example.org/b")
            (away / "b.md").write_text(content)
            if empty:
                for file in away.iterdir():
                    file.rename(articles / file.name)
            else:
                away.rename(articles)
            until(shows(site, "a", "b"))
            until(lambda: note(site) == "")
        finally:
            watcher.stop()


def test_what_the_guard_stops_is_noted_until_it_is_put_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = polled(tmp_path)
    for number in range(40):
        add(site, f"old{number}")
    site.build(clock())
    gone = [site.file(f"old{number}.md") for number in range(30)]
    content = {file: file.read_bytes() for file in gone}
    for file in gone:
        file.unlink()
    with watching(site):
        until(lambda: "site.guard allows" in note(site))
        for file in gone:
            file.write_bytes(content[file])
        until(lambda: note(site) == "")
    assert caplog.text.count("this build would withdraw") == 1


def test_changed_settings_are_built_when_what_stopped_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = polled(tmp_path)
    site.build(clock())
    faults = iter([WorkerError("a worker process was killed")])

    def build(*arguments: Any, **options: Any) -> BuildReport:
        for fault in faults:
            raise fault
        return building.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    wanted = {"folder": "articles", "scan_every": 1}
    changed = Publication(tmp_path, {}, title="Another", articles=wanted)
    with watching(changed):
        until(lambda: "a worker process was killed" in note(changed))
        until(lambda: changed.fetch(now=clock())["json"].body.count(b"Another") > 0)
        until(lambda: note(changed) == "")
    with closing(Catalogue(changed.site.catalogue)) as catalogue:
        assert sidecar.is_current(changed.site, catalogue)
        assert sidecar.previous_site(changed.site, catalogue) is None
        assert sidecar.previous_site(Publication(tmp_path, {}).site, catalogue) is not None


def test_a_fault_that_nobody_foresaw_is_noted(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Event()

    def build(*arguments: Any, **options: Any) -> BuildReport:
        if not failing.is_set():
            raise RuntimeError("what nobody foresaw")
        return building.build(*arguments, **options)

    monkeypatch.setattr("feeds.build.watcher.build", build)
    with watching(site):
        until(lambda: "RuntimeError('what nobody foresaw')" in note(site))
        failing.set()
        until(shows(site, "a"))
        until(lambda: note(site) == "")
