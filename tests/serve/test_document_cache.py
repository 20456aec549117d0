"""What a server keeps ready, and when it lets go of it."""

import logging
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError
from feeds.model.document import FORMATS
from feeds.render.site import opml
from feeds.serve import delta, document_cache
from feeds.serve.clock_cache import ClockCache
from feeds.serve.document_cache import DocumentCache
from feeds.serve.responses import CachedResponse, EncodedResponse
from feeds.serve.snapshot import DocumentKey
from tests.support.site import FEEDS, NOW, Publication, front_matter


class Time:
    """The time of day, as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        monkeypatch.setattr(document_cache, "clock", self._clock)

    def _clock(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> None:
        self.now += timedelta(**by)


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
def shelf(site: Publication, time: Time) -> Iterator[DocumentCache]:
    del time
    with closing(Catalogue(site.site.catalogue, patience=0.1)) as catalogue:
        yield DocumentCache(site.site, catalogue)


def got(shelf: DocumentCache, name: str) -> CachedResponse:
    found = shelf.get(name)
    assert found is not None
    return found


def test_what_is_dated_in_the_future_comes_out_at_its_time_without_a_build(
    shelf: DocumentCache, time: Time
) -> None:
    assert b"Due" not in got(shelf, "all.json").document.body
    assert shelf.get("topics/later.rss") is None
    time.go_on(hours=1)
    assert b"Due" in got(shelf, "all.json").document.body
    shelf.refresh()
    assert b"Due" in got(shelf, "topics/later.rss").document.body


def test_what_changed_of_what_is_ready_is_made_anew_and_the_rest_stays(
    tmp_path: Path, time: Time
) -> None:
    del time
    made = Publication(
        tmp_path,
        {
            "a.md": front_matter(title="One", topics=["A"]),
            "b.md": front_matter(title="Two", topics=["B"], webUrl="https://example.org/b"),
        },
    )
    made.build()
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = DocumentCache(made.site, catalogue)
        shelf.refresh()
        before = {name: got(shelf, name) for name in ("topics/a.rss", "topics/b.rss", "all.atom")}
        for each in before.values():
            each.variant("gzip")
            each.used = True
        made.write("a.md", front_matter(title="Changed", topics=["A"]))
        made.build()
        assert shelf.room.get("topics/a.rss") is before["topics/a.rss"]
        shelf.refresh()
        after = {name: shelf.room.get(name) for name in before}
    assert after["topics/b.rss"] is before["topics/b.rss"]
    for name in ("topics/a.rss", "all.atom"):
        fresh = after[name]
        assert fresh is not None
        assert b"Changed" in fresh.document.body
        assert fresh.codings == ["gzip"]  # in which it was asked for before


def test_a_kept_document_is_the_same_object_until_something_changes(shelf: DocumentCache) -> None:
    for name in ("all.atom", "all.html", "", "feeds.opml", "pages.css"):
        assert shelf.get(name) is got(shelf, name)


def test_all_formats_of_a_feed_change_together(shelf: DocumentCache, site: Publication) -> None:
    shelf.refresh()
    got(shelf, "all.rss").used = True
    site.write("a.md", front_matter(title="Changed"))
    site.build()
    shelf.refresh()
    for name in ("all.rss", "all.atom", "all.json"):
        kept = shelf.room.get(name)
        assert kept is not None
        assert b"Changed" in kept.document.body


def test_a_feed_that_is_gone_is_let_go(tmp_path: Path, time: Time) -> None:
    del time
    feeds = {"feeds": [*FEEDS["feeds"], {"path": "more"}]}
    made = Publication(tmp_path, {"a.md": front_matter()}, feeds=feeds)
    made.build()
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = DocumentCache(made.site, catalogue)
        shelf.refresh()
        assert got(shelf, "more.rss")
        fewer = Publication(tmp_path, {"a.md": front_matter()}, feeds=FEEDS)
        fewer.build()
        shelf._site = fewer.site
        shelf.refresh()
        assert shelf.room.get("more.rss") is None
        assert shelf.get("more.rss") is None


@pytest.mark.parametrize(
    "name", [".rss", "all", "all.", "all.xml", "all.rss.rss", "no.json", "index.html", "/all.rss"]
)
def test_what_is_not_there_is_none(shelf: DocumentCache, name: str) -> None:
    assert shelf.get(name) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ALL.rss", "all.rss"),
        ("Topics/AI.HTML", "topics/ai.html"),
        ("Feeds.OPML", "feeds.opml"),
        ("INDEX.html", ""),
        ("", ""),
        ("no.rss", None),
        ("all", None),
    ],
)
def test_capitals_do_not_matter_to_what_is_meant(
    shelf: DocumentCache, said: str, meant: str | None
) -> None:
    assert shelf.canonical_name(said) == meant


def test_ready_means_built(tmp_path: Path) -> None:
    made = Publication(tmp_path, {"a.md": front_matter()})
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = DocumentCache(made.site, catalogue)
        shelf.refresh()
        assert shelf.status() == (False, "the catalogue is new: no build was made yet")
        made.build()
        shelf.refresh()
        assert shelf.status() == (True, "ready")


def test_in_an_outage_what_is_ready_is_served_and_the_rest_is_refused(
    shelf: DocumentCache, site: Publication, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.refresh()
    known = got(shelf, "all.rss")
    file = site.root / "catalogue.sqlite"
    file.rename(site.root / "away")
    time.go_on(minutes=3)
    with caplog.at_level(logging.ERROR, "feeds"):
        shelf.refresh()
    assert "3 documents are served as they were, as of 0:03:00 ago" in caplog.text
    assert shelf.get("all.rss") is known
    with pytest.raises(CatalogueError, match="gone"):
        shelf.get("topics/ai.rss")
    with pytest.raises(CatalogueError, match="gone"):
        shelf.get("no-such-feed.rss")  # never 404, for who knows?
    ready, said = shelf.status()
    assert ready
    assert said.startswith("stale: ")
    (site.root / "away").rename(file)
    shelf.refresh()
    assert shelf.status() == (True, "ready")
    assert shelf.get("topics/ai.rss")


def test_what_has_become_stale_in_an_outage_is_served_all_the_same(
    shelf: DocumentCache, site: Publication, time: Time
) -> None:
    known = got(shelf, "all.rss")
    (site.root / "catalogue.sqlite").unlink()
    time.go_on(hours=2)  # an entry came out since
    assert shelf.get("all.rss") is known  # before the outage is noted
    shelf.refresh()
    assert shelf.get("all.rss") is known


def test_an_outage_is_told_once_a_minute(
    shelf: DocumentCache, site: Publication, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.refresh()
    (site.root / "catalogue.sqlite").unlink()
    with caplog.at_level(logging.ERROR, "feeds"):
        for _ in range(10):
            shelf.refresh()
            time.go_on(seconds=10)
    assert len(caplog.records) == 2


def test_what_was_not_sent_for_longest_makes_room(tmp_path: Path, time: Time) -> None:
    del time
    made = Publication(tmp_path, {"a.md": front_matter(topics=["A", "B", "C"])})
    made.build()
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        names = [f"all.{each}" for each in FORMATS]
        one = sum(got(DocumentCache(made.site, catalogue), name).size for name in names)
        shelf = DocumentCache(made.site, catalogue, ClockCache[DocumentKey](limit=one * 5 // 2))
        kept = got(shelf, "all.rss")
        for name in ("topics/a.rss", "topics/b.rss", "topics/c.rss"):
            kept.used = True
            got(shelf, name)
        there = {unit.name for unit in shelf.room.units()}
    assert there == {"all", "topics/c"}


def test_a_mount_is_answered_with_and_without_its_path(tmp_path: Path, time: Time) -> None:
    del time
    made = Publication(tmp_path, {"a.md": front_matter()}, feeds_url="https://example.org/feeds/")
    made.build()
    with closing(Catalogue(made.site.catalogue)) as catalogue:
        shelf = DocumentCache(made.site, catalogue)
        got(shelf, "all.rss")
        assert shelf.room.ready["/feeds/all.rss"] is shelf.room.ready["/all.rss"]


def test_a_document_is_measured_while_another_thread_makes_a_coding_of_it(
    shelf: DocumentCache,
) -> None:
    ready = got(shelf, "all.rss")
    plain, coded = ready._coded["identity"], ready._coded

    class Meanwhile:
        """A variant whose reader is overtaken by a thread that makes another one."""

        @property
        def body(self) -> bytes:
            coded[f"new {len(coded)}"] = None
            return b"four"

    coded["identity"] = cast(EncodedResponse, Meanwhile())
    coded["br"] = plain
    assert ready.size > 4


def test_codings_are_named_while_another_thread_makes_one(shelf: DocumentCache) -> None:
    ready = got(shelf, "all.rss")
    coded = ready._coded

    class Meanwhile(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __ne__(self, other: object) -> bool:
            coded[f"new {len(coded)}"] = None
            return True

    coded[Meanwhile("gzip")] = None
    assert ready.codings == ["gzip"]


def test_documents_are_counted_while_another_thread_takes_one_in(shelf: DocumentCache) -> None:
    units = shelf.room._units

    class Meanwhile(tuple[str, ...]):
        __slots__ = ()

        def __len__(self) -> int:
            units[DocumentKey("site", f"new {len(units)}")] = ()
            return 1

    units[DocumentKey("feed", "all")] = Meanwhile()
    assert len(shelf.room) == 1


def test_states_are_looked_through_while_another_thread_notes_one(shelf: DocumentCache) -> None:
    document = got(shelf, "all.rss").document
    past = delta.DeltaHistory()
    past.note({"all.rss": document}, [])
    changed = msgspec.structs.replace(document, body=b"changed")

    class Tag(str):
        __slots__ = ()

        def startswith(self, *_: object) -> bool:
            past.note({"all.rss": changed}, [])  # as a thread that refreshes does
            return False

    assert past.find("all.rss", [Tag("none")]) is None


def test_an_outage_that_ends_while_a_thread_looks_at_it_is_no_error(shelf: DocumentCache) -> None:
    shelf.refresh()
    faults = iter([CatalogueError("away"), None, None, None])

    class Ending(DocumentCache):
        _fault = property(lambda _: next(faults, None), lambda *_: None)

    shelf.__class__ = Ending
    with pytest.raises(CatalogueError, match="away"):
        shelf.get("topics/ai.rss")


@pytest.mark.parametrize("fails", ["put", "drop", "_make_room"])
def test_a_refresh_that_fails_halfway_is_done_again(
    shelf: DocumentCache, site: Publication, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    shelf.refresh()
    for name in ("all.rss", "all.html", ""):
        got(shelf, name).used = name == "all.rss"  # the others are let go when they change
    site.write("a.md", front_matter(title="Changed"))
    site.build()
    for often in range(3):
        with monkeypatch.context() as patch:
            _fail_at(patch, shelf.room, fails, often)
            with suppress(RuntimeError):
                shelf.refresh()
    shelf.refresh()
    for name in ("all.rss", "all.atom", "all.json", "all.html"):
        assert b"Changed" in got(shelf, name).document.body, name


def test_a_list_whose_making_fails_is_made_again(
    shelf: DocumentCache, site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.refresh()
    before = got(shelf, "feeds.opml")
    before.used = True
    site.write("a.md", front_matter(title="Changed", topics=["New"]))
    site.build()
    with monkeypatch.context() as patch:
        patch.setattr(opml, "document", _failing)
        with pytest.raises(RuntimeError):
            shelf.refresh()
    shelf.refresh()
    assert b"topics/new" in got(shelf, "feeds.opml").document.body


def _failing(*_: object) -> None:
    raise RuntimeError("dictionary changed size during iteration")


def _fail_at(
    patch: pytest.MonkeyPatch, room: ClockCache[DocumentKey], name: str, calls: int
) -> None:
    """Let a method of the room fail, after so many calls that do not."""
    real, left = getattr(room, name), iter(range(calls))

    def failing(*arguments: Any) -> None:
        if next(left, None) is None:
            raise RuntimeError("dictionary changed size during iteration")
        real(*arguments)

    patch.setattr(room, name, failing)
