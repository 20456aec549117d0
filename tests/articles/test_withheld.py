"""Withheld articles are recognised without parsing all of their front matter.

Each test compares the result with that of parsing the whole front matter.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.lib.corpus import Corpus
from feeds.articles import frontmatter, parser
from feeds.articles.parser import Article
from feeds.util import yaml_loader, yaml_subset
from tests.support.site import CORPUS, make_site
from tests.util.test_yaml_subset import EDIT, LINE, edited

SITE = make_site()
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ITEM = """\
  - title: "{0}"
    excerpt: 'It''s "{0}"'
    publishedDateTime: 2021-03-17T01:39:00Z
    webUrl: "https://example.org/{0}#x"
    type: article
    provider:
      name: Some: one
      domain: example.org
    images:
      - url: https://example.org/a.jpg
        width: 1200
        isCached: true
"""
ARTICLE = (
    'title: "A"\nwebUrl: https://example.org/a\npublished: {}\ntopics:\n  - AI\nrelated:\n'
    + "".join(ITEM.format(number).replace("Some: one", f"Some {number}") for number in range(3))
    + "quality: 5\n"
)
VALUES = (
    "false",
    "true",
    "False",
    "no",
    "off",
    "null",
    "",
    '"false"',
    "0",
    "false # x",
    "!!bool x",
)
NAMES = [
    *frontmatter.WITHHOLDING,
    *frontmatter.WITHHOLDING,
    "Published",
    "publised",
    "draft",
    "expires",
]
FLAGS = st.lists(
    st.builds("{}: {}".format, st.sampled_from(NAMES), st.sampled_from(VALUES)),
    max_size=3,
).map("\n".join)


@pytest.fixture(autouse=True)
def parse_short_articles_partially(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the shortcut for short articles too, because the examples are short."""
    monkeypatch.setattr(frontmatter, "_LONG", 0)


def parse_in_full(content: bytes) -> Article:
    """Parse the article without the shortcut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontmatter, "_LONG", len(content) + 1)
        return parser.parse("a.md", content, SEEN, SITE)


def assert_same_article(matter: str) -> None:
    content = f"---\n{matter}\n---\n".encode("utf-8", "replace")
    assert parser.parse("a.md", content, SEEN, SITE) == parse_in_full(content)


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FLAGS, st.lists(LINE, max_size=6).map("\n".join), FLAGS)
def test_fuzzed_front_matter_gives_the_same_article(before: str, tail: str, after: str) -> None:
    assert_same_article(f"{before}\n{tail}\n{after}")
    assert_same_article(f"title: A\npublished: false\nrelated:\n  - title: x\n{tail}\n{after}")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDIT, max_size=3), st.sampled_from(VALUES))
def test_damaged_front_matter_gives_the_same_article(
    edits: list[tuple[int, str]], value: str
) -> None:
    text = ARTICLE.format(value)
    for at, edit in edits:
        text = edited(text, at, edit)
    assert_same_article(text)


@settings(max_examples=300)
@given(st.lists(LINE, max_size=8).map("\n".join))
def test_text_in_the_subset_is_a_mapping_for_pyyaml(text: str) -> None:
    for candidate in (text, f"a: b\nrelated:\n  - b: 1\n    c: 2\n  - b: 1\n    c: 2\n{text}"):
        if yaml_subset.is_in_subset(candidate):
            assert isinstance(yaml_loader.parse_with_pyyaml(candidate), dict)


def test_remainder_of_a_withheld_article_is_not_parsed() -> None:
    content = f"---\n{ARTICLE.format('false')}---\n".encode()
    assert frontmatter.split("a.md", content).data == {"published": False}
    assert parser.parse("a.md", content, SEEN, SITE) == Article(
        None, withheld=True, reason="published: false"
    )


@pytest.mark.parametrize(
    "tail",
    [
        "related: [", "related:\n  - a: 'b", "a: b: c", "a:\n   - b\n  - c", "a: \x07", "a: \x85",
        "published: true", "published: ~", "removed: 1", "removed:", "draft: a\ndraft: a",
        '"published": true', "a:\tb", "yes: a",
        "a: |\n  b", "- a", "a: b\n  c: d", "a: *b", "a: \ud800",
        "a:\n  - b: 1\n    c\n  - b: 1\n    c: 2",
    ],
)  # fmt: skip
def test_ambiguous_front_matter_is_parsed_in_full(tail: str) -> None:
    for text in (f"published: false\n{tail}", f"title: A\npublished: false\n{tail}\nb: c"):
        assert frontmatter._withholding_flags(text) is None
        assert_same_article(text)


def test_generated_site_gives_the_same_articles(tmp_path: Path) -> None:
    Corpus(60, 5, related=5, withheld=0.8).write(tmp_path)
    files = [file.read_bytes() for file in (tmp_path / "articles").rglob("*.md")]
    for content in files:
        assert parser.parse("a.md", content, SEEN, SITE) == parse_in_full(content)
    assert sum(frontmatter.split("a", file).data == {"published": False} for file in files) > 30


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs {CORPUS}")
def test_real_site_gives_the_same_articles() -> None:
    for file in sorted(CORPUS.rglob("_*/**/*.*")):
        if file.suffix in (".md", ".html"):
            content = file.read_bytes()
            assert parser.parse("a.md", content, SEEN, SITE) == parse_in_full(content)
