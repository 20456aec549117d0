"""Articles that are withheld are told without reading their tails, and never wrongly.

Every test holds what becomes of an article to what becomes of it where all of it is read.
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
def whatever_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short articles too, for examples are short."""
    monkeypatch.setattr(frontmatter, "_LONG", 0)


def whole(content: bytes) -> Article:
    """What becomes of an article of which everything is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontmatter, "_LONG", len(content) + 1)
        return parser.parse("a.md", content, SEEN, SITE)


def check(matter: str) -> None:
    content = f"---\n{matter}\n---\n".encode("utf-8", "replace")
    assert parser.parse("a.md", content, SEEN, SITE) == whole(content)


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FLAGS, st.lists(LINE, max_size=6).map("\n".join), FLAGS)
def test_fuzzed_tails(before: str, tail: str, after: str) -> None:
    check(f"{before}\n{tail}\n{after}")
    check(f"title: A\npublished: false\nrelated:\n  - title: x\n{tail}\n{after}")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDIT, max_size=3), st.sampled_from(VALUES))
def test_damaged_articles(edits: list[tuple[int, str]], value: str) -> None:
    text = ARTICLE.format(value)
    for at, edit in edits:
        text = edited(text, at, edit)
    check(text)


@settings(max_examples=300)
@given(st.lists(LINE, max_size=8).map("\n".join))
def test_what_is_usual_is_a_mapping_for_pyyaml(text: str) -> None:
    for each in (text, f"a: b\nrelated:\n  - b: 1\n    c: 2\n  - b: 1\n    c: 2\n{text}"):
        if yaml_subset.is_in_subset(each):
            assert isinstance(yaml_loader.parse_with_pyyaml(each), dict)


def test_the_rest_of_a_withheld_article_is_not_read() -> None:
    content = f"---\n{ARTICLE.format('false')}---\n".encode()
    assert frontmatter.split("a.md", content).data == {"published": False}
    assert parser.parse("a.md", content, SEEN, SITE) == Article(None, withheld=True)


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
def test_what_is_not_certain_is_read(tail: str) -> None:
    for text in (f"published: false\n{tail}", f"title: A\npublished: false\n{tail}\nb: c"):
        assert frontmatter._withholding_flags(text) is None
        check(text)


def test_a_generated_site(tmp_path: Path) -> None:
    Corpus(60, 5, related=5, withheld=0.8).write(tmp_path)
    files = [file.read_bytes() for file in (tmp_path / "articles").rglob("*.md")]
    for content in files:
        assert parser.parse("a.md", content, SEEN, SITE) == whole(content)
    assert sum(frontmatter.split("a", each).data == {"published": False} for each in files) > 30


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs {CORPUS}")
def test_a_real_site() -> None:
    for file in sorted(CORPUS.rglob("_*/**/*.*")):
        if file.suffix in (".md", ".html"):
            content = file.read_bytes()
            assert parser.parse("a.md", content, SEEN, SITE) == whole(content)
