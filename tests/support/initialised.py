"""Sites with the settings that `feeds init` writes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from feeds.articles import folder
from feeds.articles.parser import parse
from feeds.config.load import load


class Item(NamedTuple):
    """What feeds show of a page."""

    link: str
    title: str
    published: datetime
    topics: tuple[str, ...]


def items(config: Path) -> dict[str, Item]:
    """Return what feeds show of the articles of a site, by path."""
    site, now = load(config, {}), datetime.now(UTC)
    articles = {
        path: parse(path, (site.folder / path).read_bytes(), now, site, now)
        for path in folder.scan(site).files
    }
    return {
        path: Item(entry.link, entry.title, entry.published, entry.topics)
        for path, article in articles.items()
        if (entry := article.entry)
    }
