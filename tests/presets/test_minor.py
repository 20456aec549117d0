"""`minor: true` marks the changes of an article as minor, in every preset."""

from datetime import UTC, datetime
from typing import Any

import pytest

from feeds.articles.parser import Article, parse
from feeds.presets.registry import NAMES
from tests.support.site import make_site

SEEN = datetime(2024, 1, 2, tzinfo=UTC)
# Where each generator looks for articles.
PATHS = {"jekyll": "_posts/2024-01-01-a.md", "mkdocs": "blog/posts/a.md"}


def read(preset: str, text: str) -> Article:
    articles: dict[str, Any] = {"folder": "articles", **({"preset": preset} if preset else {})}
    path = PATHS.get(preset, "2024-01-01-a.md")
    article = parse(path, text.encode(), SEEN, make_site(articles=articles))
    assert article.entry is not None
    return article


def written(preset: str, *lines: str) -> str:
    """An article with these lines in its front matter, in the format of the generator."""
    matter = "\n".join(["title: A", "date: 2024-01-01", *lines])
    if preset == "pelican":
        return f"{matter}\n\nText.\n"
    link = "" if preset else "webUrl: https://example.org/a\n"
    return f"---\n{link}{matter}\n---\nText.\n"


@pytest.mark.parametrize("preset", ["", *NAMES])
def test_every_preset_reads_minor(preset: str) -> None:
    marked, plain = (read(preset, written(preset, *lines)) for lines in (["minor: true"], []))
    assert (marked.minor, plain.minor) == (True, False)
    assert marked.source_hash == plain.source_hash
    assert marked.notices == plain.notices
    assert marked.problems == ()
    assert not read(preset, written(preset, "minor: false")).minor


@pytest.mark.parametrize(("preset", "outer"), [("zola", "extra"), ("hugo", "params")])
def test_minor_counts_among_the_keys_that_are_not_the_generators(preset: str, outer: str) -> None:
    text = f"+++\ntitle = 'A'\ndate = 2024-01-01\n[{outer}]\nminor = true\n+++\nText.\n"
    assert read(preset, text).minor


@pytest.mark.parametrize("value", ["maybe", "", "[true]"])
def test_unclear_minor_is_reported_and_does_not_count(value: str) -> None:
    article = read("", written("", f"minor: {value}"))
    assert not article.minor
    (problem,) = article.problems
    assert (problem.line, problem.field, problem.fatal) == (5, "minor", False)
    assert problem.message.endswith("not true or false; write one of them")
