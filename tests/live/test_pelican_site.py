"""A made-up site whose feeds Pelican itself makes, of Markdown, reStructuredText and HTML.

It needs an environment of its own: `PELICAN` names the program `pelican` in it.
"""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from feeds.articles.bodies.body import plain_text
from feeds.init.initialiser import Outcome
from feeds.model.entry import Entry
from tests.init.sites import init, write

_PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
PELICAN = os.environ.get("PELICAN") or shutil.which("pelican", path=_PATH) or ""
pytestmark = pytest.mark.skipif(
    not PELICAN,
    reason="Pelican is not installed: pip install 'pelican[markdown]' into an environment of its "
    "own, and name its program pelican in PELICAN",
)

ATOM = "{http://www.w3.org/2005/Atom}"
PLAIN = """\
SITENAME = "Made up"
SITEURL = "https://example.org/sub"
PATH = "content"
TIMEZONE = "Europe/Paris"
DEFAULT_LANG = "en"
AUTHOR = "Site Author"
"""
CUSTOM = (
    PLAIN
    + r"""
ARTICLE_PATHS = ["blog"]
ARTICLE_URL = "{date:%Y}/{date:%m}/{category}/{author}/{slug}/"
ARTICLE_SAVE_AS = ARTICLE_URL + "index.html"
ARTICLE_LANG_URL = "{lang}/{slug}/"
ARTICLE_LANG_SAVE_AS = ARTICLE_LANG_URL + "index.html"
FILENAME_METADATA = r"(?P<date>\d{4}-\d{2}-\d{2})[-_](?P<slug>.*)"
PATH_METADATA = r"blog/(?P<category>[^/]+)/.*"
SLUGIFY_SOURCE = "basename"
SLUG_REGEX_SUBSTITUTIONS = [("\\+", "plus"), (r"[^\w\s-]", ""), (r"\s+", "_")]
DEFAULT_METADATA = {"status": "draft", "tags": "all"}
EXTRA_PATH_METADATA = {"blog/old": {"status": "published"}, "extra/x": {"path": "x"}}
SUMMARY_MAX_LENGTH = 5
DEFAULT_DATE = (2011, 2, 3, 4)
"""
)
LONG = "The *first* paragraph isn't long, e.g. " + "well-known words, " * 30
# By name: articles in Markdown, as Pelican reads their headers.
MARKDOWN = {
    "plain.md": "Title: Plain\nDate: 2024-03-05 23:30\nCategory: News\nTags: b, a ,, c\n\nText.\n",
    "colon.md": "title: Atelier : sapin & <i>co</i>\nDATE: 2024-03-05\nAuthor: A, B\n\nText.\n",
    "fence.md": "---\ntitle: Fenced\ndate: 2024-03-06T01:00:00Z\n----\nText.\n",
    "dots.md": "Title: Dots\nDate: 2024-03-07_10:00\n...\nText.\n",
    "tab.md": "Title: Tab\nDate: 2024-03-08\nSummary: 1 *two*\n\tthree `four`\n    & 5\n\nText.\n",
    "twice.md": "Title: Twice\nDate: 2024-03-09\nDate: 2020-01-01\nSlug: Own\nSlug: b\n\nText.\n",
    "many.md": "Title: Many\nDate: Mar 10, 2024\nAuthors: Doe, J; Roe, K\nTags: x, y; z\n\nText.\n",
    "modified.md": "Title: Ünï – “Ça” & ½ €\nDate: 2024-03-11\nModified: 2024-05-01\n\nText.\n",
    "url.md": "Title: Own\nDate: 2024-03-12\nURL: a/b.html\nsave_as: a/b.html\n\nText.\n",
    "long.md": f"Title: Long\nDate: 2024-03-13\n\n{LONG}\n\nSecond.\n",
    "empty.md": "Title: Empty\nDate: 2024-03-14\nSlug:\nAuthor:\nTags:\nCategory:\n\nText.\n",
    "hash.md": "Title: C++ & #hash\nDate: 2024-03-15\n\n#Heading\nText\n- no list\n\n1. a\n2. b\n",
    "links.md": "Title: Links\nDate: 2024-03-16\n\n[a]({filename}plain.md#x) [b](|filename|tab.md) "
    "![c]({static}/images/c.png) [d]({attach}d.txt) [e]({tag}b) [f]({index})\n",
    "sub/folder.md": "Title: Folder\nDate: 2024-03-17\nStatus: Published\n\nText.\n",
    "2024-03-18-named.md": "Title: Named\n\nText.\n",
    "fr.md": "Title: Plain\nSlug: plain\nLang: fr\nDate: 2024-03-19\n\nTexte.\n",
    "de.md": "Title: Nur\nLang: de\nDate: 2024-03-20\n\nText.\n",
    "draft.md": "Title: Draft\nDate: 2024-03-21\nStatus: draft\n\nText.\n",
    "hidden.md": "Title: Hidden\nDate: 2024-03-22\nStatus: hidden\n\nText.\n",
    "skip.md": "Title: Skip\nDate: 2024-03-23\nStatus: skip\n\nText.\n",
    "untitled.md": "Date: 2024-03-24\n\nText.\n",
    "blank.md": "\nTitle: Blank\nDate: 2024-03-25\n\nText.\n",
    "undated.md": "Title: Undated\n\nText.\n",
    "pages/page.md": "Title: Page\nDate: 2024-03-26\n\nText.\n",
}  # fmt: skip
OTHERS = {
    "fields.rst": "A *title*\n#########\n\n:date: 2024-04-01 10:20\n:tags: a, b\n:authors: A, B\n"
    ":summary: Short *and*\n   long\n:category: rst\n:slug: fields\n\nText ``code``.\n\n"
    "Section\n=======\n\n.. code-block:: python\n   :linenos: inline\n\n   x = 1\n",
    "author.rst": "Author\n######\n\n:date: 2024-04-02\n:author: Doe, J\n:modified: 2024-04-03\n"
    ":status: published\n\nText [1]_ `to <{filename}/plain.md>`_.\n\n.. [1] Note.\n",
    "wrong.rst": "Wrong\n#####\n\n:date: 2024-04-03\n\nText |x|.\n",
    "hidden.rst": "Hidden too\n##########\n\n:date: 2024-04-03\n:status: hidden\n\nText.\n",
    "page.html": "<html><head><title>HTML &amp; more</title>\n"
    "<meta name='Date' content='2024-04-04'><meta name='keywords' content='k, l'>"
    "\n<meta name='author' content='Jane'></head>\n<body><p>Text <b>bold</b>.</p></body></html>",
    "untitled.html": "<p>No head</p>",
}  # fmt: skip

# Articles whose metadata are those of their path and of the site.
DEFAULTS = {
    "new/draft.md": "Title: Default\nDate: 2024-03-05\n\nText.\n",
    "new/2024-03-05_a+b-(c).md": "Title: A\nStatus: published\n\nText.\n",
}


class Item(NamedTuple):
    """An item of a feed, as Pelican or this project makes it. Pelican names one author."""

    link: str
    id: str
    title: str
    published: datetime
    updated: datetime
    topics: tuple[str, ...]
    author: str
    summary: str


def build(root: Path, config: str, articles: dict[str, str]) -> tuple[Outcome, list[Item]]:
    """Build a site; return what `feeds init` makes of it, and the items of Pelican."""
    folder = "content/blog" if config == CUSTOM else "content"
    files = {f"{folder}/{name}": text for name, text in articles.items()}
    files |= {f"{folder}/d.txt": "d", "content/images/c.png": "c", "pelicanconf.py": config}
    write(root, files)
    overrides = ["OUTPUT_PATH=output", "FEED_MAX_ITEMS=1000", "DIRECT_TEMPLATES=[]"]
    command = [PELICAN, "-s", "pelicanconf.py", "-e", *map(_quoted, overrides)]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    feed = root / "output/feeds/all.atom.xml"
    assert feed.exists(), built.stdout + built.stderr
    items = [_item(element) for element in ET.parse(feed).iter(f"{ATOM}entry")]
    return init(root), items


def _quoted(setting: str) -> str:
    name, _, value = setting.partition("=")
    return setting if value[0] in "[0123456789" else f'{name}="{value}"'


def _item(element: ET.Element) -> Item:
    def text(name: str) -> str:
        return element.findtext(f"{ATOM}{name}") or ""

    link = element.find(f"{ATOM}link")
    assert link is not None
    return Item(
        unquote(link.attrib["href"]),
        unquote(text("id")),
        unescape(text("title")),
        datetime.fromisoformat(text("published")),
        datetime.fromisoformat(text("updated")),
        tuple(part.attrib["term"] for part in element.findall(f"{ATOM}category")),
        element.findtext(f"{ATOM}author/{ATOM}name") or "",
        plain_text(text("summary") or text("content")),
    )


def _own(entry: Entry) -> Item:
    return Item(
        unquote(entry.link),
        unquote(entry.id),
        entry.title,
        entry.published,
        entry.updated,
        tuple(entry.topics),
        entry.authors[0].name if entry.authors else "Site Author",
        entry.summary or "",
    )


@pytest.mark.parametrize("config", [PLAIN, CUSTOM], ids=["plain", "custom"])
@pytest.mark.parametrize("articles", [MARKDOWN, OTHERS], ids=["Markdown", "others"])
def test_entries_are_those_of_pelican(
    tmp_path: Path, config: str, articles: dict[str, str]
) -> None:
    if config == CUSTOM:
        articles = {f"old/{name}": text for name, text in articles.items()} | DEFAULTS
    outcome, items = build(tmp_path, config, articles)
    entries = sorted(outcome.trial.entries, key=lambda entry: entry.published, reverse=True)
    assert [_own(entry) for entry in entries] == items
    assert outcome.findings.unclear == []


def test_references_are_those_of_pelican(tmp_path: Path) -> None:
    outcome, _ = build(tmp_path, PLAIN, MARKDOWN)
    entry = next(entry for entry in outcome.trial.entries if entry.title == "Links")
    addresses = re.findall(r'"https://example.org/sub/([^"#]*)', entry.content)
    assert len(addresses) == 6
    for address in addresses:
        assert (tmp_path / "output" / address).exists() or not address
