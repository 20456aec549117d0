"""A site with moved and removed feeds, below several mounts."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.site import Publication, front_matter

FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all"},
        {"path": "hot", "order": "heat", "max_age": "5m", "cdn_max_age": "1h"},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "types/{type}", "each": "type", "max_age": "1h"},
        {"path": "in/{category}", "each": "category", "max_age": "1h", "cdn_max_age": "2h"},
        {"path": "by-{provider}", "each": "provider", "max_age": "2h"},
    ],
    "moved": {
        "old/feed.xml": "all.rss",
        "old/feed.json": "all.json",
        "blog/{topic}.xml": "topics/{topic}.rss",
        "away": "https://example.net/x.rss",
        "temp.rss": {"to": "all.rss", "status": 307},
        "about": "all.html",
    },
    "gone": ["dead.rss"],
    "replaces": [],
}


@pytest.fixture(scope="module", params=["/", "/news/", "/caf%C3%A9/"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Publication:
    provider = {"name": "The Gazette", "domain": "example.net"}
    publication = Publication(
        tmp_path_factory.mktemp("site"),
        {
            "_news/a.md": front_matter(title="a", topics=["AI", "C++"], provider=provider),
            "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Роботы"]),
        },
        FEEDS,
        feeds_url=f"https://example.org{request.param}",
        hub="https://hub.example.net/",
    )
    publication.build()
    return publication
