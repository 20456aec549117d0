"""The summary of an entry, by the rules of the article's generator."""

import json
from datetime import UTC, datetime

import pytest

from feeds.articles.parser import parse
from feeds.model.entry import Entry
from tests.support.site import make_site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = {"jekyll": "_posts/2024-01-01-a.md"}


def text(body: str, **fields: object) -> bytes:
    matter = json.dumps({"title": "T", "date": "2024-01-01", **fields})
    return f"---\n{matter}\n---\n{body}".encode()


def entry(preset: str | None, body: str, **fields: object) -> Entry:
    site = make_site(url="https://example.org/", articles={"preset": preset})
    content = text(body, webUrl="/a", **fields)
    article = parse(PATHS.get(preset or "", "a.md"), content, NOW, site)
    assert article.problems == ()
    assert article.entry is not None
    return article.entry


@pytest.mark.parametrize(
    ("preset", "body", "fields", "summary"),
    [
        ("jekyll", "*One*.\n\nTwo.", {}, "One."),
        ("jekyll", "One.\n\n<!--more-->\n\nTwo.", {}, "One."),
        ("jekyll", "One.", {"excerpt": "Own."}, "Own."),
        ("jekyll", "One.", {"excerpt": "Own.", "description": "First."}, "First."),
        ("jekyll", "![](a.png)\n\nTwo.", {}, ""),
        ("plain", "One.\n\nTwo.", {}, ""),
        ("plain", "One.\n\n<!-- more -->\n\nTwo.", {}, "One."),
        ("plain", "One.\n\n<!-- more -->\n\nTwo.", {"summary": "Own."}, "Own."),
        ("hugo", "One.\n\n<!--more-->\n\nTwo.", {"summary": "Own."}, "One."),
        ("hugo", "One.", {"summary": "Own."}, "Own."),
        (None, "One.\n\n<!-- more -->\n\nTwo.", {}, ""),
    ],
)
def test_the_summary_is_the_first_that_the_generator_knows(
    preset: str | None, body: str, fields: dict[str, object], summary: str
) -> None:
    assert entry(preset, body, **fields).summary == summary


@pytest.mark.parametrize("preset", ["jekyll", "plain", "hugo"])
def test_the_marker_of_the_summary_is_no_part_of_the_content(preset: str) -> None:
    content = entry(preset, "One.\n\n<!-- more -->\n\nTwo.").content
    assert content == "<p>One.</p>\n<p>Two.</p>"


def test_articles_of_our_own_vocabulary_have_no_templates() -> None:
    assert entry(None, "{{ a }} {% b %} [^c]").content == "<p>{{ a }} {% b %} [^c]</p>"


def test_names_left_out_of_a_body_are_notices_of_the_article() -> None:
    site = make_site(url="https://example.org/", articles={"preset": "jekyll"})
    article = parse(PATHS["jekyll"], text("{% a %} {{ b }}"), NOW, site)
    assert [notice.subject for notice in article.notices] == ["{% a %}", "{{ b }}"]


def test_summary_of_pelican_is_markdown_or_the_first_words() -> None:
    site = make_site(url="https://example.org/", articles={"preset": "pelican"})

    def summary(name: str, content: str) -> str | None:
        entry = parse(name, content.encode(), NOW, site).entry
        return entry.summary if entry else None

    headers = "Title: T\nDate: 2024-03-05\n"
    assert summary("a.md", f"{headers}Summary: *One* & `two`\n\nText") == "One & two"
    assert summary("a.md", f"{headers}\nOne *two*.\n\nThree") == "One two. Three"
    assert summary("a.md", f"{headers}\n{'word ' * 60}") == "word " * 50 + "…"
    fields = "T\n=\n\n:date: 2024-03-05\n:summary: \\*One\\* & two\n\nText"
    assert summary("a.rst", fields) == "*One* & two"
