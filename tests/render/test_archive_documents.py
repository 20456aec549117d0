"""Archive documents (RFC 5005): complete, stable, and the same entries in every format."""

import json
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from feeds.errors import ConfigError
from feeds.model.document import FORMATS, Format
from feeds.render import headers
from tests.support.archives import (
    ARCHIVE,
    DAY,
    SIZE,
    ServedSite,
    archive_site,
    article,
    ids,
    links,
    titles,
)
from tests.support.site import NOW, Publication


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return archive_site(tmp_path / "site", 20)


@pytest.mark.rule("A52")
@pytest.mark.parametrize("format_", FORMATS)
def test_previous_links_lead_through_all_entries(site: Publication, format_: Format) -> None:
    first, *archives = ServedSite(site).walk("all", format_)
    assert len(ids(first, format_)) == SIZE
    archived = [id_ for archive in archives for id_ in ids(archive, format_)]
    assert len(archived) == len(set(archived))
    assert set(archived) | set(ids(first, format_)) == {item["id"] for item in site.items("whole")}
    assert [len(ids(archive, format_)) for archive in archives] == [3] * 5


@pytest.mark.rule("A53", "A24")
@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_archives_link_to_themselves_the_feed_and_their_neighbours(
    site: Publication, format_: Format
) -> None:
    first, *archives = ServedSite(site).walk("all", format_)
    base = "https://example.org/all"
    assert links(first)["prev-archive"] == f"{base}/archive/5.{format_}"
    assert "current" not in links(first)
    assert ARCHIVE not in first.body.decode()
    for number, archive in zip(range(5, 0, -1), archives, strict=True):
        neighbours = {"prev-archive": number - 1, "next-archive": number + 1}
        relations = {rel: url for rel, url in links(archive).items() if rel != "alternate"}
        assert relations == {
            "self": f"{base}/archive/{number}.{format_}",
            "current": f"{base}.{format_}",
            **{
                rel: f"{base}/archive/{to}.{format_}"
                for rel, to in neighbours.items()
                if 1 <= to <= 5
            },
        }
        root = etree.fromstring(archive.body)
        assert len(root.findall(f".//{ARCHIVE}")) == 1
        assert {link.rel: link.url for link in archive.links} == relations


@pytest.mark.rule("X7")
def test_namespaces_are_declared_only_where_they_are_used(site: Publication) -> None:
    served = ServedSite(site)
    for format_ in ("rss", "atom"):
        for document in served.walk("all", format_):
            root = etree.fromstring(document.body)
            used = {etree.QName(element).namespace for element in root.iter(etree.Element)}
            for name in ("history/1.0", "modules/syndication/"):
                declared = {url for url in root.nsmap.values() if name in str(url)}
                assert declared == {url for url in used if name in str(url)}


def test_archives_have_the_id_and_url_of_their_feed(site: Publication) -> None:
    served = ServedSite(site)
    roots = [etree.fromstring(document.body) for document in served.walk("all", "atom")]
    assert len({root.findtext("{*}id") for root in roots}) == 1
    pages = [json.loads(document.body) for document in served.walk("all", "json")]
    assert {page["feed_url"] for page in pages} == {"https://example.org/all.json"}
    assert "next_url" not in pages[-1]


def test_archives_link_to_no_hub(tmp_path: Path) -> None:
    hub = "https://hub.example.org/"
    site = archive_site(tmp_path, 12, hub=hub)
    for format_ in FORMATS:
        first, *archives = ServedSite(site).walk("all", format_)
        assert hub.encode() in first.body
        assert all(hub.encode() not in archive.body for archive in archives)


def test_feedparser_reads_archives(site: Publication) -> None:
    for format_ in ("rss", "atom"):
        for document in ServedSite(site).walk("all", format_):
            parsed = feedparser.parse(document.body)
            assert not parsed.bozo
            assert [entry.id for entry in parsed.entries] == ids(document, format_)


def test_feed_without_history_has_no_archives(site: Publication) -> None:
    served = ServedSite(site)
    for format_ in FORMATS:
        (document,) = served.walk("whole", format_)
        assert b"archive" not in document.body
    assert served["whole/archive/1.rss"] is None


def test_late_older_entry_is_in_the_feed_until_it_is_archived(site: Publication) -> None:
    before = ServedSite(site).walk("all", "json")
    site.write("late.md", article(50, day=3, title="late"))
    site.build(NOW + DAY)
    first, *archives = ServedSite(site, NOW + DAY).walk("all", "json")
    assert titles(first) == ["t19", "t18", "t17", "t16", "t15", "t14", "late"]
    assert archives == before[1:]
    for number in range(60, 66):
        site.write(f"{number}.md", article(number))
        site.build(NOW + DAY * (number - 58))
        if number == 60:  # newer entries have been archived by now
            assert titles(ServedSite(site, NOW + 2 * DAY).walk("all", "json")[0])[-1] == "late"
    last, *archived = ServedSite(site, NOW + 8 * DAY).walk_titles("all")
    assert "late" in {title for archive in archived[:-5] for title in archive}
    assert "late" not in last


@pytest.mark.rule("A54")
def test_correction_changes_only_the_archive_of_its_entry(site: Publication) -> None:
    before = {document.etag: document for document in ServedSite(site).walk("all", "json")}
    site.write("4.md", article(4, title="t4, corrected"))
    site.build(NOW + DAY)
    after = ServedSite(site, NOW + DAY).walk("all", "json")
    (corrected,) = (document for document in after if document.etag not in before)
    assert titles(corrected) == ["t5", "t4, corrected", "t3"]
    (original,) = (document for document in before.values() if "t4" in titles(document))
    assert corrected.updated > original.updated


@pytest.mark.rule("A54")
def test_withdrawn_entry_is_not_replaced_in_its_archive(site: Publication) -> None:
    before = ServedSite(site).walk("all", "json")
    site.file("4.md").unlink()
    site.build(NOW + DAY)
    after = ServedSite(site, NOW + DAY).walk("all", "json")
    (changed,) = (document for document in after if document not in before)
    assert titles(changed) == ["t5", "t3"]
    assert changed.updated == NOW + DAY
    site.write("4.md", article(4))
    site.build(NOW + 2 * DAY)
    restored = ServedSite(site, NOW + 2 * DAY).walk_titles("all")
    assert restored == [titles(document) for document in before]


@pytest.mark.rule("A55")
def test_entry_with_a_new_updated_date_is_in_the_feed_again(site: Publication) -> None:
    site.write("4.md", article(4, title="corrected", updatedDateTime=NOW.isoformat()))
    site.build(NOW + DAY)
    first, *archives = ServedSite(site, NOW + DAY).walk("all", "json")
    assert titles(first)[-1] == "corrected"
    assert titles(archives[-2]) == ["t5", "t3"]  # no entry is in two documents
    site.build(NOW + 2 * DAY, verify=True)
    assert ServedSite(site, NOW + 2 * DAY).walk("all", "json") == [first, *archives]


def test_archived_entry_with_a_new_future_date_is_published_again(site: Publication) -> None:
    site.write("4.md", article(4, day=110))
    site.build(NOW + DAY)
    before = ServedSite(site, NOW + DAY).walk_titles("all")
    assert "t4" not in {title for document in before for title in document}
    later = ServedSite(site, NOW + 11 * DAY).walk_titles("all")
    assert later[0][0] == "t4"  # at its time, without a build
    assert later[1:] == before[1:]


def test_entry_moves_to_the_feeds_of_its_new_topics(site: Publication) -> None:
    site.write("4.md", article(4, topics=["AI", "Maps"]))
    site.build(NOW + DAY)
    assert site.titles("topics/maps", NOW + DAY) == ["t4"]
    site.write("4.md", article(4, topics=["Maps"]))
    site.build(NOW + 2 * DAY)
    documents = ServedSite(site, NOW + 2 * DAY).walk_titles("topics/ai")
    assert "t4" not in {title for document in documents for title in document}


def test_feed_that_starts_between_builds_archives_its_first_entry(
    site: Publication,
) -> None:
    site.write("f.md", article(101, topics=["Later"]))
    site.build(NOW)
    site.build(NOW + 2 * DAY)
    for number in range(102, 107):
        site.write(f"{number}.md", article(number, topics=["Later"]))
    site.build(NOW + 8 * DAY)
    first, *archives = ServedSite(site, NOW + 8 * DAY).walk_titles("topics/later")
    assert "t101" not in first
    assert "t101" in {title for archive in archives for title in archive}


def test_history_setting_limits_the_number_of_archives(tmp_path: Path) -> None:
    site = archive_site(tmp_path, 20, {"feeds": [{"path": "all", "size": 6, "history": 2}]})
    for format_ in FORMATS:
        assert len(ServedSite(site).walk("all", format_)) == 3
    assert ServedSite(site)["all/archive/3.atom"] is None
    assert ServedSite(site)["all/archive/6.atom"] is None


def test_archives_keep_their_entries_when_the_feed_size_changes(tmp_path: Path) -> None:
    site = archive_site(tmp_path, 20, {"feeds": [{"path": "all", "size": 6, "history": "all"}]})
    before = ServedSite(site).walk_titles("all")[1:]
    for size in (2, 12, 6):
        feeds = {"feeds": [{"path": "all", "size": size, "history": "all"}]}
        Publication(tmp_path, {}, feeds)
        site.build(NOW + DAY)
        documents = ServedSite(site, NOW + DAY).walk_titles("all")
        assert documents[-len(before) :] == before
        assert len({title for document in documents for title in document}) == 20


def test_archives_survive_while_history_is_off(tmp_path: Path) -> None:
    site = archive_site(tmp_path, 20, {"feeds": [{"path": "all", "size": 6}]})
    assert len(ServedSite(site).walk("all", "atom")) == 1
    walks = []
    for history in ("all", 0, "all"):
        Publication(tmp_path, {}, {"feeds": [{"path": "all", "size": 6, "history": history}]})
        site.build(NOW + DAY)
        walks.append(ServedSite(site, NOW + DAY).walk("all", "json"))
    assert [len(documents) for documents in walks] == [6, 1, 6]
    assert walks[0][1:] == walks[2][1:]


@pytest.mark.parametrize("setting", [{"order": "heat"}, {"select": {"age": "7d"}}])
def test_feeds_by_heat_or_age_cannot_have_history(tmp_path: Path, setting: dict[str, Any]) -> None:
    explicit = {"feeds": [{"path": "all", "history": 3, **setting}]}
    with pytest.raises(ConfigError, match=r"feeds\[0\]\.history: 3: only a feed with order: date"):
        _ = Publication(tmp_path, {}, explicit).site
    by_default = {"defaults": {"history": 3}, "feeds": [{"path": "all", **setting}]}
    assert Publication(tmp_path, {}, by_default).site.feeds[0].history == 0


def test_feed_path_must_not_be_that_of_an_archive(tmp_path: Path) -> None:
    taken = [{"path": "all/archive/7"}, {"path": "ALL", "history": 3}]
    with pytest.raises(ConfigError, match=r"'all/archive/7' is the path of an archive document"):
        _ = Publication(tmp_path, {}, {"feeds": taken}).site
    free = [{"path": "all/archive/7"}, {"path": "all"}]
    assert len(Publication(tmp_path, {}, {"feeds": free}).site.feeds) == 2


@pytest.mark.rule("H21")
def test_archives_are_cached_for_a_year_except_the_newest(site: Publication) -> None:
    first, newest, *older = ServedSite(site).walk("all", "rss")
    assert (first.caching.max_age, newest.caching.max_age) == (1800, 86_400)
    assert {archive.caching.max_age for archive in older} == {31_536_000}


@pytest.mark.rule("H24")
def test_archives_are_not_immutable(site: Publication) -> None:
    for archive in ServedSite(site).walk("all", "rss")[1:]:
        cache_control = dict(headers.document_headers(archive, site.site))["Cache-Control"]
        assert "immutable" not in cache_control


@pytest.mark.rule("H59")
def test_link_header_of_archives_has_the_links_of_the_body(site: Publication) -> None:
    for archive in ServedSite(site).walk("all", "rss")[1:]:
        header = dict(headers.document_headers(archive, site.site))["Link"]
        assert header == ", ".join(f'<{link.url}>; rel="{link.rel}"' for link in archive.links)


def test_archives_have_cache_tags_for_themselves_and_their_entries(tmp_path: Path) -> None:
    site = archive_site(tmp_path, 20, http={"cache_tags": "Surrogate-Key"})
    first, *archives = ServedSite(site).walk("all", "rss")
    assert "feed:all" in first.tags
    (second,) = (archive for archive in archives if "archive:all/archive/2" in archive.tags)
    assert "feed:all" not in second.tags
    assert sum(tag.startswith("entry:") for tag in second.tags) == 3
