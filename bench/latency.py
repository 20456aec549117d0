"""How soon a saved article is served, and whether answering ever pauses meanwhile.

`python -m bench.latency [--articles 100000] [--topics 1000] [--times 100] [--site FOLDER]`

Makes a site, starts `feeds serve`, then saves, adds and removes articles, one after another. Each
time it asks for a feed that shows the article until the answer is another one; a second client
asks for another feed all the while, and its longest wait for an answer is the longest pause. How
soon the catalogue has the change is measured beside it, on the catalogue's own sign of change.
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
# Seconds: between two looks, after which a change counts as lost, and for the server to come up.
LOOK = 0.001
LOST = 20
START = 900
MARK = 0.250


class Freshness(NamedTuple):
    """Seconds from a file's saving until the catalogue has it, and until it is served."""

    kind: str
    built: float
    served: float


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def status(self, path: str) -> int:
        """The status of the answer for a path."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def get(self, path: str) -> bytes:
        """The body at a path; raises if the answer is no 200."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} was answered with {answer.status}")
        return body


class Pauses:
    """A second client, which asks all the while; `longest` is its longest wait in seconds."""

    def __init__(self, port: int, path: str) -> None:
        self.longest, self.asked = 0.0, 0
        self._client, self._path = Client(port), path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Pauses":
        self._client.get(self._path)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(2 * LOOK):
            start = time.perf_counter()
            json.loads(self._client.get(self._path))  # a torn answer is no JSON
            self.longest = max(self.longest, time.perf_counter() - start)
            self.asked += 1


class Bench:
    """The site below `root`, and what is done to its articles."""

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
        """Write a new article, newer than all others; returns a mark that its feeds then show."""
        self._number += 1
        self._published += timedelta(seconds=1)
        file = self._news / f"bench-{time.time_ns()}.md"
        self._write(file, self._published)
        self._added.append(file)
        return f"edit {self._number} of"

    def edit(self) -> str:
        """Give the newest article another title; returns a mark that its feeds then show."""
        self._number += 1
        self._write(self._added[-1], self._published)
        return f"edit {self._number} of"

    def remove(self) -> str:
        """Remove the newest article; returns what its feeds then no longer show."""
        self._added.pop().unlink()
        return f"edit {self._number} of"

    def clean(self) -> None:
        """Remove what was added."""
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
    """`feeds serve`, from when it is ready until the end."""
    command = [sys.executable, "-m", "feeds", "serve", "--config", str(config)]
    options = ["--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START
        while time.monotonic() < end and process.poll() is None:
            try:
                if Client(port).status("/readyz") == 200:
                    break
            except OSError:
                pass
            time.sleep(0.2)
        time.sleep(3)  # until it has seen that nothing changed while it started
        yield
    finally:
        process.terminate()
        process.wait(30)


def measure(
    client: Client, catalogue: Catalogue, kind: str, change: Callable[[], str]
) -> Freshness:
    """Change an article, and wait until the catalogue has it, and until it is served."""
    before = catalogue.change_token()
    start = time.perf_counter()
    mark = change().encode()
    built = served = 0.0
    while not (built and served):
        if not built and catalogue.change_token() != before:
            built = time.perf_counter() - start
        if not served and (mark in client.get("/all.json")) == (kind != "remove"):
            served = time.perf_counter() - start
        if time.perf_counter() - start > LOST:
            raise SystemExit(f"{kind} was not seen for {LOST} s")
        time.sleep(LOOK)
    return Freshness(kind, built, served)


def run(bench: Bench, times: int, workers: int, console: Console) -> tuple[list[Freshness], Pauses]:
    """Add, edit and remove articles so many times."""
    chance, port, found = random.Random(1), free_port(), []
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
            found.append(measure(client, catalogue, kind, change))
            time.sleep(chance.uniform(0.05, 0.15))
    return found, pauses


def table(found: Sequence[Freshness]) -> Table:
    """The times in milliseconds."""
    made = Table("", "times", "p50 ms", "p99 ms", "max ms", box=None)
    for name in ("built", "served"):
        for kind in ("add", "edit", "remove", "all"):
            times = [getattr(each, name) for each in found if kind in (each.kind, "all")]
            if times:
                shown = (statistics.median(times), percentile(times, 0.99), max(times))
                cells = [f"{1000 * each:.0f}" for each in shown]
                made.add_row(f"{kind}: saved until {name}", str(len(times)), *cells)
    return made


def percentile(times: Sequence[float], share: float) -> float:
    """The time that so many of the times do not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def main() -> int:
    """Measure, print, and return 1 if the mark does not hold."""
    parser = ArgumentParser(description="Time how soon saved articles are served.")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--topics", type=int, default=1000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--site", type=Path, help="where the site is or is to be made, and stays")
    asked = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="feeds-fresh-") as folder:
        with console.status("writing the articles"):
            bench = Bench(asked.site or Path(folder) / "site", asked.articles, asked.topics)
        try:
            found, pauses = run(bench, asked.times, asked.workers, console)
        finally:
            bench.clean()
    console.print(table(found))
    console.print(f"longest wait of {pauses.asked:,} answers: {1000 * pauses.longest:.0f} ms")
    fresh = percentile([each.served for each in found], 0.99)
    said = "[green]holds[/]" if fresh <= MARK else "[red]does not hold[/]"
    console.print(f"p99 served {1000 * fresh:.0f} ms, at most {1000 * MARK:.0f}: {said}")
    return 0 if fresh <= MARK else 1


if __name__ == "__main__":
    sys.exit(main())
