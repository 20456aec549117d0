"""Sites with Nikola's features, whose feeds Nikola itself makes.

It needs an environment of its own: `NIKOLA` names the program `nikola` in it.
"""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from feeds.init.initialiser import Outcome
from feeds.model.entry import Entry
from tests.init.sites import init, report_of, write

_PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
NIKOLA = os.environ.get("NIKOLA") or shutil.which("nikola", path=_PATH) or ""
pytestmark = pytest.mark.skipif(
    not NIKOLA,
    reason="Nikola is not installed: pip install Nikola ruamel.yaml toml into an environment of "
    "its own, and name its program nikola in NIKOLA",
)

_SITE = """\
BLOG_AUTHOR = "Jane"
BLOG_TITLE = "Made up"
SITE_URL = "https://example.org/sub/"
BLOG_EMAIL = "jane@example.org"
BLOG_DESCRIPTION = "A made-up site"
TIMEZONE = "Europe/Paris"
FEED_LENGTH = 100
FEED_TEASERS = False
COMPILERS = {"markdown": (".md",), "html": (".html",)}
"""
CONFIGS = {
    "plain": _SITE
    + 'POSTS = (("posts/*.md", "posts", "post.tmpl"), ("posts/*.html", "posts", "post.tmpl"))\n',
    "custom": _SITE
    + 'POSTS = (("posts/*.md", "", "post.tmpl"), ("posts/*.html", "", "post.tmpl"),\n'
    + '         ("news/items/*.md", "n/i", "post.tmpl"))\n'
    + 'PRETTY_URLS = False\nGENERATE_ATOM = True\nRSS_PATH = "feeds"\n'
    + "INDEX_DISPLAY_POST_COUNT = 100\n",
    "indexes": _SITE
    + 'POSTS = (("posts/*.md", "posts", "post.tmpl"), ("posts/*.html", "posts", "post.tmpl"))\n'
    + "STRIP_INDEXES = False\nUSE_TAG_METADATA = False\n",
}
# The posts: their metadata. Each has its path as title, unless it has one.
POSTS: dict[str, str] = {
    "plain.md": ".. date: 2024-05-01",
    "time.md": ".. date: 2024-05-02 00:30:00",
    "zone.md": ".. date: 2024-05-03 23:30:00 UTC-05:00",
    "east.md": ".. date: 2024-05-04 00:30:00 UTC+02:00",
    "utc.md": ".. date: 2024-05-05 10:00:00 UTC",
    "slashes.md": ".. date: 2024/05/06 10:00",
    "iso.md": ".. date: 2024-05-07T23:30:00+09:00",
    "Spaces & Größe.md": ".. date: 2024-05-08",
    "2024-05-09-dated.md": ".. date: 2024-05-09",
    "under_score.md": ".. date: 2024-05-10",
    "dot.ted.md": ".. date: 2024-05-11",
    "sub/below.md": ".. date: 2024-05-12",
    "sub/deep/er.md": ".. date: 2024-05-13",
    "sub/index.md": ".. date: 2024-05-14",
    "slug.md": ".. date: 2024-05-15\n.. slug: Other_Slug",
    "path.md": ".. date: 2024-05-16\n.. slug: a/b",
    "tags.md": ".. date: 2024-05-17\n.. tags: two words, a,b",
    "empty.md": ".. date: 2024-05-18\n.. tags: \n.. slug: \n.. description: ",
    "draft.md": ".. date: 2024-05-19\n.. status: draft",
    "private.md": ".. date: 2024-05-20\n.. status: private",
    "featured.md": ".. date: 2024-05-21\n.. status: featured",
    "future.md": ".. date: 2999-05-22",
    "guid.md": ".. date: 2024-05-23\n.. guid: tag:example.org,2024:x",
    "author.md": ".. date: 2024-05-24\n.. author: John",
    "title.md": ".. date: 2024-05-25\n.. title: 1984: a book",
    "untitled.md": ".. date: 2024-05-26\n.. title:",
    "page.html": ".. date: 2024-05-27",
    "pretty.md": ".. date: 2024-05-28\n.. pretty_url: False",
    "ugly.md": ".. date: 2024-05-29\n.. pretty_url: True",
    "Ærø-Łódź.md": ".. date: 2024-05-30",
}
YAML = "---\ntitle: yaml.md\ndate: 2024-06-01 10:00:00\ntags: [x, y z]\n---\n\nText.\n"
TOML = '+++\ntitle = "toml.md"\ndate = "2024-06-02 10:00:00"\ntags = ["x"]\n+++\n\nText.\n'


class Item(NamedTuple):
    """An item of a feed, as Nikola or this project makes it."""

    title: str
    link: str
    id: str
    published: datetime
    topics: tuple[str, ...]


def _post(path: str, matter: str) -> str:
    title = "" if "title:" in matter else f".. title: {path}\n"
    return f"<!--\n{title}{matter}\n-->\n\nText.\n"


@pytest.fixture(scope="module", params=CONFIGS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nikola")
    posts = {f"posts/{path}": _post(path, matter) for path, matter in POSTS.items()}
    others = {
        "conf.py": CONFIGS[request.param],
        "news/items/sub/news.md": _post("news.md", ".. date: 2024-06-03"),
        "posts/yaml.md": YAML,
        "posts/toml.md": TOML,
        "pages/about.md": _post("about", ".. date: 2024-05-01"),
    }
    write(root, others | posts)
    command = [NIKOLA, "build", "-v", "0"]
    subprocess.run(command, cwd=root, check=True, timeout=300, capture_output=True)
    return root


@pytest.fixture(scope="module")
def outcome(built: Path) -> Outcome:
    return init(built)


def _item(element: ET.Element) -> Item:
    text = {child.tag: child.text or "" for child in element}
    return Item(
        text["title"],
        unquote(text["link"]),
        unquote(text["guid"]),
        parsedate_to_datetime(text["pubDate"]),
        tuple(sorted({child.text or "" for child in element.findall("category")})),
    )


def _own(entry: Entry) -> Item:
    return Item(
        entry.title,
        unquote(entry.link),
        unquote(entry.id),
        entry.published,
        tuple(sorted(entry.topics)),
    )


def test_entries_are_those_of_nikola(built: Path, outcome: Outcome) -> None:
    entries = [entry for entry in outcome.trial.entries if entry.title != "future.md"]
    [feed] = [*(built / "output").glob("rss.xml"), *(built / "output").glob("feeds/rss.xml")]
    theirs = [_item(element) for element in ET.parse(feed).iter("item")]
    assert {entry.title: _own(entry) for entry in entries} == {item.title: item for item in theirs}
    assert outcome.findings.unclear == []


def test_feeds_of_nikola_have_the_same_items(outcome: Outcome) -> None:
    (_, rss), *others = outcome.comparisons
    assert rss.same == rss.total > len(POSTS) / 2, report_of(outcome)
    for _, atom in others:  # in which Nikola does not use `guid`
        assert atom.same == atom.total - 1, report_of(outcome)


def test_authors_are_those_of_nikola(outcome: Outcome) -> None:
    authors = {
        entry.title: [person.name for person in entry.authors]
        for entry in outcome.trial.entries
        if entry.authors
    }
    assert authors == {"author.md": ["John"]}
    assert outcome.findings.author == "Jane"
