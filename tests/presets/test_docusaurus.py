"""Posts of Docusaurus' blog: names, dates, URLs, titles and descriptions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.presets import docusaurus_excerpt, ids
from feeds.presets.docusaurus import Docusaurus
from feeds.presets.reading import Options, Reading

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
SITE = "https://example.org/sub/"


def make(**options: Any) -> Docusaurus:
    options = {"url": SITE, "zone": ZoneInfo("UTC"), **options}
    return Docusaurus(Options(**options))


def read(
    path: str, matter: Mapping[str, Any] | None = None, body: str = "Text", **options: Any
) -> Reading:
    return make(**options).read(path, matter or {}, body)


def url(path: str, matter: Mapping[str, Any] | None = None, **options: Any) -> str:
    """The URL of a page, below the site."""
    preset = make(**options)
    reading = preset.read(path, matter or {}, "Text")
    location = preset.locate(path, reading, reading.data["title"], NOON, None)
    assert location.url is not None
    return location.url.removeprefix(SITE)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2024-05-31-x.md", "blog/2024/05/31/x"),
        ("2024-5-1-x.mdx", "blog/2024/5/1/x"),
        ("2024/05/31/x.md", "blog/2024/05/31/x"),
        ("2024/05/31-x.md", "blog/2024/05/31/x"),
        ("2024-05-31-x/index.md", "blog/2024/05/31/x"),
        ("deep/2024-05-31-x.md", "blog/2024/05/31/deep/x"),
        ("deep/README.md", "blog/deep/README"),
        ("folder/index.mdx", "blog/folder"),
        ("one two/ä.md", "blog/one%20two/%C3%A4"),
    ],
)
def test_url_is_made_of_the_path_and_its_date(path: str, expected: str) -> None:
    assert url(path) == expected


def test_slug_is_a_path_below_the_blog() -> None:
    assert url("2024-05-31-x.md", {"slug": "/my/own"}) == "blog/my/own"
    assert url("2024-05-31-x.md", {"slug": "own"}, permalink={"*": "/{slug}"}) == "own"


@pytest.mark.parametrize(
    ("rule", "slug", "expected"),
    [("keep", "a/", "a/"), ("keep", "a", "a"), ("always", "a", "a/"), ("never", "a/", "a")],
)
def test_slash_at_the_end_is_that_of_the_site(rule: str, slug: str, expected: str) -> None:
    assert url("x.md", {"slug": slug}, rules={"trailingSlash": rule}) == f"blog/{expected}"


def test_id_is_the_url_in_letters_of_any_script() -> None:
    link = f"{SITE}blog/%C3%A4"
    assert ids.mint("docusaurus", link, NOON) == f"{SITE}blog/ä"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2024-05-31-x.md", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024/5/1/x.md", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-13-31-x.md", None),
        ("x.md", None),
    ],
)
def test_date_in_the_path_is_a_day_in_utc(path: str, expected: datetime | None) -> None:
    reading = read(path, zone=ZoneInfo("Europe/Vienna"))
    assert reading.data.get("publishedDateTime") == expected


def test_date_of_the_front_matter_is_that_of_javascript() -> None:
    reading = read("2020-01-01-x.md", {"date": date(2024, 5, 31)}, zone=ZoneInfo("Asia/Tokyo"))
    assert reading.data["publishedDateTime"] == datetime(2024, 5, 31, tzinfo=UTC)
    assert url("2020-01-01-x.md", {"date": date(2024, 5, 31)}) == "blog/2020/01/01/x"
    reading = read("x.md", {"date": "2017-02-29 11:00:00"})
    assert reading.data["publishedDateTime"] == datetime(2017, 3, 1, 11, tzinfo=UTC)
    assert "does not exist" in reading.remarks["publishedDateTime"]


@pytest.mark.parametrize(
    ("body", "title", "rest"),
    [
        ("# A `title` {#id}\n\nText", "A title", "Text"),
        ("Title\n=====\nText", "Title", "Text"),
        ("import X from 'x';\n\n# Title #\n\nText", "Title", "import X from 'x';\n\nText"),
        ("Text\n\n# Later", "x", "Text\n\n# Later"),
    ],
)
def test_title_is_the_heading_which_the_body_is_without(body: str, title: str, rest: str) -> None:
    reading = read("2024-05-31-x.md", {}, body)
    assert (reading.data["title"], reading.body.replace("\n\n\n", "\n\n").strip()) == (title, rest)


def test_date_of_the_last_change_is_read() -> None:
    data = read("x.md", {"date": date(2024, 5, 31), "last_update": {"date": date(2024, 6, 1)}}).data
    assert data["updatedDateTime"] == datetime(2024, 6, 1, tzinfo=UTC)
    assert "last_update" not in data


def test_title_of_the_front_matter_comes_first() -> None:
    reading = read("x.md", {"title": "Own"}, "# Other\n\nText")
    assert (reading.data["title"], reading.body.strip()) == ("Own", "Text")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\n## A head\n\nText", "A head"),
        ("import A from 'a';\nimport B from 'b'\n\nText", "Text"),
        ("```js\ncode\n```\n\nText", "Text"),
        ("````\n```\n````\nText", "Text"),
        (":::note\nInside\n:::", "Inside"),
        ("> **Bold** and _thin_ `code` ~~gone~~", "Bold and thin code gone"),
        ("![alt](i.png) [link](x) [ref][1] [^1]", "alt link ref"),
        ("<b>x</b> a :tada: b", "x a b"),
        ("- item", "- item"),
        ("<div>\n</div>\n\nAfter", "After"),
        ("", ""),
    ],
)
def test_description_is_the_first_line_of_text(body: str, expected: str) -> None:
    assert docusaurus_excerpt.excerpt(body) == expected
    assert read("x.md", {}, body).data["excerpt"] == expected
    assert read("x.md", {"description": "Own"}, body).data["excerpt"] == "Own"


def test_long_line_is_read_in_time() -> None:
    assert len(docusaurus_excerpt.excerpt("[" * 100_000)) <= 5_000


def test_tags_have_the_labels_of_the_site() -> None:
    rules = {"tags": ("rel=Releases",)}
    tags = ["rel", "other", {"label": "Third", "permalink": "t"}]
    assert read("x.md", {"tags": tags}, rules=rules).data["topics"] == [
        "Releases", "other", "Third",
    ]  # fmt: skip


def test_authors_are_keys_or_persons() -> None:
    people = {"jane": {"name": "Jane", "title": "Boss", "image_url": "https://example.org/j.png"}}
    data = read("x.md", {"authors": ["jane", {"name": "Joe"}]}, people=people).data
    assert data["authors"] == [
        {"name": "Jane", "avatar": "https://example.org/j.png"},
        {"name": "Joe"},
    ]


def test_old_names_of_an_author_count() -> None:
    matter = {"author": "Old", "authorURL": "https://old.org", "author_image_url": "/o.png"}
    assert read("x.md", matter).data["authors"] == [
        {"name": "Old", "url": "https://old.org", "avatar": "/o.png"}
    ]


@pytest.mark.parametrize("path", ["_x.md", "a/_b/c.md", "__tests__/x.md"])
def test_part_of_pages_is_no_post(path: str) -> None:
    assert read(path).skipped


def test_readme_is_a_post() -> None:
    assert read("README.md").skipped == ""
