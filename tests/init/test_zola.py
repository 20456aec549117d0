"""The configuration of a Zola site becomes settings and old feeds."""

from pathlib import Path

from feeds.init import zola
from feeds.init.findings import OldFeed

CONFIG = """
base_url = "https://example.org"
title = "Example"
description = "A site"
default_language = "de"
generate_feeds = true
feed_filenames = ["atom.xml", "rss.xml"]
feed_limit = 20
author = "jane@example.org (Jane)"
taxonomies = [{ name = "tags", feed = true }, { name = "series" }]
ignored_content = ["*.wip.md"]
[slugify]
paths = "safe"
[languages.fr]
title = "Exemple"
"""


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_settings_and_old_feeds_are_read(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", CONFIG)
    write(tmp_path, "content/blog/_index.md", '+++\ntitle = "Blog"\ngenerate_feeds = true\n+++\n')
    write(tmp_path, "content/secret/_index.md", "+++\ndraft = true\n+++\n")
    found = zola.inspect(tmp_path)
    assert (found.preset, found.ids, found.folder) == ("zola", "zola", "content")
    assert (found.url, found.title, found.language) == ("https://example.org", "Example", "de")
    assert found.rules == {
        "default_language": "de", "languages": ("fr",), "slugify_paths": "safe",
    }  # fmt: skip
    assert found.ignore == ("*.wip.md",)
    assert found.defaults == {"secret": {"draft": True}}
    assert found.old_feeds == (
        OldFeed("atom.xml", "atom", 20, "Example"),
        OldFeed("blog/atom.xml", "atom", 20, "Blog", ("folder", "blog")),
        OldFeed("tags/{topic}/atom.xml", "atom", 20, field="topic"),
        OldFeed("rss.xml", "rss", 20, "Example"),
        OldFeed("blog/rss.xml", "rss", 20, "Blog", ("folder", "blog")),
        OldFeed("tags/{topic}/rss.xml", "rss", 20, field="topic"),
    )
    assert found.unclear == []


def test_site_is_recognized_by_its_base_url(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", CONFIG)
    assert zola.detect(tmp_path) == ()
    (tmp_path / "content").mkdir()
    assert zola.detect(tmp_path) == ("config.toml",)
    write(tmp_path, "config.toml", 'baseURL = "https://example.org"')
    assert zola.detect(tmp_path) == ()


def test_format_of_a_feed_is_read_from_the_template_of_the_site(tmp_path: Path) -> None:
    config = 'base_url = "https://x.org"\ngenerate_feeds = true\n'
    write(tmp_path, "config.toml", config + 'feed_filenames = ["feed.xml", "b.json"]\n')
    write(tmp_path, "templates/feed.xml", '<feed xmlns="http://www.w3.org/2005/Atom">')
    found = zola.inspect(tmp_path)
    assert found.old_feeds == (OldFeed("feed.xml", "atom"),)
    assert found.unclear == [
        "feed_filenames: b.json is a template of your own; its format is unknown"
    ]


def test_broken_configuration_is_unclear(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", "base_url = \n")
    (tmp_path / "content").mkdir()
    assert "config.toml" in zola.inspect(tmp_path).unclear[0]
