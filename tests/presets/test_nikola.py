"""Nikola: slugs, languages, status, tags with commas, and metadata in files beside posts."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.nikola import Nikola
from feeds.presets.reading import Location, Options, Reading


def read(path: str, data: dict[str, Any], beside: tuple[str, ...] = ()) -> tuple[Reading, Location]:
    options = Options(
        url="https://example.org/",
        zone=ZoneInfo("UTC"),
        rules={"languages": ("en", "es")},
        names=lambda _: frozenset(beside),
    )
    nikola = Nikola(options)
    reading = nikola.read(path, {"title": "T", "date": "2024-05-31 10:00", **data}, "Text")
    published = reading.moment or datetime(2024, 1, 2, tzinfo=UTC)
    return reading, nikola.locate(path, reading, "T", published, None)


@pytest.mark.parametrize(
    ("path", "data", "url"),
    [
        ("Hello World.md", {}, "posts/hello-world/"),
        ("2024-05-31-a.md", {}, "posts/2024-05-31-a/"),
        ("sub/a.md", {"slug": "B"}, "posts/sub/B/"),
        ("a.es.md", {}, "es/posts/a/"),
        ("sub/index.md", {}, "posts/sub/"),
        ("Ærø Größe.md", {}, "posts/aero-grosse/"),
        ("a.md", {"pretty_url": "False"}, "posts/a.html"),
        ("index.md", {"pretty_url": "yes"}, "posts/index/"),
        ("a.en.md", {}, "posts/aen/"),
    ],
)
def test_post_has_the_url_that_nikola_gives_it(path: str, data: dict[str, Any], url: str) -> None:
    assert read(path, data)[1].url == f"https://example.org/{url}"


def test_tags_are_split_at_commas_and_the_category_is_one() -> None:
    reading, _ = read("a.md", {"tags": "a, b c", "category": "x, y"})
    assert reading.data["topics"] == ["a", "b c", "x, y"]


@pytest.mark.parametrize(
    "data", [{"status": "draft"}, {"status": "Private"}, {"tags": "a, draft"}, {"date": ""}]
)
def test_draft_private_and_undated_posts_are_skipped(data: dict[str, Any]) -> None:
    assert read("a.md", data)[0].skipped


@pytest.mark.parametrize(("offset", "hour"), [("", 10), (" UTC", 10), (" UTC+02:00", 8)])
def test_offset_of_a_date_is_to_the_east(offset: str, hour: int) -> None:
    reading, _ = read("a.md", {"date": f"2024-05-31 10:00:00{offset}"})
    assert reading.moment == datetime(2024, 5, 31, hour, tzinfo=UTC)


def test_featured_post_is_public() -> None:
    reading, _ = read("a.md", {"status": "featured"})
    assert not reading.skipped
    assert "status" not in reading.data


def test_index_files_are_named_where_the_site_names_them() -> None:
    rules = {"strip_indexes": False}
    nikola = Nikola(Options(url="https://example.org/", zone=ZoneInfo("UTC"), rules=rules))
    reading = nikola.read("a.md", {"title": "T", "date": "2024-05-31"}, "Text")
    location = nikola.locate("a.md", reading, "T", datetime(2024, 5, 31, tzinfo=UTC), None)
    assert location.url == "https://example.org/posts/a/index.html"


def test_post_without_title_has_the_name_of_its_file() -> None:
    reading, _ = read("sub/my_post.md", {"title": ""})
    assert reading.data["title"] == "my_post"


@pytest.mark.parametrize(("data", "warned"), [({}, True), ({"slug": "privet"}, False)])
def test_name_in_another_script_needs_a_slug(data: dict[str, Any], warned: bool) -> None:
    assert ("slug" in read("Привет.md", data)[0].remarks) is warned


@pytest.mark.parametrize("path", ["a.md", "a.es.md"])
def test_metadata_beside_the_post_is_named_as_not_read(path: str) -> None:
    assert ".meta file" in read(path, {}, ("a.md", "a.meta"))[0].skipped
