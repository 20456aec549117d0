"""Methods, and ranges, which are not supported (RFC 9110 §9, §14)."""

import pytest

from tests.support.feeds_server import Server
from tests.support.http_site import KINDS, OTHERS

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("H15")
@pytest.mark.parametrize("path", [*KINDS, "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE", "NONSENSE"])
def test_other_methods_are_405_with_allow(server: Server, path: str, method: str) -> None:
    answer = server.ask(path, method, If_None_Match="*")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.rule("H16")
@pytest.mark.parametrize("path", [*KINDS, *OTHERS, "/readyz", "/for-ever.rss"])
def test_head_has_status_and_headers_of_get(server: Server, path: str) -> None:
    for coding in ("identity", "br"):
        get, head = (server.ask(path, method, Accept_Encoding=coding) for method in ("GET", "HEAD"))
        assert (head.status, head.body) == (get.status, b"")
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


@pytest.mark.rule("H80", "H81", "H82", "H84")
@pytest.mark.parametrize(
    "requested",
    ["bytes=0-3", "bytes=-500", "bytes=999999-", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"],
)
@pytest.mark.parametrize("condition", [None, "W/{tag}", "{tag}", "{date}", "nonsense"])
def test_ranges_are_ignored_and_not_offered(
    server: Server, requested: str, condition: str | None
) -> None:
    whole = server.ask("/all.rss")
    tag, date = whole.headers["etag"], whole.headers["last-modified"]
    headers = {"If_Range": condition.format(tag=tag, date=date)} if condition else {}
    answer = server.ask("/all.rss", Range=requested, **headers)
    assert (answer.status, answer.body) == (200, whole.body)
    assert not {"accept-ranges", "content-range"} & set(answer.headers)
