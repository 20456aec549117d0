"""Proxies and caches in front of the server, with the configurations of docs/deploy.

Only addresses and paths differ. A recorder between proxy and server shows which requests the cache
answered.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from _pytest.mark import ParameterSet

from tests.support.feeds_server import Answer, Server, start, stop
from tests.support.http_site import decoded, send
from tests.support.proxies import HOST, OUTAGES, PROGRAMS, RunningProxy, start_proxy
from tests.support.site import front_matter, write_site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    articles = {
        f"{number}.md": front_matter(
            title=f"Title {number} & <more>",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
            topics=["AI" if number % 2 else "Maps"],
        )
        for number in range(1, 20)
    }
    root = write_site(
        tmp_path_factory.mktemp("site"),
        articles,
        feeds_url=f"https://{HOST}/",
        http={"cache_tags": "xkey"},
        feeds={
            "defaults": {"max_age": "1m"},
            "feeds": [
                {"path": "all"},
                {"path": "topics/{topic}", "each": "topic"},
                {"path": "at-once", "stale_while_revalidate": 0},
            ],
            "moved": {"old": "all"},
            "gone": ["retired.rss"],
        },
    )
    running = start(root)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def running_proxies() -> Iterator[dict[str, RunningProxy]]:
    """The running proxies by name."""
    running: dict[str, RunningProxy] = {}
    yield running
    for proxy in running.values():
        proxy.stop()


@pytest.fixture
def proxy(
    request: pytest.FixtureRequest, server: Server, running_proxies: dict[str, RunningProxy]
) -> RunningProxy:
    """A running proxy, whose cache may hold copies from other tests."""
    program = PROGRAMS[request.param]
    if program.name not in running_proxies:
        running_proxies[program.name] = start_proxy(program, server)
    running_proxies[program.name].recorder.seen.clear()
    return running_proxies[program.name]


def proxies(*names: str) -> pytest.MarkDecorator:
    """Run a test with these programs; docs/guides/proxies.md lists what the others lack."""
    return pytest.mark.parametrize("proxy", params(names), indirect=True)


def params(names: Iterable[str]) -> list[ParameterSet]:
    """Return the programs as parameters; all tests of a program run in one worker."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(f"proxy-{name}")) for name in names]


@proxies(*PROGRAMS)
def test_each_content_coding_is_passed_on_with_its_etag(
    proxy: RunningProxy, server: Server
) -> None:
    for _ in range(2):  # from the server, and from the cache
        for accepted, coding in (
            ("br", "br"),
            ("gzip", "gzip"),
            ("identity", None),
            ("gzip, deflate, br", "br"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("", None),
        ):
            answer = proxy.ask("/all.atom", Accept_Encoding=accepted)
            sent = answer.headers.get("content-encoding")
            # HAProxy sends any acceptable copy, and identity is acceptable to most clients.
            assert sent == coding or (proxy.program.name == "haproxy" and sent is None)
            direct = server.ask("/all.atom", Accept_Encoding=sent or "identity")
            assert (answer.status, answer.body) == (200, direct.body)
            for name in ("etag", "last-modified", "content-type", "link", "vary"):
                assert answer.headers[name] == direct.headers[name]
            assert "stale-if-error=604800" in answer.headers["cache-control"]
    plain = server.ask("/all.atom").body
    assert decoded(proxy.ask("/all.atom", Accept_Encoding="br")) == plain


@proxies("nginx", "varnish", "haproxy", "squid")
def test_second_request_is_answered_from_the_cache(proxy: RunningProxy) -> None:
    for coding in ("br", "gzip", "identity"):
        first = proxy.ask("/all.json", Accept_Encoding=coding)
        before = len(proxy.recorder.seen)
        second = proxy.ask("/all.json", Accept_Encoding=coding)
        assert (second.status, second.body) == (200, first.body)
        assert second.headers["etag"] == first.headers["etag"]
        assert len(proxy.recorder.seen) == before
        assert "HIT" in second.headers["x-cache"]


@proxies(*PROGRAMS)
def test_head_is_get_without_a_body(proxy: RunningProxy) -> None:
    for coding in ("br", "identity"):
        get = proxy.ask("/all.atom", Accept_Encoding=coding)
        head = proxy.ask("/all.atom", "HEAD", Accept_Encoding=coding)
        assert (head.status, head.body) == (200, b"")
        for name in ("etag", "last-modified", "content-type", "cache-control", "vary"):
            assert head.headers[name] == get.headers[name]


@proxies(*PROGRAMS)
def test_if_none_match_is_answered_with_304(proxy: RunningProxy) -> None:
    for coding in ("br", "gzip", "identity"):
        tag = proxy.ask("/all.atom", Accept_Encoding=coding).headers["etag"]
        lists = [] if proxy.program.name == "varnish" else [f'"x", {tag}']  # which it ignores
        for value in (tag, f"W/{tag}", *lists):
            answer = proxy.ask("/all.atom", Accept_Encoding=coding, If_None_Match=value)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers.get("etag", tag) == tag
            assert ("etag" in answer.headers) == (proxy.program.name != "squid")  # which omits it
        answer = proxy.ask("/all.atom", Accept_Encoding=coding, If_None_Match='"x"')
        assert answer.status == 200
    since = proxy.ask("/all.atom").headers["last-modified"]
    assert proxy.ask("/all.atom", If_Modified_Since=since).status == 304


@proxies(*PROGRAMS)
def test_host_and_forwarding_headers_are_passed_on(proxy: RunningProxy) -> None:
    proxy.ask("/nowhere.rss")
    seen = proxy.recorder.seen[-1]
    assert seen.headers["host"] == HOST
    assert "127.0.0.1" in seen.headers["x-forwarded-for"]
    if proxy.program.name != "varnish":  # which has no HTTPS
        assert seen.headers["x-forwarded-proto"] == "http"


@proxies(*PROGRAMS)
def test_errors_and_redirects_are_passed_on_unchanged(proxy: RunningProxy, server: Server) -> None:
    for path, status in (("/no.rss", 404), ("/retired.rss", 410), ("/old.rss", 301)):
        answer = proxy.ask(path)
        assert answer.status == status
        assert answer.headers.get("location") == server.ask(path).headers.get("location")
    assert proxy.ask("/all.rss", "POST").status == 405
    before = len(proxy.recorder.seen)
    proxy.ask("/no.rss")
    assert len(proxy.recorder.seen) == before + 1  # no-store


@proxies("nginx", "varnish", "squid")
def test_stale_copy_is_revalidated_with_its_etag(proxy: RunningProxy) -> None:
    path = "/topics/ai.atom"
    old = proxy.fetch_stale(lambda: proxy.ask(path, Accept_Encoding="gzip"))
    again = proxy.ask(path, Accept_Encoding="gzip")
    assert (again.status, again.body) == (200, old.body)
    for _ in range(50):
        if proxy.recorder.statuses(path) == [200, 304]:
            break
        time.sleep(0.05)  # some revalidate in the background
    assert proxy.recorder.statuses(path) == [200, 304]
    assert proxy.recorder.seen[-1].headers["if-none-match"] == old.headers["etag"]
    fresh = proxy.ask(path, Accept_Encoding="gzip")
    assert (fresh.status, fresh.body) == (200, old.body)
    assert len(proxy.recorder.statuses(path)) == 2


@proxies("nginx", "varnish", "squid")
def test_stale_copy_is_not_sent_without_stale_while_revalidate(proxy: RunningProxy) -> None:
    path = "/at-once.atom"
    old = proxy.fetch_stale(lambda: proxy.ask(path))
    again = proxy.ask(path)
    assert proxy.recorder.statuses(path) == [200, 304]
    assert (again.status, again.body) == (200, old.body)
    proxy.ask(path)
    assert len(proxy.recorder.statuses(path)) == 2


@proxies("haproxy", "caddy")
def test_conditional_request_is_passed_on_by_caches_without_revalidation(
    proxy: RunningProxy,
) -> None:
    path = "/topics/maps.atom"
    tag = proxy.server.ask(path).headers["etag"]
    assert proxy.ask(path, If_None_Match=tag).status == 304
    assert proxy.recorder.statuses(path) == [304]


@proxies("nginx", "varnish")
def test_equivalent_accept_encodings_and_queries_share_one_copy(proxy: RunningProxy) -> None:
    path = "/topics/maps.json"
    for accepted in ("gzip", "gzip;q=0.9", "GZIP, deflate", "deflate, gzip, *;q=0"):
        answer = proxy.ask(path, Accept_Encoding=accepted)
        assert answer.headers["content-encoding"] == "gzip"
    assert proxy.ask(f"{path}?a=1", Accept_Encoding="gzip").status == 200
    assert sum(seen.path.startswith(path) for seen in proxy.recorder.seen) == 1


def purge(proxy: RunningProxy, path: str, **headers: str) -> Answer:
    return proxy.ask(path, "PURGE", **headers)


@proxies("varnish", "squid")
def test_purged_document_is_fetched_again(proxy: RunningProxy) -> None:
    path, other = "/topics/ai.rss", "/topics/maps.rss"
    for url in (path, other):
        proxy.ask(url, Accept_Encoding="gzip")
    # Squid purges only the accepted coding, Varnish all.
    assert purge(proxy, path, Accept_Encoding="gzip").status == 200
    for url in (path, other):
        proxy.ask(url, Accept_Encoding="gzip")
    assert len(proxy.recorder.statuses(path)) == 2
    assert len(proxy.recorder.statuses(other)) == 1


@proxies("varnish")
def test_varnish_purges_all_codings_by_tag_and_hides_tags(proxy: RunningProxy) -> None:
    requests = [("/topics/ai.json", "gzip"), ("/topics/ai.json", "br"), ("/topics/maps.json", "br")]
    answers = [proxy.ask(path, Accept_Encoding=coding) for path, coding in requests]
    assert all("xkey" not in answer.headers for answer in answers)
    proxy.recorder.seen.clear()
    answer = purge(proxy, "/", xkey="topic:ai topic:none")
    assert answer.status == 200
    for path, coding in requests:
        proxy.ask(path, Accept_Encoding=coding)
    assert [seen.path for seen in proxy.recorder.seen] == ["/topics/ai.json"] * 2


@proxies("nginx", "varnish", "haproxy", "caddy")
def test_other_clients_cannot_purge(proxy: RunningProxy) -> None:
    answer = purge(proxy, "/all.rss", X_Forwarded_For="192.0.2.1")
    assert answer.status in (403, 405)


@proxies("nginx", "varnish", "squid")
def test_concurrent_requests_are_collapsed(proxy: RunningProxy) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: proxy.ask("/feeds.opml"), range(12)))
    assert {answer.status for answer in answers} == {200}
    assert len(proxy.recorder.statuses("/feeds.opml")) <= 2


@proxies(*PROGRAMS)
def test_software_versions_are_hidden(proxy: RunningProxy) -> None:
    text = f"GET /no.rss HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    answer = send(proxy.port, text)
    assert answer.status == 404
    for version in (b"1.22", b"7.1.1", b"2.6", b"/5.7"):
        assert version not in answer.text


@pytest.mark.parametrize("name", params(OUTAGES))
def test_stale_copy_is_sent_if_the_server_is_down(server: Server, name: str) -> None:
    proxy = start_proxy(OUTAGES[name], server)
    try:
        check_outage(proxy)
    finally:
        proxy.stop()


def check_outage(proxy: RunningProxy) -> None:
    paths = ("/all.rss", "/at-once.atom")  # with and without stale-while-revalidate
    copies = proxy.fetch_stale(lambda: {path: proxy.ask(path) for path in paths})
    fresh = proxy.ask("/all.json")
    proxy.recorder.stop()
    if not proxy.program.serves_stale:
        assert proxy.ask(paths[0]).status in (502, 503)
        return
    for path in paths * 2:
        answer = proxy.ask(path)
        assert (answer.status, answer.body) == (200, copies[path].body)
        again = proxy.ask(path, If_None_Match=copies[path].headers["etag"])
        # Squid sends stale copies in full.
        assert again.status == (200 if proxy.program.name == "squid" else 304)
    answer = proxy.ask("/all.json")
    assert (answer.status, answer.body) == (200, fresh.body)
    assert proxy.ask("/topics/ai.rss").status in (502, 503, 504)  # never requested before
