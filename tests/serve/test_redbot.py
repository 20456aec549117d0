"""REDbot and httplint, which know HTTP's specifications, find nothing bad in what we send."""

from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from itertools import chain
from typing import Any

import pytest
import thor
from httplint import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels
from redbot.resource import HttpResource

from tests.support.feeds_server import Server, start, stop
from tests.support.http_site import FEEDS, OTHERS, Raw, raw, site

pytestmark = pytest.mark.xdist_group("redbot")

DOCUMENTS = (
    "/all.rss", "/all.atom", "/all.json", "/topics/ai.rss", "/all.html", "/", "/feeds.opml",
    "/topics/feeds.opml", "/feed.css", "/pages.css",
)  # fmt: skip
KINDS = (*DOCUMENTS, *OTHERS, "/for-now.rss", "/for-ever.rss", "/readyz")
# Notes that are warnings to them, and why we do it all the same. `http.hsts` is left off here: what
# it sends is only valid over https.
ACCEPTED = {
    # It says to old caches that a feed is for everybody, whatever their own rules are (rule H21).
    "STORE_PUBLIC_UNNECESSARY",
    # Images of articles are where their authors have them, also at http: addresses.
    "CSP_HTTP_URI",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = site(
        tmp_path_factory.mktemp("site"),
        feeds={**FEEDS, "defaults": {"cdn_max_age": "1d"}},
        hub="https://hub.example/",
        http={"cache_tags": "Surrogate-Key", "nosniff": True, "delta": True},
    )
    running = start(root)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def checked(server: Server) -> Mapping[str, HttpResource]:
    """What REDbot found at one URL of each kind, all asked for at once."""
    parser = ConfigParser()
    parser.read_dict({"redbot": {"enable_local_access": "True"}})
    found = {path: HttpResource(parser["redbot"]) for path in KINDS}
    left = set(found)

    def done(path: str) -> None:
        left.discard(path)
        if not left:
            thor.stop()

    for path, resource in found.items():
        resource.set_request(f"http://127.0.0.1:{server.port}{path}")
        resource.on("check_done", lambda path=path: done(path))
        resource.check()
    thor.run()
    return found


def every(linter: Any) -> Iterator[Any]:
    """The notes of a message, and those below them."""
    return chain.from_iterable((note, *note.subnotes) for note in linter.notes)


def bad(linter: Any) -> list[str]:
    """The notes that are bad, or warnings that are not accepted."""
    return [
        f"{type(note).__name__}: {note.summary}"
        for note in every(linter)
        if note.level is levels.BAD
        or (note.level is levels.WARN and type(note).__name__ not in ACCEPTED)
    ]


@pytest.mark.parametrize("path", KINDS)
def test_redbot_reports_no_errors(checked: Mapping[str, HttpResource], path: str) -> None:
    resource = checked[path]
    assert resource.response.complete
    for each in (resource, *resource.subreqs.values()):
        assert bad(each.response) == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_redbot_sees_conditional_requests_and_codings_of_every_document(
    checked: Mapping[str, HttpResource], path: str
) -> None:
    found = checked[path]
    assert (found.inm_support, found.gzip_support) == (True, True)
    # What lists feeds has no date, for it would not move with each change.
    assert bool(found.ims_support) == path.endswith((".rss", ".atom", ".json"))
    assert found.partial_support is False


def test_every_accepted_warning_is_still_given(checked: Mapping[str, HttpResource]) -> None:
    given = {type(note).__name__ for each in checked.values() for note in every(each.response)}
    assert given > ACCEPTED


def linted(answer: Raw, method: str, path: str, lines: tuple[str, ...]) -> HttpResponseLinter:
    """What httplint says of an answer, knowing what was asked."""
    request = HttpRequestLinter()
    request.process_request_topline(method.encode(), path.encode(), b"1.1")
    fields = [line.encode().split(b": ", 1) for line in ("Host: a.test", *lines)]
    request.process_headers([(name, value) for name, value in fields])
    request.finish_content(True)
    response = HttpResponseLinter()
    response.request = request
    response.is_head_response = method == "HEAD"
    response.process_response_topline(b"1.1", str(answer.status).encode(), b"")
    response.process_headers([(name.encode(), value.encode()) for name, value in answer.headers])
    if answer.body:
        response.feed_content(answer.body)
    response.finish_content(True)
    return response


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("GET", ()),
        ("GET", ("Accept-Encoding: br",)),
        ("GET", ("Accept-Encoding: gzip",)),
        ("GET", ("If-None-Match: *",)),
        ("GET", ("Range: bytes=0-3",)),
        ("GET", ("A-IM: feed", 'If-None-Match: "x"')),
        ("GET", ("Origin: https://reader.example",)),
        ("HEAD", ()),
        ("POST", ()),
        (
            "OPTIONS",
            (
                "Origin: https://reader.example",
                "Access-Control-Request-Method: GET",
                "Access-Control-Request-Headers: if-none-match",
            ),
        ),
    ],
)
def test_httplint_reports_no_errors(
    server: Server, path: str, method: str, lines: tuple[str, ...]
) -> None:
    answer = raw(server, path, *lines, method=method)
    response = linted(answer, method, path, lines)
    assert bad(response) == []
