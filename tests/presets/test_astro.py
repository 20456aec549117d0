"""Articles of Astro: entries of collections, with the dates of JavaScript."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets import slugs
from feeds.presets.astro import Astro
from feeds.presets.reading import Options, Reading


def _preset(**settings: Any) -> Astro:
    zone = ZoneInfo("Europe/Vienna")
    return Astro(Options(url="https://example.org/", zone=zone, **settings))


def _read(preset: Astro, path: str = "first.md", **data: Any) -> Reading:
    return preset.read(path, {"title": "First post", **data}, "Text.")


def _url(preset: Astro, path: str, **data: Any) -> str | None:
    reading = _read(preset, path, pubDate="2024-05-31", **data)
    assert reading.moment is not None
    return preset.locate(path, reading, "First post", reading.moment, None).url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("first.md", "/blog/first/"),
        ("2024/First Post.mdx", "/blog/2024/first-post/"),
        ("cats/index.md", "/blog/cats/"),
        ("I don't like v1.0.md", "/blog/i-dont-like-v10/"),
        ("index.md", "/blog/index/"),
    ],
)
def test_urls_are_paths_as_github_slugger_writes_them(path: str, url: str) -> None:
    assert _url(_preset(), path) == f"https://example.org{url}"


def test_a_slug_replaces_the_path() -> None:
    assert _url(_preset(), "2024/x.md", slug="my/Slug") == "https://example.org/blog/my/Slug/"


def test_collections_have_ids_and_patterns_of_their_own() -> None:
    preset = _preset(
        permalink={"blog": "/blog/{path}/", "work": "/projects/{path}"},
        rules={"collections": ("blog", "work")},
    )
    assert _url(preset, "blog/2024/first.md") == "https://example.org/blog/2024/first/"
    assert _url(preset, "work/cats/index.md") == "https://example.org/projects/cats"


def test_pages_have_the_names_of_their_files() -> None:
    preset = _preset(permalink={"*": "/{path}/"}, rules={"slugger": False})
    assert _url(preset, "posts/First_Post.md") == "https://example.org/posts/First_Post/"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024-05-31 10:00:00", datetime(2024, 5, 31, 10, tzinfo=UTC)),
        ("May 31 2024", datetime(2024, 5, 31, tzinfo=UTC)),
        ("05/31/2024", datetime(2024, 5, 31, tzinfo=UTC)),
        ("1/2/2024", datetime(2024, 1, 2, tzinfo=UTC)),
    ],
)
def test_dates_are_those_of_javascript(value: str, moment: datetime) -> None:
    reading = _read(_preset(), pubDate=value)
    assert (reading.moment, reading.remarks) == (moment, {})


def test_a_day_that_does_not_exist_is_of_the_next_month_with_a_warning() -> None:
    reading = _read(_preset(), pubDate="2024-09-31")
    assert reading.moment == datetime(2024, 10, 1, tzinfo=UTC)
    assert "does not exist; it is read as 2024-10-01" in reading.remarks["publishedDateTime"]
    reading = _read(_preset(), date="2024-02-30T10:00:00Z")
    assert reading.moment == datetime(2024, 3, 1, 10, tzinfo=UTC)
    reading = _read(_preset(), pubDate="2024-02-32")
    assert (reading.moment, reading.data["publishedDateTime"]) == (None, "2024-02-32")


def test_names_of_files_have_no_date() -> None:
    assert _read(_preset(), "2024-05-31-first.md").moment is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("İstanbul ½ ²", "i̇stanbul--"),
        ("हिन्दी", "हिन्दी"),
        ("a  b_c-d.e", "a--b_c-de"),
        ("🐈 cat", "-cat"),
    ],
)
def test_github_slugger_keeps_letters_marks_and_digits(name: str, slug: str) -> None:
    assert slugs.github(name) == slug
