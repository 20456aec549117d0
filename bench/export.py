"""Measure the time and the bytes written of an export, by the encodings of precompressed files.

`python -m bench.export [--articles 20000] [--topics 1000] [--runs 3]`

The catalogue is built before the measurement. Each case is the export alone: into an empty folder,
after one article was edited, and when nothing changed. The best of the runs counts.
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

# Encodings, and a host that needs files in them.
CODINGS: dict[str, HostName] = {"none": "plain", "gzip": "nginx", "gzip, br": "caddy"}


class Measured(NamedTuple):
    """An export: seconds, files written, and their bytes."""

    seconds: float
    files: int
    size: int


class Bench:
    """A generated site, and the folder of its exports."""

    def __init__(self, root: Path, articles: int, topics: int) -> None:
        self._generated = BenchSite(root, articles, topics)
        self._root = root
        self._site: Site = load.load(root / "config", {})
        self.build()

    def build(self) -> None:
        with closing(Catalogue(self._site.catalogue)) as catalogue:
            build(self._site, catalogue, clock())

    def edit(self) -> None:
        """Change the title of the newest article, and build."""
        self._generated.edit()
        time.sleep(0.1)  # a build reads files again that were written a moment before
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
    """The best of the runs of each case, by name."""
    results: dict[str, list[Measured]] = {"cold": [], "one edit": [], "no change": []}
    for _ in range(runs):
        bench.forget()
        results["cold"].append(bench.export(host))
        bench.edit()
        results["one edit"].append(bench.export(host))
        results["no change"].append(bench.export(host))
    return {name: min(runs) for name, runs in results.items()}


def main() -> None:
    """Measure, and print the results."""
    parser = ArgumentParser(description="Time an export by encodings.")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--topics", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the best counts")
    options = parser.parse_args()
    console = Console()
    table = Table("codings", "", "seconds", "files written", "MB written", box=None)
    with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
        with console.status("generating the site"):
            bench = Bench(Path(folder), options.articles, options.topics)
        for codings, host in CODINGS.items():
            with console.status(codings):
                measured = measure(bench, host, options.runs)
            for name, export_ in measured.items():
                size = f"{export_.size / MEGABYTE:.1f}"
                table.add_row(codings, name, f"{export_.seconds:.2f}", f"{export_.files:,}", size)
    console.print(
        f"{options.articles:,} articles, {options.topics:,} topics, all formats and pages; "
        f"best of {options.runs}"
    )
    console.print(table)


if __name__ == "__main__":
    main()
