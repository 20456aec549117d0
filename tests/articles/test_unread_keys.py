"""Keys that are not read, although they look like keys that are, are noticed."""

from datetime import UTC, datetime

import pytest

from feeds.articles.parser import parse
from tests.support.site import make_site

SITE = make_site()
SEEN = datetime(2024, 1, 2, tzinfo=UTC)


def notices(lines: str) -> list[tuple[str, str]]:
    text = f"---\ntitle: A\nwebUrl: https://example.org/a\n{lines}\n---\n"
    return [(row.subject, row.message) for row in parse("a.md", text.encode(), SEEN, SITE).notices]


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [("excerpts: a", "excerpt"), ("weburl: https://example.org/b", "webUrl"),
     ("topic: [a]", "topics"),
     ("descripton: a", "description"), ("orginalUrl: https://example.org/b", "originalUrl")],
)  # fmt: skip
def test_misspelt_key_is_noticed_with_the_right_one(line: str, suggestion: str) -> None:
    key = line.partition(":")[0]
    assert notices(line) == [(key, f"is not read; did you mean {suggestion}?")]


@pytest.mark.parametrize(
    "line",
    ["layout: post", "secured: x", "description: a", "tags: [a]", "toc: true", "draft: false",
     "publishedDateTime: 2024-01-01\ndate: 2024-01-01", "comments: true", "1: a"],
)  # fmt: skip
def test_other_keys_are_not_noticed(line: str) -> None:
    assert notices(line) == []


def test_unknown_date_is_noticed_if_the_article_has_no_other() -> None:
    [(key, message)] = notices("first_aired: 2024-05-01")
    assert key == "first_aired"
    assert "write articles.fields: {published: first_aired}" in message
    assert notices("first_aired: 2024-05-01\ndate: 2024-05-02") == []
