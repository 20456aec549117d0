"""Purging with Varnish in front of an export, and with caches that fail."""

import http.client
import json
import shutil
import subprocess
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

from feeds.errors import PurgeError, UnfinishedError
from feeds.export.manifest import Manifest
from feeds.publish import cdn
from feeds.publish import purge as purging
from feeds.publish.cdn import PurgeRequest
from feeds.publish.destination import RECORD
from feeds.publish.publisher import PublishReport
from feeds.publish.record import Record
from feeds.util.progress import Progress, silent
from tests.support.fake_hub import Handler, serving
from tests.support.feeds_server import free_port
from tests.support.published_site import article, publish
from tests.support.site import NOW, Publication

pytestmark = pytest.mark.xdist_group("purge")

VCL = (Path(__file__).parents[2] / "docs/examples/feeds.vcl").read_text()
# The same without the module: bans search the cache for tags.
BAN = VCL.replace("import xkey;  # of varnish-modules\n", "").replace(
    """            return (synth(200, "purged " + xkey.purge(req.http.xkey)));
""",
    r"""
            ban("obj.http.xkey ~ (^|\s)(" + regsuball(req.http.xkey, " ", "|") + ")(\s|$)");
            return (synth(200));
""",
)


class Origin:
    """Serves an export as a web server with the right headers would."""

    def __init__(self, out: Path) -> None:
        self.out, self.port, self.asked = out, 0, Counter[str]()

    @contextmanager
    def run(self) -> Iterator["Origin"]:
        origin = self

        class Files(Handler):
            def do_GET(self) -> None:  # noqa: N802
                path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
                origin.asked[path] += 1
                stored = (origin.out / ".feeds-export.json").read_bytes()
                file = msgspec.json.decode(stored, type=Manifest).files[path]
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
    """Run Varnish in front of a port and yield its own; skip the test if it is not installed."""
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
    """Fetch a document; return it, and whether it was a cache hit."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Host": "example.org"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return body, len((answer.getheader("X-Varnish") or "").split()) == 2


class Site:
    """A site published to a folder, with a cache in front of it."""

    def __init__(self, root: Path, *purge: dict[str, Any], **settings: Any) -> None:
        articles = {"a.md": article("a", "AI"), "b.md": article("b", "Maps")}
        self.articles = Publication(root / "site", articles, purge=[*purge], **settings)
        self.out = root / "out"

    def publish(self, progress: Progress = silent) -> PublishReport:
        return publish(self.articles.site, self.out, NOW, progress)

    @property
    def pending(self) -> dict[str, str]:
        stored = (self.out / ".feeds-state" / RECORD).read_bytes()
        return msgspec.json.decode(stored, type=Record).purge


@pytest.mark.parametrize(
    ("vcl", "by"), [(VCL, "url"), (VCL, "tag"), (BAN, "tag")], ids=["url", "xkey", "ban"]
)
def test_varnish_purges_only_changed_documents(tmp_path: Path, vcl: str, by: str) -> None:
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


def test_varnish_refuses_purges_from_other_addresses(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.publish()
    others = VCL.replace('    "127.0.0.1";\n}\n\nsub', '    "192.0.2.1";\n}\n\nsub')
    with Origin(site.out).run() as origin, varnish(tmp_path / "v", others, origin.port) as port:
        ask(port, "/all.rss")
        request = PurgeRequest("PURGE", f"http://127.0.0.1:{port}/all.rss", {"Host": "example.org"})
        with pytest.raises(PurgeError, match=r"http does not purge: PURGE .*: 405"):
            list(purging.send("http", [request], silent))
        assert ask(port, "/all.rss")[1]


class Cache:
    """The API of a cache that answers as configured, and records requests."""

    def __init__(self) -> None:
        self.answers: list[int | tuple[int, dict[str, str]]] = []
        self.asked, self.bodies, self.url = list[str](), list[bytes](), ""
        self.said = b'{"message": "said by the cache"}'

    @contextmanager
    def run(self) -> Iterator["Cache"]:
        cache = self

        class API(Handler):
            def purge(self) -> None:
                cache.bodies.append(self.body())
                cache.asked.append(f"{self.command} {self.headers['Host']}{self.path}")
                answer = cache.answers.pop(0) if cache.answers else 200
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.reply(status, cache.said, **headers)

            do_PURGE = do_POST = purge  # noqa: N815

        with serving(API) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self


@pytest.fixture
def cache() -> Iterator[Cache]:
    with Cache().run() as running:
        yield running


def requests(cache: Cache, count: int = 1) -> Sequence[PurgeRequest]:
    return [PurgeRequest("POST", f"{cache.url}/{number}") for number in range(count)]


def test_busy_cache_is_retried_after_retry_after(cache: Cache) -> None:
    cache.answers[:] = [503, (429, {"Retry-After": "1"}), 200]
    messages: list[str] = []
    start = time.monotonic()
    sent = list(purging.send("bunny", requests(cache), lambda what, *_: messages.append(what)))
    assert len(cache.asked) == 3
    assert time.monotonic() - start >= 1
    assert len(sent) == 1
    assert "bunny is busy: waiting 1 seconds" in messages


def test_only_failed_requests_are_retried(cache: Cache) -> None:
    cache.answers[:] = [200] * 5 + [429] * 3
    unsent = requests(cache, 10)
    done = list(purging.send("bunny", unsent, silent))
    assert sorted(each.url for each in done) == sorted(each.url for each in unsent)
    assert len(cache.asked) == 10 + 3
    assert len(set(cache.asked)) == 10


def test_retry_after_beyond_the_patience_ends_the_purge(cache: Cache) -> None:
    cache.answers[:] = [(429, {"Retry-After": "3600"})]
    start = time.monotonic()
    with pytest.raises(PurgeError, match=r"429 .*the cache asks to retry in 3,600 seconds"):
        list(purging.send("fastly", requests(cache), silent))
    assert time.monotonic() - start < 5


def test_cache_that_stays_busy_ends_the_purge(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_BUSY_SECONDS", 2)
    cache.answers[:] = [429] * 99
    with pytest.raises(PurgeError, match=r"fastly does not purge: .*: 429"):
        list(purging.send("fastly", requests(cache), silent))
    assert len(cache.asked) == 4  # at once, after 0.5 and 1.5 seconds, and when patience ends


def test_progress_restarts_the_patience(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_BUSY_SECONDS", 1)
    cache.answers[:] = [200, *([429] * 7), 200, *([429] * 6), 200, *([429] * 5)]
    assert len(list(purging.send("fastly", requests(cache, 8), silent))) == 8


def test_throttled_cloudfront_request_is_retried_with_a_new_signature(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in cdn.CREDENTIALS["cloudfront"]:
        monkeypatch.setenv(name, "secret")
    cache.answers[:], cache.said = [400], b"<Code>TooManyInvalidationsInProgress</Code>"
    request = PurgeRequest("POST", cache.url, body=b"one", service="cloudfront")
    assert list(purging.send("cloudfront", [request], silent)) == [request]
    assert cache.bodies == [b"one", b"one"]


def test_refusal_of_a_cache_is_reported_with_its_message(cache: Cache) -> None:
    cache.answers[:] = [403]
    with pytest.raises(PurgeError, match=r"fastly does .*: 403 .*said by the cache"):
        list(purging.send("fastly", requests(cache), silent))
    assert len(cache.asked) == 1


def test_unreachable_cache_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_RETRY_SECONDS", 0)
    with pytest.raises(PurgeError, match="http does not purge: PURGE"):
        list(
            purging.send(
                "http", [PurgeRequest("PURGE", f"http://127.0.0.1:{free_port()}/a")], silent
            )
        )


@pytest.mark.parametrize(
    ("via", "asked"),
    [
        ("cloudflare", "/client/v4/zones/1/purge_cache"),
        ("fastly", "/purge/example.org/all.rss"),
        ("bunny", "/purge?url=https%3A%2F%2Fexample.org%2Fall.rss&async=false&exactPath=true"),
        ("cloudfront", "/2020-05-31/distribution/1/invalidation"),
    ],
)
def test_each_service_has_its_own_api_url(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, via: str, asked: str
) -> None:
    monkeypatch.setattr(cdn, f"_{via.upper()}", cache.url)
    for name in cdn.CREDENTIALS[via]:
        monkeypatch.setenv(name, "secret")
    site = Site(tmp_path, {"via": via, "zone": "1"})
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    (report,) = site.publish().purge
    assert report.requests == len(cache.asked)
    assert f"POST {cache.url.removeprefix('http://')}{asked}" in cache.asked
    assert site.pending == {}


def test_failed_purge_is_repeated_by_the_next_run(tmp_path: Path, cache: Cache) -> None:
    """Readers must not keep old copies even if nothing has changed since."""
    site = Site(tmp_path, {"via": "http", "servers": [cache.url]})
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    cache.answers[:] = [403] * 99
    with pytest.raises(UnfinishedError, match=r"(?s)403.*run the same command again"):
        site.publish()
    pending = site.pending
    assert {"topics/maps.rss", "all.rss", "index.html"} <= pending.keys()
    cache.answers.clear()
    cache.asked.clear()
    report = site.publish()
    assert report.upload.written == ()
    assert {each.removeprefix("PURGE example.org/") for each in cache.asked} == {*pending, ""}
    assert site.pending == {}
    cache.asked.clear()
    site.publish()
    assert cache.asked == []


def changed_twice(tmp_path: Path, *caches: Cache) -> Site:
    """Return a site with so much to purge that it takes several batches."""
    site = Site(tmp_path, *({"via": "http", "servers": [each.url]} for each in caches))
    site.publish()
    topics = [f"Topic {number}" for number in range(9)]
    site.articles.write("c.md", article("c", *topics))
    for each in caches:
        each.asked.clear()
    return site


def test_purges_done_before_a_refusal_are_not_repeated(tmp_path: Path, cache: Cache) -> None:
    site = changed_twice(tmp_path, cache)
    cache.answers[:] = [200] * 12 + [403] * 99
    with pytest.raises(UnfinishedError, match="403"):
        site.publish()
    first = cache.asked[:12]
    assert len(site.pending) > len(first)
    cache.answers.clear()
    cache.asked.clear()
    (report,) = site.publish().purge
    assert report.requests == len(cache.asked)
    assert not {*first} & {*cache.asked} - {"PURGE example.org/", "PURGE example.org/index.html"}
    assert site.pending == {}


def test_purges_are_recorded_as_they_progress(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run repeats at most its last batch."""
    monkeypatch.setattr(purging, "RECORD_INTERVAL", -1)
    site = changed_twice(tmp_path, cache)
    noted: list[tuple[int, int]] = []

    def look(what: str, done: int, _total: int) -> None:
        if what.startswith("Purging"):
            noted.append((done, len(site.pending)))

    site.publish(look)
    whole = noted[0][1] + noted[0][0]
    assert len(noted) > 3
    # The list of all feeds has two URLs.
    assert all(whole - done <= left <= whole - done + 1 for done, left in noted)


def test_refusing_cache_does_not_affect_other_caches(tmp_path: Path, cache: Cache) -> None:
    with Cache().run() as other:
        site = changed_twice(tmp_path, cache, other)
        cache.answers[:] = [403] * 99
        with pytest.raises(UnfinishedError, match="403"):
            site.publish()
        assert len(other.asked) >= len(site.pending) > 0
        cache.answers.clear()
        cache.asked, other.asked = [], []
        site.publish()
        assert cache.asked
        assert other.asked == []
        assert site.pending == {}


def test_new_cache_purges_the_pending_paths(tmp_path: Path, cache: Cache) -> None:
    site = changed_twice(tmp_path, cache)
    cache.answers[:] = [200] * 9 + [403] * 99
    with pytest.raises(UnfinishedError):
        site.publish()
    left = site.pending
    with Cache().run() as other:
        site = Site(tmp_path, {"via": "http", "servers": [cache.url, other.url]})
        cache.answers.clear()
        assert len(site.publish().purge) == 2
        assert {each.removeprefix("PURGE example.org/") for each in other.asked} == left.keys()
    assert site.pending == {}


def test_first_publish_purges_nothing(tmp_path: Path, cache: Cache) -> None:
    """No cache can have a copy, so thousands of requests would be useless."""
    site = Site(tmp_path, {"via": "http", "servers": [cache.url]})
    report = site.publish()
    assert len(report.upload.written) > 10
    assert (report.purge, cache.asked, site.pending) == ((), [], {})


def test_first_publish_over_an_earlier_export_purges(tmp_path: Path, cache: Cache) -> None:
    site = Site(tmp_path, {"via": "http", "servers": [cache.url]})
    site.articles.build()
    site.articles.export(site.out)
    site.articles.write("c.md", article("c", "Cats"))
    site.publish()
    asked = {each.removeprefix("PURGE example.org/") for each in cache.asked}
    assert "all.rss" in asked
    assert "topics/cats.rss" not in asked


def test_feed_added_later_is_purged(tmp_path: Path, cache: Cache) -> None:
    """Otherwise the hub, which fetches it at once, could get a cached 404."""
    site = Site(tmp_path, {"via": "http", "servers": [cache.url]})
    site.publish()
    site.articles.write("c.md", article("c", "Cats"))
    site.publish()
    assert "PURGE example.org/topics/cats.rss" in cache.asked


def test_missing_token_is_reported_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUNNY_API_KEY", raising=False)
    site = Site(tmp_path, {"via": "bunny"})
    with pytest.raises(PurgeError, match="bunny needs the environment variable BUNNY_API_KEY"):
        site.publish()
    assert not site.out.exists()


@pytest.mark.parametrize("patience", [60.0, 300.0])
def test_retries_end_with_the_patience(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    later, waited = purging._Retry("busy", 0, patience), 0.0
    for pauses in range(100):
        try:
            waited += purging._pause("cache", [later], waited, pauses, silent)
        except PurgeError:
            break
    assert waited == patience


def test_only_the_beginning_of_a_response_is_read(cache: Cache) -> None:
    cache.answers[:], cache.said = [403], b"no " * 10_000_000
    tracemalloc.start()
    with pytest.raises(PurgeError, match="403 no no no"):
        list(purging.send("fastly", requests(cache), silent))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
