"""Redirects, withdrawn feeds and the canonical host."""

import pytest

from feeds.config.feed_addresses import FEED_ADDRESSES, has_twin
from tests.support.feeds_server import Server
from tests.support.http_site import KINDS

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("H66", "H70", "H71", "H76")
@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/old.rss", 301, "/all.rss"),
        ("/old.atom", 301, "/all.atom"),
        ("/older.rss", 301, "/all.rss"),  # no chain
        ("/for-now.rss", 302, "/all.rss"),
        ("/for-now-too.rss", 307, "/all.rss"),
        ("/for-ever.rss", 308, "/all.rss"),
        ("/away.rss", 301, "https://elsewhere.example/feed"),
        ("/all.rss/", 301, "/all.rss"),
        ("//all.rss", 301, "/all.rss"),
        ("/ALL.RSS", 301, "/all.rss"),
        ("/all", 301, "/all.html"),
        ("/index.html", 301, "/"),
        ("/topics//ai.rss", 301, "/topics/ai.rss"),
    ],
)
def test_redirects_reach_the_target_in_one_step(
    server: Server, path: str, status: int, location: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = server.ask(path, method)
        assert (answer.status, answer.headers["location"]) == (status, location)
    if location.startswith("/"):
        assert server.ask(location).status == 200


def _asked(address: str) -> str:
    return "/" + address.replace("{topic}", "AI").replace("{category}", "news")


@pytest.mark.rule("H70")
@pytest.mark.parametrize(
    "address",
    sorted(
        {
            address
            for system, rows in FEED_ADDRESSES.items()
            for address, _ in rows
            if not has_twin(address, system)
        }
    ),
)
def test_feed_addresses_of_other_systems_redirect_to_feeds(server: Server, address: str) -> None:
    answer = server.ask(_asked(address))
    assert answer.status == 301
    target = server.ask(answer.headers["location"])
    assert target.status == 200
    assert target.headers["content-type"].split(";")[0] in list(KINDS.values())[:3]


@pytest.mark.rule("H72")
def test_removed_feed_is_410_and_asks_to_unsubscribe(server: Server) -> None:
    for path in ("/retired.rss", "/retired-maps.rss", "/retired.rss/"):
        assert (server.ask(path).status, server.ask(path, "HEAD").status) == (410, 410)
    assert b"unsubscribe" in server.ask("/retired.rss").body


@pytest.mark.rule("H62")
def test_redirect_loop_is_404(server: Server) -> None:
    assert server.ask("/loop-a.rss").status == 404


@pytest.mark.rule("H76")
def test_other_hosts_and_http_redirect_to_the_canonical_url(full: Server) -> None:
    for headers, path in (
        ({"Host": "other.test"}, "/all.rss"),
        ({"Host": "other.test"}, "/f/all.rss"),
        ({"Host": "FEEDS.test:8080"}, "/all.rss"),
        ({"Host": "feeds.test", "X_Forwarded_Proto": "http"}, "/retired.rss"),
    ):
        answer = full.ask(path, **headers)
        name = path.removeprefix("/f").removeprefix("/")
        assert (answer.status, answer.headers["location"]) == (308, f"https://feeds.test/f/{name}")
    for path in ("/healthz", "/readyz"):
        assert full.ask(path, Host="other.test").status == 200
    for path in ("/all.rss", "/f/all.rss"):
        assert full.ask(path, Host="feeds.test", X_Forwarded_Proto="https").status == 200
