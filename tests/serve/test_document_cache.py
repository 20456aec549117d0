"""The document cache of a server: contents, renewal, eviction and outages."""

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
from feeds.serve.outage import Outage
from feeds.serve.refresher import Refresher
from feeds.serve.responses import CachedResponse, EncodedResponse
from feeds.serve.snapshot import DocumentKey
from tests.support.site import FEEDS, NOW, Publication, front_matter


class Time:
    """A clock set by the test."""

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
    publication = Publication(tmp_path, articles)
    publication.build()
    return publication


@pytest.fixture
def cache(site: Publication, time: Time) -> Iterator[DocumentCache]:
    del time
    with closing(Catalogue(site.site.catalogue, patience=0.1)) as catalogue:
        yield DocumentCache(site.site, catalogue)


@pytest.fixture
def refresher(cache: DocumentCache) -> Refresher:
    return Refresher(cache)


def get_response(cache: DocumentCache, name: str) -> CachedResponse:
    response = cache.get(name)
    assert response is not None
    return response


def test_future_entry_appears_on_time_without_a_build(
    cache: DocumentCache, refresher: Refresher, time: Time
) -> None:
    assert b"Due" not in get_response(cache, "all.json").document.body
    assert cache.get("topics/later.rss") is None
    time.go_on(hours=1)
    assert b"Due" in get_response(cache, "all.json").document.body
    refresher.refresh()
    assert b"Due" in get_response(cache, "topics/later.rss").document.body


def test_only_changed_documents_are_rebuilt(tmp_path: Path, time: Time) -> None:
    del time
    publication = Publication(
        tmp_path,
        {
            "a.md": front_matter(title="One", topics=["A"]),
            "b.md": front_matter(title="Two", topics=["B"], webUrl="https://example.org/b"),
        },
    )
    publication.build()
    with closing(Catalogue(publication.site.catalogue)) as catalogue:
        cache = DocumentCache(publication.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        before = {
            name: get_response(cache, name) for name in ("topics/a.rss", "topics/b.rss", "all.atom")
        }
        for response in before.values():
            response.variant("gzip")
            response.used = True
        publication.write("a.md", front_matter(title="Changed", topics=["A"]))
        publication.build()
        assert cache.responses.get("topics/a.rss") is before["topics/a.rss"]
        refresher.refresh()
        after = {name: cache.responses.get(name) for name in before}
    assert after["topics/b.rss"] is before["topics/b.rss"]
    for name in ("topics/a.rss", "all.atom"):
        fresh = after[name]
        assert fresh is not None
        assert b"Changed" in fresh.document.body
        assert fresh.codings == ["gzip"]  # the coding requested before


def test_cached_document_is_reused_until_it_changes(cache: DocumentCache) -> None:
    for name in ("all.atom", "all.html", "", "feeds.opml", "pages.css"):
        assert cache.get(name) is get_response(cache, name)


def test_all_formats_of_a_feed_change_together(
    cache: DocumentCache, refresher: Refresher, site: Publication
) -> None:
    refresher.refresh()
    get_response(cache, "all.rss").used = True
    site.write("a.md", front_matter(title="Changed"))
    site.build()
    refresher.refresh()
    for name in ("all.rss", "all.atom", "all.json"):
        cached = cache.responses.get(name)
        assert cached is not None
        assert b"Changed" in cached.document.body


def test_removed_feed_is_dropped_from_the_cache(tmp_path: Path, time: Time) -> None:
    del time
    feeds = {"feeds": [*FEEDS["feeds"], {"path": "more"}]}
    publication = Publication(tmp_path, {"a.md": front_matter()}, feeds=feeds)
    publication.build()
    with closing(Catalogue(publication.site.catalogue)) as catalogue:
        cache = DocumentCache(publication.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        assert get_response(cache, "more.rss")
        fewer = Publication(tmp_path, {"a.md": front_matter()}, feeds=FEEDS)
        fewer.build()
        cache.site = fewer.site
        refresher.refresh()
        assert cache.responses.get("more.rss") is None
        assert cache.get("more.rss") is None


@pytest.mark.parametrize(
    "name", [".rss", "all", "all.", "all.xml", "all.rss.rss", "no.json", "index.html", "/all.rss"]
)
def test_unknown_path_is_none(cache: DocumentCache, name: str) -> None:
    assert cache.get(name) is None


@pytest.mark.parametrize(
    ("path", "name"),
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
def test_canonical_name_ignores_case(cache: DocumentCache, path: str, name: str | None) -> None:
    assert cache.canonical_name(path) == name


def test_status_is_ready_only_after_a_build(tmp_path: Path) -> None:
    publication = Publication(tmp_path, {"a.md": front_matter()})
    with closing(Catalogue(publication.site.catalogue)) as catalogue:
        cache = DocumentCache(publication.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        assert refresher.status() == (False, "the catalogue is new: no build was made yet")
        publication.build()
        refresher.refresh()
        assert refresher.status() == (True, "ready")


def test_outage_serves_cached_documents_and_refuses_others(
    cache: DocumentCache,
    refresher: Refresher,
    site: Publication,
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refresher.refresh()
    before = get_response(cache, "all.rss")
    file = site.root / "catalogue.sqlite"
    file.rename(site.root / "away")
    time.go_on(minutes=3)
    with caplog.at_level(logging.ERROR, "feeds"):
        refresher.refresh()
    assert "serving 3 documents unchanged, as of 0:03:00 ago" in caplog.text
    assert cache.get("all.rss") is before
    with pytest.raises(CatalogueError, match="gone"):
        cache.get("topics/ai.rss")
    with pytest.raises(CatalogueError, match="gone"):
        cache.get("no-such-feed.rss")  # never 404 during an outage
    ready, reason = refresher.status()
    assert ready
    assert reason.startswith("stale: ")
    (site.root / "away").rename(file)
    refresher.refresh()
    assert refresher.status() == (True, "ready")
    assert cache.get("topics/ai.rss")


def test_outage_serves_expired_documents(
    cache: DocumentCache, refresher: Refresher, site: Publication, time: Time
) -> None:
    before = get_response(cache, "all.rss")
    (site.root / "catalogue.sqlite").unlink()
    time.go_on(hours=2)  # an entry became due since
    assert cache.get("all.rss") is before  # before the outage is noticed
    refresher.refresh()
    assert cache.get("all.rss") is before


def test_outage_is_logged_once_a_minute(
    refresher: Refresher,
    site: Publication,
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refresher.refresh()
    (site.root / "catalogue.sqlite").unlink()
    with caplog.at_level(logging.ERROR, "feeds"):
        for _ in range(10):
            refresher.refresh()
            time.go_on(seconds=10)
    assert len(caplog.records) == 2


def test_cache_evicts_documents_unused_for_longest(tmp_path: Path, time: Time) -> None:
    del time
    publication = Publication(tmp_path, {"a.md": front_matter(topics=["A", "B", "C"])})
    publication.build()
    with closing(Catalogue(publication.site.catalogue)) as catalogue:
        names = [f"all.{extension}" for extension in FORMATS]
        one = sum(
            get_response(DocumentCache(publication.site, catalogue), name).size for name in names
        )
        cache = DocumentCache(
            publication.site, catalogue, ClockCache[DocumentKey](limit=one * 5 // 2)
        )
        cached = get_response(cache, "all.rss")
        for name in ("topics/a.rss", "topics/b.rss", "topics/c.rss"):
            cached.used = True
            get_response(cache, name)
        there = {unit.name for unit in cache.responses.cached_keys()}
    assert there == {"all", "topics/c"}


def test_documents_are_served_with_and_without_the_mount(tmp_path: Path, time: Time) -> None:
    del time
    publication = Publication(
        tmp_path, {"a.md": front_matter()}, feeds_url="https://example.org/feeds/"
    )
    publication.build()
    with closing(Catalogue(publication.site.catalogue)) as catalogue:
        cache = DocumentCache(publication.site, catalogue)
        get_response(cache, "all.rss")
        assert cache.responses.by_path["/feeds/all.rss"] is cache.responses.by_path["/all.rss"]


def test_size_is_safe_while_another_thread_encodes(
    cache: DocumentCache,
) -> None:
    ready = get_response(cache, "all.rss")
    plain, coded = ready._encodings["identity"], ready._encodings

    class Meanwhile:
        """A variant whose reader is overtaken by a thread that makes another one."""

        @property
        def body(self) -> bytes:
            coded[f"new {len(coded)}"] = None
            return b"four"

    coded["identity"] = cast(EncodedResponse, Meanwhile())
    coded["br"] = plain
    assert ready.size > 4


def test_codings_are_safe_while_another_thread_encodes(cache: DocumentCache) -> None:
    ready = get_response(cache, "all.rss")
    coded = ready._encodings

    class Meanwhile(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __ne__(self, other: object) -> bool:
            coded[f"new {len(coded)}"] = None
            return True

    coded[Meanwhile("gzip")] = None
    assert ready.codings == ["gzip"]


def test_len_is_safe_while_another_thread_adds_a_document(cache: DocumentCache) -> None:
    units = cache.responses._names

    class Meanwhile(tuple[str, ...]):
        __slots__ = ()

        def __len__(self) -> int:
            units[DocumentKey("site", f"new {len(units)}")] = ()
            return 1

    units[DocumentKey("feed", "all")] = Meanwhile()
    assert len(cache.responses) == 1


def test_find_is_safe_while_another_thread_adds_a_version(cache: DocumentCache) -> None:
    document = get_response(cache, "all.rss").document
    past = delta.DeltaHistory()
    past.add({"all.rss": document}, [])
    changed = msgspec.structs.replace(document, body=b"changed")

    class Tag(str):
        __slots__ = ()

        def startswith(self, *_: object) -> bool:
            past.add({"all.rss": changed}, [])  # as a thread that refreshes does
            return False

    assert past.find("all.rss", [Tag("none")]) is None


def test_outage_may_end_while_another_thread_reads_it(
    cache: DocumentCache, refresher: Refresher
) -> None:
    refresher.refresh()
    faults = iter([CatalogueError("away"), None, None, None])

    class Ending(Outage):
        error = property(lambda _: next(faults, None), lambda *_: None)

    cache.outage.__class__ = Ending
    with pytest.raises(CatalogueError, match="away"):
        cache.get("topics/ai.rss")


@pytest.mark.parametrize("fails", ["put", "drop", "_evict"])
def test_failed_refresh_is_repeated(
    cache: DocumentCache,
    refresher: Refresher,
    site: Publication,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    refresher.refresh()
    for name in ("all.rss", "all.html", ""):
        # The other documents are dropped when they change.
        get_response(cache, name).used = name == "all.rss"
    site.write("a.md", front_matter(title="Changed"))
    site.build()
    for often in range(3):
        with monkeypatch.context() as patch:
            _fail_at(patch, cache.responses, fails, often)
            with suppress(RuntimeError):
                refresher.refresh()
    refresher.refresh()
    for name in ("all.rss", "all.atom", "all.json", "all.html"):
        assert b"Changed" in get_response(cache, name).document.body, name


def test_failed_list_of_feeds_is_built_again(
    cache: DocumentCache, refresher: Refresher, site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher.refresh()
    before = get_response(cache, "feeds.opml")
    before.used = True
    site.write("a.md", front_matter(title="Changed", topics=["New"]))
    site.build()
    with monkeypatch.context() as patch:
        patch.setattr(opml, "document", _failing)
        with pytest.raises(RuntimeError):
            refresher.refresh()
    refresher.refresh()
    assert b"topics/new" in get_response(cache, "feeds.opml").document.body


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
