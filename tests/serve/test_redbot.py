"""REDbot and httplint, which check the HTTP specifications, report no errors."""

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
# Accepted warnings and their reasons. `http.hsts` is not set here, because its header is valid only
# over https.
ACCEPTED = {
    # Old caches need `public` to store a feed, whatever their own rules (RFC 9111 §5.2.2.9).
    "STORE_PUBLIC_UNNECESSARY",
    # Images of articles may have http: URLs.
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
    """Results of REDbot for one URL of each kind, requested together."""
    parser = ConfigParser()
    parser.read_dict({"redbot": {"enable_local_access": "True"}})
    resources = {path: HttpResource(parser["redbot"]) for path in KINDS}
    pending = set(resources)

    def done(path: str) -> None:
        pending.discard(path)
        if not pending:
            thor.stop()

    for path, resource in resources.items():
        resource.set_request(f"http://127.0.0.1:{server.port}{path}")
        resource.on("check_done", lambda path=path: done(path))
        resource.check()
    thor.run()
    return resources


def every(linter: Any) -> Iterator[Any]:
    """The notes on a message, including nested ones."""
    return chain.from_iterable((note, *note.subnotes) for note in linter.notes)


def bad(linter: Any) -> list[str]:
    """Notes of level bad, and warnings that are not accepted."""
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
    for request in (resource, *resource.subreqs.values()):
        assert bad(request.response) == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_redbot_sees_conditional_requests_and_codings_of_every_document(
    checked: Mapping[str, HttpResource], path: str
) -> None:
    resource = checked[path]
    assert (resource.inm_support, resource.gzip_support) == (True, True)
    # Lists of feeds have no date, because it would not move with every change.
    assert bool(resource.ims_support) == path.endswith((".rss", ".atom", ".json"))
    assert resource.partial_support is False


def test_every_accepted_warning_is_still_given(checked: Mapping[str, HttpResource]) -> None:
    given = {
        type(note).__name__ for resource in checked.values() for note in every(resource.response)
    }
    assert given > ACCEPTED


def linted(answer: Raw, method: str, path: str, lines: tuple[str, ...]) -> HttpResponseLinter:
    """Check an answer with httplint, in the context of its request."""
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
