"""The history of feeds as readers walk it (RFC 5005): whole, stable, the same in every format."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import feedparser
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from feeds.catalogue.catalogue import Catalogue
from feeds.config import redirects
from feeds.errors import ConfigError, ExportError
from feeds.export.atomic_folder import AtomicFolder
from feeds.model.document import FORMATS, Document, Format
from feeds.render import headers
from feeds.serve import document_cache
from feeds.serve.document_cache import DocumentCache
from tests.support.site import NOW, Publication, front_matter

DAY = timedelta(days=1)
LINK = "{http://www.w3.org/2005/Atom}link"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
SIZE = 6
FEEDS: dict[str, Any] = {
    "defaults": {"size": SIZE, "history": "all"},
    "feeds": [
        {"path": "all"},
        {"path": "topics/{topic}", "each": "topic", "size": 3},
        {"path": "whole", "size": 1000, "history": 0},
        {"path": "whole/{topic}", "each": "topic", "size": 1000, "history": 0},
    ],
}


def article(number: int, day: int | None = None, **fields: Any) -> str:
    """An article so many days after the first, which lies 100 days before `NOW`."""
    dated = NOW + ((number if day is None else day) - 100) * DAY
    known = {
        "title": f"t{number}",
        "webUrl": f"https://example.org/{number}",
        "publishedDateTime": dated.isoformat(),
    }
    return front_matter(**{**known, **fields})


def site_of(
    root: Path, many: int, feeds: dict[str, Any] | None = None, **given: Any
) -> Publication:
    made = Publication(root, {f"{n}.md": article(n) for n in range(many)}, feeds or FEEDS, **given)
    made.build()
    return made


class Served:
    """The documents of a site as its server hands them out."""

    def __init__(self, site: Publication, now: datetime = NOW) -> None:
        self._site, self._now = site.site, now

    @contextmanager
    def _shelf(self) -> Iterator[DocumentCache]:
        with (
            closing(Catalogue(self._site.catalogue)) as catalogue,
            patch.object(document_cache, "clock", lambda: self._now),
        ):
            yield DocumentCache(self._site, catalogue)

    def __getitem__(self, name: str) -> Document | None:
        with self._shelf() as shelf:
            found = shelf.get(name)
        return found.document if found else None

    def walk(self, path: str, format_: Format) -> list[Document]:
        """The subscription document of a feed, and its archives as one leads to the next."""
        name, seen, made = f"{path}.{format_}", list[str](), list[Document]()
        with self._shelf() as shelf:
            while name:
                assert name not in seen
                seen.append(name)
                found = shelf.get(name)
                assert found is not None, name
                made.append(found.document)
                name = urlsplit(older(made[-1], format_) or "").path.removeprefix("/")
        return made


def links(made: Document) -> dict[str, str]:
    root = etree.fromstring(made.body)
    top = root if str(root.tag).endswith("feed") else root[0]
    return {str(link.get("rel")): str(link.get("href")) for link in top.findall(LINK)}


def older(made: Document, format_: Format) -> str | None:
    if format_ == "json":
        next_url: str | None = json.loads(made.body).get("next_url")
        return next_url
    return links(made).get("prev-archive")


def ids(made: Document, format_: Format) -> list[str]:
    if format_ == "json":
        return [item["id"] for item in json.loads(made.body)["items"]]
    root = etree.fromstring(made.body)
    names = {"rss": "channel/item/guid", "atom": "{*}entry/{*}id"}
    return [str(each.text) for each in root.findall(names[format_])]


def titles(made: Document) -> list[str]:
    return [item["title"] for item in json.loads(made.body)["items"]]


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return site_of(tmp_path / "site", 20)


@pytest.mark.parametrize("format_", FORMATS)
def test_a52_the_whole_history_is_walked_from_the_newest_document(
    site: Publication, format_: Format
) -> None:
    first, *archives = Served(site).walk("all", format_)
    assert len(ids(first, format_)) == SIZE
    told = [each for archive in archives for each in ids(archive, format_)]
    assert len(told) == len(set(told))
    assert set(told) | set(ids(first, format_)) == {item["id"] for item in site.items("whole")}
    assert [len(ids(archive, format_)) for archive in archives] == [3] * 5


@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_a53_a24_archives_say_what_they_are_and_where_they_stand(
    site: Publication, format_: Format
) -> None:
    first, *archives = Served(site).walk("all", format_)
    base = "https://example.org/all"
    assert links(first)["prev-archive"] == f"{base}/archive/5.{format_}"
    assert "current" not in links(first)
    assert ARCHIVE not in first.body.decode()
    for number, made in zip(range(5, 0, -1), archives, strict=True):
        neighbours = {"prev-archive": number - 1, "next-archive": number + 1}
        assert {rel: url for rel, url in links(made).items() if rel != "alternate"} == {
            "self": f"{base}/archive/{number}.{format_}",
            "current": f"{base}.{format_}",
            **{
                rel: f"{base}/archive/{to}.{format_}"
                for rel, to in neighbours.items()
                if 1 <= to <= 5
            },
        }
        root = etree.fromstring(made.body)
        assert len(root.findall(f".//{ARCHIVE}")) == 1
        header = {link.rel: link.url for link in made.links}
        assert header == {rel: url for rel, url in links(made).items() if rel != "alternate"}


def test_x7_namespaces_are_declared_where_they_are_used(site: Publication) -> None:
    served = Served(site)
    for format_ in ("rss", "atom"):
        for made in served.walk("all", format_):
            root = etree.fromstring(made.body)
            used = {etree.QName(each).namespace for each in root.iter(etree.Element)}
            for name in ("history/1.0", "modules/syndication/"):
                declared = {url for url in root.nsmap.values() if name in str(url)}
                assert declared == {url for url in used if name in str(url)}


def test_a_feed_and_its_archives_are_one_feed(site: Publication) -> None:
    served = Served(site)
    feed_ids = {
        etree.fromstring(each.body).findtext("{*}id") for each in served.walk("all", "atom")
    }
    assert len(feed_ids) == 1
    pages = [json.loads(each.body) for each in served.walk("all", "json")]
    assert {page["feed_url"] for page in pages} == {"https://example.org/all.json"}
    assert "next_url" not in pages[-1]


def test_archives_name_no_hub(tmp_path: Path) -> None:
    hub = "https://hub.example.org/"
    site = site_of(tmp_path, 12, hub=hub)
    for format_ in FORMATS:
        first, *archives = Served(site).walk("all", format_)
        assert hub.encode() in first.body
        assert all(hub.encode() not in each.body for each in archives)


def test_feedparser_reads_archives(site: Publication) -> None:
    for format_ in ("rss", "atom"):
        for made in Served(site).walk("all", format_):
            read = feedparser.parse(made.body)
            assert not read.bozo
            assert [entry.id for entry in read.entries] == ids(made, format_)


def test_a_feed_without_a_history_says_nothing_of_one(site: Publication) -> None:
    served = Served(site)
    for format_ in FORMATS:
        (only,) = served.walk("whole", format_)
        assert b"archive" not in only.body
    assert served["whole/archive/1.rss"] is None


def test_an_older_entry_that_comes_late_is_shown_until_it_is_sealed(site: Publication) -> None:
    before = Served(site).walk("all", "json")
    site.write("late.md", article(50, day=3, title="late"))
    site.build(NOW + DAY)
    first, *archives = Served(site, NOW + DAY).walk("all", "json")
    assert titles(first) == ["t19", "t18", "t17", "t16", "t15", "t14", "late"]
    assert archives == before[1:]
    for number in range(60, 66):
        site.write(f"{number}.md", article(number))
        site.build(NOW + DAY * (number - 58))
        if number == 60:  # others that came before it are sealed now, and younger
            assert titles(Served(site, NOW + 2 * DAY).walk("all", "json")[0])[-1] == "late"
    sealed = Served(site, NOW + 8 * DAY).walk("all", "json")[1:-5]
    assert "late" in {title for each in sealed for title in titles(each)}
    assert "late" not in titles(Served(site, NOW + 8 * DAY).walk("all", "json")[0])


def test_a54_a_correction_changes_the_bytes_of_its_archive_alone(site: Publication) -> None:
    before = {each.etag: each for each in Served(site).walk("all", "json")}
    site.write("4.md", article(4, title="t4, corrected"))
    site.build(NOW + DAY)
    fresh = [
        each for each in Served(site, NOW + DAY).walk("all", "json") if each.etag not in before
    ]
    assert [titles(each) for each in fresh] == [["t5", "t4, corrected", "t3"]]
    (then,) = (each for each in before.values() if "t4" in titles(each))
    assert fresh[0].updated > then.updated


def test_a54_a_withdrawn_entry_leaves_an_empty_place(site: Publication) -> None:
    before = Served(site).walk("all", "json")
    site.file("4.md").unlink()
    site.build(NOW + DAY)
    after = Served(site, NOW + DAY).walk("all", "json")
    fresh = [each for each in after if each not in before]
    assert [titles(each) for each in fresh] == [["t5", "t3"]]
    assert fresh[0].updated == NOW + DAY
    site.write("4.md", article(4))
    site.build(NOW + 2 * DAY)
    again = Served(site, NOW + 2 * DAY).walk("all", "json")
    assert [titles(each) for each in again] == [titles(each) for each in before]


def test_a55_what_an_author_dates_as_corrected_is_shown_again(site: Publication) -> None:
    site.write("4.md", article(4, title="corrected", updatedDateTime=NOW.isoformat()))
    site.build(NOW + DAY)
    first, *archives = Served(site, NOW + DAY).walk("all", "json")
    assert titles(first)[-1] == "corrected"
    assert [titles(each) for each in archives][-2] == ["t5", "t3"]  # once in the whole history
    site.build(NOW + 2 * DAY, verify=True)
    assert Served(site, NOW + 2 * DAY).walk("all", "json") == [first, *archives]


def test_an_entry_dated_anew_into_the_future_comes_out_once_more(site: Publication) -> None:
    site.write("4.md", article(4, day=110))
    site.build(NOW + DAY)
    told = [titles(each) for each in Served(site, NOW + DAY).walk("all", "json")]
    assert "t4" not in {title for each in told for title in each}
    later = [titles(each) for each in Served(site, NOW + 11 * DAY).walk("all", "json")]
    assert later[0][0] == "t4"  # by itself, at its time
    assert later[1:] == told[1:]


def test_an_entry_that_gets_a_topic_late_is_in_the_history_of_its_feed(site: Publication) -> None:
    site.write("4.md", article(4, topics=["AI", "Maps"]))
    site.build(NOW + DAY)
    assert site.titles("topics/maps", NOW + DAY) == ["t4"]
    site.write("4.md", article(4, topics=["Maps"]))
    site.build(NOW + 2 * DAY)
    walked = Served(site, NOW + 2 * DAY).walk("topics/ai", "json")
    assert "t4" not in {title for each in walked for title in titles(each)}


def test_the_depth_is_settable(tmp_path: Path) -> None:
    only = {"feeds": [{"path": "all", "size": 6, "history": 2}]}
    site = site_of(tmp_path, 20, only)
    for format_ in FORMATS:
        assert len(Served(site).walk("all", format_)) == 3
    assert Served(site)["all/archive/3.atom"] is None
    assert Served(site)["all/archive/6.atom"] is None


def test_archives_stay_what_they_are_when_the_size_of_a_feed_changes(tmp_path: Path) -> None:
    site = site_of(tmp_path, 20, {"feeds": [{"path": "all", "size": 6, "history": "all"}]})
    before = [titles(each) for each in Served(site).walk("all", "json")[1:]]
    for size in (2, 12, 6):
        only = {"feeds": [{"path": "all", "size": size, "history": "all"}]}
        Publication(tmp_path, {}, only)
        site.build(NOW + DAY)
        walked = [titles(each) for each in Served(site, NOW + DAY).walk("all", "json")]
        assert walked[-len(before) :] == before
        assert len({title for each in walked for title in each}) == 20


def test_a_history_begins_when_it_is_switched_on_and_outlives_being_off(tmp_path: Path) -> None:
    site = site_of(tmp_path, 20, {"feeds": [{"path": "all", "size": 6}]})
    assert len(Served(site).walk("all", "atom")) == 1
    walked = []
    for depth in ("all", 0, "all"):
        only = {"feeds": [{"path": "all", "size": 6, "history": depth}]}
        Publication(tmp_path, {}, only)
        site.build(NOW + DAY)
        walked.append(Served(site, NOW + DAY).walk("all", "json"))
    assert [len(each) for each in walked] == [6, 1, 6]
    assert walked[0][1:] == walked[2][1:]


def moving(old: str, new: str, *more: str, **said: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The feeds of a site before and after one of them moves; `more` are there all the time."""

    def feeds(*paths: str) -> dict[str, Any]:
        return {
            "defaults": {"size": SIZE, "history": "all"},
            "feeds": [{"path": each} for each in paths],
        }

    return feeds(old, *more), {**feeds(new, *more), "moved": {old: new}, **said}


def led(site: Publication, path: str, now: datetime) -> redirects.Resolution | None:
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        patch.object(document_cache, "clock", lambda: now),
    ):
        return redirects.resolve(
            path, site.site, DocumentCache(site.site, catalogue).canonical_name
        )


def test_a_feed_that_moves_takes_its_archives_along(tmp_path: Path) -> None:
    before, after = moving("All", "Everything", "other")
    site = site_of(tmp_path, 20, before)
    was = [titles(each) for each in Served(site).walk("All", "json")]
    Publication(tmp_path, {}, after)
    for number in range(20, 26):
        site.write(f"{number}.md", article(number))
    site.build(NOW + DAY)
    walked = [titles(each) for each in Served(site, NOW + DAY).walk("Everything", "json")]
    assert walked[-len(was) + 1 :] == was[1:], "cut anew"
    assert len(walked) > len(was)
    for format_ in FORMATS:
        there = redirects.Resolution(301, f"Everything/archive/2.{format_}")
        assert led(site, f"All/archive/2.{format_}", NOW) == there
        only = redirects.Resolution(301, f"Everything.{format_}")
        assert led(site, f"All/archive/99.{format_}", NOW) == only
    assert led(site, "other/archive/99.rss", NOW) is None


def test_a_feed_that_gets_other_capitals_keeps_its_archives(tmp_path: Path) -> None:
    before, after = moving("All", "all", moved={})
    site = site_of(tmp_path, 20, before)
    was = [titles(each) for each in Served(site).walk("All", "json")[1:]]
    site.write("late.md", article(30, day=3))
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    walked = [titles(each) for each in Served(site, NOW + DAY).walk("all", "json")]
    assert walked[-len(was) :] == was
    assert led(site, "All/archive/2.rss", NOW) == redirects.Resolution(301, "all/archive/2.rss")


def test_a_server_that_runs_has_the_archives_of_a_feed_that_moved(tmp_path: Path) -> None:
    before, after = moving("all", "every/thing")
    site = site_of(tmp_path, 20, before)
    Publication(tmp_path, {}, after)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        shelf = DocumentCache(site.site, catalogue)
        shelf.refresh()
        site.build(NOW)
        shelf.refresh()
        found = shelf.get("every/thing/archive/1.json")
        assert found is not None
        assert len(titles(found.document)) == SIZE / 2
        assert shelf.get("all/archive/1.json") is None


def test_feeds_of_a_family_that_moves_take_their_archives_along(tmp_path: Path) -> None:
    def feeds(path: str, **said: Any) -> dict[str, Any]:
        return {"feeds": [{"path": path, "each": "topic", "size": 2, "history": "all"}], **said}

    topics = {f"{n}.md": article(n, topics=["AI", "Maps"]) for n in range(9)}
    site = Publication(tmp_path, topics, feeds("tags/{topic}"))
    site.build()
    was = {
        each: titles(made)
        for each in ("ai", "maps")
        for made in Served(site).walk(f"tags/{each}", "json")
    }
    Publication(tmp_path, {}, feeds("topics/{topic}", moved={"tags/{topic}": "topics/{topic}"}))
    site.write("last.md", article(50, topics=["AI"]))
    site.build(NOW + DAY)
    for topic, oldest in was.items():
        walked = Served(site, NOW + DAY).walk(f"topics/{topic}", "json")
        assert titles(walked[-1]) == oldest
        assert led(site, f"tags/{topic}/archive/1.rss", NOW) == redirects.Resolution(
            301, f"topics/{topic}/archive/1.rss"
        )


def test_a_feed_with_a_history_keeps_it_when_another_moves_to_it(tmp_path: Path) -> None:
    before, after = moving("all", "other", "other")
    after["feeds"] = after["feeds"][:1]
    site = site_of(tmp_path, 20, before)
    site.build()
    was = Served(site).walk("other", "json")[1:]
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    assert Served(site, NOW + DAY).walk("other", "json")[1:] == was
    assert led(site, "all/archive/1.rss", NOW) == redirects.Resolution(301, "other/archive/1.rss")


def test_h72_archives_are_gone_with_their_feed(tmp_path: Path) -> None:
    before, after = moving("all", "other", gone=["all"], moved={})
    site = site_of(tmp_path, 20, before)
    Publication(tmp_path, {}, after)
    site.build(NOW + DAY)
    assert led(site, "all/archive/1.rss", NOW) == redirects.Resolution(410, None)
    assert titles(Served(site, NOW + DAY).walk("other", "json")[-1])


@pytest.mark.parametrize("of", [{"order": "heat"}, {"select": {"age": "7d"}}])
def test_what_goes_by_time_or_heat_has_no_history(tmp_path: Path, of: dict[str, Any]) -> None:
    asked = {"feeds": [{"path": "all", "history": 3, **of}]}
    with pytest.raises(ConfigError, match=r"feeds\[0\]\.history: 3: only a feed with order: date"):
        _ = Publication(tmp_path, {}, asked).site
    by_default = {"defaults": {"history": 3}, "feeds": [{"path": "all", **of}]}
    assert Publication(tmp_path, {}, by_default).site.feeds[0].history == 0


def test_no_feed_has_the_path_of_an_archive(tmp_path: Path) -> None:
    taken = [{"path": "all/archive/7"}, {"path": "ALL", "history": 3}]
    with pytest.raises(ConfigError, match=r"'all/archive/7' is the path of an archive document"):
        _ = Publication(tmp_path, {}, {"feeds": taken}).site
    free = [{"path": "all/archive/7"}, {"path": "all"}]
    assert len(Publication(tmp_path, {}, {"feeds": free}).site.feeds) == 2


def test_h21_archives_are_kept_for_a_year_but_the_newest(site: Publication) -> None:
    first, newest, *sealed = Served(site).walk("all", "rss")
    assert (first.caching.max_age, newest.caching.max_age) == (1800, 86_400)
    assert {each.caching.max_age for each in sealed} == {31_536_000}


def test_h24_no_archive_is_immutable(site: Publication) -> None:
    for made in Served(site).walk("all", "rss")[1:]:
        said = dict(headers.document_headers(made, site.site))
        assert "immutable" not in said["Cache-Control"]
        assert said["Link"] == ", ".join(f'<{each.url}>; rel="{each.rel}"' for each in made.links)


def test_archives_have_tags_of_their_own_and_of_their_entries(tmp_path: Path) -> None:
    site = site_of(tmp_path, 20, http={"cache_tags": "Surrogate-Key"})
    first, *archives = Served(site).walk("all", "rss")
    assert "feed:all" in first.tags
    (old,) = (each for each in archives if "archive:all/archive/2" in each.tags)
    assert "feed:all" not in old.tags
    assert sum(tag.startswith("entry:") for tag in old.tags) == 3


def test_the_newest_archive_that_is_ready_leads_on_when_there_is_another(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_cache, "clock", lambda: NOW + DAY)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        shelf = DocumentCache(site.site, catalogue)
        shelf.refresh()
        found = shelf.get("all/archive/5.atom")
        for number in (30, 31):
            site.write(f"{number}.md", article(number))
        site.build(NOW + DAY)
        shelf.refresh()
        after = shelf.get("all/archive/5.atom")
    assert found is not None
    assert after is not None
    assert "next-archive" not in links(found.document)
    assert links(after.document)["next-archive"] == "https://example.org/all/archive/6.atom"


def test_the_feed_of_a_topic_that_time_brings_has_a_history_from_its_first_entry(
    site: Publication,
) -> None:
    site.write("f.md", article(101, topics=["Later"]))
    site.build(NOW)
    site.build(NOW + 2 * DAY)
    for number in range(102, 107):
        site.write(f"{number}.md", article(number, topics=["Later"]))
    site.build(NOW + 8 * DAY)
    walked = Served(site, NOW + 8 * DAY).walk("topics/later", "json")
    assert "t101" not in titles(walked[0])
    assert "t101" in {title for each in walked for title in titles(each)}


def test_a_page_in_capitals_leads_to_the_archive(site: Publication) -> None:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        shelf = DocumentCache(site.site, catalogue)
        assert shelf.canonical_name("ALL/Archive/2.RSS") == "all/archive/2.rss"
        assert shelf.canonical_name("ALL/Archive/99.RSS") is None


def test_what_is_ready_of_archives_is_made_anew_when_it_changes(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_cache, "clock", lambda: NOW + DAY)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        shelf = DocumentCache(site.site, catalogue)
        shelf.refresh()
        names = [f"all/archive/{number}.json" for number in (1, 2)]
        before = [shelf.get(name) for name in names]
        site.write("4.md", article(4, title="changed"))
        site.build(NOW + DAY)
        shelf.refresh()
        after = [shelf.get(name) for name in names]
    assert after[0] is before[0]
    assert after[1] is not None
    assert "changed" in titles(after[1].document)


# --- export


def exported(out: Path) -> dict[str, bytes]:
    return {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in out.rglob("*")
        if file.is_file() and "archive" in file.parts
    }


def test_the_export_has_the_same_bytes(site: Publication, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    made = exported(tmp_path / "out")
    served = Served(site)
    assert {name for name in made if name.startswith("all/")} == {
        f"all/archive/{number}.{format_}" for number in range(1, 6) for format_ in FORMATS
    }
    for name, body in made.items():
        found = served[name]
        assert found is not None
        assert found.body == body


def test_only_archives_that_changed_are_written(site: Publication, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    site.write("4.md", article(4, title="changed"))
    site.build(NOW + DAY)
    archives = [name for name in site.export(tmp_path / "out").written if "archive" in name]
    changed = [
        f"{path}.{each}" for path in ("all/archive/2", "topics/ai/archive/3") for each in FORMATS
    ]
    assert archives == sorted(changed)
    for number in (30, 31):
        site.write(f"{number}.md", article(number))
    site.build(NOW + 2 * DAY)
    more = [name for name in site.export(tmp_path / "out").written if name.endswith(".atom")]
    assert [name for name in more if name.startswith("all/")] == [
        "all/archive/5.atom",  # it leads to the next one now
        "all/archive/6.atom",
    ]


def test_no_feed_is_written_before_an_archive_that_it_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(tmp_path / "site", 9)
    write = AtomicFolder.write

    def failing(self: AtomicFolder, name: str, *rest: Any) -> None:
        if "archive" in name:
            raise OSError(28, "No space left on device", name)
        write(self, name, *rest)

    monkeypatch.setattr(AtomicFolder, "write", failing)
    with pytest.raises(ExportError, match="No space left"):
        site.export(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.rss"))


def test_what_time_alone_brought_and_then_sealed_is_exported(tmp_path: Path) -> None:
    articles = {f"{number}.md": article(number) for number in range(21)}
    site = Publication(tmp_path / "site", {**articles, "101.md": article(101)}, FEEDS)
    site.build()
    site.export(tmp_path / "out")
    now = NOW + 2 * DAY
    site.write("50.md", article(50, topics=["Maps"]))
    site.build(now)
    site.export(tmp_path / "out", now)
    first, *archives = Served(site, now).walk("topics/ai", "json")
    assert len(archives) == 10
    assert (tmp_path / "out/topics/ai.json").read_bytes() == first.body


def test_archives_go_from_the_export_with_the_depth(site: Publication, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    Publication(site.root, {}, {"feeds": [{"path": "all", "size": 6, "history": 1}]})
    site.build()
    site.export(tmp_path / "out")
    assert set(exported(tmp_path / "out")) == {f"all/archive/5.{format_}" for format_ in FORMATS}


# --- any history at all

TOPICS = st.lists(st.sampled_from(["AI", "Maps", "Sea"]), min_size=1, max_size=2, unique=True)
NUMBERS = st.integers(0, 15)
STEPS = st.one_of(
    st.tuples(st.just("write"), NUMBERS, st.integers(60, 112), TOPICS),
    st.tuples(st.just("edit"), NUMBERS, st.booleans()),
    st.tuples(st.just("remove"), NUMBERS),
    st.tuples(st.just("rename"), NUMBERS),
    st.tuples(st.just("build")),
)


class History:
    """A site whose articles change at random, and what readers saw of its archives."""

    def __init__(self, root: Path) -> None:
        self.site = site_of(root / "site", 12)
        self.out, self.now, self.edits = root / "out", NOW, 0
        self.said: dict[int, dict[str, Any]] = {n: {"day": n} for n in range(12)}
        self.files = {n: f"{n}.md" for n in range(12)}
        self.changed: set[str] = set()
        self.sealed: dict[str, set[str]] = {}
        self.seen: dict[str, Document] = {}
        self.look()
        self.site.export(self.out, self.now)

    def write(self, number: int, **said: Any) -> None:
        self.edits += 1
        self.files.setdefault(number, f"{number}.md")
        self.said[number] = {**self.said.get(number, {}), **said}
        self.site.write(self.files[number], article(number, **self.said[number]))
        self.changed.add(f"https://example.org/{number}")

    def step(self, name: str, number: int = 0, *what: Any) -> None:
        if name == "write":
            self.write(number, day=what[0], topics=what[1])
        elif name == "build":
            self.build()
        elif number in self.files and name == "edit":
            dated = {"updatedDateTime": self.now.isoformat()} if what[0] else {}
            self.write(number, title=f"t{number} {self.edits}", **dated)
        elif number in self.files:
            old = self.site.file(self.files.pop(number))
            self.changed.add(f"https://example.org/{number}")
            if name == "rename":
                self.files[number] = f"again{self.edits}-{number}.md"
                self.site.write(self.files[number], old.read_bytes())
                self.edits += 1
            old.unlink()

    def build(self) -> None:
        self.now += DAY
        self.site.written = max(self.site.written, int(self.now.timestamp()))
        self.site.build(self.now)
        self.look()

    def look(self) -> None:
        """Walk everything, and hold it to what was seen before."""
        for feed, whole in self.feeds():
            for at in (self.now, self.now + 3 * DAY):
                self.holds_all(feed, whole, at)
            told: set[str] = set()
            for made in Served(self.site, self.now).walk(feed, "json")[1:]:
                name = urlsplit(made.links[0].url).path.removeprefix("/")
                items = {item["id"]: item["url"] for item in json.loads(made.body)["items"]}
                assert told.isdisjoint(items), "an entry has two places"
                told |= set(items)
                assert set(items) <= self.sealed.setdefault(name, set(items)), "a set grew"
                self.compare(name, made, set(items.values()))
        self.changed.clear()

    def export(self) -> None:
        """Export what changed since the first look, and hold the files to what is served."""
        self.site.export(self.out, self.now)
        files, told = exported(self.out), set[str]()
        for feed, _ in self.feeds():
            for format_ in FORMATS:
                for made in Served(self.site, self.now).walk(feed, format_)[1:]:
                    name = urlsplit(made.links[0].url).path.removeprefix("/")
                    assert files[name] == made.body
                    told.add(name)
        assert told == set(files)

    def compare(self, name: str, made: Document, urls: set[str]) -> None:
        before = self.seen.get(name)
        if before is not None and before.body != made.body:
            had = {item["url"] for item in json.loads(before.body)["items"]}
            assert (had | urls) & self.changed, f"{name} changed by itself"
            assert made.updated > before.updated
        self.seen[name] = made

    def feeds(self) -> Iterator[tuple[str, str]]:
        for path in self.site.feeds(self.now):
            if path.startswith("topics/"):
                yield path, path.replace("topics/", "whole/")
        yield "all", "whole"

    def holds_all(self, feed: str, whole: str, at: datetime) -> None:
        walked = Served(self.site, at).walk(feed, "json")
        told = {each for made in walked for each in ids(made, "json")}
        assert told == {item["id"] for item in self.site.items(whole, at)}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@example([("edit", 8, True), ("edit", 9, True)])  # all entries leave the newest archive
@given(st.lists(STEPS, max_size=20))
def test_a54_archives_are_stable_and_nothing_is_lost_whatever_happens(
    steps: list[tuple[Any, ...]],
) -> None:
    root = Path(tempfile.mkdtemp())
    try:
        site = History(root)
        for step in steps:
            site.step(*step)
        site.build()
        site.export()
    finally:
        shutil.rmtree(root)
