"""Front matter, dates, URLs and bundles, as Hugo reads them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.articles import folder
from feeds.articles.parser import Article, parse
from feeds.config.site import Site
from feeds.presets import hugo_permalinks
from feeds.presets.hugo import Hugo
from feeds.presets.reading import Options, Reading
from tests.support.site import make_site

DAY = "2024-03-05"
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def make(**options: Any) -> Hugo:
    options = {"url": "https://example.org/", "zone": ZoneInfo("UTC"), **options}
    return Hugo(Options(**options))


def read(path: str, matter: Mapping[str, Any], body: str = "Text", **options: Any) -> Reading:
    return make(**options).read(path, {"title": "A day", "date": DAY, **matter}, body)


def url(path: str, matter: Mapping[str, Any] | None = None, **options: Any) -> str:
    """The URL of a page, below the site."""
    preset = make(**options)
    reading = preset.read(path, {"title": "A day", "date": DAY, **(matter or {})}, "Text")
    location = preset.locate(path, reading, reading.data["title"], NOON, None)
    assert location.url is not None
    return location.url.removeprefix("https://example.org")


def hugo_site(root: Path, **articles: Any) -> Site:
    return make_site(root, articles={"folder": ".", "preset": "hugo", **articles})


def parsed(path: str, text: str, **articles: Any) -> Article:
    return parse(path, text.encode(), NOW, hugo_site(Path("/nowhere"), **articles), NOW)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("posts/first.md", "/posts/first/"),
        ("posts/Sub Dir/Some File.md", "/posts/sub-dir/some-file/"),
        ("posts/a & b.md", "/posts/a--b/"),
        ("posts/v1.2/c++.md", "/posts/v1.2/c++/"),
        ("posts/ÄÖ.md", "/posts/%C3%A4%C3%B6/"),
        ("posts/bundle/index.md", "/posts/bundle/"),
        ("about.md", "/about/"),
        ("posts/first.en.md", "/posts/first/"),
        ("posts/2024-03-05-first.md", "/posts/2024-03-05-first/"),
    ],
)
def test_page_without_pattern_has_the_url_of_its_path(path: str, expected: str) -> None:
    assert url(path) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/:year/:month/:day/:slug/", "/2024/03/05/a-day/"),
        (":section/:title", "/posts/a-day/"),
        ("/:06-:1-:2/:slugorcontentbasename", "/24-3-5/first/"),
        ("/:sections[1:]/:contentbasename/", "/first/"),
        ("/:monthname/:weekday/:weekdayname/:yearday/:filename/", "/march/2/tuesday/65/first/"),
        ("/a\\:b/:slugorfilename", "/ab/first/"),
    ],
)
def test_tokens_of_patterns_are_filled_in(pattern: str, expected: str) -> None:
    permalink = {"posts": hugo_permalinks.translate(pattern)}
    assert url("posts/first.md", permalink=permalink) == expected


def test_token_that_is_not_known_is_refused() -> None:
    with pytest.raises(hugo_permalinks.UnknownTokenError, match=":sectionslugs"):
        hugo_permalinks.translate("/:sectionslugs/:slug/")


def test_sections_are_the_first_folder_and_those_with_a_page() -> None:
    pages = {"posts/a": frozenset({"_index.md"})}
    options: dict[str, Any] = {
        "permalink": {"posts": "/{sections}/{name}/"},
        "names": lambda folder: pages.get(folder, frozenset()),
    }
    assert url("posts/a/b/c.md", **options) == "/posts/a/c/"
    assert url("posts/x/c.md", **options) == "/posts/c/"


def test_date_in_a_url_counts_in_its_own_zone_and_not_that_of_publication() -> None:
    matter = {"date": "2024-03-05T23:30:00-05:00", "publishDate": "2024-07-01"}
    assert url("posts/a.md", matter, permalink={"*": "/{date:%Y/%m/%d}/"}) == "/2024/03/05/"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("What? Why! (x) [y]", "/what-why-x-y/"),
        ("C++ and 50% #1", "/c-and-50-%231/"),
        ("A / B  --  C", "/a-b--c/"),
        ("İstanbul ΟΔΟΣ ß", "/istanbul-%CE%BF%CE%B4%CE%BF%CF%83-%C3%9F/"),
    ],
)
def test_title_in_a_url_keeps_letters_digits_and_few_characters(title: str, expected: str) -> None:
    assert url("a.md", {"title": title}, permalink={"*": "/{title}/"}) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/Some/Where", "/Some/Where/"),
        ("some/where.html", "/some/where.html"),
        ("/:year/:slug/", "/2024/a-day/"),
        ("/a/../b/", "/b/"),
        ("/a#b/", "/a%23b/"),
    ],
)
def test_url_of_the_front_matter_is_kept_as_it_is(address: str, expected: str) -> None:
    assert url("posts/first.md", {"url": address}) == expected


def test_settings_of_paths_are_followed() -> None:
    assert url("Posts/É.md", rules={"removePathAccents": True}) == "/posts/e/"
    assert url("Posts/A b.md", rules={"disablePathToLower": True}) == "/Posts/A-b/"
    assert url("posts/a.md", rules={"uglyURLs": ("posts",)}) == "/posts/a.html"
    assert url("docs/a.md", rules={"uglyURLs": ("posts",)}) == "/docs/a/"
    assert url("docs/a.md", rules={"uglyURLs": ("*",)}) == "/docs/a.html"


def test_language_is_that_of_the_file_name_or_folder() -> None:
    by_name = {"languages": ("en", "pt-br")}
    by_folder = {"languages": ("en=english", "fr=french")}
    assert url("posts/a.pt-br.md", rules=by_name) == "/pt-br/posts/a/"
    assert url("posts/a.md", rules=by_name) == "/posts/a/"
    assert url("posts/a.pt-br.md", {"url": "x/"}, rules=by_name) == "/pt-br/x/"
    assert url("french/posts/a.md", rules=by_folder) == "/fr/posts/a/"
    assert url("posts/b/index.pt-br.md", rules=by_name) == "/pt-br/posts/b/"
    in_folder = {**by_name, "defaultContentLanguageInSubdir": True}
    assert url("posts/a.md", rules=in_folder) == "/en/posts/a/"
    assert read("posts/a.pt-br.md", {}, rules=by_name).data["language"] == "pt-br"


def test_pattern_of_a_section_is_that_of_all_languages_or_of_one() -> None:
    rules = {"languages": ("en=en", "fr=fr")}
    patterns = {"posts": "/p/{slug}/", "fr/posts": "/f/{slug}/", "/": "/top/{slug}/"}
    assert url("en/posts/a.md", permalink=patterns, rules=rules) == "/p/a/"
    assert url("fr/posts/a.md", permalink=patterns, rules=rules) == "/fr/f/a/"
    assert url("en/a.md", permalink=patterns, rules=rules) == "/top/a/"
    assert url("en/docs/a.md", permalink=patterns, rules=rules) == "/docs/a/"


def test_aliases_are_below_the_site_or_beside_the_page() -> None:
    preset = make(url="https://example.org/sub/")
    reading = preset.read("posts/a.md", {"title": "A", "date": DAY, "aliases": ["/b/", "c/"]}, "")
    location = preset.locate("posts/a.md", reading, "A", NOON, None)
    assert location.aliases == (
        "https://example.org/sub/b/",
        "https://example.org/sub/posts/c/",
    )


def test_keys_have_no_case_and_those_of_params_count() -> None:
    reading = read("a.md", {"Tags": ["x"], "params": {"author": "Jane", "tags": ["y"]}})
    assert reading.data["topics"] == ["x"]
    assert reading.data["authors"] == [{"name": "Jane"}]


def test_date_of_publication_is_that_of_the_feed() -> None:
    reading = read("a.md", {"publishDate": "2024-07-01"})
    assert reading.data["publishedDateTime"] == datetime(2024, 7, 1, tzinfo=UTC)
    assert read("a.md", {"date": None, "lastmod": "2024-08-01"}).moment == datetime(
        2024, 8, 1, tzinfo=UTC
    )


def test_date_of_the_file_name_counts_if_the_site_says_so() -> None:
    rules = {"date": (":filename", "date"), "publishDate": ("publishdate", "date")}
    path = "posts/2023-04-05-from-name.md"
    reading = read(path, {"date": None}, rules=rules)
    assert reading.data["publishedDateTime"] == datetime(2023, 4, 5, tzinfo=UTC)
    assert url(path, {"date": None}, rules=rules) == "/posts/from-name/"
    timed = read("posts/2023-04-05-09-10-11-x.md", {}, rules=rules)
    assert timed.moment == datetime(2023, 4, 5, 9, 10, 11, tzinfo=UTC)


@pytest.mark.parametrize("date", [None, "0001-01-01T00:00:00Z", ""])
def test_page_without_a_date_is_left_out(date: str | None) -> None:
    assert read("a.md", {"date": date}).skipped == "has no date"


def test_date_that_cannot_be_read_is_an_error() -> None:
    article = parsed("a.md", "---\ntitle: A\ndate: soon\n---\n")
    assert article.entry is None
    assert "date" in [problem.field for problem in article.problems if problem.fatal]


@pytest.mark.parametrize(
    "line",
    [
        "draft: true",
        "expiryDate: 2024-04-01",
        "unpublishdate: 2024-04-01",
        "headless: true",
        "build: {list: never}",
        "build: {list: local}",
        "build: {render: never}",
    ],
)
def test_page_that_hugo_does_not_list_is_withheld(line: str) -> None:
    article = parsed("posts/a.md", f"---\ntitle: A\ndate: {DAY}\n{line}\n---\nText")
    assert article.entry is None
    assert article.withheld
    assert article.reason


def test_date_of_publication_to_come_withholds_where_feeds_show_the_other_date() -> None:
    text = f"---\ntitle: A\ndate: {DAY}\npublishDate: 2094-01-01\n---\nText"
    assert parsed("posts/a.md", text, rules={"feedDate": "date"}).entry is None


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("posts/_index.md", "---\ntitle: Posts\n---\n", "is the page of a section"),
        ("posts/_index.fr.md", "---\ntitle: Posts\n---\n", "is the page of a section"),
        ("posts/x.html", "<p>x</p>", "has no front matter, so that it is no page"),
    ],
)
def test_file_that_is_no_page_is_left_out_for_a_reason(path: str, text: str, reason: str) -> None:
    article = parsed(path, text)
    assert (article.entry, article.withheld, article.reason) == (None, True, reason)


@pytest.mark.parametrize(
    "text",
    [
        '+++\ntitle = "A"\ndate = 2024-05-06T07:08:09Z\ntags = ["x"]\n+++\nText',
        '{"title": "A", "date": "2024-05-06T07:08:09Z", "tags": ["x"]}\nText',
        "---\nTitle: A\nDate: 2024-05-06T07:08:09Z\nTAGS: x\n---\nText",
    ],
)
def test_front_matter_is_toml_json_or_yaml(text: str) -> None:
    entry = parsed("posts/a.md", text).entry
    assert entry is not None
    assert (entry.title, entry.topics) == ("A", ("x",))
    assert entry.published == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_terms_of_all_taxonomies_but_people_are_topics() -> None:
    rules = {"taxonomies": ("tags", "categories", "series", "authors")}
    matter = {"tags": ["a", 2024], "categories": "b", "series": ["c"], "authors": ["Jane"]}
    assert read("a.md", matter, rules=rules).data["topics"] == ["a", "2024", "b", "c"]


@pytest.mark.parametrize(
    ("matter", "body", "expected"),
    [
        ("summary: Short\ndescription: Long", "One\n\nTwo", "Short"),
        ("summary: Short", "One\n\n<!--more-->\n\nTwo", "One"),
        ("description: Long", "One\n\nTwo", "One Two"),
        ("description: Long", f"{'word ' * 70}\n\nTwo", " ".join(["word"] * 70)),
    ],
)
def test_summary_is_before_the_marker_else_given_else_the_first_paragraphs(
    matter: str, body: str, expected: str
) -> None:
    entry = parsed("posts/a.md", f"---\ntitle: A\ndate: {DAY}\n{matter}\n---\n{body}").entry
    assert entry is not None
    assert entry.summary == expected


@pytest.mark.parametrize(
    ("matter", "expected"),
    [
        ({"images": ["/x.png", "/y.png"]}, "/x.png"),
        ({"cover": {"image": "hero.png"}}, "https://example.org/posts/b/hero.png"),
        ({"cover": "Photo One.JPG"}, "https://example.org/posts/b/Photo%20One.JPG"),
        ({"featured_image": "other.png"}, "https://example.org/other.png"),
        ({}, "https://example.org/posts/b/featured-1.jpg"),
        (
            {"resources": [{"name": "cover", "src": "hero.png"}]},
            "https://example.org/posts/b/hero.png",
        ),
    ],
)
def test_image_is_of_the_bundle_or_of_the_site(matter: dict[str, Any], expected: str) -> None:
    preset = make(
        names=lambda _: frozenset({"index.md", "featured-1.jpg", "hero.png", "Photo One.JPG"})
    )
    path = "posts/b/index.md"
    reading = preset.read(path, {"title": "A", "date": DAY, **matter}, "Text")
    preset.locate(path, reading, "A", NOON, None)
    assert reading.data["images"][0]["url"] == expected


def test_files_of_a_bundle_lie_in_a_folder_even_where_the_page_does_not() -> None:
    preset = make(rules={"uglyURLs": ("*",)})
    url = "https://example.org/posts/b.html"
    assert preset.base_url("posts/b/index.md", url) == "https://example.org/posts/b/"
    assert preset.base_url("posts/b.md", url) == url


def test_file_beside_the_index_of_a_bundle_is_no_article(tmp_path: Path) -> None:
    for path in ("p/a.md", "p/_index.md", "p/b/index.md", "p/b/index.fr.md", "p/b/x.md"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("---\ntitle: A\n---\n")
    (tmp_path / "p/b/sub").mkdir()
    (tmp_path / "p/b/sub/y.md").write_text("---\ntitle: A\n---\n")
    site = hugo_site(tmp_path)
    assert sorted(folder.scan(site).files) == [
        "p/_index.md", "p/a.md", "p/b/index.fr.md", "p/b/index.md",
    ]  # fmt: skip
    changed = folder.scan_paths(site, ["p/b/x.md", "p/b/sub/y.md", "p/a.md"])
    assert changed is not None
    assert list(changed.files) == ["p/a.md"]
    assert folder.scan_paths(site, ["p/b/index.md"]) is None


def test_summary_has_as_many_words_as_the_site_says() -> None:
    rules = {"summaryLength": 3, "hasCJKLanguage": True}
    preset = make(rules=rules)
    assert preset.is_summary("one two three")
    assert not preset.is_summary("one, two")
    assert preset.is_summary("日本語")
    assert not make(rules={"summaryLength": 3}).is_summary("日本語")
