"""Pelican: status, dates, categories, tags and URLs of articles."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
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


def test_authors_are_split_like_tags_and_author_is_one() -> None:
    assert read("a.md", authors="A, B")[0].data["authors"] == [{"name": "A"}, {"name": "B"}]
    assert read("a.md", authors="B, A; C")[0].data["authors"] == [{"name": "B, A"}, {"name": "C"}]
    assert read("a.md", author="A, B")[0].data["authors"] == [{"name": "A, B"}]


def test_article_without_a_date_is_not_published() -> None:
    assert preset().read("a.md", {"title": "T"}, "").skipped
    reading = preset(default_date="2020-01-01").read("a.md", {"title": "T"}, "")
    assert reading.moment == datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Vienna"))
    assert preset().read("2020-01-01-a.md", {"title": "T"}, "").dated == "file name"


def test_article_without_a_title_is_not_published() -> None:
    assert preset().read("a.md", {"date": "2024-01-02"}, "# A\n").skipped
    assert read("a.md", title="A <b>bold</b> &amp; more")[0].data["title"] == "A bold & more"


def test_metadata_of_the_path_fills_in_that_of_the_file() -> None:
    pelican = preset(
        filename_metadata=r"(?P<date>\d{4}-\d{2}-\d{2})_(?P<Slug>.*)",
        path_metadata=r"(?P<category>[^/]*)/(?P<author>[^/]*)/.*",
    )
    path = "news/jane/2024-03-05_own.md"
    reading = pelican.read(path, {"title": "T"}, "")
    assert reading.dated == "file name"
    assert (reading.data["topics"], reading.data["authors"]) == (["news"], [{"name": "jane"}])
    reading, location = read(path, pelican)
    assert location.url == "https://example.org/own.html"
    reading, location = read(path, pelican, slug="other", category="x")
    assert (location.url, reading.data["topics"]) == ("https://example.org/other.html", ["x"])


def test_translation_has_a_url_of_its_own() -> None:
    assert read("a.md", lang="EN")[1].url == "https://example.org/a-title.html"
    assert read("a.md", lang="fr")[1].url == "https://example.org/a-title-fr.html"
    assert read("a.md", lang="fr", url="x/")[1].url == "https://example.org/x/"
    pelican = preset(article_lang_url="/{language}/{slug}/")
    assert read("a.md", pelican, lang="fr")[1].url == "https://example.org/fr/a-title/"


@pytest.mark.parametrize(
    ("title", "rules", "slug"),
    [
        ("A–b… “c” 5 €", {}, "a-b-c-5-eur"),
        ("C++ &amp; <i>x</i>", {}, "c-x"),
        ("Über İt", {"slugify_use_unicode": True}, "über-i̇t"),
        ("Über It", {"slugify_preserve_case": True}, "Uber-It"),
        ("C++ it", {"slug_regex_substitutions": (r"C\+\+", "cpp", r"\s", "_")}, "cpp_it"),
    ],
)
def test_slug_of_a_title(title: str, rules: dict[str, Any], slug: str) -> None:
    assert (
        read("a.md", preset(**rules), title=title)[1].url
        == f"https://example.org/{quote(slug)}.html"
    )


@pytest.mark.parametrize(
    ("most", "text", "summary"),
    [(2, "One-two, three four", "One-two, three …"), (3, "一二三四", "一二三 …"), (3, "One", "One"),
     (0, "One", "")],
)  # fmt: skip
def test_summary_has_so_many_words(most: int, text: str, summary: str) -> None:
    assert preset(summary_max_length=most).first_words(text, 50) == summary


@pytest.mark.parametrize(
    ("name", "value"),
    [("filename_metadata", "("), ("path_metadata", "("), ("slug_regex_substitutions", ("(", ""))],
)
def test_wrong_pattern_is_named(name: str, value: Any) -> None:
    assert Pelican.rule_mistake(name, value).startswith("'(' is not a regular expression: ")
    assert not Pelican.rule_mistake("default_category", "(")
