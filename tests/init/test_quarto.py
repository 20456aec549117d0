"""The configuration of a Quarto website becomes settings and old feeds."""

from pathlib import Path

from feeds.init import quarto
from feeds.init.findings import OldFeed

CONFIG = """
project: {type: website, output-dir: docs}
lang: de
author: {name: Jane}
website: {title: Example, site-url: "https://example.org", description: A site}
"""
LISTING = """---
title: Blog
listing:
  contents: posts
  feed: {items: 10, categories: [News]}
---
"""


def test_settings_and_old_feeds_are_read(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "_quarto.yml").write_text(CONFIG)
    (tmp_path / "blog.qmd").write_text(LISTING)
    (tmp_path / "posts/_metadata.yml").write_text("author: Joe\nfreeze: true\n")
    found = quarto.inspect(tmp_path)
    assert found.evidence == ("_quarto.yml",)
    assert (found.url, found.title, found.language) == ("https://example.org", "Example", "de")
    assert (found.author, found.include, found.built) == ("Jane", ("posts/*",), ("docs",))
    assert found.defaults == {"posts": {"author": "Joe"}}
    assert found.old_feeds == (
        OldFeed("blog.xml", "rss", 10, "Example"),
        OldFeed("blog-news.xml", "rss", 10, term=("topic", "News")),
    )


def test_book_is_no_website(tmp_path: Path) -> None:
    (tmp_path / "_quarto.yml").write_text("project: {type: book}\nbook: {title: A}\n")
    assert quarto.detect(tmp_path) == ()
