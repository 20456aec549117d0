"""What docs/ says is so: generated blocks are fresh, links lead somewhere, examples work."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.articles import parser
from feeds.config import load as config
from feeds.config.site import Site
from feeds.export.hosts.registry import HOSTS
from scripts import make_docs

ROOT = Path(__file__).parents[2]
PAGES = [page for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))) if page.exists()]
SEEN = datetime(2026, 1, 2, tzinfo=UTC)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_SITE: Mapping[str, Any] = {
    "id": "tag:example.org,2026:",
    "url": "https://example.org/",
    "title": "Example",
    "articles": {"folder": "articles"},
}
_FEEDS: Mapping[str, Any] = {"feeds": [{"path": "all"}]}


def examples(name: str, start: str) -> list[str]:
    """The YAML examples of a page that begin with `start`."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return [
        body for kind, body in _FENCE.findall(text) if kind == "yaml" and body.startswith(start)
    ]


def load(root: Path, site: Mapping[str, Any] = _SITE, feeds: Mapping[str, Any] = _FEEDS) -> Site:
    (root / "articles").mkdir(exist_ok=True)
    (root / "site.yaml").write_text(yaml.safe_dump(dict(site)), encoding="utf-8")
    (root / "feeds.yaml").write_text(yaml.safe_dump(dict(feeds)), encoding="utf-8")
    return config.load(root, {})


def test_generated_blocks_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_docs.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_block_is_told() -> None:
    text = "a\n<!-- generated: author -->\nold\n<!-- end -->\nb\n"
    made = make_docs.filled(text, {"author": "new\n"}, set())
    assert made == "a\n<!-- generated: author -->\nnew\n<!-- end -->\nb\n"


def test_a_block_that_nothing_fills_is_an_error() -> None:
    with pytest.raises(make_docs.DocsError, match="autor"):
        make_docs.filled("<!-- generated: autor -->\n<!-- end -->", {"author": ""}, set())


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = _FENCE.sub("", page.read_text(encoding="utf-8"))
        for target in _LINK.findall(text):
            if not re.match(r"[a-z]+:", target):
                yield page, target


@pytest.mark.parametrize(("page", "target"), list(links()), ids=str)
def test_a_relative_link_leads_to_something(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    found = (page.parent / path) if path else page
    assert found.exists()
    if anchor:
        headings = _HEADING.findall(_FENCE.sub("", found.read_text(encoding="utf-8")))
        assert anchor in {github_anchor(heading) for heading in headings}


def github_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("text", examples("articles.md", "---\n"), ids=lambda text: text[4:40])
def test_an_example_of_an_article_has_no_problems(text: str, tmp_path: Path) -> None:
    made = parser.parse("_news/example.md", text.encode(), SEEN, load(tmp_path))
    assert made.problems == ()
    assert made.withheld or made.entry


def test_every_example_of_an_article_is_whole() -> None:
    assert len(examples("articles.md", "")) == len(examples("articles.md", "---\n")) >= 8


def test_the_fact_line_is_as_shown(tmp_path: Path) -> None:
    text = next(each for each in examples("articles.md", "---\n") if "ratings:" in each)
    made = parser.parse("example.md", text.encode(), SEEN, load(tmp_path))
    page = (ROOT / "docs/articles.md").read_text(encoding="utf-8")
    shown = re.search(r"That line reads: (.*)\.\n", page)
    assert shown
    assert made.entry
    assert shown[1] in made.entry.content


# What the report says -> an article of which it says so; for the rest a file's place is at fault.
PROBLEMS: Mapping[str, str] = {
    "has no front matter": "text",
    "front matter is not closed": "---\ntitle: A\n",
    "is not valid YAML": "---\ntitle: a: b\n---\n",
    "nests deeper than": f"---\ntitle: {'[' * 99}{']' * 99}\n---\n",
    "write 'key: value' lines": "---\ntitle: A\nwebUrl: /a\nprovider: B\n---\n",
    "not text; put it in quotes": "---\ntitle: 1984\n---\n",
    "not a whole number": "---\ntitle: A\nwebUrl: https://example.org/\nquality: high\n---\n",
    "not true or false": "---\npublished: 'no'\n---\n",
    "so that the article is kept back": "---\ntitle: A\ndraft: true\n---\n",
    "write publishedDateTime": "---\ntitle: A\nwebUrl: /a\ndate: 2025-03-04\n---\n",
    "is text, not a list": "---\ntitle: A\nwebUrl: https://example.org/\ntopics: Maps\n---\n",
    "is missing; give the article a title": "---\nexcerpt: A\n---\n",
    "is missing; give it, or set site.permalink": "---\ntitle: A\n---\n",
    "is not a date that exists": "---\ntitle: A\npublishedDateTime: 2025-02-30\n---\n",
    "lacks its year, month or day": "---\ntitle: A\npublishedDateTime: March 2025\n---\n",
    "is before 1970": "---\ntitle: A\npublishedDateTime: 1969-01-01\n---\n",
    "has no scheme": "---\ntitle: A\nwebUrl: example.org\n---\n",
    "is not http or https": "---\ntitle: A\nwebUrl: ftp://example.org/\n---\n",
    "leads out of its folder": "---\ntitle: A\nwebUrl: /../a\n---\n",
    "is not a URL": "---\ntitle: A\nwebUrl: https://\n---\n",
    "holds a user name or password": "---\ntitle: A\nwebUrl: https://a:b@example.org/\n---\n",
    "characters, more than": f"---\ntitle: A\nwebUrl: /a\ntopics: [{'a' * 1001}]\n---\n",
    "more than articles.max_content": f"---\ntitle: A\nwebUrl: /a\n---\n{'a' * 1_000_001}\n",
    "write it flatter": f"---\ntitle: A\nwebUrl: /a\n---\n{'<div>' * 501}\n",
    "write a shorter one": f"---\ntitle: A\nwebUrl: /a\n---\n{'<br>' * 10_001}\n",
    "leave most of them out": f"---\ntitle: A\nwebUrl: /a\n---\n<p {'a ' * 201}>\n",
    "is not a domain": "---\ntitle: A\nwebUrl: /a\nprovider: {domain: '-'}\n---\n",
    "does not say its media type": "---\ntitle: A\nwebUrl: /a\naudio: /a\n---\n",
    "is not a media type": "---\ntitle: A\nwebUrl: /a\naudio: {url: /a, mediaType: mp3}\n---\n",
    "is not a language tag": "---\ntitle: A\nwebUrl: /a\nlanguage: British English\n---\n",
    "is not UTF-8": "---\ntitle: \udcff\n---\n",
    "is not allowed in feeds": "---\ntitle: A\x01\n---\n",
    "is empty; write front matter or delete the file": "",
    "are read": f"---\ntitle: A\nwebUrl: /a\nimages: [{'a,' * 1001}]\n---\n",
}
ELSEWHERE = {
    "cannot be read", "leads out of the article folder", "readers get both",
    "differ in extension only", "articles.max_seconds", "articles.max_memory", "ended its process",
}  # fmt: skip


def test_every_problem_that_is_explained_is_tried_here() -> None:
    page = (ROOT / "docs/articles.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| `([^`]+)` \|", page.partition("## Problems")[2], re.MULTILINE)
    assert set(said) == {*PROBLEMS, *ELSEWHERE}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "feeds").rglob("*.py"))
    assert [each for each in ELSEWHERE if each not in source] == []


@pytest.mark.parametrize("said", PROBLEMS)
def test_a_problem_is_called_as_the_page_has_it(said: str, tmp_path: Path) -> None:
    content = PROBLEMS[said].encode("utf-8", "surrogateescape")
    made = parser.parse("a.md", content, SEEN, load(tmp_path))
    assert [each for each in made.problems if said in each.message]


@pytest.mark.parametrize("text", examples("settings.md", ""), ids=lambda text: text[:30])
def test_an_example_of_settings_loads(text: str, tmp_path: Path) -> None:
    data = yaml.safe_load(text)
    if "feeds" in data:
        assert load(tmp_path, feeds=data).feeds
    elif "select" in data:
        assert load(tmp_path, feeds={"feeds": [{"path": "all", **data}]}).feeds
    else:
        site = {**_SITE, **data}
        site["articles"] = {**data.get("articles", {}), "folder": "articles"}
        assert load(tmp_path, site).settings


@pytest.mark.parametrize("text", examples("hosting.md", ""), ids=lambda text: text[:30])
def test_an_example_of_hosting_loads(text: str, tmp_path: Path) -> None:
    assert load(tmp_path, {**_SITE, **yaml.safe_load(text)}).settings.export.codings


def test_every_host_has_a_section() -> None:
    headings = set(_HEADING.findall((ROOT / "docs/hosting.md").read_text(encoding="utf-8")))
    assert {host.title for host in HOSTS.values()} <= headings


def test_every_variable_named_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(FEEDS_\w+)`", page))
    values = {"FEEDS_GUARD": "7", "FEEDS_INHERIT_TOPICS": "true", "FEEDS_ARTICLES__IGNORE": "[a]"}
    texts = {
        "FEEDS_TITLE": "T", "FEEDS_URL": "https://example.net/", "FEEDS_CATALOGUE": "c.sqlite",
        "FEEDS_AUTHOR__NAME": "N", "FEEDS_AUTHOR__EMAIL": "a@example.net",
        "FEEDS_ARTICLES__FOLDER": "articles", "FEEDS_MEDIA_TYPES__GPX": "application/gpx+xml",
        "FEEDS_CONFIG": "x", "FEEDS_PORT": "tcp://10.0.0.1:80", "FEEDS_SERVICE_HOST": "10.0.0.1",
    }  # fmt: skip
    assert named <= {*values, *texts}
    load(tmp_path)
    site = config.load(tmp_path, {**values, **texts})
    assert site.settings.guard == 7
    assert site.settings.inherit_topics
    assert site.settings.articles.ignore == ("a",)
