"""Building by itself while a server runs, whatever happens to the folder."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feeds import build as building
from feeds import watch
from feeds.build import clock
from feeds.catalogue.store import Catalogue
from feeds.watch import Watcher
from tests.support import Publication, front_matter, write_article


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_WAKE", 100)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return Publication(tmp_path, {"a.md": front_matter(title="a")})


@contextmanager
def watching(site: Publication) -> Iterator[Watcher]:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        watcher = Watcher(site.site, catalogue)
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
    faults = iter([RuntimeError("what nobody foresaw"), OSError("watch limit reached")])

    def build(*arguments: object) -> object:
        for fault in faults:
            raise fault
        return building.build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("feeds.watch.build", build)
    with watching(site):
        until(shows(site, "a"))


def test_where_the_file_system_is_silent_a_build_is_made_regularly(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, stop_event: object, **__: object) -> Iterator[set[object]]:
        while not stop_event.is_set():  # type: ignore[attr-defined]
            time.sleep(0.05)
            yield set()

    monkeypatch.setattr("feeds.watch.watchfiles.watch", silent)
    monkeypatch.setattr(watch, "_REGULARLY", 0.2)
    with watching(site):
        until(shows(site, "a"))
        add(site, "b")
        until(shows(site, "a", "b"))


def test_another_takes_over_when_the_one_that_watches_ends(site: Publication) -> None:
    with watching(site) as first, watching(site):
        until(shows(site, "a"))
        first.stop()
        add(site, "b")
        until(shows(site, "a", "b"))
