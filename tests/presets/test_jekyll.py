"""Jekyll: names of posts, slugs, categories and dates."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.jekyll import Jekyll
from feeds.presets.reading import Location, Options, Reading

PLAIN = "_posts/2024-05-31-a.md"


def read(
    path: str, data: dict[str, Any], pattern: str = "", **rules: Any
) -> tuple[Reading, Location]:
    permalink = {"*": pattern} if pattern else {}
    zone = ZoneInfo("Europe/Vienna")
    url = "https://example.org/"
    preset = Jekyll(Options(url=url, zone=zone, permalink=permalink, rules=rules, ids="jekyll"))
    reading = preset.read(path, data, "# Heading\nText")
    published = reading.moment or datetime(2024, 1, 2, tzinfo=UTC)
    return reading, preset.locate(path, reading, "T", published, None)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (PLAIN, ""),
        ("_posts/24-5-1-a.md", ""),
        ("en/news/_posts/deep/2024-05-31-a.html", ""),
        ("_posts/undated.md", "has no date in its name, so that it is no post"),
        ("2024-05-31-a.md", "is not below _posts, so that it is no post"),
        ("_old/_posts/2024-05-31-a.md", "is in a folder that Jekyll does not read"),
    ],
)
def test_posts_lie_in_posts_and_have_a_date_in_their_name(path: str, reason: str) -> None:
    assert read(path, {})[0].skipped == reason


def test_documents_of_a_chosen_collection_are_articles() -> None:
    assert read("_docs/a.md", {}, collections=("docs",))[0].skipped == ""


@pytest.mark.parametrize(
    ("path", "data", "pattern", "url"),
    [
        (PLAIN, {}, "", "2024/05/31/a.html"),
        ("_posts/2024-05-31-A_b & c.md", {}, "/{title}/", "A_b-&-c/"),
        ("_posts/2024-05-31-A_b & c.md", {}, "/{slug}/", "a-b-c/"),
        (PLAIN, {"slug": "My Slug", "title": "Other"}, "/{title}/", "My-Slug/"),
        ("En/_posts/2024-05-31-a.md", {"categories": "B c"}, "/{categories}/x", "en/b/c/x"),
        (PLAIN, {"permalink": "/own/"}, "", "own/"),
        ("_posts/2024-05-31-e\u0301t\u0301².md", {}, "/{title}/", "e%CC%81t%CC%81/"),
        ("_posts/2024-05-31-हिन्दी.md", {}, "/{slug}/", quote("हिन्दी") + "/"),
    ],
)
def test_page_has_the_url_that_jekyll_gives_it(
    path: str, data: dict[str, Any], pattern: str, url: str
) -> None:
    assert read(path, data, pattern)[1].url == f"https://example.org/{url}"


def test_id_is_the_url_without_its_ending() -> None:
    assert read(PLAIN, {})[1].id == "https://example.org/2024/05/31/a"


def test_title_is_made_of_the_name_and_never_of_a_heading() -> None:
    reading, _ = read("_posts/2024-05-31-no-TITLE.md", {})
    assert (reading.data["title"], reading.body) == ("No Title", "# Heading\nText")


@pytest.mark.parametrize(
    ("data", "topics"),
    [
        ({"categories": "a b", "tags": "c d"}, ["en", "a", "b", "c", "d"]),
        ({"category": "Two words", "tag": "x y"}, ["Two words", "x y"]),
        ({"tags": ["x y", "z"]}, ["en", "x y", "z"]),
    ],
)
def test_text_in_plural_keys_is_split_at_spaces(data: dict[str, Any], topics: list[str]) -> None:
    assert read("en/_posts/2024-05-31-a.md", data)[0].data["topics"] == topics


def test_time_without_zone_is_utc_in_yaml_but_of_the_site_in_text() -> None:
    reading, _ = read(PLAIN, {"date": datetime(2024, 5, 31, 10)})  # noqa: DTZ001
    assert reading.moment == datetime(2024, 5, 31, 10, tzinfo=UTC)
    reading, _ = read(PLAIN, {"date": "2024-05-31 10:00"})
    assert reading.moment == datetime(2024, 5, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-5-1 8:3:00", "06:03"),
        ("2024-05-01 08:30:00+0300", "05:30"),
        ("01/05/2024 8:30", "06:30"),
        ("1.5.2024 08:30", "06:30"),
        ("2024-04-30 24:00:00", "22:00"),
        ("2024-05-01 08:30 JST", "06:30"),
        ("2024-05-01 08:30 pm", "18:30"),
        ("2024-05-01 08:30 EST", "13:30"),
    ],
)
def test_date_in_text_means_what_ruby_reads(text: str, time: str) -> None:
    moment = read(PLAIN, {"date": text})[0].moment
    day = "2024-04-30" if time == "22:00" else "2024-05-01"
    assert moment is not None
    assert moment.astimezone(UTC).isoformat() == f"{day}T{time}:00+00:00"


def test_date_that_does_not_exist_is_left_to_be_reported() -> None:
    assert read(PLAIN, {"date": "2024-02-30 8:3:00"})[0].data["publishedDateTime"] == (
        "2024-02-30 8:3:00"
    )


def test_date_in_the_name_is_midnight_of_the_site() -> None:
    reading, _ = read(PLAIN, {})
    assert reading.moment == datetime(2024, 5, 30, 22, tzinfo=UTC)
