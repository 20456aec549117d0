"""Posts of MkDocs Material's blog plugin: titles, dates, URLs, and files beside them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from feeds.articles.parser import Article, parse
from feeds.articles.site_folder import ArticleFiles, SiteFolder
from feeds.presets.mkdocs import Mkdocs
from feeds.presets.reading import Options, Reading
from tests.support.site import make_site

DAY = date(2024, 3, 5)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SITE = "https://example.org/sub/"


def make(**options: Any) -> Mkdocs:
    options = {"url": SITE, "zone": ZoneInfo("UTC"), **options}
    return Mkdocs(Options(**options))


def read(
    matter: Mapping[str, Any],
    body: str = "# A day\n\nText",
    path: str = "blog/posts/a.md",
    **options: Any,
) -> Reading:
    return make(**options).read(path, {"date": DAY, **matter}, body)


def url(
    matter: Mapping[str, Any] | None = None,
    body: str = "# A day\n\nText",
    path: str = "blog/posts/a.md",
    **options: Any,
) -> str:
    """The URL of a page, below the site."""
    preset = make(**options)
    reading = preset.read(path, {"date": DAY, **(matter or {})}, body)
    location = preset.locate(path, reading, reading.data["title"], NOW, None)
    assert location.url is not None
    return location.url.removeprefix(SITE)


def parsed(root: Path, path: str, text: str) -> Article:
    """An article of a site in `root`."""
    site = make_site(
        root,
        url=SITE,
        articles={"folder": "docs", "preset": "mkdocs", "include": ["blog/posts/*"]},
    )
    files = ArticleFiles(SiteFolder(site, NOW))
    return parse(path, text.encode(), NOW, site, NOW, files)


@pytest.mark.parametrize(
    ("matter", "body", "slug"),
    [
        ({}, "# A day: `code` & *more*\n", "a-day-code--more"),
        ({}, "# Ünïcode – Dash\n", "ünïcode--dash"),
        ({"title": "Front: Title"}, "# Other\n", "front-title"),
        ({"slug": "My Slug"}, "# Other\n", "My Slug"),
        ({}, "\n\n#  Spaces #\n", "spaces-"),
        ({}, "# With id {#x}\n", "with-id-x"),
        ({}, "# [Linked](https://x.org)\n", "linkedhttpsxorg"),
        ({}, "Heading\n=======\n", "file-name"),
        ({}, "No heading\n", "file-name"),
    ],
)
def test_slug_is_that_of_the_title_as_written(
    matter: Mapping[str, Any], body: str, slug: str
) -> None:
    got = url(matter, body, path="blog/posts/file_name.md")
    assert got == f"blog/2024/03/05/{quote(slug)}/"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/news/{date:%y-%b-%-d}/{file}/", "blog/posts/c_d.md", "news/24-Mar-5/c_d/"),
        ("/{slug}/", "blog/posts/c.md", "a-day/"),
        ("/blog/{file}/", "blog/posts/c/index.md", "blog/"),
        ("/blog/{date:%Y}/{file}/", "blog/posts/README.md", "blog/2024/"),
        ("/blog/{categories}/{slug}/", "blog/posts/c.md", "blog/big-news/a-day/"),
    ],
)
def test_pattern_has_the_placeholders_of_the_plugin(pattern: str, path: str, expected: str) -> None:
    matter = {"categories": ["Big News", "Other"]}
    assert url(matter, path=path, permalink={"*": pattern}) == expected


def test_url_without_directory_is_that_of_a_file() -> None:
    rules = {"use_directory_urls": False}
    options: Any = {"rules": rules, "permalink": {"*": "/blog/{slug}.html"}}
    assert url(**options) == "blog/a-day.html"
    assert make(**options).page_at("setup/index.md") == f"{SITE}setup/index.html"


def test_rules_decide_on_the_case_and_number_of_slugs() -> None:
    rules = {"post_slugify": "none", "post_slugify_separator": "_", "post_url_max_categories": 2}
    matter = {"categories": ["Big News", "Other", "Third"]}
    pattern = {"*": "/{categories}/{slug}/"}
    got = url(matter, "# A Day\n", rules=rules, permalink=pattern)
    assert got == "big-news/other/A_Day/"


def test_title_is_the_heading_which_the_body_is_without() -> None:
    reading = read({}, "\n# A *day* :material-star: {#x}\n\nText")
    assert (reading.data["title"], reading.body.strip()) == ("A day", "Text")
    assert read({"title": "Own"}, "# A day\n\nText").body.strip() == "Text"
    assert read({}, "Text", path="blog/posts/my_post.md").data["title"] == "My post"


def test_single_date_is_in_the_zone_of_the_feeds() -> None:
    options: Any = {"zone": ZoneInfo("Europe/Paris"), "rules": {"default_time": "09:30"}}
    published = read({}, **options).data["publishedDateTime"]
    assert published.astimezone(UTC) == datetime(2024, 3, 5, 8, 30, tzinfo=UTC)


def test_dates_in_a_mapping_are_in_utc() -> None:
    dates = {"created": DAY, "updated": datetime(2024, 6, 1, 10)}  # noqa: DTZ001 - no zone
    data = read({"date": dates}, zone=ZoneInfo("Europe/Paris")).data
    assert data["publishedDateTime"] == datetime(2024, 3, 5, tzinfo=UTC)
    assert data["updatedDateTime"] == datetime(2024, 6, 1, 10, tzinfo=UTC)


def test_url_has_the_day_in_the_zone_of_the_date() -> None:
    late = datetime.fromisoformat("2024-03-05T23:30:00-05:00")
    assert url({"date": late}).startswith("blog/2024/03/05/")


def test_url_has_the_date_of_the_post_if_feeds_have_another() -> None:
    matter = {"shown": date(2025, 1, 1)}
    fields = {"published": ("shown", "date")}
    assert url(matter, fields=fields).startswith("blog/2024/03/05/")
    assert read(matter, fields=fields).data["publishedDateTime"].year == 2025


def test_topics_are_categories_and_tags() -> None:
    assert read({"tags": ["b"], "categories": ["a"]}).data["topics"] == ["a", "b"]


def test_lists_of_folders_come_before_those_of_the_post() -> None:
    defaults = {"*": {"tags": ["site"]}, "blog/posts": {"tags": ["all"], "authors": ["jane"]}}
    data = read({"tags": ["own"]}, defaults=defaults).data
    assert data["topics"] == ["site", "all", "own"]
    assert data["authors"] == [{"name": "jane"}]


def test_authors_are_those_of_the_authors_file() -> None:
    people = {"jane": {"name": "Jane", "avatar": "https://example.org/j.png", "url": "/jane"}}
    assert read({"authors": ["jane"]}, people=people).data["authors"] == [
        {"name": "Jane", "url": "/jane", "avatar": "https://example.org/j.png"}
    ]


@pytest.mark.parametrize("path", ["index.md", "blog/index.md", "blog/posts.md", "setup/blog.md"])
def test_page_outside_the_folder_of_posts_is_no_post(path: str) -> None:
    assert "no post" in read({}, path=path).skipped


def test_readme_among_the_posts_is_a_post() -> None:
    assert read({}, path="blog/posts/README.md").skipped == ""


@pytest.mark.parametrize("status", ["new", "deprecated", "my-own"])
def test_badge_of_a_page_does_not_withhold_it(tmp_path: Path, status: str) -> None:
    text = f"---\ndate: 2024-03-05\nstatus: {status}\nhide: [toc]\npin: true\n---\n# A\n\nB\n"
    article = parsed(tmp_path, "blog/posts/a.md", text)
    assert (article.withheld, article.problems) == (False, ())


@pytest.mark.parametrize("line", ["draft: true", "status: draft", "Draft: yes"])
def test_draft_is_withheld_in_any_spelling(tmp_path: Path, line: str) -> None:
    text = f"---\ndate: 2024-03-05\n{line}\n---\n# A\n\nB\n"
    assert parsed(tmp_path, "blog/posts/a.md", text).withheld


def test_links_and_files_are_at_their_addresses(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "blog/posts/sub").mkdir(parents=True)
    (docs / "setup").mkdir()
    (docs / "setup/install.md").write_text("# Install\n")
    (docs / "index.md").write_text("# Home\n")
    (docs / "blog/index.md").write_text("# Blog\n")
    (docs / "blog/posts/sub/b.md").write_text("---\ndate: 2023-01-02\n---\n# Other post\n")
    text = (
        "---\ndate: 2024-03-05\n---\n# A\n\n![p](a/p.png) ![q](../../assets/q.png) [b](sub/b.md#x) "
        "[i](../../setup/install.md) [h](../../index.md) [blog](../index.md) [f](a/f.pdf)\n"
    )
    article = parsed(tmp_path, "blog/posts/a.md", text)
    assert article.entry is not None
    for address in (
        "blog/a/p.png",
        "assets/q.png",
        "blog/2023/01/02/other-post/#x",
        "setup/install/",
        "blog/",
        "blog/a/f.pdf",
    ):
        assert f'"{SITE}{address}"' in article.entry.content
    assert f'href="{SITE}"' in article.entry.content


def test_summary_ends_at_the_separator(tmp_path: Path) -> None:
    head = "---\ndate: 2024-03-05\n---\n# A\n\nFirst.\n\nSecond.\n\n"
    article = parsed(tmp_path, "blog/posts/a.md", f"{head}<!-- more -->\n\nThird.\n")
    assert article.entry is not None
    assert article.entry.summary == "First. Second."
    preset = make(rules={"post_excerpt_separator": "<!-- cut -->"})
    assert preset.dialect.more == "<!-- cut -->"
    assert Mkdocs.dialect.more == ""
