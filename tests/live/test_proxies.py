"""Proxies and caches in front of the server, each with the configuration that docs/deploy has.

Only addresses and paths are others than there. Between proxy and server stands a recorder: what
it has not seen came out of the cache.
"""

import gzip
import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import brotli
import pytest
from _pytest.mark import ParameterSet

from tests.support.feeds_server import Answer, Server, free_port, start, stop
from tests.support.http_site import send
from tests.support.recording_proxy import Recorder
from tests.support.site import front_matter, write_site

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
HOST = "feeds.example.org"
T = TypeVar("T")


@dataclass(frozen=True)
class Program:
    """A proxy: where Debian has it, and what it can do."""

    name: str
    path: str
    command: Callable[[Path, int, int], list[str]]
    needs: str = "*"  # a pattern of what must be in /usr/lib besides
    serves_stale: bool = True
    # What makes a copy that was just fetched almost stale: the Age of a cache further on, or
    # what the program takes for an order of its own server.
    ages: Mapping[str, str] = field(default_factory=lambda: {"Age": "59"})


def filled(name: str, folder: Path, **changes: str) -> Path:
    """The configuration of that name, with addresses and paths of a test."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        old = _PLACES[old]
        assert old in text
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# What a test puts its own address or path for, as it stands in the configurations.
_PLACES = {
    "server": "127.0.0.1:8000",
    "host": '.host = "127.0.0.1"',
    "port": '.port = "8000"',
    "nginx_listen": "listen 80;",
    "nginx_folder": "/var/cache/nginx/feeds",
    "haproxy_listen": "bind :80",
    "haproxy_age": "max-age 3600 ",
    "squid_listen": "http_port 80 ",
    "squid_peer": "127.0.0.1 parent 8000 ",
    "caddy_listen": "feeds.example.org {",
    "caddy_admin": "admin localhost:2019",
}


def nginx(folder: Path, port: int, server: int) -> list[str]:
    site = filled(
        "nginx.conf",
        folder,
        server=f"127.0.0.1:{server}",
        nginx_listen=f"listen 127.0.0.1:{port};",
        nginx_folder=str(folder / "cache"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "main.conf"
    main.write_text(
        f"daemon off;\npid {folder / 'pid'};\nworker_processes 1;\nerror_log {folder / 'log'};\n"
        f"events {{}}\nhttp {{\naccess_log off;\ngzip on;\n{temporary}include {site};\n}}\n"
    )
    return ["/usr/sbin/nginx", "-c", str(main), "-e", str(folder / "log")]


def varnish(folder: Path, port: int, server: int) -> list[str]:
    vcl = filled("varnish.vcl", folder, port=f'.port = "{server}"')
    said = [
        line.split()[1:3]
        for line in vcl.read_text(encoding="utf-8").splitlines()
        if line.startswith("#   -p ")
    ]
    assert len(said) == 2
    return [
        "/usr/sbin/varnishd", "-F", "-j", "none", "-n", str(folder / "work"),
        "-a", f"127.0.0.1:{port}", "-T", "127.0.0.1:0", "-s", "default,20m", "-f", str(vcl),
        *(each for pair in said for each in pair),
    ]  # fmt: skip


def haproxy(folder: Path, port: int, server: int, **changes: str) -> list[str]:
    said = filled(
        "haproxy.cfg",
        folder,
        server=f"127.0.0.1:{server}",
        haproxy_listen=f"bind 127.0.0.1:{port}",
        **changes,
    )
    return ["/usr/sbin/haproxy", "-db", "-q", "-f", str(said)]


def squid(folder: Path, port: int, server: int) -> list[str]:
    said = filled(
        "squid.conf",
        folder,
        squid_listen=f"http_port 127.0.0.1:{port} ",
        squid_peer=f"127.0.0.1 parent {server} ",
    )
    paths = f"pid_filename {folder / 'pid'}\naccess_log none\ncache_log {folder / 'log'}\n"
    with said.open("a", encoding="utf-8") as file:
        file.write(f"{paths}coredump_dir {folder}\nnetdb_filename none\n")
    return ["/usr/sbin/squid", "-N", "-n", f"t{port}", "-f", str(said)]


def caddy(folder: Path, port: int, server: int) -> list[str]:
    said = filled(
        "Caddyfile",
        folder,
        server=f"127.0.0.1:{server}",
        caddy_listen=f"http://:{port} {{\n\tbind 127.0.0.1",
        caddy_admin=f"admin 127.0.0.1:{free_port()}",
    )
    return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(said)]


PROGRAMS = {
    each.name: each
    for each in (
        Program("nginx", "/usr/sbin/nginx", nginx, ages={"X-Accel-Expires": "1"}),
        Program("varnish", "/usr/sbin/varnishd", varnish, needs="*/varnish/vmods/libvmod_xkey.so"),
        Program("haproxy", "/usr/sbin/haproxy", haproxy, serves_stale=False),
        Program("squid", "/usr/sbin/squid", squid),
        Program("caddy", "/usr/bin/caddy", caddy, serves_stale=False),
    )
}

# HAProxy looks at no Age: for an outage its own bound makes copies old.
OUTAGES = PROGRAMS | {
    "haproxy": replace(PROGRAMS["haproxy"], command=partial(haproxy, haproxy_age="max-age 1 "))
}


class Front:
    """A proxy that runs, with the recorder behind it."""

    def __init__(self, program: Program, server: Server) -> None:
        self.program, self.server = program, server
        self.recorder = Recorder(server.port)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{program.name}-"))
        self.folder.chmod(0o777)  # some give up root's rights
        self.port = free_port()
        command = program.command(self.folder, self.port, self.recorder.port)
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)},
            )

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        known = {"Host": HOST, **{k.replace("_", "-"): v for k, v in headers.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in known.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def wait(self) -> None:
        """Until it answers."""
        for _ in range(150):
            try:
                if self.ask("/healthz").status == 200:
                    return
            except OSError:
                pass
            assert self._process.poll() is None, (self.folder / "output").read_text()
            time.sleep(0.1)
        raise AssertionError((self.folder / "output").read_text())

    def grown_old(self, ask: Callable[[], T]) -> T:
        """What `ask` asks for, fetched such that the copies are stale when this is over."""
        self.recorder.adds = list(self.program.ages.items())
        got = ask()
        self.recorder.adds = []
        time.sleep(2.1)  # nginx counts whole seconds
        return got

    def stop(self) -> None:
        # Squid has no children, and would wait for its clients.
        (self._process.kill if self.program.name == "squid" else self._process.terminate)()
        self._process.wait(10)
        self.recorder.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


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
def fronts() -> Iterator[dict[str, Front]]:
    """The proxies that run, by name."""
    running: dict[str, Front] = {}
    yield running
    for each in running.values():
        each.stop()


@pytest.fixture
def front(request: pytest.FixtureRequest, server: Server, fronts: dict[str, Front]) -> Front:
    """A proxy with a cache that is used to other tests."""
    program = PROGRAMS[request.param]
    if program.name not in fronts:
        fronts[program.name] = begun(program, server)
    fronts[program.name].recorder.seen.clear()
    return fronts[program.name]


def begun(program: Program, server: Server) -> Front:
    if not Path(program.path).exists():
        pytest.skip(f"{program.path} is missing")
    if not any(Path("/usr/lib").glob(program.needs)):
        pytest.skip(f"{program.needs} is missing in /usr/lib")
    made = Front(program, server)
    try:
        made.wait()
    except BaseException:
        made.stop()
        raise
    return made


def of(*names: str) -> pytest.MarkDecorator:
    """The programs that a test is for; docs/guides/proxies.md says what the others do not do."""
    return pytest.mark.parametrize("front", params(names), indirect=True)


def params(names: Iterable[str]) -> list[ParameterSet]:
    """The programs as parameters; each is tested by one process of its own."""
    return [pytest.param(each, marks=pytest.mark.xdist_group(f"proxy-{each}")) for each in names]


def decoded(answer: Answer) -> bytes:
    coding = answer.headers.get("content-encoding")
    if coding == "br":
        return bytes(brotli.decompress(answer.body))
    return gzip.decompress(answer.body) if coding == "gzip" else answer.body


@of(*PROGRAMS)
def test_each_coding_is_passed_as_it_is_with_its_own_tag(front: Front, server: Server) -> None:
    for _ in range(2):  # from the server, and from the cache
        for accepted, coding in (
            ("br", "br"),
            ("gzip", "gzip"),
            ("identity", None),
            ("gzip, deflate, br", "br"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("", None),
        ):
            answer = front.ask("/all.atom", Accept_Encoding=accepted)
            got = answer.headers.get("content-encoding")
            # HAProxy sends any copy that the client takes, and most take identity.
            assert got == coding or (front.program.name == "haproxy" and got is None)
            direct = server.ask("/all.atom", Accept_Encoding=got or "identity")
            assert (answer.status, answer.body) == (200, direct.body)
            for name in ("etag", "last-modified", "content-type", "link", "vary"):
                assert answer.headers[name] == direct.headers[name]
            assert "stale-if-error=604800" in answer.headers["cache-control"]
    plain = server.ask("/all.atom").body
    assert decoded(front.ask("/all.atom", Accept_Encoding="br")) == plain


@of("nginx", "varnish", "haproxy", "squid")
def test_the_second_request_is_answered_from_the_cache(front: Front) -> None:
    for coding in ("br", "gzip", "identity"):
        first = front.ask("/all.json", Accept_Encoding=coding)
        before = len(front.recorder.seen)
        second = front.ask("/all.json", Accept_Encoding=coding)
        assert (second.status, second.body) == (200, first.body)
        assert second.headers["etag"] == first.headers["etag"]
        assert len(front.recorder.seen) == before
        assert "HIT" in second.headers["x-cache"]


@of(*PROGRAMS)
def test_head_is_get_without_a_body(front: Front) -> None:
    for coding in ("br", "identity"):
        get = front.ask("/all.atom", Accept_Encoding=coding)
        head = front.ask("/all.atom", "HEAD", Accept_Encoding=coding)
        assert (head.status, head.body) == (200, b"")
        for name in ("etag", "last-modified", "content-type", "cache-control", "vary"):
            assert head.headers[name] == get.headers[name]


@of(*PROGRAMS)
def test_tags_come_back_as_304(front: Front) -> None:
    for coding in ("br", "gzip", "identity"):
        tag = front.ask("/all.atom", Accept_Encoding=coding).headers["etag"]
        lists = [] if front.program.name == "varnish" else [f'"x", {tag}']  # it reads none
        for said in (tag, f"W/{tag}", *lists):
            answer = front.ask("/all.atom", Accept_Encoding=coding, If_None_Match=said)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers.get("etag", tag) == tag
            assert ("etag" in answer.headers) == (front.program.name != "squid")  # it forgets it
        answer = front.ask("/all.atom", Accept_Encoding=coding, If_None_Match='"x"')
        assert answer.status == 200
    since = front.ask("/all.atom").headers["last-modified"]
    assert front.ask("/all.atom", If_Modified_Since=since).status == 304


@of(*PROGRAMS)
def test_host_and_client_are_passed_on(front: Front) -> None:
    front.ask("/nowhere.rss")
    seen = front.recorder.seen[-1]
    assert seen.headers["host"] == HOST
    assert "127.0.0.1" in seen.headers["x-forwarded-for"]
    if front.program.name != "varnish":  # which has no https to tell from http
        assert seen.headers["x-forwarded-proto"] == "http"


@of(*PROGRAMS)
def test_what_is_no_document_is_passed_as_it_is(front: Front, server: Server) -> None:
    for path, status in (("/no.rss", 404), ("/retired.rss", 410), ("/old.rss", 301)):
        answer = front.ask(path)
        assert answer.status == status
        assert answer.headers.get("location") == server.ask(path).headers.get("location")
    assert front.ask("/all.rss", "POST").status == 405
    before = len(front.recorder.seen)
    front.ask("/no.rss")
    assert len(front.recorder.seen) == before + 1  # no-store


@of("nginx", "varnish", "squid")
def test_a_stale_copy_is_asked_for_with_its_tag_and_renewed_by_304(front: Front) -> None:
    path = "/topics/ai.atom"
    old = front.grown_old(lambda: front.ask(path, Accept_Encoding="gzip"))
    again = front.ask(path, Accept_Encoding="gzip")
    assert (again.status, again.body) == (200, old.body)
    for _ in range(50):
        if front.recorder.statuses(path) == [200, 304]:
            break
        time.sleep(0.05)  # some ask while they already answer
    assert front.recorder.statuses(path) == [200, 304]
    assert front.recorder.seen[-1].headers["if-none-match"] == old.headers["etag"]
    fresh = front.ask(path, Accept_Encoding="gzip")
    assert (fresh.status, fresh.body) == (200, old.body)
    assert len(front.recorder.statuses(path)) == 2


@of("nginx", "varnish", "squid")
def test_without_stale_while_revalidate_nobody_gets_an_old_copy(front: Front) -> None:
    path = "/at-once.atom"
    old = front.grown_old(lambda: front.ask(path))
    again = front.ask(path)
    assert front.recorder.statuses(path) == [200, 304]
    assert (again.status, again.body) == (200, old.body)
    front.ask(path)
    assert len(front.recorder.statuses(path)) == 2


@of("haproxy", "caddy")
def test_a_conditional_request_reaches_a_server_behind_what_does_not_revalidate(
    front: Front,
) -> None:
    path = "/topics/maps.atom"
    tag = front.server.ask(path).headers["etag"]
    assert front.ask(path, If_None_Match=tag).status == 304
    assert front.recorder.statuses(path) == [304]


@of("nginx", "varnish")
def test_many_spellings_of_accept_encoding_and_queries_are_one_copy(front: Front) -> None:
    path = "/topics/maps.json"
    for accepted in ("gzip", "gzip;q=0.9", "GZIP, deflate", "deflate, gzip, *;q=0"):
        answer = front.ask(path, Accept_Encoding=accepted)
        assert answer.headers["content-encoding"] == "gzip"
    assert front.ask(f"{path}?a=1", Accept_Encoding="gzip").status == 200
    assert sum(seen.path.startswith(path) for seen in front.recorder.seen) == 1


def purge(front: Front, path: str, **headers: str) -> Answer:
    return front.ask(path, "PURGE", **headers)


@of("varnish", "squid")
def test_what_is_purged_is_fetched_anew(front: Front) -> None:
    path, other = "/topics/ai.rss", "/topics/maps.rss"
    for each in (path, other):
        front.ask(each, Accept_Encoding="gzip")
    # Squid purges the coding that is named, Varnish all.
    assert purge(front, path, Accept_Encoding="gzip").status == 200
    for each in (path, other):
        front.ask(each, Accept_Encoding="gzip")
    assert len(front.recorder.statuses(path)) == 2
    assert len(front.recorder.statuses(other)) == 1


@of("varnish")
def test_varnish_purges_by_tag_in_all_codings_and_keeps_tags_to_itself(front: Front) -> None:
    asked = [("/topics/ai.json", each) for each in ("gzip", "br")] + [("/topics/maps.json", "br")]
    answers = [front.ask(path, Accept_Encoding=coding) for path, coding in asked]
    assert all("xkey" not in answer.headers for answer in answers)
    front.recorder.seen.clear()
    answer = purge(front, "/", xkey="topic:ai topic:none")
    assert answer.status == 200
    for path, coding in asked:
        front.ask(path, Accept_Encoding=coding)
    assert [seen.path for seen in front.recorder.seen] == ["/topics/ai.json"] * 2


@of("nginx", "varnish", "haproxy", "caddy")
def test_strangers_cannot_purge(front: Front) -> None:
    answer = purge(front, "/all.rss", X_Forwarded_For="192.0.2.1")
    assert answer.status in (403, 405)


@of("nginx", "varnish", "squid")
def test_many_readers_at_once_cost_one_request(front: Front) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: front.ask("/feeds.opml"), range(12)))
    assert {answer.status for answer in answers} == {200}
    assert len(front.recorder.statuses("/feeds.opml")) <= 2


@of(*PROGRAMS)
def test_versions_and_hosts_are_not_told(front: Front) -> None:
    text = f"GET /no.rss HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    answer = send(front.port, text)
    assert answer.status == 404
    for version in (b"1.22", b"7.1.1", b"2.6", b"/5.7"):
        assert version not in answer.text


@pytest.mark.parametrize("name", params(OUTAGES))
def test_a_copy_is_served_when_the_server_is_gone(server: Server, name: str) -> None:
    front = begun(OUTAGES[name], server)
    try:
        outage(front)
    finally:
        front.stop()


def outage(front: Front) -> None:
    paths = ("/all.rss", "/at-once.atom")  # with and without stale-while-revalidate
    kept = front.grown_old(lambda: {path: front.ask(path) for path in paths})
    fresh = front.ask("/all.json")
    front.recorder.stop()
    if not front.program.serves_stale:
        assert front.ask(paths[0]).status in (502, 503)
        return
    for path in paths * 2:
        answer = front.ask(path)
        assert (answer.status, answer.body) == (200, kept[path].body)
        again = front.ask(path, If_None_Match=kept[path].headers["etag"])
        # Squid sends the whole of a copy that is stale.
        assert again.status == (200 if front.program.name == "squid" else 304)
    answer = front.ask("/all.json")
    assert (answer.status, answer.body) == (200, fresh.body)
    assert front.ask("/topics/ai.rss").status in (502, 503, 504)  # was never asked for
