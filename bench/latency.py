"""Measure how soon a saved article is served, and the longest pause of the server meanwhile.

`python -m bench.latency [--articles 100000] [--topics 1000] [--times 100] [--site FOLDER]`

Generates a site, starts `feeds serve`, then adds, edits and removes articles, one after another.
After each change it requests a feed with that article until the response shows the change. A second
client requests another feed all the time; its longest wait is the longest pause. The time until
the catalogue contains the change is measured by the catalogue's change token.
"""

import http.client
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from feeds.catalogue.catalogue import Catalogue

CORPUS = Path(__file__).parent / "lib" / "corpus.py"
# Seconds between two polls, until a change counts as lost, and until the server must be ready.
POLL = 0.001
TIMEOUT = 20
START_TIMEOUT = 900
# Limit of the time until a change is served, in seconds.
MARK = 0.250


class Freshness(NamedTuple):
    """Seconds from saving a file until the catalogue has the change, and until it is served."""

    kind: str
    built: float
    served: float


class Client:
    """A client with one persistent connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def status(self, path: str) -> int:
        """The status of the response for a path."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def get(self, path: str) -> bytes:
        """The body at a path; exits unless the status is 200."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: status {response.status}")
        return body


class Pauses:
    """A second client that sends requests all the time; `longest` is its longest wait (s)."""

    def __init__(self, port: int, path: str) -> None:
        self.longest, self.requests = 0.0, 0
        self._client, self._path = Client(port), path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> "Pauses":
        self._client.get(self._path)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.wait(2 * POLL):
            start = time.perf_counter()
            json.loads(self._client.get(self._path))  # fails for a truncated response
            self.longest = max(self.longest, time.perf_counter() - start)
            self.requests += 1


class Bench:
    """A site in the folder `root`, and changes to its articles."""

    def __init__(self, root: Path, articles: int, topics: int) -> None:
        self.config, self._news = root / "config", root / "articles" / "_news"
        if not self.config.is_dir():
            command = [sys.executable, str(CORPUS), str(root), str(articles), str(topics)]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        self._template = max(file for file in self._news.glob("20*.md")).read_text("utf-8")
        self._published = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self._added: list[Path] = []
        self._number = 0

    def add(self) -> str:
        """Write an article newer than all others; return a text that its feeds then contain."""
        self._number += 1
        self._published += timedelta(seconds=1)
        file = self._news / f"bench-{time.time_ns()}.md"
        self._write(file, self._published)
        self._added.append(file)
        return f"edit {self._number} of"

    def edit(self) -> str:
        """Change the title of the newest article; return a text that its feeds then contain."""
        self._number += 1
        self._write(self._added[-1], self._published)
        return f"edit {self._number} of"

    def remove(self) -> str:
        """Remove the newest article; return a text that its feeds then no longer contain."""
        self._added.pop().unlink()
        return f"edit {self._number} of"

    def clean(self) -> None:
        """Remove the added articles."""
        for file in self._added:
            file.unlink()

    def _write(self, file: Path, published: datetime) -> None:
        lines = []
        for line in self._template.splitlines():
            if line.startswith("title:"):
                line = f'title: "edit {self._number} of {file.stem}"'
            elif line.startswith("publishedDateTime:"):
                line = f"publishedDateTime: {published:%Y-%m-%dT%H:%M:%SZ}"
            elif line.startswith(("webUrl:", "originalUrl:")):
                line = f"{line.partition(':')[0]}: https://bench.example/{file.stem}/"
            elif line.startswith("published:"):
                line = "published: true"
            lines.append(line)
        part = file.with_name(f".{file.name}")
        part.write_text("\n".join(lines), encoding="utf-8")
        part.replace(file)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(config: Path, port: int, workers: int) -> Iterator[None]:
    """Run `feeds serve`; enter the context when it is ready."""
    command = [sys.executable, "-m", "feeds", "serve", "--config", str(config)]
    options = ["--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end and process.poll() is None:
            try:
                if Client(port).status("/readyz") == 200:
                    break
            except OSError:
                pass
            time.sleep(0.2)
        time.sleep(3)  # until its first scan has found no change
        yield
    finally:
        process.terminate()
        process.wait(30)


def measure(
    client: Client, catalogue: Catalogue, kind: str, change: Callable[[], str]
) -> Freshness:
    """Change an article; wait until the catalogue contains the change and it is served."""
    before = catalogue.change_token()
    start = time.perf_counter()
    mark = change().encode()
    built = served = 0.0
    while not (built and served):
        if not built and catalogue.change_token() != before:
            built = time.perf_counter() - start
        if not served and (mark in client.get("/all.json")) == (kind != "remove"):
            served = time.perf_counter() - start
        if time.perf_counter() - start > TIMEOUT:
            raise SystemExit(f"{kind} was not visible after {TIMEOUT} s")
        time.sleep(POLL)
    return Freshness(kind, built, served)


def run(bench: Bench, times: int, workers: int, console: Console) -> tuple[list[Freshness], Pauses]:
    """Change articles `times` times: add, edit and remove them in turn."""
    rng, port, results = random.Random(1), free_port(), []
    with (
        console.status("starting the server"),
        serving(bench.config, port, workers),
        closing(Catalogue(f"sqlite:///{bench.config.absolute()}/catalogue.sqlite")) as catalogue,
        Pauses(port, "/all.json") as pauses,
    ):
        client = Client(port)
        for number in range(times):
            kind = ("add", "edit", "edit", "add", "edit", "remove")[number % 6]
            change = {"add": bench.add, "edit": bench.edit, "remove": bench.remove}[kind]
            results.append(measure(client, catalogue, kind, change))
            time.sleep(rng.uniform(0.05, 0.15))
    return results, pauses


def table(results: Sequence[Freshness]) -> Table:
    """A table of the times in milliseconds."""
    rows = Table("", "times", "p50 ms", "p99 ms", "max ms", box=None)
    for name in ("built", "served"):
        for kind in ("add", "edit", "remove", "all"):
            times = [getattr(result, name) for result in results if kind in (result.kind, "all")]
            if times:
                figures = (statistics.median(times), percentile(times, 0.99), max(times))
                cells = [f"{1000 * seconds:.0f}" for seconds in figures]
                rows.add_row(f"{kind}: saved until {name}", str(len(times)), *cells)
    return rows


def percentile(times: Sequence[float], share: float) -> float:
    """The time that the given share of the times does not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def main() -> int:
    """Measure, print the results, and return 1 if the limit does not hold."""
    parser = ArgumentParser(description="Time how soon saved articles are served.")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--topics", type=int, default=1000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--site", type=Path, help="a folder for the site, which is kept and used again"
    )
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="feeds-fresh-") as folder:
        with console.status("writing the articles"):
            bench = Bench(options.site or Path(folder) / "site", options.articles, options.topics)
        try:
            results, pauses = run(bench, options.times, options.workers, console)
        finally:
            bench.clean()
    console.print(table(results))
    console.print(f"longest wait of {pauses.requests:,} requests: {1000 * pauses.longest:.0f} ms")
    fresh = percentile([result.served for result in results], 0.99)
    outcome = "[green]holds[/]" if fresh <= MARK else "[red]does not hold[/]"
    console.print(f"p99 served {1000 * fresh:.0f} ms, at most {1000 * MARK:.0f}: {outcome}")
    return 0 if fresh <= MARK else 1


if __name__ == "__main__":
    sys.exit(main())
