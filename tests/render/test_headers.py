"""The headers that go with a document, for the server and for static hosts alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds.config.definitions import FeedDefinition
from feeds.model.document import Caching, Document, Link
from feeds.model.selection import EVERYTHING, All, Range, Selection, Terms
from feeds.render import headers
from tests.support.site import make_site

NOW = datetime(2024, 6, 1, 12, 30, 15, tzinfo=UTC)
HUB = Link("https://hub.example/", "hub")
SELF = Link("https://example.org/all.rss", "self")


def said(
    now: datetime | None = None, http: dict[str, Any] | None = None, **given: Any
) -> dict[str, str]:
    known: dict[str, Any] = {
        "body": b"x", "sha256": "0123", "updated": NOW, "media_type": "application/rss+xml",
        "caching": Caching(1800), "links": (SELF, HUB),
    }  # fmt: skip
    made = Document(**{**known, **given})
    seconds = None if now is None else now.timestamp()
    listed = headers.document_headers(made, make_site(http=http or {}), seconds)
    assert len({name for name, _ in listed}) == len(listed)
    return dict(listed)


def test_h8_last_modified_is_the_newest_change() -> None:
    assert said()["Last-Modified"] == "Sat, 01 Jun 2024 12:30:15 GMT"


def test_what_changes_without_its_date_has_none() -> None:
    assert "Last-Modified" not in said(links=())
    current = Link("https://example.org/all.rss", "current")
    assert "Last-Modified" not in said(links=(SELF, current))  # an archive: its links move


def test_h59_links_name_self_and_hub() -> None:
    assert said()["Link"] == (
        '<https://example.org/all.rss>; rel="self", <https://hub.example/>; rel="hub"'
    )
    assert "Link" not in said(links=())


def test_h21_h25_a_copy_is_kept_for_so_long() -> None:
    assert said()["Cache-Control"] == (
        "public, max-age=1800, stale-while-revalidate=300, stale-if-error=604800"
    )
    made = said(caching=Caching(60, 7, 8))
    assert made["Cache-Control"] == "public, max-age=60, stale-while-revalidate=7, stale-if-error=8"


@pytest.mark.parametrize("cdn", [None, 86_400])
def test_h23_h26_nothing_forbids_stale_copies_or_makes_readers_forget(cdn: int | None) -> None:
    made = said(caching=Caching(60, cdn_max_age=cdn))
    assert "Expires" not in made
    for value in made.values():
        for word in ("s-maxage", "must-revalidate", "no-cache", "immutable", "private"):
            assert word not in value


def test_h26_cdns_are_told_otherwise_by_headers_of_their_own() -> None:
    made = said(caching=Caching(60, 5, 6, cdn_max_age=86_400))
    ages = "max-age=86400, stale-while-revalidate=5, stale-if-error=6"
    assert made["CDN-Cache-Control"] == f"public, {ages}"
    assert made["Surrogate-Control"] == ages
    assert "CDN-Cache-Control" not in said()


@pytest.mark.parametrize(
    ("left", "max_age", "revalidate"),
    [(7200, 1800, 300), (2100, 1800, 300), (2099, 1800, 0), (1799, 1799, 0), (0, 0, 0), (-9, 0, 0)],
)
def test_a_copy_is_fresh_no_longer_than_until_the_next_entry_is_due(
    left: int, max_age: int, revalidate: int
) -> None:
    made = said(NOW, until=NOW + timedelta(seconds=left), caching=Caching(1800, cdn_max_age=1800))
    ages = f"max-age={max_age}, stale-while-revalidate={revalidate}, "
    assert ages in made["Cache-Control"]
    assert ages in made["CDN-Cache-Control"]


def test_h30_vary_names_the_coding() -> None:
    assert said()["Vary"] == "Accept-Encoding"


def test_h54_feeds_may_be_sniffed_and_pages_not() -> None:
    assert "X-Content-Type-Options" not in said()
    assert said(http={"nosniff": True})["X-Content-Type-Options"] == "nosniff"
    page = said(media_type="text/html", links=())
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_h57_the_policy_lets_a_feed_have_its_stylesheet_and_no_script() -> None:
    policy = said()["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'self'" in policy
    assert "script" not in policy


def test_h57_hsts_is_the_sites_to_decide() -> None:
    assert "Strict-Transport-Security" not in said()
    assert said(http={"hsts": "365d"})["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Surrogate-Key", "all feed:a"),
        ("xkey", "all feed:a"),
        ("Cache-Tag", "all,feed:a"),
        ("CDN-Tag", "all,feed:a"),
    ],
)
def test_c7_c8_tags_are_written_as_each_cdn_reads_them(header: str, value: str) -> None:
    assert said(http={"cache_tags": header}, tags=("all", "feed:a"))[header] == value


def test_c7_no_more_tags_than_cdns_read() -> None:
    tags = tuple(f"entry:{number:010}" for number in range(2000))
    made = said(http={"cache_tags": "Surrogate-Key"}, tags=("all", *tags))["Surrogate-Key"]
    assert len(made) <= 16_000
    assert made.split(" ") == ["all", *tags][: len(made.split(" "))]


@pytest.mark.parametrize(
    ("selection", "topics"),
    [
        (EVERYTHING, []),
        (Terms("topic", ("a", "b")), ["topic:a", "topic:b"]),
        (All((Terms("topic", ("a",)), Range("quality", 5, None))), ["topic:a"]),
    ],
)
def test_c9_a_feed_is_purged_by_everything_itself_its_topics_and_its_entries(
    selection: Selection, topics: list[str]
) -> None:
    feed = FeedDefinition("In/Ä", "", "", selection, "date", 50, Caching(60))
    assert headers.feed_tags(feed, ["0a", "0b"]) == (
        "all", "feed:in/%c3%84", *topics, "entry:0a", "entry:0b",
    )  # fmt: skip
