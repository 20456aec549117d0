"""What a server keeps ready, and when it lets go of it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feeds import shelf as shelves
from feeds.catalogue.store import Catalogue
from feeds.shelf import Shelf
from tests.support import NOW, Publication, front_matter


class Time:
    """The time of day and the time that passes, as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.passed = 0.0
        monkeypatch.setattr(shelves, "clock", self._clock)
        monkeypatch.setattr("feeds.shelf.time.monotonic", self._monotonic)

    def _clock(self) -> datetime:
        return self.now

    def _monotonic(self) -> float:
        return self.passed

    def go_on(self, **by: float) -> None:
        self.now += timedelta(**by)
        self.passed += timedelta(**by).total_seconds()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    due = (NOW + timedelta(hours=1)).isoformat()
    articles = {
        "a.md": front_matter(title="Out"),
        "b.md": front_matter(
            title="Due", webUrl="https://example.org/b", publishedDateTime=due, topics=["Later"]
        ),
    }
    made = Publication(tmp_path, articles)
    made.build()
    return made


@pytest.fixture
def shelf(site: Publication, time: Time) -> Iterator[Shelf]:
    del time
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        yield Shelf(site.site, catalogue)


def test_what_is_dated_in_the_future_comes_out_at_its_time_without_a_build(
    shelf: Shelf, time: Time
) -> None:
    before = shelf.get("all.json")
    assert before is not None
    assert b"Due" not in before.body
    assert shelf.get("topics/later.rss") is None
    time.go_on(hours=1)
    after = shelf.get("all.json")
    assert after is not None
    assert b"Due" in after.body
    assert shelf.get("topics/later.rss") is not None


def test_a_new_revision_is_seen_once_the_old_one_is_no_longer_believed(
    shelf: Shelf, site: Publication, time: Time
) -> None:
    first = shelf.get("all.rss")
    site.write("a.md", front_matter(title="Changed"))
    site.build()
    assert shelf.get("all.rss") is first
    time.go_on(seconds=1)
    second = shelf.get("all.rss")
    assert second is not None
    assert b"Changed" in second.body


def test_a_kept_document_is_the_same_object_until_something_changes(shelf: Shelf) -> None:
    assert shelf.get("all.atom") is shelf.get("all.atom")
    assert shelf.get("index.html") is shelf.get("index.html")
    assert shelf.get("feeds.opml") is shelf.get("feeds.opml")


def test_what_was_not_asked_for_longest_makes_room(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    del time
    monkeypatch.setattr(shelves, "_KEPT", 2)
    made = Publication(tmp_path, {"a.md": front_matter(topics=["A", "B"])})
    made.build()
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = Shelf(made.site, catalogue)
        kept = {name: shelf.get(name) for name in ("all.rss", "topics/a.rss")}
        assert shelf.get("all.rss") is kept["all.rss"]
        shelf.get("topics/b.rss")
        assert shelf.get("all.rss") is kept["all.rss"]
        assert shelf.get("topics/a.rss") is not kept["topics/a.rss"]


@pytest.mark.parametrize("name", ["", ".rss", "all", "all.", "all.xml", "all.rss.rss", "no.json"])
def test_what_is_not_there_is_none(shelf: Shelf, name: str) -> None:
    assert shelf.get(name) is None


def test_ready_means_built(tmp_path: Path) -> None:
    made = Publication(tmp_path, {"a.md": front_matter()})
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = Shelf(made.site, catalogue)
        assert not shelf.ready()
        made.build()
        assert shelf.ready()
