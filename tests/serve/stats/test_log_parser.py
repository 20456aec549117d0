"""Access logs of several servers are parsed."""

import gzip
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import LogError
from feeds.serve.stats import log_parser
from feeds.serve.stats.log_parser import LoggedRequest

pytestmark = pytest.mark.xdist_group("loglines")

AGENT = "Feedbin feed-id:12 - 5 subscribers"
AT = 971211336.0  # 10 October 2000, 20:55:36 UTC
COMMON = '192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /all.rss HTTP/1.0" 200 2326'


def parse(line: str) -> LoggedRequest | None:
    return log_parser.parse(line.encode() + b"\n")


def test_common_log_format() -> None:
    assert parse(COMMON) == LoggedRequest(AT, "GET", "/all.rss", 200, "", "192.0.2.1")


@pytest.mark.parametrize("before", ["", "example.org:443 "])
@pytest.mark.parametrize("after", ["", ' "-"', ' rt=0.400 uct="0.000"'])
def test_combined_log_format_with_additional_fields(before: str, after: str) -> None:
    line = f'{before}{COMMON} "http://example.org/" "{AGENT}"{after}'
    assert parse(line) == LoggedRequest(AT, "GET", "/all.rss", 200, AGENT, "192.0.2.1")


@pytest.mark.parametrize("client", ["2001:db8::1", "::1", "host.example.org", "203.0.113.9"])
def test_client_may_be_any_address_or_name(client: str) -> None:
    request = parse(COMMON.replace("192.0.2.1", client) + f' "-" "{AGENT}"')
    assert request
    assert request.client == client


def test_escaped_quotes_do_not_end_the_agent() -> None:
    request = parse(COMMON + r' "-" "a \"b\" [10/Oct/2000:13:55:36 -0700] \\"')
    assert request
    assert request.agent == r"a \"b\" [10/Oct/2000:13:55:36 -0700] \\"


JSON_LINES = [
    {"time": "2000-10-10T20:55:36.000Z", "method": "GET", "path": "/all.rss", "status": 200,
     "bytes": 1, "ms": 0.2, "user_agent": AGENT, "client": "c"},
    {"ts": AT, "request": {"remote_ip": "a", "client_ip": "c", "method": "GET", "uri": "/all.rss",
     "headers": {"User-Agent": [AGENT]}}, "status": 200},
    {"ts": "2000-10-10T20:55:36Z", "request": {"remote_ip": "c", "method": "GET",
     "uri": "/all.rss", "headers": {"User-Agent": [AGENT]}}, "status": 200},
    {"time_iso8601": "2000-10-10T13:55:36-07:00", "remote_addr": "c", "request_method": "GET",
     "request_uri": "/all.rss", "status": "200", "http_user_agent": AGENT},
    {"time_local": "10/Oct/2000:13:55:36 -0700", "remote_addr": "c", "status": "200",
     "request": "GET /all.rss HTTP/1.1", "http_user_agent": AGENT},
    {"msec": "971211336.000", "remote_addr": "c", "request_method": "GET", "uri": "/all.rss",
     "status": 200, "http_user_agent": AGENT},
    {"timestamp": AT * 1000, "client_ip": "c", "method": "GET", "url": "/all.rss",
     "status": 200, "user_agent": AGENT},
]  # fmt: skip


@pytest.mark.parametrize("line", JSON_LINES, ids=lambda line: next(iter(line)))
def test_json_lines(line: dict[str, object]) -> None:
    assert parse(json.dumps(line)) == LoggedRequest(AT, "GET", "/all.rss", 200, AGENT, "c")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "{}",
        "[]",
        '{"time":true,"path":"/","status":200}',
        '{"time":"now","path":"/","status":200}',
        '{"time":1e300,"path":"/","status":200}',
        '{"time":"0001-01-01T00:00:00+23:00","path":"/","status":200}',
        '{"time":"9999-12-31T00:00:00-23:00","path":"/","status":200}',
        '{"time":"01/Jan/0001:00:00:00 +0000","path":"/","status":200}',
        'c - - [01/Jan/0001:00:00:00 +0000] "GET /a HTTP/1.1" 200 1',
        '{"time":1,"path":"/","status":"ok"}',
        '{"time":1,"path":{},"status":200}',
        "{" * 100_000,
        '{"a":' * 100_000,
        COMMON.replace("10/Oct/2000", "31/Feb/2000"),
        COMMON.replace("13:55:36", "25:55:36"),
        COMMON.replace("Oct", "Okt"),
        COMMON.replace("200 2326", "ok 2326"),
        '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "\\x16\\x03\\x01" 400 0 "-" "-"',
        "Oct 10 13:55:36 host sshd[1]: Accepted publickey",
    ],
)
def test_other_lines_are_none(line: str) -> None:
    assert parse(line) is None


@given(st.binary())
def test_any_bytes_can_be_parsed(line: bytes) -> None:
    log_parser.parse(line)
    log_parser.parse(b"{" + line)


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\\n')), st.binary(max_size=20))
def test_any_agent_and_line_end_can_be_parsed(agent: str, end: bytes) -> None:
    request = log_parser.parse(f'{COMMON} "-" "{agent}" '.encode() + end)
    assert request
    assert request.agent == agent


@given(st.recursive(st.none() | st.floats() | st.integers() | st.text(), st.lists))
def test_any_json_value_can_be_parsed(value: object) -> None:
    for name in ("time", "method", "path", "status", "user_agent", "client", "request"):
        line = {"time": 1, "method": "GET", "path": "/a", "status": 200, name: value}
        log_parser.parse(json.dumps(line).encode())


def test_parsing_takes_linear_time() -> None:
    start = time.perf_counter()
    for hostile in ('"' * 60_000, "a " * 30_000, "\\" * 60_000, "[" * 60_000, 'a b "' * 10_000):
        parse(hostile)
        parse(f'{COMMON} "-" "{hostile}')
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/all.rss?utm=1", "/all.rss"),
        ("http://example.org/all.rss?x", "/all.rss"),
        ("/topics/caf%C3%A9.rss", "/topics/café.rss"),
        ("/topics/caf\\xC3\\xA9.rss", "/topics/café.rss"),
        ("http://[::1", ""),
        ("*", "*"),
        ("", ""),
    ],
)
def test_path_of_a_request_target(target: str, path: str) -> None:
    assert log_parser.url_path(target) == path


def test_gzip_is_recognised_by_content(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.gz", tmp_path / "b"
    plain.write_bytes(b"one\ntwo")
    packed.write_bytes(gzip.compress(b"one\ntwo"))
    assert list(log_parser.lines(str(plain))) == list(log_parser.lines(str(packed)))
    assert list(log_parser.lines(str(packed))) == [b"one\n", b"two"]


def test_overlong_line_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"x" * 1_000_000 + b"\nafter\n" + b"y" * 1_000_000)
    assert list(log_parser.lines(str(file))) == [b"", b"after\n", b""]


@pytest.mark.parametrize(
    "content",
    [None, gzip.compress(b"a\n" * 9000)[:-20], b"\x1f\x8b\x00"],
    ids=["none", "cut", "broken"],
)
def test_unreadable_file_is_named_in_the_error(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LogError, match=r"access\.log: cannot be read"):
        list(log_parser.lines(str(file)))


NGINX = """
daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;
events {{}}
http {{
  access_log {root}/default.log;
  access_log {root}/combined.log combined;
  client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;
  uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello"; }} }}
}}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  respond "hello"
  log {{
    output file {root}/caddy.log
  }}
}}
"""


@pytest.fixture(params=["nginx", "caddy"])
def logged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Path]]:
    """Logs of a real server after one request for /all.rss."""
    program = shutil.which(request.param, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    template = {"nginx": NGINX, "caddy": CADDY}[request.param]
    (tmp_path / "conf").write_text(template.format(root=tmp_path, port=port))
    arguments = {
        "nginx": ["-p", str(tmp_path), "-e", f"{tmp_path}/error.log", "-c", f"{tmp_path}/conf"],
        "caddy": ["run", "--adapter", "caddyfile", "--config", f"{tmp_path}/conf"],
    }[request.param]
    process = subprocess.Popen(
        [program, *arguments], stderr=subprocess.DEVNULL, env={"HOME": str(tmp_path)}
    )
    try:
        send_request(port)
        yield wait_for(tmp_path)
    finally:
        process.terminate()
        process.wait(20)


def send_request(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/all.rss?a=1")
    request.add_header("User-Agent", f'{AGENT} "quoted"')
    for attempt in range(100):
        try:
            urllib.request.urlopen(request, timeout=5).close()
            break
        except OSError:
            assert attempt < 99, "the server did not come up"
            time.sleep(0.1)


def wait_for(root: Path) -> list[Path]:
    for _ in range(100):
        written = [file for file in root.glob("*.log") if file.name != "error.log"]
        if written and all(file.read_bytes().endswith(b"\n") for file in written):
            return written
        time.sleep(0.1)
    raise AssertionError("nothing was logged")


def test_logs_of_nginx_and_caddy_are_parsed(logged: list[Path]) -> None:
    for file in logged:
        (line,) = log_parser.lines(str(file))
        request = log_parser.parse(line)
        assert request, line
        assert (request.method, log_parser.url_path(request.path)) == ("GET", "/all.rss")
        assert (request.status, request.client) == (200, "127.0.0.1")
        assert request.agent.startswith(AGENT)
        assert abs(request.time - time.time()) < 60
