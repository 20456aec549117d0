"""The archives of feeds that moved or are gone."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feeds.catalogue.catalogue import Catalogue
from feeds.config.redirects import Resolution
from feeds.model.document import FORMATS
from feeds.serve.document_cache import DocumentCache
from feeds.serve.refresher import Refresher
from tests.support.archives import (
    DAY,
    SIZE,
    ServedSite,
    archive_site,
    article,
    moved_feed,
    resolve,
    titles,
)
from tests.support.site import NOW, Publication


def test_moved_feed_keeps_its_archives(tmp_path: Path) -> None:
    before, after = moved_feed("All", "Everything", "other")
    site = archive_site(tmp_path, 20, before)
    before_move = ServedSite(site).walk_titles("All")
    Publication(tmp_path, {}, after)
    for number in range(20, 26):
        site.write(f"{number}.md", article(number))
    site.build(NOW + DAY)
    after_move = ServedSite(site, NOW + DAY).walk_titles("Everything")
    assert after_move[-len(before_move) + 1 :] == before_move[1:], "divided differently"
    assert len(after_move) > len(before_move)
    for format_ in FORMATS:
        archive = Resolution(301, f"Everything/archive/2.{format_}")
        assert resolve(site, f"All/archive/2.{format_}", NOW) == archive
        feed = Resolution(301, f"Everything.{format_}")
        assert resolve(site, f"All/archive/99.{format_}", NOW) == feed
    assert resolve(site, "other/archive/99.rss", NOW) is None


def test_feed_whose_path_changes_case_keeps_its_archives(tmp_path: Path) -> None:
    before, after = moved_feed("All", "all", moved={})
    site = archive_site(tmp_path, 20, before)
    archives = ServedSite(site).walk_titles("All")[1:]
    site.write("late.md", article(30, day=3))
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    assert ServedSite(site, NOW + DAY).walk_titles("all")[-len(archives) :] == archives
    assert resolve(site, "All/archive/2.rss", NOW) == Resolution(301, "all/archive/2.rss")


def test_running_server_serves_the_archives_of_a_moved_feed(tmp_path: Path) -> None:
    before, after = moved_feed("all", "every/thing")
    site = archive_site(tmp_path, 20, before)
    Publication(tmp_path, {}, after)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        cache = DocumentCache(site.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        site.build(NOW)
        refresher.refresh()
        archive = cache.get("every/thing/archive/1.json")
        assert archive is not None
        assert len(titles(archive.document)) == SIZE / 2
        assert cache.get("all/archive/1.json") is None


def test_moved_family_keeps_its_archives(tmp_path: Path) -> None:
    def feeds(path: str, **settings: Any) -> dict[str, Any]:
        family = {"path": path, "each": "topic", "size": 2, "history": "all"}
        return {"feeds": [family], **settings}

    articles = {f"{n}.md": article(n, topics=["AI", "Maps"]) for n in range(9)}
    site = Publication(tmp_path, articles, feeds("tags/{topic}"))
    site.build()
    oldest = {topic: ServedSite(site).walk_titles(f"tags/{topic}")[-1] for topic in ("ai", "maps")}
    Publication(tmp_path, {}, feeds("topics/{topic}", moved={"tags/{topic}": "topics/{topic}"}))
    site.write("last.md", article(50, topics=["AI"]))
    site.build(NOW + DAY)
    for topic, archive in oldest.items():
        assert ServedSite(site, NOW + DAY).walk_titles(f"topics/{topic}")[-1] == archive
        assert resolve(site, f"tags/{topic}/archive/1.rss", NOW) == Resolution(
            301, f"topics/{topic}/archive/1.rss"
        )


def test_feed_keeps_its_own_archives_when_another_moves_to_it(tmp_path: Path) -> None:
    before, after = moved_feed("all", "other", "other")
    after["feeds"] = after["feeds"][:1]
    site = archive_site(tmp_path, 20, before)
    site.build()
    archives = ServedSite(site).walk("other", "json")[1:]
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    assert ServedSite(site, NOW + DAY).walk("other", "json")[1:] == archives
    assert resolve(site, "all/archive/1.rss", NOW) == Resolution(301, "other/archive/1.rss")


@pytest.mark.rule("H72")
def test_archives_of_a_gone_feed_are_gone(tmp_path: Path) -> None:
    before, after = moved_feed("all", "other", gone=["all"], moved={})
    site = archive_site(tmp_path, 20, before)
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    assert resolve(site, "all/archive/1.rss", NOW) == Resolution(410, None)
    assert ServedSite(site, NOW + DAY).walk_titles("other")[-1]
