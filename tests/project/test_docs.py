"""The documentation is true: links work, examples load, commands and options exist."""

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from feeds.articles import parser
from feeds.cli import main as cli
from feeds.config import load as config
from feeds.config.site import Site
from feeds.export.hosts.registry import HOSTS
from feeds.model.document import FORMATS, Format
from feeds.render.fragment import render_entry
from scripts import make_docs, screenshot, tutorial

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
SEEN = datetime(2026, 1, 2, tzinfo=UTC)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"!\[([^]]*)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_COMMAND = re.compile(r"(?:^|[\s/;|])feeds ([a-z]+)([^|;&\n#]*)")
_COMMENT = re.compile(r"(?:^|\s)#\s.*$", re.MULTILINE)
_OUTPUT = re.compile(r"^(?!\$ ).*$", re.MULTILINE)  # of a command in a console block
# Keys of site.yaml and feeds.yaml; other YAML in the pages is for other programs.
_FEEDS_KEYS = {"feeds", "defaults", "moved", "gone", "replaces"}
_OTHER_PROGRAMS = {"scrape_configs", "groups"}
_SITE: Mapping[str, Any] = {
    "id": "tag:example.org,2026:",
    "url": "https://example.org/",
    "title": "Example",
    "articles": {"folder": "articles"},
}
_FEEDS: Mapping[str, Any] = {"feeds": [{"path": "all"}]}


class Example(NamedTuple):
    """A code block of a page: its language and its text."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.stem}: {self.text.strip()[:30]!r}"


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def examples(*languages: str) -> list[Example]:
    """The code blocks of all pages in one of these languages."""
    return [
        Example(page, language, text)
        for page in PAGES
        for language, text in _FENCE.findall(read(page))
        if language in languages
    ]


ARTICLES = [each for each in examples("yaml") if each.text.startswith("---\n")]
SETTINGS = [
    each
    for each in examples("yaml")
    if not each.text.startswith("---\n") and not _OTHER_PROGRAMS & yaml.safe_load(each.text).keys()
]


def load(root: Path, site: Mapping[str, Any] = _SITE, feeds: Mapping[str, Any] = _FEEDS) -> Site:
    (root / "articles").mkdir(exist_ok=True)
    (root / "site.yaml").write_text(yaml.safe_dump(dict(site)), encoding="utf-8")
    (root / "feeds.yaml").write_text(yaml.safe_dump(dict(feeds)), encoding="utf-8")
    return config.load(root, {})


def test_generated_blocks_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_docs.main(["--check"]) == 0, capsys.readouterr().out


def test_make_docs_replaces_a_stale_block() -> None:
    text = "a\n<!-- generated: author -->\nold\n<!-- end -->\nb\n"
    filled = make_docs.filled(text, {"author": "new\n"}, set())
    assert filled == "a\n<!-- generated: author -->\nnew\n<!-- end -->\nb\n"


def test_make_docs_rejects_an_unknown_block() -> None:
    with pytest.raises(make_docs.DocsError, match="autor"):
        make_docs.filled("<!-- generated: autor -->\n<!-- end -->", {"author": ""}, set())


@pytest.mark.live
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("page", tutorial.PAGES, ids=lambda page: page.name)
def test_tutorials_work_and_show_the_real_output(page: Path, tmp_path: Path) -> None:
    text = read(page)
    assert tutorial.updated(text, tmp_path) == text, "run python scripts/tutorial.py"


@pytest.mark.live
@pytest.mark.skipif(not shutil.which("chromium"), reason="Debian's chromium is not installed")
def test_the_screenshot_script_writes_a_png(tmp_path: Path) -> None:
    screenshot.take(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return _FENCE.sub("", read(page))


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(prose(page)):
            if not re.match(r"[a-z]+:", target):
                yield page, target


@pytest.mark.parametrize(("page", "target"), list(links()), ids=str)
def test_relative_links_and_anchors_exist(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    linked = (page.parent / path) if path else page
    assert linked.exists()
    if anchor:
        assert anchor in {github_anchor(heading) for heading in _HEADING.findall(prose(linked))}


def github_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_is_reachable_from_the_index() -> None:
    reached, waiting = set(), [INDEX]
    targets: dict[Path, list[Path]] = {}
    for page, target in links():
        targets.setdefault(page, []).append((page.parent / target.partition("#")[0]).resolve())
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += targets.get(page, [])
    assert set(DOCS.rglob("*.md")) <= reached
    assert {ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"} <= reached
    assert INDEX in targets[ROOT / "README.md"]


def test_images_exist_are_small_and_have_a_description() -> None:
    images = [(page, *image) for page in PAGES for image in _IMAGE.findall(prose(page))]
    assert images
    for page, description, target in images:
        assert len(description) > 40
        assert (page.parent / target).stat().st_size < 150_000


@pytest.mark.parametrize("example", ARTICLES, ids=str)
def test_article_examples_have_no_problems(example: Example, tmp_path: Path) -> None:
    parsed = parser.parse("_news/example.md", example.text.encode(), SEEN, load(tmp_path))
    assert parsed.problems == ()
    assert parsed.withheld or parsed.entry


def test_the_fact_line_is_as_shown(tmp_path: Path) -> None:
    text = next(each.text for each in ARTICLES if "ratings:" in each.text)
    parsed = parser.parse("example.md", text.encode(), SEEN, load(tmp_path))
    shown = re.search(r"The line reads: (.*)\.\n", read(DOCS / "guides/articles.md"))
    assert shown
    assert parsed.entry
    assert shown[1] in parsed.entry.content


@pytest.mark.parametrize("example", SETTINGS, ids=str)
def test_settings_examples_load(example: Example, tmp_path: Path) -> None:
    data = yaml.safe_load(example.text)
    if "select" in data:
        assert load(tmp_path, feeds={"feeds": [{"path": "all", **data}]}).feeds
    elif _FEEDS_KEYS & data.keys():
        assert load(tmp_path, feeds={**_FEEDS, **data}).feeds
    else:
        site = {**_SITE, **data}
        if "zone" in str(data) or "upload" in data:
            site = {"feeds_url": "https://feeds.example.org/", **site}
        site["articles"] = {**data.get("articles", {}), "folder": "articles"}
        assert load(tmp_path, site).settings


def commands() -> Iterator[tuple[str, str]]:
    """The calls of `feeds` in code blocks and in code of the text: command, and the rest."""
    for page in PAGES:
        code = [
            _OUTPUT.sub("", text) if language == "console" else text
            for language, text in _FENCE.findall(read(page))
            if language != "yaml"
        ]
        code += _CODE.findall(prose(page)) if page != ROOT / "CHANGELOG.md" else []
        for text in code:
            yield from _COMMAND.findall(_COMMENT.sub("", text))


def test_commands_and_options_exist() -> None:
    called = list(commands())
    assert len(called) > 50
    for name, rest in called:
        command = cli.main.commands.get(name)
        assert command, f"feeds {name}"
        options = {option for each in command.params for option in each.opts}
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert option in options, f"feeds {name}{rest}"
        if isinstance(only := re.search(r"--only (\w+)", rest), re.Match):
            kind = next(each.type for each in command.params if "--only" in each.opts)
            assert isinstance(kind, click.Choice)
            assert only[1] in kind.choices


def test_pages_named_in_code_and_settings_exist() -> None:
    folders = ("feeds", "config", "docs/examples", "docs/deploy", "scripts", "bench", ".ci")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    for file in [*files, *ROOT.glob("*.py"), *ROOT.glob("*.toml")]:
        for page in re.findall(r"docs/[\w/-]+\.md", file.read_text("utf-8", "replace")):
            assert (ROOT / page).exists(), f"{file} names {page}"


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its head."""
    section = read(page).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def entry(root: Path) -> Mapping[Format, str]:
    """The fragments of an entry that has every field."""
    text = """---
title: A
excerpt: B
publishedDateTime: 2026-01-01
webUrl: https://e.org/a
originalUrl: https://e.org/b
authors: [{name: C, url: "https://e.org/c", avatar: "https://e.org/c.png"}]
topics: [D]
category: E
type: video
language: fr
audio: [https://e.org/1.mp3, https://e.org/2.mp3]
images: [{url: /1.png}, {url: /2.png}]
featuredContent: '<iframe src="https://e.org/p"></iframe>'
provider: {name: F, domain: f.example.org, images: [{url: /f.png}]}
related: [{title: G, webUrl: "https://e.org/g"}]
---
Text
"""
    provider = {"name": "F", "feed": "https://f.example.org/feed"}
    (root / "providers.yaml").write_text(yaml.safe_dump([provider]), encoding="utf-8")
    site = load(root)
    parsed = parser.parse("a.md", text.encode(), SEEN, site)
    assert parsed.entry
    return {name: part.decode() for name, part in render_entry(parsed.entry, site).items()}


def test_the_output_page_names_the_elements_of_entries(tmp_path: Path) -> None:
    rendered = entry(tmp_path)
    for row in table(DOCS / "reference/output.md", "Entries"):
        for format_, cell in zip(FORMATS, row[1:], strict=True):
            for code in _CODE.findall(cell):
                assert_has(rendered[format_], code, format_)


def assert_has(document: str, code: str, format_: Format) -> None:
    """Assert that a document has an element (with attributes), or a member."""
    name, *attributes = code.replace("URL/", _SITE["url"]).split(" ")
    if name.startswith(("http", "URL")):
        assert f'"{name}"' in document, code
    elif format_ == "json":
        assert f'"{name}":' in document, code
    elif name != "xml:lang":
        assert re.search(rf"<{name}[ >]", document), code
    for attribute in attributes:
        assert re.search(rf"<{name} [^>]*{re.escape(attribute)}", document), code


def test_hosts_of_examples_exist() -> None:
    names = [name for _, rest in commands() for name in re.findall(r"--for ([a-z][\w-]*)", rest)]
    assert set(names) <= HOSTS.keys()


# Part of a message -> an article that causes it.
PROBLEMS: Mapping[str, str] = {
    "has no front matter": "text",
    "front matter is not closed": "---\ntitle: A\n",
    "is not valid YAML": "---\ntitle: a: b\n---\n",
    "nests deeper than": f"---\ntitle: {'[' * 99}{']' * 99}\n---\n",
    "write 'key: value' lines": "---\ntitle: A\nwebUrl: /a\nprovider: B\n---\n",
    "not text; put it in quotes": "---\ntitle: 1984\n---\n",
    "not a whole number": "---\ntitle: A\nwebUrl: https://example.org/\nquality: high\n---\n",
    "not true or false": "---\npublished: 'no'\n---\n",
    "so the article is withheld": "---\ntitle: A\ndraft: true\n---\n",
    "is not valid TOML": "+++\ntitle = A\n+++\n",
    "is not valid JSON": '{"title": A}\n',
    "is the only date of the article": "---\ntitle: A\nwebUrl: /a\nlastmod: 2025-03-04\n---\n",
    "write publishedDateTime": "---\ntitle: A\nwebUrl: /a\ndatum: 2025-03-04\n---\n",
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
    "contains a user name or password": "---\ntitle: A\nwebUrl: https://a:b@example.org/\n---\n",
    "characters, more than": f"---\ntitle: A\nwebUrl: /a\ntopics: [{'a' * 1001}]\n---\n",
    "more than articles.max_content": f"---\ntitle: A\nwebUrl: /a\n---\n{'a' * 1_000_001}\n",
    "flatten it": f"---\ntitle: A\nwebUrl: /a\n---\n{'<div>' * 501}\n",
    "write a shorter one": f"---\ntitle: A\nwebUrl: /a\n---\n{'<br>' * 10_001}\n",
    "remove most of them": f"---\ntitle: A\nwebUrl: /a\n---\n<p {'a ' * 201}>\n",
    "is not a domain": "---\ntitle: A\nwebUrl: /a\nprovider: {domain: '-'}\n---\n",
    "has no known media type": "---\ntitle: A\nwebUrl: /a\naudio: /a\n---\n",
    "is not a media type": "---\ntitle: A\nwebUrl: /a\naudio: {url: /a, mediaType: mp3}\n---\n",
    "is not a language tag": "---\ntitle: A\nwebUrl: /a\nlanguage: British English\n---\n",
    "is not UTF-8": "---\ntitle: \udcff\n---\n",
    "is not allowed in feeds": "---\ntitle: A\x01\n---\n",
    "is empty; write front matter or delete the file": "",
    "are read": f"---\ntitle: A\nwebUrl: /a\nrelated: [{'a,' * 1001}]\n---\n",
}
# Messages that depend on more than the text of one article.
ELSEWHERE = {
    "cannot be read", "leads out of the article folder", "readers get both",
    "differ in extension only", "articles.max_seconds", "articles.max_memory", "ended its process",
    "the clone is too shallow",
}  # fmt: skip


def test_every_documented_message_is_tried_here() -> None:
    page = read(DOCS / "reference/messages.md")
    documented = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert set(documented) == {*PROBLEMS, *ELSEWHERE}
    source = "".join(read(path) for path in (ROOT / "feeds").rglob("*.py"))
    assert [each for each in ELSEWHERE if each not in source] == []


@pytest.mark.parametrize("message", PROBLEMS)
def test_messages_are_worded_as_documented(message: str, tmp_path: Path) -> None:
    content = PROBLEMS[message].encode("utf-8", "surrogateescape")
    parsed = parser.parse("a.md", content, SEEN, load(tmp_path))
    assert [each for each in parsed.problems if message in each.message]


def test_every_host_has_a_section() -> None:
    headings = set(_HEADING.findall(read(DOCS / "guides/static-hosts.md")))
    assert {host.title for host in HOSTS.values()} <= headings


def test_environment_variables_are_settings(tmp_path: Path) -> None:
    named = set(re.findall(r"`(FEEDS_\w+)`", read(DOCS / "reference/settings.md")))
    values = {"FEEDS_GUARD": "7", "FEEDS_INHERIT_TOPICS": "true", "FEEDS_ARTICLES__IGNORE": "[a]"}
    texts = {
        "FEEDS_TITLE": "T", "FEEDS_URL": "https://example.net/", "FEEDS_CATALOGUE": "c.sqlite",
        "FEEDS_AUTHOR__NAME": "N", "FEEDS_AUTHOR__EMAIL": "a@example.net",
        "FEEDS_ARTICLES__FOLDER": "articles", "FEEDS_MEDIA_TYPES__GPX": "application/gpx+xml",
        "FEEDS_CONFIG": "x", "FEEDS_PORT": "tcp://10.0.0.1:80", "FEEDS_SERVICE_HOST": "10.0.0.1",
        "FEEDS_STATE_KEY": "x",
    }  # fmt: skip
    assert named <= {*values, *texts}
    load(tmp_path)
    site = config.load(tmp_path, {**values, **texts})
    assert site.limits.withdrawn == 7
    assert site.settings.inherit_topics
    assert site.settings.articles.ignore == ("a",)
