"""The example site in config/, which newcomers see first and copy."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feeds.build import builder, check
from feeds.catalogue.catalogue import Catalogue
from feeds.config import load
from feeds.config.site import Site
from feeds.render import feed_documents
from feeds.util import progress

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

# What stands in each feed, newest first: the article's name without folder and date.
EXPECTED: Mapping[str, str] = {
    "all": "island garden lights fog ferry chart salt course sun kamal slack",
    "best": "island ferry chart course sun kamal",
    "quiet": "island garden lights ferry salt course sun kamal slack",
    "topics/maps": "island lights chart",
    "topics/sea-charts": "island lights chart",
    "topics/night-sky": "ferry course sun kamal",
    "topics/seafaring": "fog ferry salt course kamal slack",
    "topics/gardens": "garden salt",
    "in/news/maps": "island",
    "in/news/sea-charts": "island",
    "in/news/night-sky": "ferry sun kamal",
    "in/news/seafaring": "ferry salt kamal slack",
    "in/news/gardens": "garden salt",
    "in/videos/maps": "chart",
    "in/videos/sea-charts": "chart",
    "in/podcast/seafaring": "fog",
    "in/courses/night-sky": "course",
    "in/courses/seafaring": "course",
    "in/downloads/maps": "lights",
    "in/downloads/sea-charts": "lights",
    "providers/the-example-gazette": "ferry salt",
    "providers/harbour-radio": "fog",
    "providers/open-water-school": "chart course",
    "types/article": "island garden ferry salt sun kamal",
    "types/video": "chart",
    "types/podcast": "fog",
    "types/course": "course",
    "types/download": "lights",
    "types/note": "slack",
}
NAMES: Mapping[str, str] = {
    "_news/2025-03-04-an-island-that-was-never-there": "island",
    "_news/2025-02-21-a-garden-that-tells-the-time": "garden",
    "_news/2025-02-11-ferry-turns-off-its-lights": "ferry",
    "_news/2025-01-28-salt-garden": "salt",
    "_news/2025-01-14-the-sun-is-a-bad-clock": "sun",
    "_news/2025-01-09-kamal": "kamal",
    "_news/2025-02-28-whose-lighthouse-is-it": "withheld",
    "_news/2099-09-14-the-eclipse-of-2099": "future",
    "_notes/2025-01-06-slack-water": "slack",
    "_videos/how-to-read-a-sea-chart": "chart",
    "_podcast/12-the-sound-of-fog": "fog",
    "_courses/navigation-by-the-stars": "course",
    "_downloads/harbour-lights": "lights",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    catalogue = tmp_path_factory.mktemp("example") / "catalogue.sqlite"
    return load.load(CONFIG, {"FEEDS_CATALOGUE": str(catalogue)})


@pytest.fixture(scope="module")
def catalogue(site: Site) -> Iterator[Catalogue]:
    example = Catalogue(site.catalogue)
    report = builder.build(site, example, NOW, builder.BuildRequest(jobs=1))
    assert report.problems == ()
    yield example
    example.close()


@pytest.fixture(scope="module")
def items(site: Site, catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """The items of every feed, as JSON Feed has them, with a `name` of ours."""
    by_path = fetched(site, catalogue, NOW)
    for item in (item for listed in by_path.values() for item in listed):
        item["name"] = NAMES[item["id"].removeprefix(site.settings.id)]
    return by_path


def fetched(site: Site, catalogue: Catalogue, now: datetime) -> dict[str, list[dict[str, Any]]]:
    with catalogue.read() as reader:
        return {
            path: msgspec.json.decode(
                feed_documents.render_feed(feed, site, reader, now)["json"].body
            )["items"]
            for path, feed in feed_documents.all_feeds(site, reader, now).items()
        }


def the(items: Mapping[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    return next(item for item in items["all"] if item["name"] == name)


def test_the_example_has_no_problems(site: Site) -> None:
    report = check.check_articles(site, NOW, progress.silent)
    assert (report.articles, report.problems, report.notices) == (len(NAMES), [], [])


def test_each_feed_holds_what_it_should(items: dict[str, list[dict[str, Any]]]) -> None:
    shown = {path: " ".join(item["name"] for item in listed) for path, listed in items.items()}
    assert shown == EXPECTED


def test_the_future_is_in_its_feeds_when_it_comes(site: Site, catalogue: Catalogue) -> None:
    by_path = fetched(site, catalogue, datetime(2099, 9, 14, 12, tzinfo=UTC))
    first = {path for path, listed in by_path.items() if listed and "eclipse" in listed[0]["title"]}
    assert first == {
        "all", "best", "quiet", "topics/night-sky", "in/news/night-sky", "types/article"
    }  # fmt: skip


def test_the_withheld_is_nowhere(items: dict[str, list[dict[str, Any]]]) -> None:
    assert "lighthouse is it" not in msgspec.json.encode(items).decode()
    assert "deed of 1861" not in msgspec.json.encode(items).decode()


def test_the_example_shows_what_articles_can_say(items: dict[str, list[dict[str, Any]]]) -> None:
    fog, lights = the(items, "fog")["attachments"][0], the(items, "lights")["attachments"][0]
    assert (fog["mime_type"], fog["size_in_bytes"], fog["duration_in_seconds"]) == (
        "audio/mpeg", 28_160_000, 1760
    )  # fmt: skip
    size = (CONFIG / "assets/downloads/harbour-lights.csv").stat().st_size
    assert (lights["mime_type"], lights["size_in_bytes"]) == ("text/csv", size)
    assert "https://player.example.com/embed/" in the(items, "chart")["content_html"]
    assert "€ 120 · Rated 4.7 of 5 by 212" in the(items, "course")["content_html"]
    assert "Related coverage:" in the(items, "ferry")["content_html"]
    assert the(items, "ferry")["_source"]["feed_url"] == "https://gazette.example.org/feed.xml"
    assert the(items, "kamal")["language"] == "ar"
    assert the(items, "slack")["date_published"] == "2025-01-06T00:00:00Z"
    island = the(items, "island")
    assert island["date_modified"] == "2025-03-05T10:00:00Z"
    assert "<h2>" in island["content_html"]
    assert f'src="{island["url"]}chart-detail.jpg"' in island["content_html"]


def test_the_example_names_invented_hosts_only() -> None:
    text = "".join(path.read_text("utf-8") for path in CONFIG.rglob("*") if is_source(path))
    hosts = set(re.findall(r"(?:https?://|domain: |tag:)([^/\s,\"'{]+)", text))
    assert len(hosts) > 5
    assert {
        host for host in hosts if not re.search(r"(^|\.)example\.(com|net|org)$", host)
    } == set()


def is_source(path: Path) -> bool:
    return path.suffix in {".yaml", ".md", ".html", ".csv"}
