"""The configuration of a Pelican site becomes settings and old feeds, without running it."""

from pathlib import Path

from feeds.init import pelican
from feeds.init.findings import OldFeed

CONFIG = r"""
import os
SITENAME = "Example"
PATH = "content"
TIMEZONE = "Europe/Vienna"
DEFAULT_LANG = "de"
AUTHOR = "Jane"
ARTICLE_PATHS = ["blog"]
ARTICLE_URL = "{date:%Y}/{slug}/"
DEFAULT_CATEGORY = "news"
SLUGIFY_SOURCE = "basename"
DEFAULT_DATE = (2020, 1, 2)
FEED_MAX_ITEMS = 15
CATEGORY_FEED_ATOM = None
TAG_FEED_RSS = "feeds/tag/{slug}.rss.xml"
TRANSLATION_FEED_ATOM = "feeds/%s.xml"
FILENAME_METADATA = r"(?P<date>\d+)-(?P<slug>.*)"
ARTICLE_LANG_URL = "{lang}/{slug}/"
SLUG_REGEX_SUBSTITUTIONS = [("a", "b"), (r"\s", "-")]
SUMMARY_MAX_LENGTH = None
DEFAULT_METADATA = {"status": "draft"}
EXTRA_PATH_METADATA = {"extra/x.ico": {"path": "x.ico"}, "blog/old/": {"category": "old"}}
os.remove("/nonexistent")
"""


def test_settings_and_old_feeds_are_read(tmp_path: Path) -> None:
    (tmp_path / "pelicanconf.py").write_text(CONFIG)
    (tmp_path / "publishconf.py").write_text(
        "from pelicanconf import *\nSITEURL = 'https://example.org'\n"
    )
    found = pelican.inspect(tmp_path)
    assert found.evidence == ("pelicanconf.py", "publishconf.py")
    assert (found.url, found.title, found.language) == ("https://example.org", "Example", "de")
    assert (found.folder, found.include, found.timezone) == (
        "content", ("blog/*",), "Europe/Vienna",
    )  # fmt: skip
    assert found.permalink == "/{date:%Y}/{slug}/"
    assert found.rules == {
        "default_category": "news", "slugify_source": "basename",
        "default_date": "2020-01-02 00:00:00",
        "filename_metadata": r"(?P<date>\d+)-(?P<slug>.*)", "summary_max_length": 0,
        "article_lang_url": "/{language}/{slug}/",
        "slug_regex_substitutions": ["a", "b", r"\s", "-"],
    }  # fmt: skip
    assert found.defaults == {"*": {"status": "draft"}, "blog/old": {"category": "old"}}
    assert found.old_feeds == (
        OldFeed("feeds/all.atom.xml", "atom", 15),
        OldFeed("feeds/tag/{topic}.rss.xml", "rss", 15, field="topic"),
        OldFeed("feeds/{language}.xml", "atom", 15, field="language"),
    )


def test_unknown_placeholder_and_file_times_are_unclear(tmp_path: Path) -> None:
    (tmp_path / "pelicanconf.py").write_text("ARTICLE_URL = '{foo}/'\nDEFAULT_DATE = 'fs'\n")
    assert len(pelican.inspect(tmp_path).unclear) == 2
