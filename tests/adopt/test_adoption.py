"""Entries take over ids and dates of another system, and give them back."""

import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.adopt import adoption
from feeds.adopt.report import AdoptReport
from feeds.build.builder import BuildRequest
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import AdoptionError
from feeds.old_feeds.documents import parse
from feeds.util.progress import silent
from tests.support.built_site import article
from tests.support.site import NOW, Publication

REQUEST = BuildRequest(jobs=1)
ITEM = (
    "<item><title>{name}</title><link>https://example.org/{name}</link>"
    '<guid isPermaLink="{permalink}">{id_}</guid>'
    "<pubDate>Wed, 01 May 2024 08:00:00 GMT</pubDate></item>"
)


def rss(*items: str, address: str = "https://example.org/all.rss") -> str:
    link = f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="{address}"/>'
    return f"<rss version='2.0'><channel><title>Old</title>{link}{''.join(items)}</channel></rss>"


def old(name: str, id_: str, permalink: str = "false") -> str:
    return ITEM.format(name=name, id_=id_, permalink=permalink)


FEED = rss(old("a", "17"), old("b", "https://old.org/b", "true"))


def adopt(site: Publication, *feeds: str, dry_run: bool = False) -> AdoptReport:
    sources = [(f"{n}.xml", parse(f"{n}.xml", feed.encode())) for n, feed in enumerate(feeds)]
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return adoption.adopt(site.site, catalogue, sources, NOW, REQUEST, silent, dry_run=dry_run)


def undo(site: Publication) -> int:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return adoption.undo(site.site, catalogue, NOW, REQUEST, silent)


def guids(site: Publication) -> list[str]:
    body = site.fetch()["rss"].body.decode()
    return sorted(re.findall(r"<guid.*?</guid>|<pubDate>.*?</pubDate>", body))


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """Two articles, not yet built."""
    return Publication(tmp_path, {"a.md": article("a"), "b.md": article("b")})


def test_every_format_has_the_adopted_id_and_date(site: Publication) -> None:
    report = adopt(site, FEED)
    assert guids(site) == [
        '<guid isPermaLink="false">17</guid>',
        '<guid isPermaLink="true">https://old.org/b</guid>',
        *["<pubDate>Wed, 01 May 2024 08:00:00 GMT</pubDate>"] * 3,
    ]
    assert {item["id"] for item in site.items()} == {"17", "https://old.org/b"}
    assert b"<id>17</id>" in site.fetch()["atom"].body
    assert (report.adopted, report.sources[0].new, report.sources[0].gone) == (2, 0, 0)
    assert report.sources[0].feed == "all"


def test_a_second_adoption_changes_nothing(site: Publication) -> None:
    adopt(site, FEED)
    documents = site.fetch()
    assert adopt(site, FEED).adopted == 0
    assert site.fetch() == documents


def test_a_dry_run_reports_the_same_and_writes_nothing(site: Publication) -> None:
    site.build()
    documents = site.fetch()
    rehearsed = adopt(site, FEED, dry_run=True)
    assert site.fetch() == documents
    done = adopt(site, FEED)
    assert rehearsed.sources == done.sources


def test_an_edit_keeps_the_adopted_id_and_date_and_moves_updated(site: Publication) -> None:
    adopt(site, FEED)
    site.write("a.md", article("a", excerpt="Other words."))
    site.build(NOW + timedelta(hours=1))
    item = next(item for item in site.items() if item["id"] == "17")
    assert item["date_published"] == "2024-05-01T08:00:00Z"
    assert item["date_modified"] > "2024-06-14"


def test_a_build_that_reads_all_articles_again_changes_nothing(site: Publication) -> None:
    adopt(site, FEED)
    documents = site.fetch()
    site.build(verify=True)
    (site.root / "articles" / "a.md").touch()
    assert site.build().feeds_changed == ()
    assert site.fetch() == documents


def test_a_date_that_the_author_changes_replaces_the_adopted_one(site: Publication) -> None:
    adopt(site, FEED)
    site.write("a.md", article("a", publishedDateTime="2024-05-20T10:00:00Z"))
    site.build()
    item = next(item for item in site.items() if item["id"] == "17")
    assert item["date_published"] == "2024-05-20T10:00:00Z"


def test_undo_restores_the_documents(site: Publication) -> None:
    site.build()
    before = {name: document.body for name, document in site.fetch().items()}
    ids = guids(site)
    adopt(site, FEED)
    assert undo(site) == 2
    assert guids(site) == ids
    assert site.fetch()["json"].body == before["json"]
    with pytest.raises(AdoptionError, match="nothing to take back"):
        undo(site)


def test_an_exported_adoption_cannot_be_undone(site: Publication, tmp_path: Path) -> None:
    adopt(site, FEED)
    site.export(tmp_path / "out")
    adopted = guids(site)
    with pytest.raises(AdoptionError, match="exported or published"):
        undo(site)
    site.write("c.md", article("c"))
    site.build()
    with pytest.raises(AdoptionError, match="exported or published"):
        undo(site)
    assert set(adopted) <= set(guids(site))


def test_an_id_of_another_entry_is_doubtful(site: Publication) -> None:
    site.build()
    held = next(item["id"] for item in site.items() if item["title"] == "b")
    (source,) = adopt(site, rss(old("a", held))).sources
    assert source.matched + len(source.doubtful) == 1
    assert len({item["id"] for item in site.items()}) == 2


def test_two_items_of_one_article_are_doubtful(site: Publication) -> None:
    (source,) = adopt(site, rss(old("a", "17"), old("a", "18"))).sources
    assert (source.matched, len(source.doubtful)) == (0, 2)
    assert "several items" in source.doubtful[0].reason


def test_an_unknown_item_is_unmatched_and_costs_no_other(site: Publication) -> None:
    report = adopt(site, rss(old("z", "9"), old("a", "17")))
    assert (report.adopted, len(report.sources[0].unmatched)) == (1, 1)


def test_an_old_address_without_a_feed_gets_the_line_that_is_missing(site: Publication) -> None:
    feed = rss(old("a", "17"), address="https://example.org/feeds/main.xml")
    (source,) = adopt(site, feed).sources
    assert source.feed
    assert source.advice
