"""Pelican's settings: feeds only, no article is written as a page."""

from pathlib import Path

import yaml
from pelican import signals
from pelican.readers import BaseReader
from pelican.urlwrappers import Category, Tag
from pelican.utils import get_date

SITENAME = "Bench"
SITEURL = "https://bench.example"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
WITH_FUTURE_DATES = False
FEED_MAX_ITEMS = 50
FEED_ALL_ATOM, FEED_ALL_RSS = "all.atom", "all.rss"
TAG_FEED_ATOM, TAG_FEED_RSS = "topics/{slug}.atom", "topics/{slug}.rss"
CATEGORY_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = TRANSLATION_FEED_ATOM = None
ARTICLE_SAVE_AS = PAGE_SAVE_AS = AUTHOR_SAVE_AS = CATEGORY_SAVE_AS = TAG_SAVE_AS = ""
DIRECT_TEMPLATES: list[str] = []
STATIC_PATHS: list[str] = []
THEME_STATIC_PATHS: list[str] = []
CACHE_CONTENT = False


class _YAMLReader(BaseReader):  # type: ignore[misc]
    """Front matter in YAML, by libyaml: Pelican's own reader knows another kind only."""

    enabled = True
    file_extensions = ("md",)

    def read(self, path: str) -> tuple[str, dict[str, object]]:
        _, matter, body = Path(path).read_text(encoding="utf-8").split("---\n", 2)
        said = yaml.load(matter, Loader=yaml.CSafeLoader)
        return body, {
            "title": said["title"],
            "date": get_date(str(said["publishedDateTime"])),
            "summary": said["excerpt"],
            "tags": [Tag(topic, self.settings) for topic in said["topics"]],
            "category": Category("news", self.settings),
            "status": "published" if said["published"] else "draft",
            "slug": Path(path).stem,
        }


def _register(readers: object) -> None:
    readers.reader_classes["md"] = _YAMLReader  # type: ignore[attr-defined]


signals.readers_init.connect(_register)
