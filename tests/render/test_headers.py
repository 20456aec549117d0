"""The HTTP headers of documents, the same for the server and for static hosts."""

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


def header_fields(
    now: datetime | None = None, http: dict[str, Any] | None = None, **properties: Any
) -> dict[str, str]:
    """The headers of a document with these properties; each appears once."""
    defaults: dict[str, Any] = {
        "body": b"x", "sha256": "0123", "updated": NOW, "media_type": "application/rss+xml",
        "caching": Caching(1800), "links": (SELF, HUB),
    }  # fmt: skip
    document = Document(**{**defaults, **properties})
    seconds = None if now is None else now.timestamp()
    lines = headers.document_headers(document, make_site(http=http or {}), seconds)
    assert len({name for name, _ in lines}) == len(lines)
    return dict(lines)


@pytest.mark.rule("H8")
def test_last_modified_is_the_latest_change() -> None:
    assert header_fields()["Last-Modified"] == "Sat, 01 Jun 2024 12:30:15 GMT"


def test_last_modified_is_omitted_if_changes_do_not_move_it() -> None:
    assert "Last-Modified" not in header_fields(links=())
    current = Link("https://example.org/all.rss", "current")
    assert "Last-Modified" not in header_fields(
        links=(SELF, current)
    )  # an archive: its links change


@pytest.mark.rule("H59")
def test_link_header_has_self_and_hub() -> None:
    assert header_fields()["Link"] == (
        '<https://example.org/all.rss>; rel="self", <https://hub.example/>; rel="hub"'
    )
    assert "Link" not in header_fields(links=())


@pytest.mark.rule("H21", "H25")
def test_cache_control_has_lifetime_and_stale_directives() -> None:
    assert header_fields()["Cache-Control"] == (
        "public, max-age=1800, stale-while-revalidate=300, stale-if-error=604800"
    )
    fields = header_fields(caching=Caching(60, 7, 8))
    assert (
        fields["Cache-Control"] == "public, max-age=60, stale-while-revalidate=7, stale-if-error=8"
    )


@pytest.mark.rule("H23", "H26")
@pytest.mark.parametrize("cdn", [None, 86_400])
def test_no_header_forbids_stale_copies(cdn: int | None) -> None:
    fields = header_fields(caching=Caching(60, cdn_max_age=cdn))
    assert "Expires" not in fields
    for value in fields.values():
        for directive in ("s-maxage", "must-revalidate", "no-cache", "immutable", "private"):
            assert directive not in value


@pytest.mark.rule("H26")
def test_cdns_have_their_own_cache_control() -> None:
    fields = header_fields(caching=Caching(60, 5, 6, cdn_max_age=86_400))
    ages = "max-age=86400, stale-while-revalidate=5, stale-if-error=6"
    assert fields["CDN-Cache-Control"] == f"public, {ages}"
    assert fields["Surrogate-Control"] == ages
    assert "CDN-Cache-Control" not in header_fields()


@pytest.mark.parametrize(
    ("remaining", "max_age", "revalidate"),
    [(7200, 1800, 300), (2100, 1800, 300), (2099, 1800, 0), (1799, 1799, 0), (0, 0, 0), (-9, 0, 0)],
)
def test_copies_are_not_fresh_once_the_next_entry_is_due(
    remaining: int, max_age: int, revalidate: int
) -> None:
    fields = header_fields(
        NOW, until=NOW + timedelta(seconds=remaining), caching=Caching(1800, cdn_max_age=1800)
    )
    ages = f"max-age={max_age}, stale-while-revalidate={revalidate}, "
    assert ages in fields["Cache-Control"]
    assert ages in fields["CDN-Cache-Control"]


@pytest.mark.rule("H30")
def test_vary_is_accept_encoding() -> None:
    assert header_fields()["Vary"] == "Accept-Encoding"


@pytest.mark.rule("H54")
def test_nosniff_is_optional_for_feeds_and_set_for_pages() -> None:
    assert "X-Content-Type-Options" not in header_fields()
    assert header_fields(http={"nosniff": True})["X-Content-Type-Options"] == "nosniff"
    page = header_fields(media_type="text/html", links=())
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.rule("H57")
def test_csp_allows_the_stylesheet_and_no_script() -> None:
    policy = header_fields()["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'self'" in policy
    assert "script" not in policy


@pytest.mark.rule("H57")
def test_hsts_is_sent_if_set() -> None:
    assert "Strict-Transport-Security" not in header_fields()
    assert header_fields(http={"hsts": "365d"})["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.rule("C7", "C8")
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Surrogate-Key", "all feed:a"),
        ("xkey", "all feed:a"),
        ("Cache-Tag", "all,feed:a"),
        ("CDN-Tag", "all,feed:a"),
    ],
)
def test_cache_tags_have_the_separator_of_the_header(header: str, value: str) -> None:
    assert header_fields(http={"cache_tags": header}, tags=("all", "feed:a"))[header] == value


@pytest.mark.rule("C7")
def test_cache_tags_are_limited_in_bytes() -> None:
    tags = tuple(f"entry:{number:010}" for number in range(2000))
    value = header_fields(http={"cache_tags": "Surrogate-Key"}, tags=("all", *tags))[
        "Surrogate-Key"
    ]
    assert len(value) <= 16_000
    assert value.split(" ") == ["all", *tags][: len(value.split(" "))]


@pytest.mark.rule("C9")
@pytest.mark.parametrize(
    ("selection", "topics"),
    [
        (EVERYTHING, []),
        (Terms("topic", ("a", "b")), ["topic:a", "topic:b"]),
        (All((Terms("topic", ("a",)), Range("quality", 5, None))), ["topic:a"]),
    ],
)
def test_feed_has_cache_tags_for_all_itself_topics_and_entries(
    selection: Selection, topics: list[str]
) -> None:
    feed = FeedDefinition("In/Ä", "", "", selection, "date", 50, Caching(60))
    assert headers.feed_tags(feed, ["0a", "0b"]) == (
        "all", "feed:in/%c3%84", *topics, "entry:0a", "entry:0b",
    )  # fmt: skip
