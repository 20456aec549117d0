"""Conditional requests and validators (RFC 9110 §8.8, §13)."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.feeds_server import Server, start, stop, wait_for
from tests.support.http_site import KINDS, OTHERS, raw, site

pytestmark = pytest.mark.xdist_group("http")


def conditions(server: Server) -> list[tuple[list[str], int]]:
    """Header lines and the expected status of each vector about 304."""
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
        *(([ae, f"If-None-Match: {value}"], status) for value, status in tags.items()),
        *(([ae, f"If-Modified-Since: {value}"], status) for value, status in dates.items()),
        ([ae, 'If-None-Match: "x"', f"If-Modified-Since: {since}"], 200),
        ([ae, "If-None-Match:", f"If-Modified-Since: {since}"], 200),
        ([ae, f"If-None-Match: {tag}", f"If-Modified-Since: {earlier}"], 304),
        ([ae, 'If-None-Match: "x"', f"If-None-Match: {tag}"], 304),
        ([ae, f"If-None-Match: {tag}", 'If-None-Match: "x"'], 304),
    ]


@pytest.mark.rule("H4", "H5", "H6", "H10", "H12", "H13", "H18")
def test_conditional_get_and_head_have_the_same_status(server: Server) -> None:
    for lines, status in conditions(server):
        get, head = (raw(server, "/all.rss", *lines, method=method) for method in ("GET", "HEAD"))
        assert (lines, get.status, head.status) == (lines, status, status)
        assert [field for field in head.headers if field[0] != "date"] == [
            field for field in get.headers if field[0] != "date"
        ]
        assert head.body == b""
        assert (get.body == b"") == (status == 304)


@pytest.mark.rule("H14", "H17", "H30")
@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_304_repeats_all_headers_except_those_of_the_body(
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
    # Lists of feeds have no date, which would not move with every change and give a false 304.
    assert bool(dated) == path.endswith((".rss", ".atom", ".json"))


@pytest.mark.rule("H11")
@pytest.mark.parametrize(("path", "status"), [*OTHERS.items(), ("/for-now.rss", 302)])
def test_conditions_are_ignored_unless_the_status_is_200(
    server: Server, path: str, status: int
) -> None:
    tag = server.ask("/all.rss").headers["etag"]
    now = format_datetime(datetime.now(UTC), usegmt=True)
    for method in ("GET", "HEAD"):
        for headers in ({"If_None_Match": "*"}, {"If_None_Match": tag}, {"If_Modified_Since": now}):
            assert server.ask(path, method, **headers).status == status


@pytest.mark.rule("H7")
def test_servers_of_one_site_send_the_same_validators(server: Server, tmp_path: Path) -> None:
    other = start(site(tmp_path))
    try:
        for path in KINDS:
            for name in ("etag", "last-modified"):
                assert other.ask(path).headers.get(name) == server.ask(path).headers.get(name)
    finally:
        stop(other)


@pytest.mark.rule("H8", "H9")
def test_validators_change_on_edit_and_withdrawal(
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
    tags = {answer.headers["etag"] for answer in (before, edited, after)}
    dates = [
        parsedate_to_datetime(answer.headers["last-modified"]) for answer in (before, edited, after)
    ]
    assert len(tags) == 3
    assert dates[0] < dates[1] < dates[2] <= parsedate_to_datetime(after.headers["date"])


@pytest.mark.rule("H14")
def test_304_is_the_same_for_cached_and_new_documents(client: FlaskClient) -> None:
    rendered = client.get("/all.atom")
    for path in ("/topics/ai.rss", "/all.html", "/feeds.opml"):
        first, second = (client.get(path, headers={"If-None-Match": "*"}) for _ in range(2))
        assert (first.status_code, dict(first.headers)) == (304, dict(second.headers))
        missing = set(rendered.headers.keys()) - set(first.headers.keys())
        assert missing <= {"Content-Type", "Content-Length", "Link", "Last-Modified"}
