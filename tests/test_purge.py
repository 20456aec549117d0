"""Purging for real: Varnish in front of an export, and caches that do not answer as they should."""

import http.client
import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
import urllib3

from feeds import purge as purging
from feeds import purges
from feeds.build import silent
from feeds.errors import PurgeError, UnfinishedError
from feeds.manifest import Manifest
from feeds.place import RECORD
from feeds.publish import PublishReport, publish
from feeds.purges import Request
from feeds.uploads import Record
from tests.hubs import Handler, serving
from tests.publishing import article
from tests.support import NOW, Publication
from tests.test_server import free_port

pytestmark = pytest.mark.xdist_group("purge")

VCL = (Path(__file__).parent.parent / "docs/examples/feeds.vcl").read_text()
# The same without the module: tags are looked for in what is kept.
BAN = VCL.replace("import xkey;  # of varnish-modules\n", "").replace(
    """            return (synth(200, "purged " + xkey.purge(req.http.xkey)));
""",
    r"""
            ban("obj.http.xkey ~ (^|\s)(" + regsuball(req.http.xkey, " ", "|") + ")(\s|$)");
            return (synth(200));
""",
)


class Origin:
    """Serves an export as a web server that was told its headers would."""

    def __init__(self, out: Path) -> None:
        self.out, self.port, self.asked = out, 0, Counter[str]()

    @contextmanager
    def run(self) -> Iterator["Origin"]:
        origin = self

        class Files(Handler):
            def do_GET(self) -> None:  # noqa: N802
                path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
                origin.asked[path] += 1
                found = (origin.out / ".feeds-export.json").read_bytes()
                file = msgspec.json.decode(found, type=Manifest).files[path]
                self.reply(
                    200,
                    (origin.out / path).read_bytes(),
                    Content_Type=file.media_type,
                    Cache_Control=file.cache_control,
                    xkey=" ".join(file.tags),
                )

        with serving(Files) as port:
            self.port = port
            yield self


@contextmanager
def varnish(folder: Path, vcl: str, origin: int) -> Iterator[int]:
    """Varnish in front of a port; gives its own. Skips the test where it is not installed."""
    program = shutil.which("varnishd") or shutil.which("varnishd", path="/usr/sbin")
    if program is None:
        pytest.skip("varnish is not installed")
    folder.mkdir()
    (folder / "feeds.vcl").write_text(vcl.replace('"8000"', f'"{origin}"'))
    port = free_port()
    process = subprocess.Popen(
        [
            program, "-F", "-j", "none", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}",
            "-f", str(folder / "feeds.vcl"), "-s", "malloc,16m", "-T", "none",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            time.sleep(0.05)
            assert process.poll() is None, process.communicate()[1]
            with suppress(OSError):
                ask(port, "/any", "OPTIONS")
                break
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=20)


def ask(port: int, path: str, method: str = "GET") -> tuple[bytes, bool]:
    """What a reader gets, and whether it came out of the cache."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Host": "example.org"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return body, len((answer.getheader("X-Varnish") or "").split()) == 2


class Site:
    """A site that is published into a folder, with a cache in front of it."""

    def __init__(self, root: Path, *purge: dict[str, Any], **settings: Any) -> None:
        articles = {"a.md": article("a", "AI"), "b.md": article("b", "Maps")}
        self.articles = Publication(root / "site", articles, purge=[*purge], **settings)
        self.out = root / "out"

    def publish(self) -> PublishReport:
        return publish(self.articles.site, self.out, NOW, silent, patience=0)

    @property
    def pending(self) -> dict[str, str]:
        found = (self.out / ".feeds-state" / RECORD).read_bytes()
        return msgspec.json.decode(found, type=Record).purge


@pytest.mark.parametrize(
    ("vcl", "by"), [(VCL, "url"), (VCL, "tag"), (BAN, "tag")], ids=["url", "xkey", "ban"]
)
def test_varnish_forgets_what_changed_and_nothing_else(tmp_path: Path, vcl: str, by: str) -> None:
    site = Site(tmp_path, http={"cache_tags": "xkey"})
    site.publish()
    with Origin(site.out).run() as origin, varnish(tmp_path / "v", vcl, origin.port) as port:
        purge = {"via": "http", "servers": [f"http://127.0.0.1:{port}"], "by": by}
        site = Site(tmp_path, purge, http={"cache_tags": "xkey"})
        site.publish()
        paths = ["/topics/ai.rss", "/topics/maps.rss", "/all.json", "/", "/feed.css"]
        for path in paths:
            ask(port, path)
        assert [ask(port, path)[1] for path in paths] == [True] * 5
        site.articles.write("c.md", article("news", "Maps"))
        (report,) = site.publish().purge
        assert report.tags == (2 if by == "tag" else 0)
        fresh = {path: ask(port, path) for path in paths}
        assert [path for path, (_, cached) in fresh.items() if cached] == [
            "/topics/ai.rss", "/feed.css",
        ]  # fmt: skip
        assert b"news" in fresh["/topics/maps.rss"][0]
        assert "news" in [each["title"] for each in json.loads(fresh["/all.json"][0])["items"]]
        assert site.pending == {}


def test_who_is_not_a_publisher_purges_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.publish()
    others = VCL.replace('    "127.0.0.1";\n}\n\nsub', '    "192.0.2.1";\n}\n\nsub')
    with Origin(site.out).run() as origin, varnish(tmp_path / "v", others, origin.port) as port:
        ask(port, "/all.rss")
        request = Request("PURGE", f"http://127.0.0.1:{port}/all.rss", {"Host": "example.org"})
        with pytest.raises(PurgeError, match=r"http does not purge: PURGE .*: 405"):
            purging.send("http", [request], silent)
        assert ask(port, "/all.rss")[1]


class Cache:
    """A cache's API that answers as it is told, and remembers what it was asked."""

    def __init__(self, *answers: int | tuple[int, dict[str, str]]) -> None:
        self.answers, self.asked, self.url = [*answers], list[str](), ""

    @contextmanager
    def run(self) -> Iterator["Cache"]:
        cache = self

        class API(Handler):
            def purge(self) -> None:
                self.body()
                cache.asked.append(f"{self.command} {self.headers['Host']}{self.path}")
                answer = cache.answers.pop(0) if cache.answers else 200
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.reply(status, b'{"message": "said by the cache"}', **headers)

            do_PURGE = do_POST = purge  # noqa: N815

        with serving(API) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self


@pytest.fixture
def cache() -> Iterator[Cache]:
    with Cache().run() as running:
        yield running


def requests(cache: Cache, count: int = 1) -> Sequence[Request]:
    return [Request("POST", f"{cache.url}/{number}") for number in range(count)]


def test_a_cache_that_is_busy_is_asked_again(cache: Cache) -> None:
    cache.answers = [503, (429, {"Retry-After": "1"}), 200]
    start = time.monotonic()
    purging.send("bunny", requests(cache), silent)
    assert len(cache.asked) == 3
    assert time.monotonic() - start >= 1


def test_a_cache_that_says_no_is_told_with_what_it_says(cache: Cache) -> None:
    cache.answers = [403]
    with pytest.raises(PurgeError, match=r"fastly does .*: 403 .*said by the cache"):
        purging.send("fastly", requests(cache), silent)
    assert len(cache.asked) == 1


def test_a_cache_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_RETRIES", urllib3.Retry(0))
    with pytest.raises(PurgeError, match="http does not purge: PURGE"):
        purging.send("http", [Request("PURGE", f"http://127.0.0.1:{free_port()}/a")], silent)


@pytest.mark.parametrize(
    ("via", "asked"),
    [
        ("cloudflare", "/client/v4/zones/1/purge_cache"),
        ("fastly", "/purge/example.org/all.rss"),
        ("bunny", "/purge?url=https%3A%2F%2Fexample.org%2Fall.rss&async=false&exactPath=true"),
        ("cloudfront", "/2020-05-31/distribution/1/invalidation"),
    ],
)
def test_each_service_is_asked_at_its_own_address(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, via: str, asked: str
) -> None:
    monkeypatch.setattr(purges, f"_{via.upper()}", cache.url)
    for name in purges.NEEDS[via]:
        monkeypatch.setenv(name, "secret")
    site = Site(tmp_path, {"via": via, "zone": "1"})
    (report,) = site.publish().purge
    assert report.requests == len(cache.asked)
    assert f"POST {cache.url.removeprefix('http://')}{asked}" in cache.asked
    assert site.pending == {}


def test_what_a_cache_did_not_purge_is_purged_by_the_next_run(tmp_path: Path, cache: Cache) -> None:
    """Nothing changed since, and still readers must not be left with old copies."""
    site = Site(tmp_path, {"via": "http", "servers": [cache.url]})
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    cache.answers = [403] * 99
    with pytest.raises(UnfinishedError, match=r"(?s)403.*run the same command again"):
        site.publish()
    pending = site.pending
    assert {"topics/maps.rss", "all.rss", "index.html"} <= pending.keys()
    cache.answers, cache.asked = [], []
    report = site.publish()
    assert report.upload.written == ()
    assert {each.removeprefix("PURGE example.org/") for each in cache.asked} == {*pending, ""}
    assert site.pending == {}
    cache.asked.clear()
    site.publish()
    assert cache.asked == []


def test_a_token_that_is_missing_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUNNY_API_KEY", raising=False)
    site = Site(tmp_path, {"via": "bunny"})
    with pytest.raises(PurgeError, match="bunny needs the environment variable BUNNY_API_KEY"):
        site.publish()
    assert not site.out.exists()
