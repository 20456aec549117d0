"""Hexo: permalinks, dates in names, categories, and files that are no posts."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets import slugs
from feeds.presets.hexo import Hexo
from feeds.presets.reading import Location, Options, Reading


def read(
    path: str, data: dict[str, Any], pattern: str = "", **rules: Any
) -> tuple[Reading, Location]:
    permalink = {"*": pattern} if pattern else {}
    options = Options(
        url="https://example.org/", zone=ZoneInfo("Asia/Tokyo"), permalink=permalink, rules=rules
    )
    hexo = Hexo(options)
    reading = hexo.read(path, {"title": "Ein Titel", **data}, "Text")
    published = reading.moment or datetime(2024, 1, 2, tzinfo=UTC)
    return reading, hexo.locate(path, reading, "Ein Titel", published, None)


@pytest.mark.parametrize(
    ("path", "data", "pattern", "url"),
    [
        ("a b.md", {}, "", "2024/05/31/a%20b/"),
        ("sub/a.md", {}, "", "2024/05/31/sub/a/"),
        ("sub/a.md", {}, "/{name}.html", "a.html"),
        ("a.md", {}, "/{date:%-m}/{title}/", "5/ein-titel/"),
        ("a.md", {"categories": ["C D", "E"]}, "/{category}/{slug}/", "C-D/E/a/"),
        ("a.md", {"categories": [["C", "D"], ["E"]]}, "/{category}/{slug}/", "E/a/"),
        ("a.md", {}, "/{category}/{slug}/", "uncategorized/a/"),
        ("a.md", {"slug": "b"}, "", "2024/05/31/a/"),
        ("a.md", {"permalink": "x/y"}, "", "x/y"),
        ("a.md", {"permalink": "x/y.html"}, "", "x/y.html"),
    ],
)
def test_post_has_the_url_that_hexo_gives_it(
    path: str, data: dict[str, Any], pattern: str, url: str
) -> None:
    _, location = read(path, {"date": "2024-05-31 00:30:00", **data}, pattern)
    assert location.url == f"https://example.org/{url}"


def test_name_by_the_setting_gives_slug_and_date() -> None:
    rules = {"new_post_name": ":year-:month-:day-:title.md"}
    reading, location = read("2024-05-31-hello.md", {}, **rules)
    assert reading.moment == datetime(2024, 5, 31, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert location.url == "https://example.org/2024/05/31/hello/"
    _, location = read("sub/x_y.md", {"date": "2024-05-31"}, **rules)
    assert location.url == "https://example.org/2024/05/31/sub-x-y/"


def test_pretty_urls_drop_endings() -> None:
    rules = {"trailing_html": False, "trailing_index": False}
    data = {"date": "2024-05-31"}
    assert read("a.md", data, "/{slug}.html", **rules)[1].url == "https://example.org/a"
    assert read("a.md", data, "/{slug}/index.html", **rules)[1].url == "https://example.org/a/"


def test_pages_with_assets_are_folders() -> None:
    data = {"date": "2024-05-31"}
    for permalink, url in [("x/y", "x/y/"), ("x/y.html", "x/y.html")]:
        _, location = read("a.md", {**data, "permalink": permalink}, post_asset_folder=True)
        assert location.url == f"https://example.org/{url}"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Größe", "Grose"), ("Ｃ＃ Çé", "C＃-Ce"), ("がй한", "がй한"), ("Ærø, ½", "AEro-½")],
)
def test_only_latin_letters_lose_their_marks_in_slugs(name: str, slug: str) -> None:
    assert slugs.hexo(name) == slug


def test_category_has_the_slug_of_the_map() -> None:
    rules = {"category_map": ("C D=e",), "filename_case": 1}
    data = {"date": "2024-05-31", "categories": ["C D", "F"]}
    url = read("a.md", data, "/{category}/{slug}/", **rules)[1].url
    assert url == "https://example.org/e/f/a/"


def test_zone_of_a_yaml_date_is_not_that_of_the_time_in_utc() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    reading, _ = read("a.md", {"date": datetime(2024, 5, 31, 20, 30, tzinfo=UTC)})
    assert reading.moment == datetime(2024, 5, 31, 20, 30, tzinfo=tokyo)
    reading, _ = read("a.md", {"date": "2024-05-31T20:30:00Z"})
    assert reading.moment == datetime(2024, 5, 31, 20, 30, tzinfo=UTC)


def test_topics_are_categories_of_all_levels_and_tags() -> None:
    reading, _ = read("a.md", {"categories": [["A", "B"], ["A", "C"]], "tags": ["B", "d"]})
    assert reading.data["topics"] == ["A", "B", "C", "d"]


@pytest.mark.parametrize(
    ("path", "data"), [("_a.md", {}), ("_x/a.md", {}), (".a.md", {}), ("a.md", {"layout": "draft"})]
)
def test_file_that_is_no_post_is_skipped(path: str, data: dict[str, Any]) -> None:
    assert read(path, data)[0].skipped
    assert not read("a.md", {"layout": False})[0].skipped
