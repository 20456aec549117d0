"""The server as clients see it, over a real socket, run by the command that users type."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.feeds_server import Server, free_port, start, stop, wait_for
from tests.support.site import front_matter, write_article, write_site

pytestmark = pytest.mark.xdist_group("server")

FEED_PATHS = ["/all.rss", "/all.atom", "/all.json", "/topics/ai.rss"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    articles = {
        f"_news/{number}.md": front_matter(
            title=f"Title {number} & <more>",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
        )
        for number in range(1, 4)
    }
    root = write_site(tmp_path_factory.mktemp("site"), articles)
    running = start(root, "--workers", "2")
    yield running
    stop(running)


@pytest.mark.rule("H50")
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/all.rss", "application/rss+xml; charset=utf-8"),
        ("/all.atom", "application/atom+xml; charset=utf-8"),
        ("/all.json", "application/feed+json; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
    ],
)
def test_each_format_has_its_content_type(server: Server, path: str, content_type: str) -> None:
    answer = server.ask(path)
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)


@pytest.mark.rule("R12", "A24")
@pytest.mark.parametrize("path", FEED_PATHS)
def test_self_link_is_the_url_served(server: Server, path: str) -> None:
    body = server.ask(path).body
    url = f"https://example.org{path}"
    if path.endswith(".json"):
        assert json.loads(body)["feed_url"] == url
    else:
        links = ElementTree.fromstring(body).iter("{http://www.w3.org/2005/Atom}link")
        assert [link.get("href") for link in links if link.get("rel") == "self"] == [url]


@pytest.mark.rule("H4", "H5")
@pytest.mark.parametrize("path", FEED_PATHS)
def test_if_none_match_accepts_weak_tags_lists_and_star(server: Server, path: str) -> None:
    tag = server.ask(path).headers["etag"]
    assert tag.startswith('"')
    for value in (tag, f"W/{tag}", f'"x", W/{tag}', "*"):
        answer = server.ask(path, If_None_Match=value)
        assert (answer.status, answer.body) == (304, b"")
    assert server.ask(path, If_None_Match='"x"').status == 200


@pytest.mark.rule("H10")
def test_etag_overrules_modified_since(server: Server) -> None:
    since = server.ask("/all.rss").headers["last-modified"]
    answer = server.ask("/all.rss", If_None_Match='"x"', If_Modified_Since=since)
    assert answer.status == 200


@pytest.mark.rule("H12")
def test_if_modified_since_compares_by_order(server: Server) -> None:
    since = server.ask("/all.rss").headers["last-modified"]
    moment = parsedate_to_datetime(since)
    day = timedelta(days=1)
    expected = {
        since: 304,
        format_datetime(moment + day, usegmt=True): 304,
        format_datetime(moment - day, usegmt=True): 200,
        "yesterday": 200,
    }
    statuses = {value: server.ask("/all.rss", If_Modified_Since=value).status for value in expected}
    assert statuses == expected


@pytest.mark.rule("H13")
def test_empty_if_none_match_matches_nothing(server: Server) -> None:
    since = server.ask("/all.rss").headers["last-modified"]
    assert server.ask("/all.rss", If_None_Match="", If_Modified_Since=since).status == 200


@pytest.mark.rule("H14")
@pytest.mark.parametrize("path", FEED_PATHS)
def test_304_repeats_the_caching_headers(server: Server, path: str) -> None:
    whole = server.ask(path)
    empty = server.ask(path, If_None_Match=whole.headers["etag"])
    for name in ("etag", "cache-control", "access-control-allow-origin"):
        assert empty.headers[name] == whole.headers[name]


@pytest.mark.rule("H16")
@pytest.mark.parametrize("path", [*FEED_PATHS, "/", "/feeds.opml", "/no.rss", "/healthz"])
def test_head_is_get_without_a_body(server: Server, path: str) -> None:
    get, head = server.ask(path), server.ask(path, "HEAD")
    assert head.body == b""
    assert head.status == get.status
    for headers in (get.headers, head.headers):
        dict(headers).pop("date")
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in get.headers.items() if k != "date"
    }


@pytest.mark.rule("H15")
def test_other_methods_are_405_with_allow(server: Server) -> None:
    answer = server.ask("/all.rss", "POST")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.rule("H21", "R8")
def test_max_age_agrees_with_ttl(server: Server) -> None:
    answer = server.ask("/all.rss")
    assert "public, max-age=1800," in answer.headers["cache-control"]
    assert ElementTree.fromstring(answer.body).findtext("channel/ttl") == "30"


@pytest.mark.rule("H62", "H11")
@pytest.mark.parametrize(
    "path",
    [
        "/no-such-feed.rss",
        "/all.xml",
        "/all.rss/b",
        "/topics",
        "/../site.yaml",
        "/%2e%2e/site.yaml",
        "/..//",
    ],
)
def test_unknown_path_is_404_for_every_method(server: Server, path: str) -> None:
    for headers in ({}, {"If_None_Match": "*"}):
        answer = server.ask(path, **headers)
        assert answer.status == 404
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["cache-control"] == "no-store"


def test_healthz_and_readyz_answer(server: Server) -> None:
    assert server.ask("/healthz").status == 200
    assert server.ask("/readyz").status == 200


def test_server_publishes_saved_and_removed_articles(tmp_path: Path) -> None:
    running = start(write_site(tmp_path, {"a.md": front_matter(title="Old")}))
    try:
        tag = running.ask("/all.json").headers["etag"]
        fresh = front_matter(
            title="Just in",
            webUrl="https://example.org/new",
            publishedDateTime="2024-06-01T09:00:00Z",
            topics=["Fresh"],
        )
        file = write_article(tmp_path, "_news/new.md", fresh)
        wait_for(running, "/all.json", ["Just in", "Old"])
        wait_for(running, "/topics/fresh.json", ["Just in"])
        assert running.ask("/all.json", If_None_Match=tag).status == 200
        file.unlink()
        wait_for(running, "/all.json", ["Old"])
        assert running.ask("/topics/fresh.json").status == 404  # no article names the topic
    finally:
        stop(running)


@pytest.mark.rule("A52")
def test_archives_are_linked_from_document_to_document(tmp_path: Path) -> None:
    articles = {
        f"{number}.md": front_matter(
            title=str(number),
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
        )
        for number in range(1, 8)
    }
    feeds = {"feeds": [{"path": "all", "size": 2, "history": "all"}]}
    running = start(write_site(tmp_path, articles, feeds))
    try:
        titles, path, answer = list[str](), "/all.json", running.ask("/all.json")
        while path:
            answer = running.ask(path)
            read = json.loads(answer.body)
            titles += [item["title"] for item in read["items"]]
            path = read.get("next_url", "").removeprefix("https://example.org")
        assert titles == ["7", "6", "5", "4", "3", "2", "1"]
        assert "max-age=31536000" in answer.headers["cache-control"]
        etag = answer.headers["etag"]
        assert running.ask("/all/archive/1.json", If_None_Match=etag).status == 304
        assert running.ask("/all/archive/99.json").status == 404
        moved = running.ask("/ALL/Archive/1.json")
        assert (moved.status, moved.headers["location"]) == (301, "/all/archive/1.json")
    finally:
        stop(running)


@pytest.mark.rule("H71")
def test_broken_catalogue_is_503_and_never_404(tmp_path: Path) -> None:
    running = start(write_site(tmp_path, {"a.md": front_matter()}))
    try:
        for file in tmp_path.glob("catalogue.sqlite*"):
            file.write_bytes(b"this is no database" * 1000)
        for _ in range(50):
            answer = running.ask("/topics/ai.rss")
            if answer.status == 503:
                break
            time.sleep(0.1)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert running.ask("/readyz").status == 503
        assert running.ask("/healthz").status == 200
    finally:
        stop(running)


def test_server_with_nothing_to_serve_exits_with_a_message(tmp_path: Path) -> None:
    root = write_site(tmp_path, {"a.md": front_matter()})
    (root / "articles").rename(root / "away")
    command = [sys.executable, "-m", "feeds", "serve", "--config", str(root)]
    ended = subprocess.run(
        [*command, "--port", str(free_port())], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "articles.folder: " in ended.stderr
    assert "is not a folder" in ended.stderr
