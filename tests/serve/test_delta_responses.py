"""Delta encoding of feeds over HTTP (RFC 3229)."""

import json
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.feeds_server import Server, start, stop
from tests.support.http_site import SENT, decoded, site
from tests.support.site import front_matter, write_article

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("D5")
def test_delta_is_off_by_default(server: Server) -> None:
    for tag in (server.ask("/all.rss").headers["etag"], '"x"'):
        answer = server.ask("/all.rss", A_IM="feed", If_None_Match=tag)
        assert answer.status in (200, 304)
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "im" not in answer.headers


@pytest.mark.rule("D1", "D2", "D3", "D4")
def test_delta_has_new_entries_and_the_etag_of_the_whole_feed(
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
