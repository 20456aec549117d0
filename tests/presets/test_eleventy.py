"""Articles of Eleventy: data of folders, collections, dates, and permalinks."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets import eleventy_permalinks, slugs
from feeds.presets.eleventy import Eleventy
from feeds.presets.eleventy_permalinks import UnknownFilterError, UnknownValueError
from feeds.presets.reading import Options, Reading

_VIENNA = ZoneInfo("Europe/Vienna")


def _preset(**settings: Any) -> Eleventy:
    return Eleventy(Options(url="https://example.org/", zone=_VIENNA, **settings))


def _read(preset: Eleventy, path: str, **data: Any) -> Reading:
    return preset.read(path, {"title": "First post", **data}, "Text.")


def _url(path: str, *, settings: dict[str, Any] | None = None, **data: Any) -> str | None:
    preset = _preset(**(settings or {}))
    reading = _read(preset, path, **data)
    published = reading.moment or datetime(2024, 5, 31, tzinfo=UTC)
    return preset.locate(path, reading, str(reading.data["title"]), published, None).url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("blog/first.md", "/blog/first/"),
        ("blog/2024-05-31-first.md", "/blog/2024-05-31-first/"),
        ("blog/2024-05-31-first/index.md", "/blog/2024-05-31-first/"),
        ("blog/first/first.md", "/blog/first/"),
        ("blog/2024/first/index.md", "/blog/2024/first/"),
        ("index.md", "/"),
    ],
)
def test_a_page_without_permalink_is_where_its_file_is(path: str, url: str) -> None:
    assert _url(path) == f"https://example.org{url}"


@pytest.mark.parametrize(
    ("permalink", "url"),
    [
        ("/notes/first.html", "/notes/first.html"),
        ("notes/{{ page.fileSlug }}/index.html", "/notes/first/"),
        ("/{{ page.date | date: '%Y/%m' }}/{{ title | slugify }}/", "/2024/05/first-post/"),
        ("/{{ page.date | readable('yyyy/LL/d') }}/", "/2024/05/31/"),
        ("{{ page.filePathStem }}.html", "/blog/first.html"),
        ('/{{ "News" | downcase }}/{{ series }}/', "/news/cats/"),
    ],
)
def test_an_article_has_the_permalink_of_its_front_matter(permalink: str, url: str) -> None:
    data: dict[str, Any] = {"permalink": permalink, "date": "2024-05-31", "series": "cats"}
    assert _url("blog/2024-05-31-first.md", **data) == f"https://example.org{url}"


def test_placeholders_have_names_without_dates() -> None:
    settings = {"permalink": {"*": "/{path}/{slug}/"}}
    for name in ("2024-05-31-first.md", "x-2024-05-31-first.md", "first.md"):
        url = _url(f"2024-05-31-cats/{name}", settings=settings)
        assert url == "https://example.org/2024-05-31-cats/first/first/"
    url = _url("2024-05-31-cats/index.md", settings=settings)
    assert url == "https://example.org/2024-05-31-cats/cats/"


def test_a_pattern_of_the_settings_replaces_an_unknown_filter() -> None:
    permalink = "/{{ page.date | toPath }}/{{ page.fileSlug }}/"
    assert _url("blog/first.md", permalink=permalink) is None
    settings = {"permalink": {"blog": "/{date:%Y}/{slug}/"}}
    url = _url("blog/first.md", settings=settings, permalink=permalink, date="2024-05-31")
    assert url == "https://example.org/2024/first/"


def test_a_pattern_with_a_path_and_html_makes_a_folder_of_an_index_file() -> None:
    settings = {"permalink": {"*": "/{path}.html"}}
    assert _url("blog/cats/index.md", settings=settings) == "https://example.org/blog/cats/"
    assert _url("blog/cats.md", settings=settings) == "https://example.org/blog/cats.html"


def test_unknown_filters_and_values_are_named() -> None:
    with pytest.raises(UnknownFilterError, match=r"filter toPath, .* for page.date | toPath"):
        eleventy_permalinks.translate("/{{ page.date | toPath }}/", {})
    with pytest.raises(UnknownValueError, match="value section"):
        eleventy_permalinks.translate("/{{ section }}/", {})
    with pytest.raises(UnknownFilterError):
        eleventy_permalinks.translate("{% if a %}/a/{% endif %}", {})


def test_filters_of_dates_have_the_formats_that_their_code_has() -> None:
    pattern = eleventy_permalinks.translate("/{{ page.date | toPath }}/", {}, {"toPath": "%Y/%m"})
    assert pattern == "/{date:%Y/%m}/"
    assert eleventy_permalinks.date_format("yyyy-MM-dd") == "%Y-%m-%d"
    assert eleventy_permalinks.date_format("YYYY/MM/D") == "%Y/%m/%-d"
    assert eleventy_permalinks.date_format("Monday") is None


def test_dates_without_a_zone_are_in_utc() -> None:
    reading = _read(_preset(), "first.md", date="2024-05-31 17:13:45")
    assert reading.moment == datetime(2024, 5, 31, 17, 13, 45, tzinfo=UTC)


def test_the_first_date_in_the_path_counts_where_the_article_has_none() -> None:
    reading = _read(_preset(), "2024-05-30/a-2024-05-31-b.md")
    assert reading.moment == datetime(2024, 5, 30, tzinfo=UTC)
    assert _read(_preset(), "first.md").moment is None


def test_dates_of_files_are_not_read_but_those_that_init_writes_for_them() -> None:
    reading = _read(_preset(), "2024-05-31-first.md", date="Last Modified")
    assert (reading.moment, "date" in reading.data) == (None, False)
    assert "is Last Modified, which every copy" in reading.remarks["publishedDateTime"]
    preset = _preset(defaults={"blog/first.md": {"date": "2024-05-31"}})
    reading = _read(preset, "blog/first.md", date="git Created")
    assert (reading.moment, reading.remarks) == (datetime(2024, 5, 31, tzinfo=UTC), {})
    assert _read(preset, "blog/first.md", date="2024-05-01").moment == datetime(
        2024, 5, 1, tzinfo=UTC
    )


def test_data_files_hand_down_values_and_tags_add_up() -> None:
    defaults = {
        "*": {"lang": "en"},
        "blog": {"tags": ["posts", "cats"], "author": "Jane"},
        "blog/first.md": {"author": "John", "tags": "dogs"},
    }
    preset = _preset(defaults=defaults, rules={"collection": "posts"})
    reading = _read(preset, "blog/first.md", tags="birds")
    assert reading.data["topics"] == ["birds", "dogs", "cats"]
    assert reading.data["authors"] == [{"name": "John"}]
    assert reading.data["language"] == "en"


def test_override_tags_replaces_those_of_folders() -> None:
    preset = _preset(defaults={"blog": {"tags": ["cats"]}})
    reading = _read(preset, "blog/first.md", **{"override:tags": ["birds"]})
    assert reading.data["topics"] == ["birds"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, "is not in the collection posts"),
        ({"tags": ["posts"], "eleventyExcludeFromCollections": ["posts"]},
         "eleventyExcludeFromCollections: posts"),
        ({"tags": ["posts"], "pagination": {"data": "collections.posts"}},
         "makes the pages of a list"),
        ({"tags": ["posts"], "eleventyExcludeFromCollections": ["news"]}, ""),
    ],
)  # fmt: skip
def test_files_outside_the_collection_are_no_articles(data: dict[str, Any], reason: str) -> None:
    assert _read(_preset(rules={"collection": "posts"}), "first.md", **data).skipped == reason


def test_only_images_with_a_url_are_kept() -> None:
    assert "images" not in _read(_preset(), "first.md", image="cover.png").data
    images = _read(_preset(), "first.md", image="/cover.png").data["images"]
    assert images == [{"url": "/cover.png"}]


def test_the_dialect_follows_the_rules() -> None:
    assert _preset().dialect.templates == ("liquid",)
    rules = {"markdownTemplateEngine": "njk", "linkify": True, "typographer": True}
    dialect = _preset(rules=rules).dialect
    assert (dialect.templates, dialect.linkify, dialect.smart) == (("nunjucks",), True, True)
    assert _preset(rules={"markdownTemplateEngine": ""}).dialect.templates == ()


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Cats & Dogs", "cats-and-dogs"),
        ("Don't Stop: the user's café", "dont-stop-the-users-cafe"),
        ("Größe über Æsir", "groesse-ueber-aesir"),
        ("  C++ -- what?  ", "c-what"),
    ],
)
def test_slugify_writes_titles_as_eleventy_does(title: str, slug: str) -> None:
    assert slugs.slugify(title) == slug


def test_the_old_filter_slug_keeps_some_marks() -> None:
    assert slugs.slug_filter("Cats & Dogs: v1.2 (new!)") == "cats-and-dogs:-v1.2-(new!)"


def test_data_of_a_folder_are_not_those_of_the_file_beside_it() -> None:
    preset = _preset(defaults={"blog": {"tags": "posts"}}, rules={"collection": "posts"})
    assert _read(preset, "blog.md").skipped == "is not in the collection posts"
    assert _read(preset, "blog/first.md").skipped == ""
