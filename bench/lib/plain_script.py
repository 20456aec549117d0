"""The baseline: a script that a competent user writes in an afternoon with python-frontmatter
and feedgen.

`python -m bench.lib.plain_script ARTICLES OUT` writes RSS and Atom of all articles and of each
topic, 50 entries each, with the same selection as ours. It always reads and writes everything.
"""

import re
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import frontmatter
from feedgen.feed import FeedGenerator

SITE = "https://bench.example/"


def load(folder: Path) -> list[dict[str, Any]]:
    """The front matter of every article that is out, newest first."""
    now, articles = datetime.now(UTC), []
    for file in sorted(folder.rglob("*.md")):
        post = frontmatter.load(str(file))
        article: dict[str, Any] = {**post.metadata, "content": post.content, "id": file.stem}
        hidden = article.get("published") is False or article.get("removed")
        if not hidden and not article.get("deleted") and article["publishedDateTime"] <= now:
            articles.append(article)
    return sorted(articles, key=lambda each: each["publishedDateTime"], reverse=True)


def write(path: Path, title: str, articles: list[dict[str, Any]]) -> None:
    """One feed in both formats."""
    feed = FeedGenerator()
    feed.id(f"{SITE}{path.name}")
    feed.title(title)
    feed.description(title)
    feed.link(href=SITE, rel="alternate")
    feed.updated(articles[0]["publishedDateTime"])
    for article in articles:
        entry = feed.add_entry(order="append")
        entry.id(f"{SITE}{article['id']}")
        entry.title(article["title"])
        entry.link(href=article["webUrl"])
        entry.summary(article["excerpt"])
        entry.content(article["content"] or article["excerpt"], type="html")
        entry.published(article["publishedDateTime"])
        entry.updated(article["publishedDateTime"])
        entry.author(name=article["provider"]["name"])
        entry.category([{"term": topic} for topic in article["topics"]])
        entry.enclosure(article["images"][0]["url"], 0, "image/jpeg")
    path.parent.mkdir(parents=True, exist_ok=True)
    feed.rss_file(f"{path}.rss")
    feed.atom_file(f"{path}.atom")


def main(folder: Path, out: Path) -> None:
    """Read all articles and write all feeds."""
    articles = load(folder)
    topics = defaultdict(list)
    for article in articles:
        for topic in article["topics"]:
            topics[topic].append(article)
    write(out / "all", "Bench", articles[:50])
    for topic, members in topics.items():
        slug = re.sub(r"\W+", "-", topic.lower())
        write(out / "topics" / slug, f"Bench: {topic}", members[:50])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
