"""conf.py of a Nikola site becomes settings and old feeds, without running it."""

from pathlib import Path

import pytest

from feeds.init import nikola
from feeds.init.findings import Findings, OldFeed
from tests.init.sites import init, write

CONFIG = """
import os, time
BLOG_AUTHOR = "Jane"
BLOG_TITLE = {"en": "Example", "es": "Ejemplo"}
SITE_URL = "https://example.org/"
BLOG_EMAIL = "jane@example.org"
BLOG_DESCRIPTION = "Of all things"
DEFAULT_LANG = "en"
TRANSLATIONS = {DEFAULT_LANG: "", "es": "./es"}
TIMEZONE = "Europe/Vienna"
POSTS = (
    ("posts/*.md", "posts", "post.tmpl"),
    ("news/items/*.md", "", "post.tmpl"),
)
PAGES = (("pages/*.md", "", "page.tmpl"),)
GENERATE_ATOM = True
ATOM_FILENAME_BASE = "feed"
INDEX_DISPLAY_POST_COUNT = 5
RSS_PATH = "blog"
os.remove("/nonexistent")
"""
HEAD = "<!--\n.. title: A\n.. slug: a\n.. date: 2024-05-31 10:00\n-->\n\nHello\n"


def inspect(root: Path, lines: str) -> Findings:
    config = f"BLOG_TITLE = 'T'\nPOSTS = (('posts/*.md', 'posts', 'post.tmpl'),)\n{lines}"
    return nikola.inspect(write(root, {"conf.py": config}))


def test_settings_of_the_site_are_read(tmp_path: Path) -> None:
    found = nikola.inspect(write(tmp_path, {"conf.py": CONFIG}))
    assert found.evidence == ("conf.py",)
    assert (found.url, found.title, found.description) == (
        "https://example.org/", "Example", "Of all things",
    )  # fmt: skip
    assert (found.author, found.author_email) == ("Jane", "jane@example.org")
    assert (found.language, found.timezone) == ("en", "Europe/Vienna")
    assert found.rules == {"languages": ("en", "es")}
    assert found.unclear == []


def test_folders_of_posts_have_their_own_urls(tmp_path: Path) -> None:
    found = nikola.inspect(write(tmp_path, {"conf.py": CONFIG}))
    assert (found.folder, found.include) == (".", ("posts/*.md", "news/items/*.md"))
    assert found.permalink == {
        "posts": "/posts/{sections:1:}/{slug}/", "news/items": "/{sections:2:}/{slug}/",
    }  # fmt: skip


def test_feeds_of_each_language_and_of_tags_are_old_feeds(tmp_path: Path) -> None:
    assert nikola.inspect(write(tmp_path, {"conf.py": CONFIG})).old_feeds == (
        OldFeed("blog/rss.xml", "rss", 10, "Example", ("language", "en")),
        OldFeed("feed.atom", "atom", 5, "Example", ("language", "en")),
        OldFeed("es/blog/rss.xml", "rss", 10, "Ejemplo", ("language", "es")),
        OldFeed("es/feed.atom", "atom", 5, "Ejemplo", ("language", "es")),
        OldFeed("categories/{topic}.xml", "rss", 10, field="topic"),
    )


@pytest.mark.parametrize(
    ("lines", "pattern"),
    [
        ("", "/posts/{folder}/{slug}/"),
        ("PRETTY_URLS = False", "/posts/{folder}/{slug}.html"),
        ("STRIP_INDEXES = False", "/posts/{folder}/{slug}/"),
    ],
)
def test_urls_end_as_the_settings_demand(tmp_path: Path, lines: str, pattern: str) -> None:
    found = inspect(tmp_path, lines)
    assert (found.folder, found.include, found.permalink) == ("posts", ("*.md",), pattern)
    assert found.rules == ({"strip_indexes": False} if "STRIP" in lines else {})
    assert found.old_feeds[0] == OldFeed("rss.xml", "rss", 10, "T")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("POSTS = read()", "POSTS cannot be read"),
        ("POSTS = [('posts/*.ipynb', 'posts', 'p')]", "posts/*.ipynb are not read"),
        ("POSTS = [('posts/*.md', {'en': 'a', 'es': 'b'}, 'p')]", "a folder for each language"),
        ("TRANSLATIONS = {'en': '', 'es': './spanish'}", "pages in es are in spanish"),
    ],
)
def test_settings_without_counterpart_are_unclear(
    tmp_path: Path, lines: str, sentence: str
) -> None:
    [unclear] = inspect(tmp_path, lines).unclear
    assert sentence in unclear


def test_configuration_of_sphinx_is_none_of_nikola(tmp_path: Path) -> None:
    write(tmp_path, {"conf.py": "project = 'BLOG_TITLE POSTS'\n"})
    assert nikola.detect(tmp_path) == ()


def test_init_publishes_the_posts_of_nikola(tmp_path: Path) -> None:
    files = {"conf.py": CONFIG, "posts/sub/b.md": HEAD, "news/items/c.md": HEAD, "pages/d.md": HEAD}
    outcome = init(write(tmp_path, files))
    links = sorted(entry.link for entry in outcome.trial.entries)
    assert links == ["https://example.org/a/", "https://example.org/posts/sub/a/"]
    assert outcome.findings.preset == "nikola"
