"""Servers shared by the HTTP tests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.serve.app import create_app
from tests.support.feeds_server import Server, start, stop
from tests.support.http_site import FEEDS, site
from tests.support.site import Publication, front_matter, write_article


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default settings."""
    running = start(site(tmp_path_factory.mktemp("site")), "--workers", "2")
    yield running
    stop(running)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with every HTTP setting on, and an article that is due in ten minutes."""
    feeds = {**FEEDS, "defaults": {"max_age": "1h", "cdn_max_age": "1d"}}
    root = site(
        tmp_path_factory.mktemp("site"),
        feeds=feeds,
        feeds_url="https://feeds.test/f/",
        hub="https://hub.example/",
        http={
            "canonical_host": True,
            "hsts": "365d",
            "nosniff": True,
            "cache_tags": "xkey",
            "delta": True,
        },
    )
    due = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    soon = front_matter(
        title="Soon", publishedDateTime=due, topics=["AI"], webUrl="https://example.org/soon"
    )
    write_article(root, "_other/soon.md", soon)
    running = start(root)
    yield running
    stop(running)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """The app without a server; like gunicorn, it passes on the raw path."""
    publication = Publication(tmp_path, {"a.md": front_matter()})
    publication.build()
    return create_app(publication.root, {}, watch=False).test_client()
