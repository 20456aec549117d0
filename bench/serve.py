"""Compare the speed of `feeds serve` with nginx (the upper bound) and plain Flask.

`python -m bench.serve [--seconds 5] [--rounds 3] [--workers 2]`

Three servers have the same feed, about 60 KB of RSS: nginx with `gzip_static` on an export,
`feeds serve`, and gunicorn with a Flask view that returns prepared bytes, as gzip or 304. wrk sends
requests to each in turn, for several rounds, over loopback on the same CPUs. The best round of each
counts, because other load can only slow it down. Needs nginx, wrk and gunicorn.
"""

import gzip
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

CORPUS = Path(__file__).parent / "lib" / "corpus.py"
FEEDS = (sys.executable, "-c", "from feeds.cli.main import main; main()")
ARTICLES, TOPICS, SIZE = 300, 5, 24
PATH = "/all.rss"
CONNECTIONS, THREADS = 32, 1
_TRIES, _PAUSE = 300, 0.1

NGINX = """\
daemon off; worker_processes {workers}; pid {root}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    types {{ application/rss+xml rss; }}
    open_file_cache max=1000 inactive=60s;
    server {{
        listen 127.0.0.1:{port} reuseport;
        root {root}/out;
        gzip_static on; gzip_vary on;
        add_header Cache-Control "public, max-age=1800";
    }}
}}
"""
PLAIN = """\
import gzip, hashlib
from pathlib import Path
from flask import Flask, Response, request
app = Flask("plain")
body = Path({file!r}).read_bytes()
coded, tag = gzip.compress(body, 9), hashlib.sha256(body).hexdigest()
@app.get("/all.rss")
def feed():
    response = Response(coded, mimetype="application/rss+xml")
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=1800"
    response.set_etag(tag)
    return response.make_conditional(request)
"""


class Measured(NamedTuple):
    """Responses per second, and the 99th percentile of the latency in milliseconds."""

    rate: float
    p99: float


class Mark(NamedTuple):
    """A limit: it holds if `value` is at least (or, unless `least`, at most) `limit`."""

    name: str
    value: float
    limit: float
    least: bool

    @property
    def holds(self) -> bool:
        """True if the limit holds."""
        return self.value >= self.limit if self.least else self.value <= self.limit


def free_port() -> int:
    """A TCP port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server; enter the context when it responds."""
    log = (folder / f"{port}.log").open("wb")
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(_TRIES):
            if _responds(port):
                break
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} exited: {Path(log.name).read_text()}")
            time.sleep(_PAUSE)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _responds(port: int) -> bool:
    try:
        return request(port, {})[0] == 200
    except OSError:
        return False


def request(port: int, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
    """The status, ETag and body of a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", PATH, headers=dict(headers))
    response = connection.getresponse()
    result = response.status, response.headers.get("ETag", ""), response.read()
    connection.close()
    return result


def measure(port: int, headers: Mapping[str, str], seconds: int) -> Measured:
    """Measure with wrk for some seconds."""
    options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *options]
    output = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{PATH}"], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in output:
        raise SystemExit(f"not every response was 2xx: {output}")
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    latency = re.search(r"99%\s*([\d.]+)(us|ms|s)", output)
    if rate is None or latency is None:
        raise SystemExit(f"unexpected output of wrk: {output}")
    return Measured(
        float(rate[1]), float(latency[1]) * {"us": 0.001, "ms": 1, "s": 1000}[latency[2]]
    )


def site(root: Path) -> None:
    """Generate a site with an export that nginx can serve in the same way."""
    subprocess.run(
        [sys.executable, CORPUS, root, str(ARTICLES), str(TOPICS)], check=True, capture_output=True
    )
    config, feeds = str(root / "config"), root / "config" / "feeds.yaml"
    feeds.write_text(feeds.read_text().replace("size: 50", f"size: {SIZE}"))
    subprocess.run(
        [*FEEDS, "export", "--config", config, str(root / "out")], check=True, capture_output=True
    )
    file = root / "out" / PATH[1:]
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    (root / "plain.py").write_text(PLAIN.format(file=str(file)), encoding="utf-8")


def servers(root: Path, workers: int) -> dict[str, Callable[[int], list[str]]]:
    """The commands that start the three servers on a port, by name."""
    configuration = root / "nginx.conf"

    def nginx(port: int) -> list[str]:
        configuration.write_text(NGINX.format(root=root, port=port, workers=workers))
        return ["nginx", "-c", str(configuration)]

    def ours(port: int) -> list[str]:
        serve = ["serve", "--config", str(root / "config"), "--port", str(port)]
        return [*FEEDS, *serve, "--workers", str(workers)]

    def plain(port: int) -> list[str]:
        at = ["-b", f"127.0.0.1:{port}", "-w", str(workers), "--chdir", str(root)]
        return [sys.executable, "-m", "gunicorn", *at, "plain:app"]

    return {"nginx gzip_static": nginx, "feeds serve": ours, "gunicorn + Flask": plain}


def best(rounds: Sequence[Measured]) -> Measured:
    """The best rate and the best latency of several rounds."""
    return Measured(max(one.rate for one in rounds), min(one.p99 for one in rounds))


def measured(
    root: Path, seconds: int, rounds: int, workers: int, console: Console
) -> dict[tuple[str, str], Measured]:
    """The best of the rounds, by server and kind of response."""
    results: dict[tuple[str, str], list[Measured]] = {}
    with ExitStack() as stack:
        ports = {}
        for name, command in servers(root, workers).items():
            ports[name] = port = free_port()
            stack.enter_context(running(command(port), port, root))
        for number in range(1, rounds + 1):
            for name, port in ports.items():
                coded = {"Accept-Encoding": "gzip"}
                tag = request(port, coded)[1]
                for kind, headers in (
                    ("200 gzip", coded),
                    ("304", {**coded, "If-None-Match": tag}),
                ):
                    status = request(port, headers)[0]
                    if status != int(kind[:3]):
                        raise SystemExit(f"{name} responds with {status} instead of {kind}")
                    with console.status(f"round {number} of {rounds}: {name}, {kind}"):
                        results.setdefault((name, kind), []).append(measure(port, headers, seconds))
    return {key: best(rounds_) for key, rounds_ in results.items()}


def table(results: Mapping[tuple[str, str], Measured]) -> Table:
    """A table of the measurements, with ratios to nginx."""
    rows = Table("", "", box=None)
    for column in ("responses/s", "to nginx", "p99 ms", "to nginx"):
        rows.add_column(column, justify="right")
    for (name, kind), one in results.items():
        limit = results["nginx gzip_static", kind]
        rows.add_row(
            name,
            kind,
            f"{one.rate:,.0f}",
            f"{one.rate / limit.rate:.2f}",
            f"{one.p99:.2f}",
            f"{one.p99 / limit.p99:.2f}",
        )
    return rows


def marks(results: Mapping[tuple[str, str], Measured]) -> Iterator[Mark]:
    """The limits for `feeds serve`."""
    for kind in ("200 gzip", "304"):
        ours, limit, plain = (
            results[name, kind] for name in ("feeds serve", "nginx gzip_static", "gunicorn + Flask")
        )
        yield Mark(f"{kind}: rate, to nginx's", ours.rate / limit.rate, 0.5, least=True)
        yield Mark(f"{kind}: p99, to nginx's", ours.p99 / limit.p99, 3, least=False)
        yield Mark(f"{kind}: rate, to plain Flask's", ours.rate / plain.rate, 5, least=True)


def main() -> int:
    """Measure, print the results, and return 1 if a limit does not hold."""
    parser = ArgumentParser(description="Compare how fast feeds are served.")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if missing := [name for name in ("nginx", "wrk") if not shutil.which(name)]:
        raise SystemExit(f"{' and '.join(missing)} must be installed")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # workers of nginx read it as another user
        with console.status("generating the site"):
            site(root)
        size = (root / "out" / PATH[1:]).stat().st_size
        results = measured(root, options.seconds, options.rounds, options.workers, console)
    console.print(
        f"{PATH}, {size:,} bytes; {CONNECTIONS} connections, {options.workers} workers each"
    )
    console.print(table(results))
    failed = 0
    for mark in marks(results):
        outcome = "[green]holds[/]" if mark.holds else "[red]does not hold[/]"
        word = "at least" if mark.least else "at most"
        console.print(f"{mark.name}: {mark.value:.2f}, {word} {mark.limit:g}: {outcome}")
        failed += not mark.holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
