"""The configuration of a Hexo site becomes settings and old feeds."""

from pathlib import Path

import pytest

from feeds.init import hexo, jekyll
from feeds.init.findings import Findings, OldFeed
from tests.init.sites import init, post, write

CONFIG = """
title: Example
subtitle: Of all things
author: Jane
email: jane@example.org
language: [de, en]
timezone: Europe/Vienna
url: https://example.org/blog
permalink: :year/:i_month/:category/:title/
permalink_defaults: {lang: en}
new_post_name: :year-:title.md
default_category: other
category_map: {Big Cats: felines}
post_asset_folder: true
future: false
skip_render: [_posts/raw/**, "**/*.txt", demo/*]
pretty_urls: {trailing_index: false, trailing_html: true}
feed: {type: [atom, rss2], path: [feed/atom, rss2.xml], limit: 0, icon: /icon.png}
"""
FILES = {"_config.yml": CONFIG, "source/_posts/a.md": post("A")}


def inspect(root: Path, **settings: str) -> Findings:
    config = "new_post_name: :title.md\ntimezone: UTC\nfuture: false\n"
    config += "".join(f"{name}: {value}\n" for name, value in settings.items())
    return hexo.inspect(write(root, {"_config.yml": config, "source/_posts/a.md": post("A")}))


def test_settings_of_the_site_are_read(tmp_path: Path) -> None:
    found = hexo.inspect(write(tmp_path, FILES))
    assert found.evidence == ("_config.yml", "source/_posts/")
    assert (found.url, found.title, found.description) == (
        "https://example.org/blog", "Example", "Of all things",
    )  # fmt: skip
    assert (found.language, found.timezone, found.icon) == ("de", "Europe/Vienna", "/icon.png")
    assert (found.author, found.author_email) == ("Jane", "jane@example.org")
    assert (found.folder, found.assets) == ("source/_posts", "source")
    assert found.unclear == []


def test_rules_of_urls_and_posts_are_read(tmp_path: Path) -> None:
    found = hexo.inspect(write(tmp_path, FILES))
    assert found.permalink == "/{year}/{date:%-m}/{category}/{slug}/"
    assert found.rules == {
        "new_post_name": ":year-:title.md", "default_category": "other", "trailing_index": False,
        "category_map": ("Big Cats=felines",), "post_asset_folder": True,
    }  # fmt: skip
    assert found.defaults == {"*": {"lang": "en"}}
    assert found.extensions == (".md",)
    assert found.ignore == ("raw/**", "*.txt")


def test_feeds_of_the_plugin_are_old_feeds(tmp_path: Path) -> None:
    assert hexo.inspect(write(tmp_path, FILES)).old_feeds == (
        OldFeed("feed/atom.xml", "atom", None, "Example"),
        OldFeed("rss2.xml", "rss", None, "Example"),
    )


@pytest.mark.parametrize(
    ("packages", "feeds"),
    [("hexo", ()), ("hexo-generator-feed", (OldFeed("atom.xml", "atom", 20, "Hexo"),))],
)
def test_without_settings_the_plugin_decides_on_a_feed(
    tmp_path: Path, packages: str, feeds: tuple[OldFeed, ...]
) -> None:
    write(tmp_path, {"package.json": f'{{"dependencies": {{"{packages}": "*"}}}}'})
    assert inspect(tmp_path, title="Hexo").old_feeds == feeds


def test_key_of_the_front_matter_stands_for_the_slug(tmp_path: Path) -> None:
    found = inspect(tmp_path, permalink="posts/:abbrlink.html")
    assert (found.permalink, found.fields) == ("/posts/{slug}.html", {"slug": ("abbrlink",)})
    assert found.unclear == []


@pytest.mark.parametrize("permalink", [":hash/", ":year/:abbrlink/:title/"])
def test_permalink_without_counterpart_is_unclear(tmp_path: Path, permalink: str) -> None:
    found = inspect(tmp_path, permalink=permalink)
    assert (found.permalink, found.fields) == ("", {})
    assert permalink in found.unclear[0]


def test_site_of_jekyll_is_none_of_hexo(tmp_path: Path) -> None:
    write(tmp_path, {"_config.yml": "source: source\n", "source/_posts/a.md": post("A")})
    assert hexo.detect(tmp_path) == ()
    write(tmp_path, {"package.json": '{"dependencies": {"hexo": "^7"}}'})
    assert hexo.detect(tmp_path) == ("_config.yml", "source/_posts/")
    assert jekyll.detect(tmp_path) == ()


def test_init_publishes_the_posts_of_hexo(tmp_path: Path) -> None:
    files = {"source/_drafts/b.md": post("B"), "source/about/index.md": post("C")}
    outcome = init(write(tmp_path, FILES | files))
    assert [entry.link for entry in outcome.trial.entries] == [
        "https://example.org/blog/2024/5/other/a/"
    ]
    assert outcome.findings.preset == "hexo"
