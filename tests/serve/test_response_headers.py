"""Freshness (RFC 9111), types and other headers of answers."""

import pytest

from tests.support.feeds_server import Server
from tests.support.http_site import KINDS, OTHERS

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("H21", "H22", "H23", "H24", "H25", "H26")
@pytest.mark.parametrize("path", KINDS)
def test_cache_control_has_max_age_and_stale_directives(server: Server, path: str) -> None:
    answer = server.ask(path)
    cache_control = dict(
        part.strip().partition("=")[::2] for part in answer.headers["cache-control"].split(",")
    )
    assert set(cache_control) == {"public", "max-age", "stale-while-revalidate", "stale-if-error"}
    assert 300 <= int(cache_control["max-age"]) <= 18_000
    assert "expires" not in answer.headers


@pytest.mark.rule("H28")
@pytest.mark.parametrize("path", [*KINDS, *OTHERS])
def test_cookies_are_neither_set_nor_used(server: Server, path: str) -> None:
    answer = server.ask(path, Cookie="session=1")
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("vary") in (None, "Accept-Encoding")


@pytest.mark.rule("H27", "H75")
@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/no.rss", "no-store"),
        ("/retired.rss", "public, max-age=3600"),
        ("/old.rss", "public, max-age=86400"),
        ("/for-ever.rss", "public, max-age=86400"),
        ("/for-now.rss", "public, max-age=300"),
        ("/healthz", "no-store"),
        ("/readyz", "no-store"),
    ],
)
def test_errors_and_redirects_have_cache_control(
    server: Server, path: str, cache_control: str
) -> None:
    assert server.ask(path).headers["cache-control"] == cache_control


def test_max_age_ends_when_a_future_article_is_due(full: Server) -> None:
    cache_control = full.ask("/all.rss", Host="feeds.test").headers["cache-control"]
    age = int(cache_control.partition("max-age=")[2].partition(",")[0])
    assert 0 < age <= 600
    assert "stale-while-revalidate=0" in cache_control
    elsewhere = full.ask("/categories/news.rss", Host="feeds.test").headers["cache-control"]
    assert "max-age=3600, stale-while-revalidate=300" in elsewhere


def test_cdn_cache_control_and_cache_tags_are_sent(full: Server) -> None:
    answer = full.ask("/categories/news.rss", Host="feeds.test")
    ages = "max-age=86400, stale-while-revalidate=300, stale-if-error=604800"
    assert answer.headers["cdn-cache-control"] == f"public, {ages}"
    assert answer.headers["surrogate-control"] == ages
    assert answer.headers["cache-control"].startswith("public, max-age=3600,")
    tags = answer.headers["xkey"].split(" ")
    assert tags[:2] == ["all", "feed:categories/news"]
    assert len([tag for tag in tags if tag.startswith("entry:")]) == 7
    topic = full.ask("/topics/ai.rss", Host="feeds.test").headers["xkey"].split(" ")
    assert topic[:3] == ["all", "feed:topics/ai", "topic:ai"]


@pytest.mark.rule("H40", "H41", "H42", "B6")
@pytest.mark.parametrize(
    "accept",
    [
        "application/xml,application/atom+xml,application/rss+xml,application/rdf+xml,"
        "application/feed+json,text/html,*/*;q=0.9",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/atom+xml, application/rdf+xml, application/rss+xml, "
        "application/x-netcdf, application/xml;q=0.9, text/xml;q=0.2, */*;q=0.1",
        "*/*",
        "application/json",
        "image/png",
        "",
    ],
)
def test_accept_is_ignored(server: Server, accept: str) -> None:
    for path in KINDS:
        answer = server.ask(path, Accept=accept)
        assert (answer.status, answer.headers["etag"]) == (200, server.ask(path).headers["etag"])


@pytest.mark.rule("H50", "H51", "H52", "H53", "B8")
@pytest.mark.parametrize(("path", "media_type"), KINDS.items())
def test_content_types_name_the_charset(server: Server, path: str, media_type: str) -> None:
    answer = server.ask(path)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    answer.body.decode("utf-8")
    if media_type.endswith("xml"):
        declaration = answer.body.partition(b"?>")[0].lower().replace(b"'", b'"')
        assert declaration == b'<?xml version="1.0" encoding="utf-8"'


@pytest.mark.rule("H54")
def test_nosniff_is_sent_with_pages_and_optionally_with_feeds(server: Server, full: Server) -> None:
    for path in ("/all.html", "/", "/feed.css", "/no.rss", "/retired.rss", "/old.rss"):
        assert server.ask(path).headers["x-content-type-options"] == "nosniff"
    assert "x-content-type-options" not in server.ask("/all.rss").headers
    nosniff = full.ask("/all.rss", Host="feeds.test").headers["x-content-type-options"]
    assert nosniff == "nosniff"


@pytest.mark.rule("H55")
@pytest.mark.parametrize("path", [*KINDS, *OTHERS])
def test_cors_allows_every_answer(server: Server, path: str) -> None:
    whole = server.ask(path, Origin="https://reader.example")
    tag = whole.headers.get("etag", '"x"')
    for answer in (whole, server.ask(path, Origin="https://reader.example", If_None_Match=tag)):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"]
        assert exposed == "ETag, Last-Modified, Link, Retry-After"


@pytest.mark.rule("H56")
@pytest.mark.parametrize("path", KINDS)
def test_preflight_allows_conditional_requests(server: Server, path: str) -> None:
    preflight = {
        "Origin": "https://reader.example",
        "Access_Control_Request_Method": "GET",
        "Access_Control_Request_Headers": "if-none-match",
    }
    answer = server.ask(path, "OPTIONS", **preflight)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    allowed = answer.headers["access-control-allow-headers"]
    assert allowed == "If-None-Match, If-Modified-Since, A-IM"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert server.ask("/no.rss", "OPTIONS", **preflight).status == 404


@pytest.mark.rule("H57", "B4")
def test_content_security_policy_allows_styles_but_no_scripts(server: Server) -> None:
    for path in KINDS:
        policy = server.ask(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "style-src 'self'" in policy
        assert "script" not in policy
    for path in ("/", "/all.html"):
        referrer = server.ask(path).headers["referrer-policy"]
        assert referrer == "strict-origin-when-cross-origin"


@pytest.mark.rule("H57")
def test_hsts_is_sent_with_every_answer_if_configured(server: Server, full: Server) -> None:
    for path in ("/all.rss", "/no.rss", "/retired.rss", "/old.rss", "/healthz", "/"):
        cache_control = full.ask(path, Host="feeds.test").headers["strict-transport-security"]
        assert cache_control == "max-age=31536000"
        assert "strict-transport-security" not in server.ask(path).headers


@pytest.mark.rule("H59", "H76")
@pytest.mark.parametrize("path", ["/all.rss", "/all.atom", "/all.json"])
def test_link_header_matches_self_and_hub_of_the_feed(full: Server, path: str) -> None:
    whole = full.ask(path, Host="feeds.test")
    tag = whole.headers["etag"]
    links = f'<https://feeds.test/f{path}>; rel="self", <https://hub.example/>; rel="hub"'
    for answer in (whole, full.ask(path, Host="feeds.test", If_None_Match=tag)):
        assert set(answer.headers["link"].split(", ")) == set(links.split(", "))


def test_every_answer_has_a_content_security_policy(server: Server) -> None:
    for path in ("/all.rss", "/", "/no.rss", "/old.rss", "/retired.rss", "/healthz"):
        assert "default-src 'none'" in server.ask(path).headers["content-security-policy"]
