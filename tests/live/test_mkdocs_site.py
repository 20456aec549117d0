"""A blog with the features of MkDocs Material, whose feeds MkDocs itself makes.

It needs an environment of its own: `MKDOCS` names the program `mkdocs` in it.
"""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from feeds.init.initialiser import Outcome
from feeds.model.entry import Entry
from tests.init.sites import init, write

_PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
MKDOCS = os.environ.get("MKDOCS") or shutil.which("mkdocs", path=_PATH) or ""
pytestmark = pytest.mark.skipif(
    not MKDOCS,
    reason="MkDocs is not installed: pip install mkdocs-material mkdocs-rss-plugin into an "
    "environment of its own, and name its program mkdocs in MKDOCS",
)

SITE = "https://example.org/sub/"
THEME = "site_name: Made up\nsite_url: https://example.org/sub/\ntheme: {name: material}\n"
RSS = """\
  - rss:
      match_path: %s/.*
      use_git: false
      use_material_social_cards: false
      date_from_meta: {as_creation: %s, as_update: %s, default_timezone: Europe/Paris,
        default_time: "09:30"}
      categories: [categories, tags]
markdown_extensions: [attr_list]
"""
PLAIN = f"{THEME}plugins:\n  - blog\n{RSS % ('blog/posts', 'date', 'date')}"
CUSTOM = (
    THEME
    + """\
plugins:
  - meta
  - blog:
      blog_dir: news
      post_dir: "{blog}/entries"
      post_url_format: "{categories}/{date}/{file}-{slug}"
      post_url_date_format: "yy-MMM-d'th'"
      post_url_max_categories: 2
      post_slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: none}}
      post_slugify_separator: _
"""
    + RSS % ("news/entries", "date.created", "date.updated")
)
AUTHORS = """\
authors:
  jane: {name: Jane Doe, description: Writes, avatar: https://example.org/j.png}
"""
# By name: the front matter, and the body.
POSTS = {
    "code.md": ("", "# `Code` & *more*: [link](https://x.org)\n\nText\n"),
    "id.md": ("", "# With an id {#own}\n\nText\n"),
    "hashes.md": ("", "#  Hashes ##\n\nText\n"),
    "unicode.md": ("", "# Ünïcode – İstanbul, ß & 東京 ½\n\nText\n"),
    "tags.md": ("tags: [b, a]\ncategories: [Big News, Other, Third]\n", "# Tags\n\nText\n"),
    "front.md": ('title: "Front: matter"\n', "# Heading\n\nText\n"),
    "slug.md": ("slug: My Slug(x)\n", "# Slug\n\nText\n"),
    "file_name-here.md": ("", "No heading\n"),
    "Upper_Name.md": ("", "No heading\n"),
    "setext.md": ("", "Setext\n======\n\nText\n"),
    "author.md": ("authors: [jane]\n", "# Author\n\nText\n"),
    "described.md": ("description: Described.\n", "# Described\n\nText\n"),
    "sub/index.md": ("", "# In a folder\n\nText\n"),
    "sub/deep/x.md": ("status: new\nhide: [toc]\npin: true\n", "# Deep\n\nText\n"),
    "files.md": (
        "",
        "# Files\n\n![a](files/a.png) ![b](../../b.png) [t](tags.md#x) [h](../../index.md)\n",
    ),
    "draft.md": ("draft: true\n", "# Draft\n\nText\n"),
}
DATES = ["2024-03-05", "2024-03-05 23:30:00", "2024-03-05T23:30:00-05:00", "2024-03-05 01:00:00Z"]


class Item(NamedTuple):
    """An item of a feed, as MkDocs or this project makes it."""

    link: str
    id: str
    title: str
    published: datetime
    topics: tuple[str, ...]
    authors: tuple[str, ...]


def build(root: Path, config: str, folder: str) -> tuple[Outcome, list[Item]]:
    """Build a site; return what `feeds init` makes of it, and the items of MkDocs."""
    files = {"mkdocs.yml": config, "docs/index.md": "# Home\n", "docs/b.png": "x"}
    files[f"docs/{folder}/files/a.png"] = "x"
    files[f"docs/{folder.split('/')[0]}/.authors.yml"] = AUTHORS
    is_custom = config == CUSTOM
    if is_custom:
        files[f"docs/{folder}/.meta.yml"] = "tags: [all]\n"
        files[f"docs/{folder}/sub/.meta.yml"] = "categories: [Sub Things]\nauthors: [jane]\n"
    for number, (name, (matter, body)) in enumerate(POSTS.items()):
        day = DATES[number % len(DATES)]
        dates = f"{{created: {day}, updated: 2024-05-06T10:00:00+02:00}}" if is_custom else day
        files[f"docs/{folder}/{name}"] = f"---\ndate: {dates}\n{matter}---\n{body}"
    write(root, files)
    command = [MKDOCS, "build", "-q", "-f", str(root / "mkdocs.yml")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if "plugin is not installed" in built.stderr:
        pytest.skip("MkDocs has no mkdocs-material or mkdocs-rss-plugin beside it")
    assert built.returncode == 0, built.stderr
    feed = ET.parse(root / "site/feed_rss_created.xml")
    return init(root), [_item(element) for element in feed.iter("item")]


def _item(element: ET.Element) -> Item:
    text = {child.tag: child.text or "" for child in element}
    return Item(
        unquote(text["link"]),
        unquote(text["guid"]),
        unescape(text["title"]),
        parsedate_to_datetime(text["pubDate"]),
        tuple(sorted({child.text or "" for child in element.findall("category")})),
        tuple(child.text or "" for child in element.findall("author")),
    )


def _own(entry: Entry) -> Item:
    return Item(
        unquote(entry.link),
        unquote(entry.id),
        entry.title,
        entry.published,
        tuple(sorted(entry.topics)),
        tuple(person.name for person in entry.authors),
    )


@pytest.mark.parametrize(
    ("config", "folder"), [(PLAIN, "blog/posts"), (CUSTOM, "news/entries")], ids=["plain", "custom"]
)
def test_entries_are_those_of_mkdocs(tmp_path: Path, config: str, folder: str) -> None:
    outcome, items = build(tmp_path, config, folder)
    assert len(items) == len(POSTS) - 1
    assert sorted(_own(entry) for entry in outcome.trial.entries) == sorted(items)
    assert outcome.findings.unclear == []


@pytest.mark.parametrize(
    ("config", "folder"), [(PLAIN, "blog/posts"), (CUSTOM, "news/entries")], ids=["plain", "custom"]
)
def test_every_reference_is_to_a_file_of_the_site(tmp_path: Path, config: str, folder: str) -> None:
    outcome, _ = build(tmp_path, config, folder)
    entry = next(entry for entry in outcome.trial.entries if entry.title == "Files")
    addresses = [part.partition('"')[0] for part in entry.content.split(f'"{SITE}')[1:]]
    assert len(addresses) >= 4
    for address in addresses:
        assert (tmp_path / "site" / unquote(address.partition("#")[0])).exists()
