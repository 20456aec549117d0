"""Quarto: posts, listings and URLs of pages."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.quarto import Quarto
from feeds.presets.reading import Options, Reading

PRESET = Quarto(Options(url="https://example.org/site/", zone=ZoneInfo("UTC")))


def read(path: str, **data: Any) -> Reading:
    return PRESET.read(path, {"title": "T", "date": "2024-05-31", **data}, "Text")


@pytest.mark.parametrize(
    ("path", "url"),
    [("posts/a/index.qmd", "posts/a/"), ("posts/a.qmd", "posts/a.html")],
)
def test_page_has_the_url_that_quarto_gives_it(path: str, url: str) -> None:
    published = datetime(2024, 5, 31, tzinfo=UTC)
    location = PRESET.locate(path, read(path), "T", published, None)
    assert location.url == f"https://example.org/site/{url}"


@pytest.mark.parametrize("path", ["_drafts/a.qmd", "posts/_a.qmd"])
def test_file_that_quarto_does_not_render_is_skipped(path: str) -> None:
    assert read(path).skipped


def test_page_of_a_listing_is_skipped() -> None:
    assert read("blog.qmd", listing={"contents": "posts"}).skipped


@pytest.mark.parametrize("value", ["today", "last-modified"])
def test_moving_date_is_left_to_be_reported(value: str) -> None:
    reading = read("posts/a.qmd", date=value)
    assert reading.moment is None
    assert reading.data["publishedDateTime"] == value


def test_authors_and_categories_are_read() -> None:
    author = [{"name": "Jane", "url": "https://jane.example/", "orcid": "0"}]
    reading = read("posts/a.qmd", author=author, categories=["R", "news"], keywords=["x"])
    assert reading.data["authors"] == [{"name": "Jane", "url": "https://jane.example/"}]
    assert reading.data["topics"] == ["R", "news", "x"]
