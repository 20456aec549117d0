"""HTTP as feed readers, caches and hostile clients speak it: rules of RFC 9110, 9111 and others.

Each test is named by the rule that it holds, and asks the command that users type over a socket.
"""

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import brotli
import pytest
from flask.testing import FlaskClient

from feeds.config import presets
from feeds.serve.app import create_app
from feeds.serve.document_cache import DocumentCache
from feeds.serve.runner import _HEAD_MILLISECONDS
from tests.serve.test_server import Answer, Server, start, stop, wait_for
from tests.support.site import Publication, front_matter, write_article, write_site

pytestmark = pytest.mark.xdist_group("http")

FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all", "title": "{site}"},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "categories/{category}", "each": "category"},
    ],
    "gone": ["retired.rss", "retired-{topic}"],
    "moved": {
        "old": "all",
        "older": "old",
        "for-now.rss": {"to": "all.rss", "status": 302},
        "for-now-too.rss": {"to": "all.rss", "status": 307},
        "for-ever.rss": {"to": "all.rss", "status": 308},
        "away.rss": "https://elsewhere.example/feed",
        "loop-a": "loop-b",
        "loop-b": "loop-a",
    },
    "replaces": list(presets.FEED_ADDRESSES),
}
KINDS = {
    "/all.rss": "application/rss+xml",
    "/all.atom": "application/atom+xml",
    "/all.json": "application/feed+json",
    "/all.html": "text/html",
    "/": "text/html",
    "/feeds.opml": "text/x-opml",
    "/topics/feeds.opml": "text/x-opml",
    "/feed.css": "text/css",
    "/pages.css": "text/css",
}
# Each asks for something that is not a document.
OTHERS = {"/no.rss": 404, "/old.rss": 301, "/retired.rss": 410, "/healthz": 200}
SENT = ("all.rss", "all.atom", "all.json")


class Raw(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    text: bytes

    def get(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


def send(port: int, head: bytes, timeout: float = 10) -> Raw:
    """Send bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        got = bytearray()
        with suppress(ConnectionError):  # it may have heard enough; what it said of it is read
            connection.sendall(head)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                got += part
    return parsed(bytes(got))


def parsed(text: bytes) -> Raw:
    if not text:
        return Raw(0, [], b"", b"")
    head, _, body = text.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in rest]
    headers = [(name.lower(), value.strip()) for name, _, value in fields]
    return Raw(int(first.split()[1]), headers, body, text)


def raw(server: Server, path: str, *lines: str, method: str = "GET", host: str = "a.test") -> Raw:
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]
    return send(server.port, "\r\n".join(head).encode("latin-1"))


def site(root: Path, **settings: Any) -> Path:
    articles = {
        f"_news/{number}.md": front_matter(
            title=f"Title {number} & <more>",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
        )
        for number in range(1, 8)
    }
    return write_site(root, articles, **{"feeds": FEEDS, **settings})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site as it comes."""
    running = start(site(tmp_path_factory.mktemp("site")), "--workers", "2")
    yield running
    stop(running)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site with everything on that can be, and an article that is to come in ten minutes."""
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


@pytest.fixture(scope="module", autouse=True)
def slow(server: Server) -> "Iterator[Mapping[str, Future[tuple[Raw, float]]]]":
    """Clients that never say what they want, begun when the module is."""
    sent = {
        "silent": b"",
        "slow head": b"GET /all.rss HTTP/1.1\r\nHost: a.test\r\n",
        "idle": b"GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }

    def wait(head: bytes) -> tuple[Raw, float]:
        begun = time.monotonic()
        answer = send(server.port, head, timeout=_HEAD_MILLISECONDS / 1000 + 20)
        return answer, time.monotonic() - begun

    with ThreadPoolExecutor(len(sent)) as threads:
        yield {name: threads.submit(wait, head) for name, head in sent.items()}


# Codings


def decoded(answer: Answer) -> bytes:
    coding = answer.headers.get("content-encoding")
    if coding == "br":
        return bytes(brotli.decompress(answer.body))
    return gzip.decompress(answer.body) if coding == "gzip" else answer.body


@pytest.mark.parametrize("path", KINDS)
def test_h1_h2_h3_h30_h34_each_coding_has_its_own_tag_and_the_same_content(
    server: Server, path: str
) -> None:
    answers = {each: server.ask(path, Accept_Encoding=each) for each in ("identity", "gzip", "br")}
    tags = {answer.headers["etag"] for answer in answers.values()}
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[!#-~]*"', tag) for tag in tags)
    for coding, answer in answers.items():
        assert answer.headers.get("content-encoding", "identity") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert decoded(answer) == answers["identity"].body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, br", "br"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("", None),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", None),  # by choice, not 406
        ("zstd", None),
        ("deflate", None),
        ("*", "br"),
        ("*;q=0", None),
        ("br;q=0, *;q=1", "gzip"),
        ("identity;q=0, *", "br"),
        ("gzip;q=0", None),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=1.001", None),
        ("gzip;q=abc, br;q=-1", None),
        ("identity;q=1, br;q=0.5", None),
        (",,, ;;;===", None),
        ("gzip;q=1" * 2000, None),
        (", ".join(f"x{number}" for number in range(4000)) + ", br", None),
    ],
)
def test_h31_h32_h33_h35_weights_say_which_coding_is_sent(
    server: Server, accepted: str, coding: str | None
) -> None:
    answer = server.ask("/all.rss", Accept_Encoding=accepted)
    assert (answer.status, answer.headers.get("content-encoding")) == (200, coding)


def test_h32_without_accept_encoding_it_is_identity(server: Server) -> None:
    answer = raw(server, "/all.rss")
    assert (answer.status, answer.get("content-encoding")) == (200, [])
    assert answer.get("vary") == ["Accept-Encoding"]


def test_h31_accept_encoding_in_two_lines_is_one_list(server: Server) -> None:
    answer = raw(server, "/all.rss", "Accept-Encoding: br;q=0.1", "Accept-Encoding: gzip")
    assert answer.get("content-encoding") == ["gzip"]


def test_h36_proxies_and_http_1_0_get_codings_too(server: Server) -> None:
    head = b"GET /all.rss HTTP/1.0\r\nVia: 1.0 proxy\r\nAccept-Encoding: gzip\r\n\r\n"
    answer = send(server.port, head)
    assert (answer.status, answer.get("content-encoding")) == (200, ["gzip"])


# Conditional requests: the vectors


def conditions(server: Server) -> list[tuple[list[str], int]]:
    """The lines of each vector that is about 304, and the status that is due."""
    whole = server.ask("/all.rss", Accept_Encoding="br")
    plain = server.ask("/all.rss").headers["etag"].strip('"')
    tag, since = whole.headers["etag"], whole.headers["last-modified"]
    moment, ae = parsedate_to_datetime(since), "Accept-Encoding: br"
    later = format_datetime(moment + timedelta(days=1), usegmt=True)
    earlier = format_datetime(moment - timedelta(seconds=1), usegmt=True)
    tags = {
        tag: 304, f"W/{tag}": 304, f'"x", W/{tag}': 304, f'"x",{tag}': 304, "*": 304, '"x"': 200,
        # Of another coding, or as proxies and readers send it back.
        f'"{plain}"': 304, f'"{plain}-gzip"': 304, f'"{plain}--gzip"': 304, f'"{plain};br"': 304,
        plain: 304, f'w/"{plain}"': 304, f'"{plain}': 200, f'"{plain[:-1]}"': 200, '"': 200,
        f'"{plain}x"': 200, ",": 200, "W/": 200, '"*"': 200, "\xff\xfe": 200,
    }  # fmt: skip
    dates = {since: 304, later: 304, earlier: 200, "yesterday": 200, "": 200, "0": 200}
    return [
        *(([ae, f"If-None-Match: {said}"], status) for said, status in tags.items()),
        *(([ae, f"If-Modified-Since: {said}"], status) for said, status in dates.items()),
        ([ae, 'If-None-Match: "x"', f"If-Modified-Since: {since}"], 200),
        ([ae, "If-None-Match:", f"If-Modified-Since: {since}"], 200),
        ([ae, f"If-None-Match: {tag}", f"If-Modified-Since: {earlier}"], 304),
        ([ae, 'If-None-Match: "x"', f"If-None-Match: {tag}"], 304),
        ([ae, f"If-None-Match: {tag}", 'If-None-Match: "x"'], 304),
    ]


def test_h4_h5_h6_h10_h12_h13_h18_conditions_and_head_alike(server: Server) -> None:
    for lines, status in conditions(server):
        get, head = (raw(server, "/all.rss", *lines, method=each) for each in ("GET", "HEAD"))
        assert (lines, get.status, head.status) == (lines, status, status)
        assert [each for each in head.headers if each[0] != "date"] == [
            each for each in get.headers if each[0] != "date"
        ]
        assert head.body == b""
        assert (get.body == b"") == (status == 304)


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_h14_h17_h30_304_has_every_header_of_200_but_those_of_the_body(
    server: Server, path: str, coding: str
) -> None:
    whole = server.ask(path, Accept_Encoding=coding)
    same = server.ask(path, Accept_Encoding=coding, If_None_Match=whole.headers["etag"])
    assert (same.status, same.body) == (304, b"")
    of_the_body = {"content-type", "content-length", "content-encoding", "date"}
    assert {**same.headers, "date": ""} == {
        "date": "",
        **{name: value for name, value in whole.headers.items() if name not in of_the_body},
    }
    if dated := same.headers.get("last-modified"):
        assert parsedate_to_datetime(same.headers["date"]) >= parsedate_to_datetime(dated)
    # The date of what lists feeds does not move with each of its changes: a false 304 would come.
    assert bool(dated) == path.endswith((".rss", ".atom", ".json"))


@pytest.mark.parametrize(("path", "status"), [*OTHERS.items(), ("/for-now.rss", 302)])
def test_h11_conditions_do_not_change_what_is_no_document(
    server: Server, path: str, status: int
) -> None:
    tag = server.ask("/all.rss").headers["etag"]
    now = format_datetime(datetime.now(UTC), usegmt=True)
    for method in ("GET", "HEAD"):
        for headers in ({"If_None_Match": "*"}, {"If_None_Match": tag}, {"If_Modified_Since": now}):
            assert server.ask(path, method, **headers).status == status


def test_h7_a_second_server_has_the_same_validators(server: Server, tmp_path: Path) -> None:
    other = start(site(tmp_path))
    try:
        for path in KINDS:
            for name in ("etag", "last-modified"):
                assert other.ask(path).headers.get(name) == server.ask(path).headers.get(name)
    finally:
        stop(other)


def test_h8_h9_tag_and_date_move_with_every_change_also_when_something_is_withdrawn(
    tmp_path: Path,
) -> None:
    root = site(tmp_path)
    running = start(root)
    try:
        before = running.ask("/all.json")
        file = root / "articles/_news/7.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("Title 7", "Title 8"), encoding="utf-8")  # of equal size
        names = [f"Title {number} & <more>" for number in (8, 6, 5, 4, 3, 2, 1)]
        wait_for(running, "/all.json", names)
        edited = running.ask("/all.json")
        time.sleep(1.1)  # the date has whole seconds
        assert edited.headers["content-length"] == before.headers["content-length"]
        assert edited.headers["etag"] != before.headers["etag"]
        file.unlink()
        wait_for(running, "/all.json", names[1:])
        after = running.ask("/all.json")
    finally:
        stop(running)
    tags = {each.headers["etag"] for each in (before, edited, after)}
    dates = [
        parsedate_to_datetime(each.headers["last-modified"]) for each in (before, edited, after)
    ]
    assert len(tags) == 3
    assert dates[0] < dates[1] < dates[2] <= parsedate_to_datetime(after.headers["date"])


# Freshness


@pytest.mark.parametrize("path", KINDS)
def test_h21_h22_h23_h24_h25_h26_freshness_is_sane_and_lets_caches_serve_in_outages(
    server: Server, path: str
) -> None:
    answer = server.ask(path)
    said = dict(
        part.strip().partition("=")[::2] for part in answer.headers["cache-control"].split(",")
    )
    assert set(said) == {"public", "max-age", "stale-while-revalidate", "stale-if-error"}
    assert 300 <= int(said["max-age"]) <= 18_000
    assert "expires" not in answer.headers


@pytest.mark.parametrize("path", [*KINDS, *OTHERS])
def test_h28_no_cookies_and_nothing_that_depends_on_them(server: Server, path: str) -> None:
    answer = server.ask(path, Cookie="session=1")
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("vary") in (None, "Accept-Encoding")


@pytest.mark.parametrize(
    ("path", "kept"),
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
def test_h27_h75_what_is_no_document_says_how_long_it_may_be_kept(
    server: Server, path: str, kept: str
) -> None:
    assert server.ask(path).headers["cache-control"] == kept


def test_future_articles_bound_the_freshness_of_the_feeds_they_will_be_in(full: Server) -> None:
    said = full.ask("/all.rss", Host="feeds.test").headers["cache-control"]
    age = int(said.partition("max-age=")[2].partition(",")[0])
    assert 300 < age <= 600
    assert "stale-while-revalidate=0" in said
    elsewhere = full.ask("/categories/news.rss", Host="feeds.test").headers["cache-control"]
    assert "max-age=3600, stale-while-revalidate=300" in elsewhere


def test_cdns_are_told_their_own_freshness_and_tags(full: Server) -> None:
    answer = full.ask("/categories/news.rss", Host="feeds.test")
    ages = "max-age=86400, stale-while-revalidate=300, stale-if-error=604800"
    assert answer.headers["cdn-cache-control"] == f"public, {ages}"
    assert answer.headers["surrogate-control"] == ages
    assert answer.headers["cache-control"].startswith("public, max-age=3600,")
    tags = answer.headers["xkey"].split(" ")
    assert tags[:2] == ["all", "feed:categories/news"]
    assert len([each for each in tags if each.startswith("entry:")]) == 7
    topic = full.ask("/topics/ai.rss", Host="feeds.test").headers["xkey"].split(" ")
    assert topic[:3] == ["all", "feed:topics/ai", "topic:ai"]


# One URL, one format


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
def test_h40_h41_h42_b6_accept_changes_nothing(server: Server, accept: str) -> None:
    for path in KINDS:
        answer = server.ask(path, Accept=accept)
        assert (answer.status, answer.headers["etag"]) == (200, server.ask(path).headers["etag"])


@pytest.mark.parametrize(("path", "media_type"), KINDS.items())
def test_h50_h51_h52_h53_b8_types_name_the_encoding_that_the_bytes_have(
    server: Server, path: str, media_type: str
) -> None:
    answer = server.ask(path)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    answer.body.decode("utf-8")
    if media_type.endswith("xml"):
        declaration = answer.body.partition(b"?>")[0].lower().replace(b"'", b'"')
        assert declaration == b'<?xml version="1.0" encoding="utf-8"'


def test_h54_nosniff_is_for_pages_and_where_the_site_wants_it_for_feeds(
    server: Server, full: Server
) -> None:
    for path in ("/all.html", "/", "/feed.css", "/no.rss", "/retired.rss", "/old.rss"):
        assert server.ask(path).headers["x-content-type-options"] == "nosniff"
    assert "x-content-type-options" not in server.ask("/all.rss").headers
    nosniff = full.ask("/all.rss", Host="feeds.test").headers["x-content-type-options"]
    assert nosniff == "nosniff"


@pytest.mark.parametrize("path", [*KINDS, *OTHERS])
def test_h55_scripts_of_other_sites_may_read_every_answer(server: Server, path: str) -> None:
    whole = server.ask(path, Origin="https://reader.example")
    tag = whole.headers.get("etag", '"x"')
    for answer in (whole, server.ask(path, Origin="https://reader.example", If_None_Match=tag)):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"]
        assert exposed == "ETag, Last-Modified, Link, Retry-After"


@pytest.mark.parametrize("path", KINDS)
def test_h56_preflight_allows_conditional_requests(server: Server, path: str) -> None:
    asked = {
        "Origin": "https://reader.example",
        "Access_Control_Request_Method": "GET",
        "Access_Control_Request_Headers": "if-none-match",
    }
    answer = server.ask(path, "OPTIONS", **asked)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    allowed = answer.headers["access-control-allow-headers"]
    assert allowed == "If-None-Match, If-Modified-Since, A-IM"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert server.ask("/no.rss", "OPTIONS", **asked).status == 404


def test_h57_b4_policy_lets_the_stylesheet_in_and_no_script(server: Server) -> None:
    for path in KINDS:
        policy = server.ask(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "style-src 'self'" in policy
        assert "script" not in policy
    for path in ("/", "/all.html"):
        referrer = server.ask(path).headers["referrer-policy"]
        assert referrer == "strict-origin-when-cross-origin"


def test_h57_hsts_is_said_with_every_answer_where_the_site_wants_it(
    server: Server, full: Server
) -> None:
    for path in ("/all.rss", "/no.rss", "/retired.rss", "/old.rss", "/healthz", "/"):
        said = full.ask(path, Host="feeds.test").headers["strict-transport-security"]
        assert said == "max-age=31536000"
        assert "strict-transport-security" not in server.ask(path).headers


@pytest.mark.parametrize("path", ["/all.rss", "/all.atom", "/all.json"])
def test_h59_h76_link_header_names_the_final_url_and_the_hub_as_the_feed_does(
    full: Server, path: str
) -> None:
    whole = full.ask(path, Host="feeds.test")
    tag = whole.headers["etag"]
    links = f'<https://feeds.test/f{path}>; rel="self", <https://hub.example/>; rel="hub"'
    for answer in (whole, full.ask(path, Host="feeds.test", If_None_Match=tag)):
        assert set(answer.headers["link"].split(", ")) == set(links.split(", "))


# Methods


@pytest.mark.parametrize("path", [*KINDS, "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE", "NONSENSE"])
def test_h15_other_methods_are_405_with_allow(server: Server, path: str, method: str) -> None:
    answer = server.ask(path, method, If_None_Match="*")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", [*KINDS, *OTHERS, "/readyz", "/for-ever.rss"])
def test_h16_head_has_the_status_and_headers_of_get(server: Server, path: str) -> None:
    for coding in ("identity", "br"):
        get, head = (server.ask(path, method, Accept_Encoding=coding) for method in ("GET", "HEAD"))
        assert (head.status, head.body) == (get.status, b"")
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


# Ranges: nothing that we serve has them


@pytest.mark.parametrize(
    "said", ["bytes=0-3", "bytes=-500", "bytes=999999-", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"]
)
@pytest.mark.parametrize("condition", [None, "W/{tag}", "{tag}", "{date}", "nonsense"])
def test_h80_h81_h82_h84_ranges_are_ignored_and_not_offered(
    server: Server, said: str, condition: str | None
) -> None:
    whole = server.ask("/all.rss")
    tag, date = whole.headers["etag"], whole.headers["last-modified"]
    headers = {"If_Range": condition.format(tag=tag, date=date)} if condition else {}
    answer = server.ask("/all.rss", Range=said, **headers)
    assert (answer.status, answer.body) == (200, whole.body)
    assert not {"accept-ranges", "content-range"} & set(answer.headers)


# Moving and ending


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
def test_h66_h70_h71_h76_moves_lead_there_in_one_step(
    server: Server, path: str, status: int, location: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = server.ask(path, method)
        assert (answer.status, answer.headers["location"]) == (status, location)
    if location.startswith("/"):
        assert server.ask(location).status == 200


def _asked(address: str) -> str:
    return "/" + address.replace("{topic}", "AI").replace("{category}", "news")


@pytest.mark.parametrize(
    "address", sorted({known for rows in presets.FEED_ADDRESSES.values() for known, _ in rows})
)
def test_h70_addresses_of_other_systems_lead_to_feeds(server: Server, address: str) -> None:
    answer = server.ask(_asked(address))
    assert answer.status == 301
    found = server.ask(answer.headers["location"])
    assert found.status == 200
    assert found.headers["content-type"].split(";")[0] in list(KINDS.values())[:3]


def test_h72_gone_is_410_and_says_what_to_do(server: Server) -> None:
    for path in ("/retired.rss", "/retired-maps.rss", "/retired.rss/"):
        assert (server.ask(path).status, server.ask(path, "HEAD").status) == (410, 410)
    assert b"unsubscribe" in server.ask("/retired.rss").body


def test_h62_moves_in_a_circle_are_404(server: Server) -> None:
    assert server.ask("/loop-a.rss").status == 404


def test_h76_other_hosts_and_http_are_led_to_the_canonical_url(full: Server) -> None:
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


# Delta (RFC 3229)


def test_d5_delta_is_off_by_default(server: Server) -> None:
    for tag in (server.ask("/all.rss").headers["etag"], '"x"'):
        answer = server.ask("/all.rss", A_IM="feed", If_None_Match=tag)
        assert answer.status in (200, 304)
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "im" not in answer.headers


def test_d1_d2_d3_d4_delta_is_what_is_new_or_changed_with_the_tag_of_the_whole(
    tmp_path: Path,
) -> None:
    root = site(tmp_path, http={"delta": True})
    running = start(root)
    try:
        old = {name: running.ask(f"/{name}").headers["etag"] for name in SENT}
        write_article(
            root,
            "_news/8.md",
            front_matter(
                title="New",
                webUrl="https://example.org/8",
                publishedDateTime="2024-05-08T09:00:00Z",
            ),
        )
        file = root / "articles/_news/1.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("Title 1", "Changed 1"), encoding="utf-8")
        for _ in range(100):
            titles = running.titles("/all.json")
            if titles[0] == "New" and titles[-1].startswith("Changed"):
                break
            time.sleep(0.1)
        for name in SENT:
            check_delta(running, f"/{name}", old[name])
    finally:
        stop(running)


def check_delta(running: Server, path: str, old: str) -> None:
    whole = running.ask(path)
    assert running.ask(path, A_IM="feed").status == 200
    assert running.ask(path, If_None_Match=old).status == 200
    assert running.ask(path, A_IM="feed", If_None_Match='"unknown"').status == 200
    assert running.ask(path, A_IM="gdiff", If_None_Match=old).status == 200
    now = running.ask(path, A_IM="feed", If_None_Match=whole.headers["etag"])
    assert now.status == 304
    answer = running.ask(path, A_IM="gzip, Feed;q=1", If_None_Match=f"W/{old}")
    assert (answer.status, answer.headers["im"]) == (226, "feed")
    assert answer.headers["etag"] == whole.headers["etag"]
    assert answer.headers["cache-control"] == "no-store, im"
    assert answer.headers["vary"] == "A-IM, If-None-Match, Accept-Encoding"
    assert "delta-base" not in answer.headers
    assert titles_of(answer.body) == ["New", "Changed 1 & <more>"]
    several = running.ask(path, A_IM="feed", If_None_Match=f'"unknown", {old}')
    assert (several.status, several.headers["delta-base"]) == (226, old)
    head = running.ask(path, "HEAD", A_IM="feed", If_None_Match=old)
    assert (head.status, head.body) == (226, b"")
    coded = running.ask(path, A_IM="feed", If_None_Match=old, Accept_Encoding="gzip")
    assert coded.headers["content-encoding"] == "gzip"
    assert titles_of(decoded(coded)) == ["New", "Changed 1 & <more>"]
    with_it = running.ask(path, If_None_Match=coded.headers["etag"], Accept_Encoding="gzip")
    assert with_it.status == 304


def titles_of(body: bytes) -> list[str]:
    if body.startswith(b"{"):
        return [item["title"] for item in json.loads(body)["items"]]
    atom = "{http://www.w3.org/2005/Atom}"
    root = ElementTree.fromstring(body)
    return [
        str(item.findtext("title") or item.findtext(f"{atom}title"))
        for item in (*root.iter("item"), *root.iter(f"{atom}entry"))
    ]


# In the browser


@pytest.mark.parametrize("path", ["/all.rss", "/all.atom"])
def test_b1_b4_b7_feeds_have_a_stylesheet_and_neither_xslt_nor_script(
    server: Server, path: str
) -> None:
    body = server.ask(path).body
    found = re.findall(rb'<\?xml-stylesheet type="([^"]*)" href="([^"]*)"\?>', body)
    assert found == [(b"text/css", b"feed.css")]
    assert server.ask("/feed.css").headers["content-type"].startswith("text/css")
    for word in (b"xsl", b"<script"):
        assert word not in body.replace(b"<?xml-stylesheet", b"")


def test_b5_b9_b10_each_feed_has_a_page_that_names_its_formats(server: Server) -> None:
    page = server.ask("/topics/ai.html").body.decode()
    links = re.findall(r'<link rel="alternate" type="([^"]*)" title="[^"]+" href="([^"]*)"', page)
    formats = list(KINDS.items())[:3]
    assert links == [(media_type, f"../topics/ai{path[4:]}") for path, media_type in formats]


# Hostile and strange requests


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/topics/../all.rss", "/./all.rss", "/topics/%2e%2e/all.rss", "/all.rss%00", "/all%00.rss",
        "/%ff%fe.rss", "/..\\all.rss", "/%5c..%5call.rss", "/all.rss;x=1", "/%252e%252e/all.rss",
        "//evil.example/", "//evil.example/%2e%2e", "/\\evil.example",
        "/all.rss%0d%0aSet-Cookie:a=b", "/%", "/%zz", "/all.rss%20", "/?/all.rss%00/..",
        "/" + "a/" * 5000, "/all.rss?" + "a" * 9000, "/site.yaml", "/catalogue.sqlite",
        "/articles/_news/1.md", "/.git/config", "/static/x",
    ],
)  # fmt: skip
def test_paths_out_of_the_way_lead_nowhere(server: Server, path: str) -> None:
    answer = raw(server, path)
    expected = 200 if path.startswith(("/?", "/all.rss?")) else 404
    assert answer.status == expected
    assert "location" not in dict(answer.headers)
    assert b"root:" not in answer.text


def test_an_encoded_slash_is_a_slash_to_granian_and_leads_to_nothing_else(server: Server) -> None:
    # Granian decodes the path, and hands on nothing of how it was sent.
    slash = raw(server, "/topics/ai.rss")
    assert raw(server, "/topics%2Fai.rss").get("etag") == slash.get("etag")
    assert raw(server, "/topics%252Fai.rss").status == 404


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """Our app under a server that hands on the path as it was sent, as gunicorn does."""
    made = Publication(tmp_path, {"a.md": front_matter()})
    made.build()
    return create_app(made.root, {}, watch=False).test_client()


def test_an_encoded_slash_is_404_where_the_server_tells_of_it(client: FlaskClient) -> None:
    assert client.get("/topics/ai.rss").status_code == 200
    for path in ("/topics%2Fai.rss", "/topics%2fai.rss", "/all.rss%2F", "/%2Fall.rss"):
        assert client.get(path).status_code == 404
    assert client.get("/topics/ai.rss?a=%2F").status_code == 200


def test_h14_304_is_the_same_whether_the_document_was_ready_or_not(client: FlaskClient) -> None:
    made = client.get("/all.atom")
    for path in ("/topics/ai.rss", "/all.html", "/feeds.opml"):
        first, second = (client.get(path, headers={"If-None-Match": "*"}) for _ in range(2))
        assert (first.status_code, dict(first.headers)) == (304, dict(second.headers))
        missing = set(made.headers.keys()) - set(first.headers.keys())
        assert missing <= {"Content-Type", "Content-Length", "Link", "Last-Modified"}


def test_a_fault_of_ours_is_500_without_a_trace(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(DocumentCache, "get", fail)
    answer = client.get("/topics/ai.rss", headers={"If-None-Match": "*"})
    assert answer.status_code == 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text == "Internal error. It has been logged.\n"


@pytest.mark.parametrize(
    "path", ["/", "/all.rss", "/no.rss", "/old.rss", "/retired.rss", "/healthz", "/topics"]
)
def test_no_answer_echoes_the_host_or_tells_versions(server: Server, path: str) -> None:
    for host in ("evil.example", 'evil"><script>', "evil.example:99999", "[::1", "a,evil", ""):
        for method in ("GET", "POST", "OPTIONS"):
            answer = raw(server, path, "X-Forwarded-Host: evil.example", method=method, host=host)
            assert answer.status in (200, 204, 301, 404, 405, 410)
            assert b"evil" not in answer.text
            assert b"Traceback" not in answer.text
            assert answer.get("server") == ["granian"]
            assert not re.search(rb"(?i)(werkzeug|flask|python)", answer.text)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"X: " + b"a" * 65_536, 431),
        (b"\r\n".join(b"X-%d: a" % number for number in range(1000)), 431),
        (b"If-None-Match: " + b'"x", ' * 4000, 200),
        (b"If-None-Match: " + b'"' * 20_000, 200),
        (b"If-None-Match: " + b"W/" * 10_000, 200),
        (b"If-Modified-Since: " + b"9" * 20_000, 200),
        (b"Accept-Encoding: " + b"gzip;q=0.5," * 2000, 200),
        (b"Range: bytes=" + b"0-1," * 5000, 200),
        (b"Content-Length: -1", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", 200),
        (b"no colon in here", 400),
        (b"X: a\0b", 400),
    ],
)
def test_hostile_heads_are_refused_or_ignored_at_once(
    server: Server, head: bytes, status: int
) -> None:
    begun = time.monotonic()
    request = b"GET /all.rss HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head + b"\r\n\r\n"
    answer = send(server.port, request)
    assert answer.status == status
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "text", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_request_is_400(server: Server, text: bytes) -> None:
    assert send(server.port, text).status == 400


@pytest.mark.parametrize("target", ["http://evil.example/all.rss", "*", "evil.example:443"])
def test_targets_in_other_forms_lead_nowhere_else(server: Server, target: str) -> None:
    method = {"*": "OPTIONS", "evil.example:443": "CONNECT"}.get(target, "GET")
    answer = raw(server, target, method=method)
    assert answer.status == {"GET": 200, "OPTIONS": 404, "CONNECT": 405}[method]
    assert b"evil" not in answer.text


def test_a_body_that_never_comes_is_not_waited_for(server: Server) -> None:
    answer = raw(server, "/all.rss", "Content-Length: 100000000", method="POST")
    assert answer.status == 405


def test_clients_that_do_not_read_block_nobody(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        for connection in idle:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.sendall(b"GET /all.rss HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        assert server.ask("/all.atom").status == 200
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.waits
@pytest.mark.parametrize("kind", ["silent", "slow head", "idle", "HTTP/2"])
def test_clients_that_do_not_go_on_are_cut(
    slow: "Mapping[str, Future[tuple[Raw, float]]]", kind: str
) -> None:
    answer, seconds = slow[kind].result()
    assert answer.status == (200 if kind == "idle" else 0)
    assert seconds < _HEAD_MILLISECONDS / 1000 + 5


def test_many_clients_at_once_all_get_their_answer(server: Server) -> None:
    tag = server.ask("/all.rss").headers["etag"]
    barrier = threading.Barrier(16)

    def ask(number: int) -> int:
        barrier.wait()
        headers = {"If_None_Match": tag} if number % 2 else {}
        return server.ask("/all.rss", **headers).status

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == [200, 304] * 8


def test_an_empty_path_is_the_root_and_no_redirect_to_the_clients_host(client: FlaskClient) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": "", "HTTP_HOST": "evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.text


def test_every_answer_has_a_content_security_policy(server: Server) -> None:
    for path in ("/all.rss", "/", "/no.rss", "/old.rss", "/retired.rss", "/healthz"):
        assert "default-src 'none'" in server.ask(path).headers["content-security-policy"]
