"""The HTML content of an entry: its body, or a summary composed from the front matter."""

from typing import Any

import pytest

from tests.support.articles import parse_entry


@pytest.mark.rule("R51")
def test_body_is_content_with_absolute_urls() -> None:
    entry = parse_entry(
        "Text with [a link](b).", webUrl="https://example.org/n/a", images=[{"url": "/a.png"}]
    )
    assert entry.content == '<p>Text with <a href="https://example.org/n/b">a link</a>.</p>'


def test_html_file_is_not_read_as_markdown() -> None:
    entry = parse_entry("<p>*a*</p>\n\n    b", path="a.html")
    assert entry.content == "<p>*a*</p>\n\n    b"


def test_content_is_composed_if_the_body_is_empty() -> None:
    entry = parse_entry(
        type="course",
        length="PT1H30M",
        levels=["Beginner"],
        price="Free & easy",
        ratings={"average": 4.46, "count": 1234},
        images=[{"url": "/a.png", "width": 5, "height": 6, "title": 'A "picture"'}],
        provider={"name": "A & B", "domain": "example.com"},
        related=[
            {"title": "R < S", "webUrl": "https://r.example/?a=1&b=2", "provider": {"name": "R"}}
        ],
    )
    assert entry.content.split("\n") == [
        '<p><a href="https://example.org/a"><img src="https://cdn.example/x/a.png"'
        ' alt="A &quot;picture&quot;" width="5" height="6"></a></p>',
        "<p>What it is about.</p>",
        "<p>Course · 1 h 30 min · Beginner · Free &amp; easy · Rated 4.5 of 5 by 1,234</p>",
        '<p>Via <a href="https://example.org/a">A &amp; B</a></p>',
        '<p>Related coverage:</p><ul><li><a href="https://r.example/?a=1&amp;b=2">R &lt; S</a>'
        " – R</li></ul>",
    ]


def test_body_without_visible_content_counts_as_empty() -> None:
    assert parse_entry("<script>x</script>").content == "<p>What it is about.</p>"


@pytest.mark.rule("J6")
def test_article_with_only_a_title_has_its_link_as_content() -> None:
    entry = parse_entry(excerpt=None, title="A < B")
    assert entry.content == '<p><a href="https://example.org/a">A &lt; B</a></p>'


@pytest.mark.parametrize(
    ("fields", "fact"),
    [
        ({"price": 49}, "49"),
        ({"price": 9.5}, "9.5"),
        ({"length": "PT45S"}, "45 s"),
        ({"length": "PT2H"}, "2 h"),
        ({"length": "PT29M31S"}, "30 min"),
        ({"length": "never"}, None),
        ({"ratings": {"average": 0, "count": 0}}, None),
        ({"ratings": {"average": 5}}, "Rated 5.0 of 5"),
        ({"ratings": {"average": 11, "count": 2}}, None),
        ({"type": "video"}, "Video"),
        ({"type": "article"}, None),
    ],
)
def test_content_lists_price_length_rating_and_type(
    fields: dict[str, Any], fact: str | None
) -> None:
    content = parse_entry(**fields).content
    assert content == "<p>What it is about.</p>" + (f"\n<p>{fact}</p>" if fact else "")
