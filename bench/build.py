"""How long `feeds export` takes on a made-up site, as a ratio to a plain script.

`python -m bench.build [--articles 10000] [--topics 200] [--runs 3]`
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from rich.console import Console

from bench.benchsite import BenchSite
from bench.measuring import MEGABYTE, Mark, Measured, measure, table, verdict


def main() -> int:
    """Measure, print, and return 1 if a mark does not hold."""
    parser = ArgumentParser(description="Time feeds export against a plain feedgen script.")
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--no-plain", action="store_true", help="ours alone, without ratios")
    asked = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
        with console.status("writing the articles"):
            site = BenchSite(Path(folder), asked.articles, asked.topics)
        cases = [site.plain(), site.cold(), site.one_edit(), site.no_change()]
        cases = cases[1:] if asked.no_plain else cases
        measured = measure(cases, asked.runs, console)
        sizes = site.sizes()
    console.print(f"{asked.articles:,} articles, {asked.topics:,} topics, best of {asked.runs}")
    console.print(table(measured, cases[0].name))
    console.print(sizes)
    return 0 if asked.no_plain or verdict(_marks(measured), console) else 1


def _marks(measured: dict[str, Measured]) -> list[Mark]:
    plain = measured["plain script"]
    ours = {name: each for name, each in measured.items() if name != "plain script"}
    cold, edit = (ours[f"feeds, {name}"].wall / plain.wall for name in ("cold", "one edit"))
    most = max(each.memory for each in ours.values())
    return [
        Mark("cold, of the plain script's time", cold, 1 / 2),
        Mark("one edit, of the plain script's time", edit, 1 / 6),
        Mark("memory, MB", most / MEGABYTE, 200),
    ]


if __name__ == "__main__":
    sys.exit(main())
