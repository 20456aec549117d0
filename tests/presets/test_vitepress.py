"""Posts of VitePress: which pages they are, their dates and URLs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets.reading import Options, Reading
from feeds.presets.vitepress import Vitepress

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
SITE = "https://example.org/sub/"
DAY = {"date": date(2024, 3, 5)}


def make(**options: Any) -> Vitepress:
    options = {"url": SITE, "zone": ZoneInfo("Europe/Vienna"), **options}
    return Vitepress(Options(**options))


def read(path: str, matter: Mapping[str, Any], body: str = "# A day\n\nText") -> Reading:
    return make().read(path, matter, body)


@pytest.mark.parametrize(
    ("path", "clean", "plain"),
    [
        ("posts/A day.md", "posts/A%20day", "posts/A%20day.html"),
        ("posts/2024-03-05-x.md", "posts/2024-03-05-x", "posts/2024-03-05-x.html"),
        ("posts/x/index.md", "posts/x/", "posts/x/"),
        ("index.md", "", ""),
        ("posts/v1.2.md", "posts/v1.2", "posts/v1.2.html"),
    ],
)
def test_url_is_the_path_of_the_file(path: str, clean: str, plain: str) -> None:
    for is_clean, expected in ((True, clean), (False, plain)):
        pattern = "/{path}" if is_clean else "/{path}.html"
        preset = make(rules={"cleanUrls": is_clean}, permalink={"*": pattern})
        reading = preset.read(path, DAY, "# A day\n")
        location = preset.locate(path, reading, "A day", NOON, None)
        assert location.url == SITE + expected
        assert preset.page_at(path) == SITE + expected


def test_date_is_that_of_javascript() -> None:
    data = read("posts/a.md", DAY).data
    assert data["publishedDateTime"] == datetime(2024, 3, 5, tzinfo=UTC)
    reading = read("posts/a.md", {"date": "2024-02-30"})
    assert reading.data["publishedDateTime"] == datetime(2024, 3, 1, tzinfo=UTC)
    assert "does not exist" in reading.remarks["publishedDateTime"]


def test_title_is_the_first_heading() -> None:
    reading = read("posts/a.md", DAY)
    assert (reading.data["title"], reading.body.strip()) == ("A day", "Text")


@pytest.mark.parametrize(
    ("path", "matter", "reason"),
    [
        ("guide/a.md", {}, "has no date"),
        ("index.md", {**DAY, "layout": "home"}, "home page"),
        ("posts/[name].md", DAY, "dynamic route"),
        ("posts/a.md", {"created": date(2024, 3, 5)}, ""),
        ("posts/2024-03-05-a.md", {}, ""),
    ],
)
def test_page_without_date_is_no_post(path: str, matter: Mapping[str, Any], reason: str) -> None:
    skipped = read(path, matter).skipped
    assert reason in skipped
    assert bool(reason) == bool(skipped)


def test_mark_of_the_excerpt_is_that_of_the_site() -> None:
    assert make(rules={"excerpt": "---"}).dialect.more == "---"
    assert Vitepress.dialect.more == ""
