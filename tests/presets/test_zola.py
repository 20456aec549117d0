"""Zola: taxonomies, dates in names, languages, slugs and URLs of pages."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.reading import Location, Options, Reading
from feeds.presets.zola import Zola


def preset(**rules: Any) -> Zola:
    return Zola(Options(url="https://example.org/", zone=ZoneInfo("UTC"), rules=rules))


def read(path: str, data: dict[str, Any], zola: Zola | None = None) -> tuple[Reading, Location]:
    zola = zola or preset()
    reading = zola.read(path, {"title": "T", **data}, "Text")
    published = reading.moment or datetime(2024, 1, 2, tzinfo=UTC)
    return reading, zola.locate(path, reading, "T", published, None)


@pytest.mark.parametrize(
    ("path", "data", "url"),
    [
        ("blog/First Post.md", {}, "blog/first-post/"),
        ("blog/2024-05-31-a.md", {}, "blog/a/"),
        ("blog/2024-05-31T10:00:00Z_a.md", {}, "blog/a/"),
        ("blog/a/index.md", {}, "blog/a/"),
        ("a.md", {}, "a/"),
        ("blog/a.md", {"slug": "Über uns"}, "blog/uber-uns/"),
        ("Blog Posts/a_b.md", {}, "blog-posts/a-b/"),
        ("blog/a.md", {"path": "/elsewhere/x"}, "elsewhere/x/"),
    ],
)
def test_page_has_the_url_that_zola_gives_it(path: str, data: dict[str, Any], url: str) -> None:
    _, location = read(path, {"date": "2024-05-31", **data})
    assert location.url == f"https://example.org/{url}"


def test_paths_are_left_as_they_are_if_slugs_are_off() -> None:
    _, location = read("Blog/A_b.md", {"date": "2024-05-31"}, preset(slugify_paths="off"))
    assert location.url == "https://example.org/Blog/A_b/"
    _, location = read("Blog/A (b).md", {"date": "2024-05-31"}, preset(slugify_paths="safe"))
    assert location.url == "https://example.org/Blog/A_b_/"


def test_translation_is_below_its_language() -> None:
    zola = preset(languages=("fr",))
    reading, location = read("blog/a.fr.md", {"date": "2024-05-31"}, zola)
    assert reading.data["language"] == "fr"
    assert location.url == "https://example.org/fr/blog/a/"
    _, location = read("blog/a.v2.md", {"date": "2024-05-31"}, zola)
    assert location.url == "https://example.org/blog/a-v2/"


def test_date_is_read_from_the_file_name_of_a_page_without_one() -> None:
    reading, _ = read("blog/2024-05-31T10:00:00Z_a.md", {})
    assert reading.data["publishedDateTime"] == datetime(2024, 5, 31, 10, tzinfo=UTC)
    assert reading.dated == "file name"
    reading, _ = read("blog/2024-05-31-a.md", {"date": "2020-01-01"})
    assert (reading.dated, reading.moment) == ("front matter", datetime(2020, 1, 1, tzinfo=UTC))


def test_date_in_the_path_of_the_page_counts_without_another() -> None:
    reading, location = read("a.md", {"path": "2014/12/12/a"})
    assert (reading.dated, reading.moment) == ("path", datetime(2014, 12, 12, tzinfo=UTC))
    assert location.url == "https://example.org/2014/12/12/a/"
    reading, _ = read("2014/12/12/a.md", {})
    assert reading.dated == "path"


@pytest.mark.parametrize(
    ("path", "data"),
    [("blog/a.md", {}), ("blog/_index.md", {"date": "2024-05-31"}), ("_index.fr.md", {})],
)
def test_section_or_page_without_a_date_is_in_no_feed(path: str, data: dict[str, Any]) -> None:
    reading = preset().read(path, {"title": "T", **data}, "")
    assert reading.skipped


def test_taxonomies_are_topics_and_authors() -> None:
    taxonomies = {"tags": ["a", "b"], "categories": ["c"], "authors": ["Jane"]}
    reading, _ = read("a.md", {"date": "2024-05-31", "taxonomies": taxonomies})
    assert reading.data["topics"] == ["a", "b", "c"]
    assert reading.data["authors"] == [{"name": "Jane"}]
    reading, _ = read("a.md", {"date": "2024-05-31", "tags": ["old"], "authors": ["Jane"]})
    assert reading.data["topics"] == ["old"]


def test_image_is_read_from_the_extra_table() -> None:
    reading, _ = read("a.md", {"date": "2024-05-31", "extra": {"image": "/a.png"}})
    assert reading.data["images"] == [{"url": "/a.png"}]
