"""Pelican: status, dates, categories, tags and URLs of articles."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.pelican import Pelican
from feeds.presets.reading import Location, Options, Reading


def preset(permalink: str = "", **rules: Any) -> Pelican:
    return Pelican(
        Options(
            url="https://example.org/",
            zone=ZoneInfo("Europe/Vienna"),
            rules=rules,
            ids="pelican",
            permalink={"*": permalink} if permalink else {},
        )
    )


def read(path: str, pelican: Pelican | None = None, **data: Any) -> tuple[Reading, Location]:
    pelican = pelican or preset()
    reading = pelican.read(path, {"title": "Ä Title", "date": "2024-05-31 00:30", **data}, "Text")
    published = reading.moment or datetime(2024, 1, 2, tzinfo=UTC)
    return reading, pelican.locate(path, reading, str(reading.data["title"]), published, None)


def test_page_and_id_are_those_of_pelican() -> None:
    _, location = read("a.md")
    assert location.url == "https://example.org/a-title.html"
    assert location.id == "tag:example.org,2024-05-31:/a-title.html"
    _, location = read("a.md", slug="own")
    assert location.url == "https://example.org/own.html"
    _, location = read("b c.md", preset(slugify_source="basename"))
    assert location.url == "https://example.org/b-c.html"
    pattern = "/{date:%Y/%m/%d}/{category}/{slug}/"
    _, location = read("a.md", preset(pattern), category="My News")
    assert location.url == "https://example.org/2024/05/31/my-news/a-title/"


@pytest.mark.parametrize(
    ("path", "data", "topics"),
    [
        ("a.md", {"tags": "x, y"}, ["misc", "x", "y"]),
        ("a.md", {"tags": "x, y; z", "category": "news"}, ["news", "x, y", "z"]),
        ("blog/a.md", {}, ["blog"]),
    ],
)
def test_topics_are_the_category_and_the_tags(
    path: str, data: dict[str, Any], topics: list[str]
) -> None:
    assert read(path, **data)[0].data["topics"] == topics


def test_authors_are_split_like_tags() -> None:
    assert read("a.md", author="A, B")[0].data["authors"] == [{"name": "A"}, {"name": "B"}]
    assert read("a.md", authors="B, A; C")[0].data["authors"] == [{"name": "B, A"}, {"name": "C"}]


def test_article_without_a_date_is_not_published() -> None:
    assert preset().read("a.md", {"title": "T"}, "").skipped
    reading = preset(default_date="2020-01-01").read("a.md", {"title": "T"}, "")
    assert reading.moment == datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Vienna"))
    assert preset().read("2020-01-01-a.md", {"title": "T"}, "").dated == "file name"


def test_default_status_counts_without_one() -> None:
    assert read("a.md", preset(default_status="draft"))[0].data["status"] == "draft"
    assert read("a.md", preset(default_status="draft"), status="published")[0].data["status"] == (
        "published"
    )
