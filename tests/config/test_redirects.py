"""Redirects of old paths."""

import time
from pathlib import Path

import pytest

from feeds.config import load, redirects
from feeds.config.feed_addresses import FEED_ADDRESSES, has_twin
from feeds.config.feed_settings import Generator
from feeds.config.redirects import Resolution
from feeds.config.site import Site
from feeds.errors import ConfigError
from tests.support.site import Publication, front_matter, write_site

FEEDS = [
    {"path": "all"},
    {"path": "topics/{topic}", "each": "topic"},
    {"path": "in/{category}", "each": "category"},
]
DOCUMENTS = [
    f"{path}.{extension}"
    for path in ("all", "topics/sea-charts", "in/news")
    for extension in ("rss", "atom", "json", "html")
]


def make(root: Path, **settings: object) -> Site:
    write_site(root, {}, feeds={"feeds": FEEDS, **settings})
    return load.load(root, {})


def exists(name: str) -> str | None:
    return next(
        (document for document in DOCUMENTS if document.casefold() == name.casefold()), None
    )


def resolve(site: Site, path: str) -> tuple[int, str | None] | None:
    resolution = redirects.resolve(path, site, exists)
    return None if resolution is None else (resolution.status, resolution.location)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("ALL.RSS", "all.rss"),
        ("all.rss/", "all.rss"),
        ("/all.rss", "all.rss"),
        ("topics//sea-charts.atom", "topics/sea-charts.atom"),
        ("all", "all.html"),
        ("Topics/Sea-Charts/", "topics/sea-charts.html"),
    ],
)
def test_other_spellings_redirect_to_the_canonical_path(
    tmp_path: Path, path: str, canonical: str
) -> None:
    assert resolve(make(tmp_path), path) == (301, canonical)


@pytest.mark.parametrize("path", ["../all.rss", "x/../all.rss", "./all.rss", "no", "all.xml", ""])
def test_unknown_path_has_no_resolution(tmp_path: Path, path: str) -> None:
    assert resolve(make(tmp_path, replaces=[]), path) is None


MOVED = {
    "blog/rss.xml": "all.rss",
    "notes": "topics/sea-charts",
    "label/{topic}.xml": "topics/{topic}.rss",
    "out.rss": {"to": "https://other.example/", "status": 308},
    "old.rss": "older.rss",
    "older.rss": "all.rss",
    "round.rss": "about.rss",
    "about.rss": "round.rss",
    "lost.rss": "nowhere.rss",
    "for-now.rss": {"to": "all.rss", "status": 302},
}


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("blog/rss.xml", 301, "all.rss"),
        ("Blog/RSS.xml/", 301, "all.rss"),
        ("notes.rss", 301, "topics/sea-charts.rss"),
        ("notes.json", 301, "topics/sea-charts.json"),
        ("notes.html", 301, "topics/sea-charts.html"),
        ("notes", 301, "topics/sea-charts.html"),
        ("label/Sea charts.xml", 301, "topics/sea-charts.rss"),
        ("out.rss", 308, "https://other.example/"),
        ("old.rss", 301, "all.rss"),
        ("for-now.rss", 302, "all.rss"),
    ],
)
def test_moved_path_redirects_in_one_hop(
    tmp_path: Path, path: str, status: int, location: str
) -> None:
    assert resolve(make(tmp_path, moved=MOVED), path) == (status, location)


@pytest.mark.parametrize("path", ["round.rss", "lost.rss", "label/a/b.xml"])
@pytest.mark.rule("H62")
def test_missing_target_is_not_found(tmp_path: Path, path: str) -> None:
    assert resolve(make(tmp_path, moved=MOVED), path) is None


@pytest.mark.parametrize("path", ["contests", "contests.rss", "contests.html", "CONTESTS.atom"])
@pytest.mark.rule("H72")
def test_only_paths_listed_as_gone_are_410(tmp_path: Path, path: str) -> None:
    site = make(tmp_path, gone=["contests", "one.rss"])
    assert redirects.resolve(path, site, exists) == Resolution(410, None)
    assert resolve(site, "one.rss") == (410, None)
    assert resolve(site, "one.atom") is None


@pytest.mark.parametrize("system", FEED_ADDRESSES)
def test_feed_addresses_of_other_systems_redirect_to_feeds(
    tmp_path: Path, system: Generator
) -> None:
    site = make(tmp_path, replaces=[system])
    for address, format_ in FEED_ADDRESSES[system]:
        if has_twin(address, system):
            continue  # the address of a category, because the site has feeds of categories
        path = address.replace("{topic}", "Sea charts").replace("{category}", "news")
        wanted = "topics/sea-charts" if "{topic}" in address else "all"
        wanted = "in/news" if "{category}" in address else wanted
        assert resolve(site, f"{path}/") == (301, f"{wanted}.{format_}")


def test_addresses_of_categories_lead_to_topics_without_such_feeds(tmp_path: Path) -> None:
    feeds = [{"path": "all"}, {"path": "topics/{topic}", "each": "topic"}]
    write_site(tmp_path, {}, feeds={"feeds": feeds, "replaces": ["jekyll"]})
    site = load.load(tmp_path, {})
    assert resolve(site, "feed/sea-charts.xml") == (301, "topics/sea-charts.atom")


def test_first_system_has_a_shared_address(tmp_path: Path) -> None:
    assert resolve(make(tmp_path, replaces=["jekyll", "common"]), "feed.xml") == (301, "all.atom")
    assert resolve(make(tmp_path, replaces=["common", "jekyll"]), "feed.xml") == (301, "all.rss")


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"moved": {"all.rss": "x.rss"}}, "moved.all.rss", "is the path of an existing feed"),
        ({"moved": {"all": "x"}}, "moved.all", "is the path of an existing feed"),
        ({"moved": {"a?b": "all.rss"}}, "moved.a?b", "is not a path"),
        ({"moved": {"a.rss": "../b.rss"}}, "moved.a.rss", "neither a feed's path nor a URL"),
        ({"moved": {"a.rss": "ftp://b/"}}, "moved.a.rss", "not http or https"),
        ({"moved": {"a.rss": "{x}.rss"}}, "moved.a.rss", "{x} is not in the old path"),
        ({"moved": {"{x}/{x}": "all.rss"}}, "moved.{x}/{x}", "is repeated"),
        ({"moved": {"a.rss": "all"}}, "moved.a.rss", "needs an extension"),
        ({"moved": {"a": {"to": "all", "status": 303}}}, "moved.a", "303"),
        ({"moved": {"x/{1}.xml": "all.rss"}}, "moved.x/{1}.xml", "has no name"),
        ({"moved": {"{a}-{b}-{c}": "all.rss"}}, "moved.{a}-{b}-{c}", "more than two"),
        ({"moved": {"{a}": "https://{a}.example/"}}, "moved.{a}", "in its host"),
        ({"gone": ["all"]}, "gone[0]", "is the path of an existing feed"),
        ({"gone": ["/"]}, "gone[0]", "is not a path"),
        ({"replaces": ["joomla"]}, "replaces[0]", "joomla"),
    ],
)
def test_mistake_names_its_key(
    tmp_path: Path, settings: dict[str, object], key: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make(tmp_path, **settings)
    assert caught.value.key.startswith(key)
    assert message in str(caught.value)


@pytest.mark.rule("H72")
def test_feed_of_a_family_can_be_retired_or_merged(tmp_path: Path) -> None:
    topics = ["Maps", "Old", "Merged"]
    feeds = {"feeds": [{"path": "topics/{topic}", "each": "topic"}]}
    Publication(tmp_path, {"a.md": front_matter(topics=topics)}, feeds).build()
    more = {**feeds, "gone": ["topics/old"], "moved": {"Topics/merged": "topics/maps"}}
    site = Publication(tmp_path, {}, more)
    site.build()
    assert site.feeds() == ["topics/maps"]
    documents = {f"topics/maps.{extension}" for extension in ("rss", "atom", "json", "html")}
    for path, status, location in (
        ("topics/old.rss", 410, None),
        ("topics/merged.json", 301, "topics/maps.json"),
    ):
        resolution = redirects.resolve(
            path, site.site, lambda name: name if name in documents else None
        )
        assert resolution == Resolution(status, location)
    site.build()  # the next build keeps it so
    assert site.feeds() == ["topics/maps"]


def test_placeholder_cannot_choose_the_host(tmp_path: Path) -> None:
    site = make(tmp_path, moved={"h/{name}": "https://other.example/{name}"})
    for settings in ("//evil.example", "evil.example#", "..%2f", "a\r\nb", "@x"):
        answer = resolve(site, f"h/{settings}")
        assert answer is None or str(answer[1]).startswith("https://other.example/")
        assert answer is None or not set(str(answer[1])[22:]) & set("/#@\r\n")


def test_long_path_is_rejected_quickly(tmp_path: Path) -> None:
    site = make(tmp_path, moved={"{a}-{b}/{c}-{d}.xml": "all.rss"})
    start = time.perf_counter()
    assert resolve(site, "-" * 9_999 + "/" + "-" * 9_999) is None
    assert resolve(site, "-" * 140 + "/" + "-" * 140) is None
    assert time.perf_counter() - start < 1
