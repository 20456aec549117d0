"""The same site behind nginx, Caddy and Apache as behind our own server: readers see no difference.

The requests are those of the conformance rules' HTTP vectors.
"""

import gzip
import itertools
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import brotli
import pytest

from tests.support import web_servers
from tests.support.feeds_server import start, stop
from tests.support.site import NOW, Publication, front_matter
from tests.support.web_servers import Answer, ask, serving

pytestmark = pytest.mark.xdist_group("hosts")

HOSTS = ("nginx", "caddy", "apache")
FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all"},
        {"path": "hot", "order": "heat", "max_age": "5m", "cdn_max_age": "1h"},
        {"path": "past", "size": 2, "history": "all"},
        {"path": "past/archive/maps"},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "types/{type}", "each": "type", "max_age": "1h"},
        {"path": "category/{category}", "each": "category"},
        {"path": "tag/{topic}", "each": "topic"},
    ],
    "moved": {
        "old/feed.xml": "all.rss",
        "blog/{topic}/rss": "topics/{topic}.rss",
        "away": "https://example.net/x.rss?a=b%20c",
        "старый путь": "topics/роботы.rss",
        "temp.rss": {"to": "all.rss", "status": 307},
        "Former": "past",
    },
    "gone": ["dead.rss", "dead"],
    "replaces": ["wordpress", "common"],
}
SAME = (
    "access-control-allow-origin", "access-control-expose-headers", "cache-control",
    "cdn-cache-control", "content-encoding", "content-security-policy", "content-type",
    "last-modified", "link", "referrer-policy", "strict-transport-security", "surrogate-control",
    "vary", "x-content-type-options",
)  # fmt: skip


@contextmanager
def readable() -> Iterator[Path]:
    """A folder that a web server's own user may read, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="feeds-hosts-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def publication(root: Path, mount: str) -> Publication:
    articles = {
        f"_news/{number}.md": front_matter(
            "Text. " * 300,
            title=f"Title {number}",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
            topics=["AI"] if number % 2 else ["Роботы"],
        )
        for number in range(1, 6)
    }
    site = Publication(
        root,
        articles,
        FEEDS,
        feeds_url=f"https://example.org{mount}",
        hub="https://hub.example.net/?a=b%20c",
        http={"hsts": "365d"},
    )
    site.build()
    return site


class Sides:
    """One site, served by a web server and by our server."""

    def __init__(self, host: str, mount: str, port: int, ours: int) -> None:
        self.host, self.mount, self.port, self.ours = host, mount, port, ours

    def ask(self, name: str, method: str = "GET", **headers: str) -> tuple[Answer, Answer]:
        """Return the answers of the web server and of our server to one request."""
        path = self.mount + name
        return ask(self.port, path, method, **headers), ask(self.ours, path, method, **headers)


class Running:
    """The servers that tests asked for so far, until all are done."""

    def __init__(self, until: ExitStack) -> None:
        self._until = until
        self._sites: dict[str, tuple[Publication, int]] = {}
        self._sides: dict[tuple[str, str], Sides] = {}

    def sides(self, host: str, mount: str) -> Sides:
        if (host, mount) not in self._sides:
            site, ours = self._site(mount)
            folder = self._until.enter_context(readable())
            out = folder / "www" / unquote(mount).strip("/")
            out.mkdir(parents=True)
            site.export(out, host=host)
            web = serving(host, folder / "www", out, folder / "run")
            port = self._until.enter_context(web)
            self._sides[host, mount] = Sides(host, mount, port, ours)
        return self._sides[host, mount]

    def _site(self, mount: str) -> tuple[Publication, int]:
        if mount not in self._sites:
            site = publication(self._until.enter_context(readable()) / "site", mount)
            running = start(site.root)
            self._until.callback(stop, running)
            self._sites[mount] = site, running.port
        return self._sites[mount]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with ExitStack() as until:
        yield Running(until)


@pytest.fixture(
    params=itertools.product(HOSTS, ("/", "/news/feeds/", "/caf%C3%A9/my%20feeds/")), ids=str
)
def sides(request: pytest.FixtureRequest, running: Running) -> Sides:
    host, mount = request.param
    if why := web_servers.missing(host):
        pytest.skip(why)
    return running.sides(host, mount)


NAMES = [
    "", "all.rss", "all.atom", "all.json", "all.html", "hot.rss", "hot.html", "types/article.atom",
    "topics/ai.json", "topics/%D1%80%D0%BE%D0%B1%D0%BE%D1%82%D1%8B.rss", "feeds.opml",
    "topics/feeds.opml", "pages.css", "feed.css", "all.rss?utm_source=x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_documents_have_the_body_and_headers_of_the_server(
    sides: Sides, name: str, method: str
) -> None:
    # nginx has no brotli unless it is told so: see the test of its module.
    for accepted in ("identity", "gzip", *(() if sides.host == "nginx" else ("br",))):
        theirs, ours = sides.ask(name, method, Accept_Encoding=accepted)
        assert (theirs.status, theirs.body) == (ours.status, ours.body)
        assert ours.status == 200
        assert bool(ours.body) == (method == "GET")
        # A file has a date, which our server leaves out where it would not move with each change.
        undated = () if "last-modified" in ours.headers else ("last-modified",)
        keys = [key for key in SAME if key not in undated]
        assert {key: theirs.headers.get(key) for key in keys} == {
            key: ours.headers.get(key) for key in keys
        }


@pytest.mark.parametrize("format_", ["rss", "atom", "json"])
@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_feeds_with_a_history_and_their_archives(sides: Sides, format_: str, accepted: str) -> None:
    for path in ("past", "past/archive/1", "past/archive/3", "past/archive/maps"):
        theirs, ours = sides.ask(f"{path}.{format_}", Accept_Encoding=accepted)
        assert (theirs.status, theirs.body) == (200, ours.body)
        wanted = [
            link for link in ours.headers["link"].split(", ") if not link.endswith('-archive"')
        ]
        assert theirs.headers["link"].split(", ") == wanted
        assert ('rel="hub"' in theirs.headers["link"]) == (not path.endswith(("1", "3")))
        if path != "past/archive/1":  # a rule keeps all archives as long as the newest
            assert theirs.headers["cache-control"] == ours.headers["cache-control"]
        else:
            assert "max-age=86400," in theirs.headers["cache-control"]


@pytest.mark.rule("H70", "H75")
@pytest.mark.parametrize(
    "name",
    [
        "old/feed.xml", "old/feed.xml/", "OLD/Feed.xml", "blog/ai/rss", "blog/ai/rss/", "away",
        "blog/%D1%80%D0%BE%D0%B1%D0%BE%D1%82%D1%8B/rss", "temp.rss", "feed",
        "%D1%81%D1%82%D0%B0%D1%80%D1%8B%D0%B9%20%D0%BF%D1%83%D1%82%D1%8C", "tag/ai/feed/", "all",
        "all/", "index.html", "rss.xml", "index.atom",
        "topics/%D1%80%D0%BE%D0%B1%D0%BE%D1%82%D1%8B", "category/news/feed/", "category/news/feed",
        "category/news/feed/atom", "tag/ai/feed/atom/", "category/news/", "tag/ai",
        "Former/archive/1.rss", "Former/archive/3.json",
    ],
)  # fmt: skip
def test_moved_feeds_redirect_as_on_the_server(sides: Sides, name: str) -> None:
    theirs, ours = sides.ask(name, If_None_Match="*")
    assert ours.status in (301, 307)
    assert theirs.status == ours.status
    own = f"http://127.0.0.1:{sides.port}"  # Apache names its host
    assert theirs.headers["location"].removeprefix(own) == ours.headers["location"]
    for key in ("cache-control", "access-control-allow-origin", "strict-transport-security"):
        assert theirs.headers[key] == ours.headers[key]


@pytest.mark.rule("H62", "H27")
@pytest.mark.parametrize(
    "name",
    [
        "nope.rss", "topics/nope.json", "nope", "topics", "topics/", "404.html", "404", "404/",
        "all.rss.gz", "all.rss.br", ".feeds-export.json", ".feeds-nginx.conf", ".feeds-caddy.conf",
        ".htaccess", "..%2f..%2fsite.yaml", "blog/ai/rss/x", "all/x", "all/x/",
        "all/archive/99.rss", "all.rss/x", "all.rss/x.rss", "topics/ai/x.html",
        "past/archive/99.rss", "topics/ai.html/x",
    ],
)  # fmt: skip
def test_missing_feed_is_404_and_not_stored(sides: Sides, name: str) -> None:
    for request_headers in ({}, {"If_None_Match": "*"}):
        theirs, ours = sides.ask(name, **request_headers)
        assert ours.status == 404
        if "%2f" in name:  # out of our folder: nothing, before our rules are looked at
            assert theirs.status in (400, 404) or theirs.body == b""
            return
        assert theirs.status == 404
    theirs, ours = sides.ask(name)
    assert theirs.headers["cache-control"] == ours.headers["cache-control"] == "no-store"
    assert theirs.headers["access-control-allow-origin"] == "*"
    assert theirs.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<h1>No feed here</h1>" in theirs.body


@pytest.mark.parametrize("name", ["ALL.rss", "topics/AI.json", "Past/archive/1.rss"])
def test_only_the_server_redirects_paths_in_other_capitals(sides: Sides, name: str) -> None:
    """A web server knows files by their exact names; docs/guides/static-hosts.md says so."""
    theirs, ours = sides.ask(name)
    assert ours.status == 301
    assert theirs.status == 404
    assert theirs.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["topics/ai", "/all", "all.rss"])
def test_no_path_redirects_to_another_host(sides: Sides, name: str) -> None:
    answer = ask(sides.port, f"/{sides.mount}{name}")
    own = f"http://127.0.0.1:{sides.port}"
    location = answer.headers.get("location", sides.mount).removeprefix(own)
    assert re.match(r"/(?!/)", location)
    assert '"self"' not in answer.headers.get("link", "") or "org//" not in answer.headers["link"]


@pytest.mark.rule("H72")
@pytest.mark.parametrize("name", ["dead.rss", "dead/archive/1.rss"])
def test_removed_feed_is_410(sides: Sides, name: str) -> None:
    theirs, ours = sides.ask(name, If_None_Match="*")
    assert (theirs.status, ours.status) == (410, 410)
    assert theirs.headers["cache-control"] == ours.headers["cache-control"]


@pytest.mark.rule("H15")
def test_other_methods_are_405(sides: Sides) -> None:
    theirs, ours = sides.ask("all.rss", "POST")
    assert (theirs.status, ours.status) == (405, 405)
    assert set(ours.headers["allow"].split(", ")) <= set(theirs.headers["allow"].split(", "))


@pytest.mark.rule("H56")
def test_preflights_are_allowed(sides: Sides) -> None:
    request_headers = {
        "Origin": "https://x.example",
        "Access_Control_Request_Headers": "if-none-match",
    }
    theirs, ours = sides.ask("all.rss", "OPTIONS", **request_headers)
    assert (theirs.status, ours.status) == (204, 204)
    for name in ours.headers:
        if name.startswith(("access-control-allow", "access-control-max")):
            assert theirs.headers[name] == ours.headers[name]


class State:
    """A client's validators for a document: the ETags of its codings, and its Last-Modified."""

    def __init__(self, port: int, path: str) -> None:
        plain, coded = ask(port, path), ask(port, path, Accept_Encoding="gzip")
        self.plain, self.coded = plain.headers["etag"], coded.headers["etag"]
        self.changed = parsedate_to_datetime(plain.headers["last-modified"])

    def date(self, seconds: int) -> str:
        return format_datetime(self.changed + timedelta(seconds=seconds), usegmt=True)


Vector = Callable[[State], dict[str, str]]
# Request headers -> status, and the coding of the body.
VECTORS: Mapping[str, tuple[Vector, int, str | None]] = {
    "nothing": (lambda _: {}, 200, None),
    "q-values": (lambda _: {"Accept_Encoding": "br;q=0, gzip;q=0.1"}, 200, "gzip"),
    "refused": (lambda _: {"Accept_Encoding": "gzip;q=0"}, 200, None),
    "capitals": (lambda _: {"Accept_Encoding": "GZIP"}, 200, "gzip"),
    "empty": (lambda _: {"Accept_Encoding": ""}, 200, None),
    "not plain": (lambda _: {"Accept_Encoding": "identity;q=0, gzip"}, 200, "gzip"),
    "none stored": (lambda _: {"Accept_Encoding": "zstd"}, 200, None),
    "via": (lambda _: {"Accept_Encoding": "gzip", "Via": "1.1 cache"}, 200, "gzip"),
    "same": (lambda s: {"If_None_Match": s.plain}, 304, None),
    "coded": (lambda s: {"If_None_Match": s.coded, "Accept_Encoding": "gzip"}, 304, None),
    "weak": (lambda s: {"If_None_Match": f"W/{s.plain}"}, 304, None),
    "list": (lambda s: {"If_None_Match": f'"x", W/{s.plain}'}, 304, None),
    "star": (lambda _: {"If_None_Match": "*"}, 304, None),
    "tag first": (
        lambda s: {"If_None_Match": '"x"', "If_Modified_Since": s.date(0)}, 200, None,
    ),
    "equal": (lambda s: {"If_Modified_Since": s.date(0)}, 304, None),
    "later": (lambda s: {"If_Modified_Since": s.date(86_400)}, 304, None),
    "earlier": (lambda s: {"If_Modified_Since": s.date(-1)}, 200, None),
    "no date": (lambda _: {"If_Modified_Since": "yesterday"}, 200, None),
    "empty tag": (
        lambda s: {"If_None_Match": "", "If_Modified_Since": s.date(0)}, 200, None,
    ),
}  # fmt: skip
# Deviations of a web server that cannot be configured away.
OTHERWISE = {("caddy", "empty tag"): (304, None)}


@pytest.mark.rule("H4", "H5", "H10", "H12", "H13", "H14", "H30", "H31", "H32", "H33", "H36")
@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_http_vectors_get_the_answer_of_the_server(sides: Sides, name: str, method: str) -> None:
    headers_for, status, coding = VECTORS[name]
    path = f"{sides.mount}all.rss"
    for port, host in ((sides.ours, "ours"), (sides.port, sides.host)):
        answer = ask(port, path, method, **headers_for(State(port, path)))
        wanted = OTHERWISE.get((host, name), (status, coding))
        assert (answer.status, answer.headers.get("content-encoding")) == wanted, host
        assert answer.headers["vary"] == "Accept-Encoding"
        if answer.status == 304:
            assert answer.body == b""
            for key in ("etag", "cache-control", "access-control-allow-origin", "link"):
                assert key in answer.headers, key


@pytest.mark.rule("H2")
def test_each_encoding_has_a_strong_etag(sides: Sides) -> None:
    tags = {
        ask(sides.port, f"{sides.mount}all.atom", Accept_Encoding=coding).headers["etag"]
        for coding in ("identity", "gzip")
    }
    assert len(tags) == 2
    assert not any(tag.startswith("W/") for tag in tags)


@pytest.mark.rule("S30")
def test_nginx_prefers_brotli_if_it_has_the_module() -> None:
    if why := web_servers.missing("nginx"):
        pytest.skip(why)
    if not web_servers.has_brotli():
        pytest.skip("nginx has no module for brotli")
    with readable() as folder:
        site = publication(folder / "site", "/")
        settings = site.root / "site.yaml"
        settings.write_text(settings.read_text() + "export: {for: nginx, codings: [gzip, br]}\n")
        site.export(folder / "www")
        with serving("nginx", folder / "www", folder / "www", folder / "run") as port:
            for name in ("all.rss", "feeds.opml", "all.html"):
                plain = ask(port, f"/{name}")
                answers = {
                    accepted: ask(port, f"/{name}", Accept_Encoding=accepted)
                    for accepted in ("gzip, br", "gzip", "br;q=0, gzip")
                }
                coded = [answer.headers["content-encoding"] for answer in answers.values()]
                assert coded == ["br", "gzip", "gzip"]
                assert brotli.decompress(answers["gzip, br"].body) == plain.body
                assert gzip.decompress(answers["gzip"].body) == plain.body
                tag = answers["gzip, br"].headers["etag"]
                again = ask(port, f"/{name}", Accept_Encoding="br", If_None_Match=tag)
                assert (again.status, again.headers["vary"]) == (304, "Accept-Encoding")


@pytest.mark.rule("S31", "H9")
@pytest.mark.parametrize("host", HOSTS)
def test_edit_of_the_same_size_is_not_a_false_304(host: str) -> None:
    if why := web_servers.missing(host):
        pytest.skip(why)
    with readable() as folder:
        site = publication(folder / "site", "/")
        site.export(folder / "www", host=host)
        with serving(host, folder / "www", folder / "www", folder / "run") as port:
            known: dict[str, bytes] = {}
            settings = site.root / "site.yaml"
            text = settings.read_text()
            # All within the second of one build.
            for title in ("Example", "Exmaple", "Example", "Exampel"):
                settings.write_text(text.replace("title: Example", f"title: {title}"))
                site.build(NOW)
                site.export(folder / "www", host=host)
                for accepted in ("identity", "gzip"):
                    answer = ask(port, "/all.rss", Accept_Encoding=accepted)
                    for tag, body in known.items():
                        again = ask(port, "/all.rss", Accept_Encoding=accepted, If_None_Match=tag)
                        assert (again.status == 304) <= (body == answer.body)
                    assert known.setdefault(answer.headers["etag"], answer.body) == answer.body
            plain = {body for body in known.values() if body.startswith(b"<?xml")}
            assert (len(plain), len({len(body) for body in plain})) == (4, 1)
            changed = (folder / "www" / "all.rss").stat().st_mtime
            assert changed <= NOW.timestamp() + 4
