"""How long an export takes, and how much it writes, by the codings of its precompressed files.

`python -m bench.export [--articles 20000] [--topics 1000] [--runs 3]`

The catalogue is built first, and is not measured. Each case is the export alone: into an empty
folder, after an edit of one article, and where nothing changed. The best of the runs counts.
"""

import tempfile
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from bench.lib.measure import MEGABYTE, set_aside
from bench.lib.site import BenchSite
from feeds.build.builder import build
from feeds.catalogue.catalogue import Catalogue
from feeds.config import load
from feeds.config.settings import ExportSettings, HostName
from feeds.config.site import Site
from feeds.export.exporter import export
from feeds.util.progress import clock, silent

# The codings of a host's files.
CODINGS: dict[str, HostName] = {"none": "plain", "gzip": "nginx", "gzip, br": "caddy"}


class Measured(NamedTuple):
    """An export: seconds, files written, and their bytes."""

    seconds: float
    files: int
    size: int


class Bench:
    """A made-up site, and the folder that its exports are written to."""

    def __init__(self, root: Path, articles: int, topics: int) -> None:
        self._made = BenchSite(root, articles, topics)
        self._root = root
        self._site: Site = load.load(root / "config", {})
        self.build()

    def build(self) -> None:
        with closing(Catalogue(self._site.catalogue)) as catalogue:
            build(self._site, catalogue, clock())

    def edit(self) -> None:
        """Change the title of the newest article, and build."""
        self._made.edit()
        time.sleep(0.1)  # a file is not taken for settled in the moment of its writing
        self.build()

    def forget(self) -> None:
        set_aside(self._root / "out")

    def export(self, host: HostName) -> Measured:
        site = msgspec.structs.replace(
            self._site,
            settings=msgspec.structs.replace(self._site.settings, export=ExportSettings(host=host)),
        )
        out = self._root / "out"
        with closing(Catalogue(site.catalogue)) as catalogue:
            start = time.perf_counter()
            report = export(site, catalogue, out, clock(), silent)
            seconds = time.perf_counter() - start
        size = sum((out / name).stat().st_size for name in report.written)
        return Measured(seconds, len(report.written), size)


def measure(bench: Bench, host: HostName, runs: int) -> dict[str, Measured]:
    """The best of the runs of each case."""
    found: dict[str, list[Measured]] = {"cold": [], "one edit": [], "no change": []}
    for _ in range(runs):
        bench.forget()
        found["cold"].append(bench.export(host))
        bench.edit()
        found["one edit"].append(bench.export(host))
        found["no change"].append(bench.export(host))
    return {name: min(each) for name, each in found.items()}


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(description="Time an export by its codings.")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--topics", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    asked = parser.parse_args()
    console = Console()
    table = Table("codings", "", "seconds", "files written", "MB written", box=None)
    with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
        with console.status("making the site"):
            bench = Bench(Path(folder), asked.articles, asked.topics)
        for codings, host in CODINGS.items():
            with console.status(codings):
                measured = measure(bench, host, asked.runs)
            for name, each in measured.items():
                size = f"{each.size / MEGABYTE:.1f}"
                table.add_row(codings, name, f"{each.seconds:.2f}", f"{each.files:,}", size)
    console.print(
        f"{asked.articles:,} articles, {asked.topics:,} topics, RSS, Atom, JSON Feed and pages; "
        f"best of {asked.runs}"
    )
    console.print(table)


if __name__ == "__main__":
    main()
