"""Starts proxies and caches with the configurations of docs/deploy, and sends requests to them."""

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support.feeds_server import Answer, Server, free_port
from tests.support.recording_proxy import Recorder

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
HOST = "feeds.example.org"
T = TypeVar("T")


@dataclass(frozen=True)
class Program:
    """A proxy: its path on Debian, and its abilities.

    It runs only if /usr/lib has a file that matches `needs`. The headers `ages`, added to a
    response, make a copy that was just fetched almost stale.
    """

    name: str
    path: str
    command: Callable[[Path, int, int], list[str]]
    needs: str = "*"
    serves_stale: bool = True
    ages: Mapping[str, str] = field(default_factory=lambda: {"Age": "59"})


def write_config(name: str, folder: Path, **changes: str) -> Path:
    """Copy a configuration of docs/deploy to `folder`, with addresses and paths replaced."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for key, new in changes.items():
        assert _REPLACED[key] in text
        text = text.replace(_REPLACED[key], new)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# The addresses and paths in the configurations that tests replace, by the keys of `write_config`.
_REPLACED = {
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
    site = write_config(
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
    vcl = write_config("varnish.vcl", folder, port=f'.port = "{server}"')
    parameters = [
        line.split()[1:3]
        for line in vcl.read_text(encoding="utf-8").splitlines()
        if line.startswith("#   -p ")
    ]
    assert len(parameters) == 2
    return [
        "/usr/sbin/varnishd", "-F", "-j", "none", "-n", str(folder / "work"),
        "-a", f"127.0.0.1:{port}", "-T", "127.0.0.1:0", "-s", "default,20m", "-f", str(vcl),
        *(word for parameter in parameters for word in parameter),
    ]  # fmt: skip


def haproxy(folder: Path, port: int, server: int, **changes: str) -> list[str]:
    config = write_config(
        "haproxy.cfg",
        folder,
        server=f"127.0.0.1:{server}",
        haproxy_listen=f"bind 127.0.0.1:{port}",
        **changes,
    )
    return ["/usr/sbin/haproxy", "-db", "-q", "-f", str(config)]


def squid(folder: Path, port: int, server: int) -> list[str]:
    config = write_config(
        "squid.conf",
        folder,
        squid_listen=f"http_port 127.0.0.1:{port} ",
        squid_peer=f"127.0.0.1 parent {server} ",
    )
    paths = f"pid_filename {folder / 'pid'}\naccess_log none\ncache_log {folder / 'log'}\n"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"{paths}coredump_dir {folder}\nnetdb_filename none\n")
    return ["/usr/sbin/squid", "-N", "-n", f"t{port}", "-f", str(config)]


def caddy(folder: Path, port: int, server: int) -> list[str]:
    config = write_config(
        "Caddyfile",
        folder,
        server=f"127.0.0.1:{server}",
        caddy_listen=f"http://:{port} {{\n\tbind 127.0.0.1",
        caddy_admin=f"admin 127.0.0.1:{free_port()}",
    )
    return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(config)]


PROGRAMS = {
    program.name: program
    for program in (
        Program("nginx", "/usr/sbin/nginx", nginx, ages={"X-Accel-Expires": "1"}),
        Program("varnish", "/usr/sbin/varnishd", varnish, needs="*/varnish/vmods/libvmod_xkey.so"),
        Program("haproxy", "/usr/sbin/haproxy", haproxy, serves_stale=False),
        Program("squid", "/usr/sbin/squid", squid),
        Program("caddy", "/usr/bin/caddy", caddy, serves_stale=False),
    )
}


# HAProxy ignores Age; a short max-age makes its copies stale.
OUTAGES = PROGRAMS | {
    "haproxy": replace(PROGRAMS["haproxy"], command=partial(haproxy, haproxy_age="max-age 1 "))
}


class RunningProxy:
    """A running proxy, and the recorder between it and the server."""

    def __init__(self, program: Program, server: Server) -> None:
        self.program, self.server = program, server
        self.recorder = Recorder(server.port)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{program.name}-"))
        self.folder.chmod(0o777)  # some programs drop root privileges
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
        """Wait until it answers."""
        for _ in range(150):
            try:
                if self.ask("/healthz").status == 200:
                    return
            except OSError:
                pass
            assert self._process.poll() is None, (self.folder / "output").read_text()
            time.sleep(0.1)
        raise AssertionError((self.folder / "output").read_text())

    def fetch_stale(self, fetch: Callable[[], T]) -> T:
        """Return the result of `fetch`, whose cached copies are stale afterwards."""
        self.recorder.adds = list(self.program.ages.items())
        result = fetch()
        self.recorder.adds = []
        time.sleep(2.1)  # nginx counts whole seconds
        return result

    def stop(self) -> None:
        # Squid has no child processes, and would wait for its clients.
        (self._process.kill if self.program.name == "squid" else self._process.terminate)()
        self._process.wait(10)
        self.recorder.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_proxy(program: Program, server: Server) -> RunningProxy:
    if not Path(program.path).exists():
        pytest.skip(f"{program.path} is missing")
    if not any(Path("/usr/lib").glob(program.needs)):
        pytest.skip(f"{program.needs} is missing in /usr/lib")
    proxy = RunningProxy(program, server)
    try:
        proxy.wait()
    except BaseException:
        proxy.stop()
        raise
    return proxy
