"""The configuration of a Jekyll site becomes settings and old feeds."""

from pathlib import Path

import pytest

from feeds.init import jekyll, jekyll_permalinks
from feeds.init.findings import OldFeed
from tests.init.sites import write

CONFIG = """
name: Cats
url: https://example.org
baseurl: /base/
lang: en_GB
timezone: Europe/Vienna
author: {name: Jane, email: jane@example.org}
permalink: pretty
exclude: [old/]
future: true
plugins: [jekyll-feed]
feed: {posts_limit: 5, categories: [release], tags: {only: [big]}}
defaults:
  - {scope: {path: "", type: posts}, values: {layout: post, author: jane}}
  - {scope: {path: "en/*"}, values: {tags: [en]}}
  - {scope: {path: "", type: pages}, values: {tags: [page]}}
"""
FILES = {
    "_config.yml": CONFIG,
    "_data/authors.yml": "jane: {name: Jane}",
    "_layouts/rss20.xml": "<rss>{% for post in site.posts limit: 20 %}{% endfor %}</rss>",
    "_posts/2024-05-31-a.md": "Text",
    "en/a/_posts/2024-05-31-a.md": "Text",
    "rss.xml": "---\nlayout: rss20\n---\n",
    "static.xml": "<rss/>",
}


def test_settings_and_old_feeds_are_read(tmp_path: Path) -> None:
    found = jekyll.inspect(write(tmp_path, FILES))
    assert (found.url, found.title) == ("https://example.org/base/", "Cats")
    assert (found.language, found.timezone) == ("en-GB", "Europe/Vienna")
    assert (found.author, found.author_email) == ("Jane", "jane@example.org")
    assert found.authors_file == "_data/authors.yml"
    assert found.permalink == "/{categories}/{date:%Y}/{date:%m}/{date:%d}/{title}/"
    assert found.ignore[-1] == "old"
    assert found.defaults == {"*": {"author": "jane"}, "en/a": {"tags": ["en"]}}
    assert found.ids == "jekyll"
    assert found.old_feeds == (
        OldFeed("rss.xml", "rss", 20),
        OldFeed("feed.xml", "atom", 5),
        OldFeed("feed/release.xml", "atom", 5, term=("topic", "release")),
        OldFeed("feed/by_tag/big.xml", "atom", 5, term=("topic", "big")),
    )
    assert [sentence[:12] for sentence in found.unclear] == ["future: true"]


def test_site_is_recognized_by_its_posts(tmp_path: Path) -> None:
    write(tmp_path, {"_config.yml": "title: T"})
    assert jekyll.detect(tmp_path) == ()
    write(tmp_path, {"en/_posts/2024-05-31-a.md": "Text"})
    assert jekyll.detect(tmp_path) == ("_config.yml", "en/_posts/")


@pytest.mark.parametrize(
    ("permalink", "pattern"),
    [
        ("/:short_year/:i_day/:title", "/{date:%y}/{date:%-d}/{title}"),
        (":title_x:output_ext", "/{title}_x.html"),
        ("/:nothing/", "/:nothing/"),
    ],
)
def test_tokens_become_placeholders(permalink: str, pattern: str) -> None:
    unclear: list[str] = []
    assert jekyll_permalinks.translate(permalink, unclear) == pattern
    assert len(unclear) == (":nothing" in permalink)
