"""How long feeds take with us and with other tools, as ratios to Hugo's time.

`python -m bench.compare [--peers DIR] [--case small|large|related …] [--only TOOL …] [--runs 3]`

Installs the other tools below `--peers`, and goes on without one that cannot be installed. The
marks are printed as they hold or not; the exit code is 1 if one does not.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from bench.benchsite import BenchSite
from bench.measuring import Case, Mark, Measured, measure, table, verdict
from bench.tools import TOOLS, MissingError, case, installed

_PEERS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "feeds-bench"
_COLD, _EDIT, _SAME = "feeds, cold", "feeds, one edit", "feeds, no change"


class Setting(NamedTuple):
    """A site to build, and its marks: of Hugo's time, of its memory, CPU seconds."""

    articles: int
    topics: int
    related: int
    cold: float
    edit: float | None = None
    memory: float | None = None
    same: float | None = None
    everyone: bool = False  # else only Hugo and the script, for the others would take long


SETTINGS = {
    "small": Setting(10_000, 200, 0, cold=0.4, edit=0.1, everyone=True),
    "large": Setting(100_000, 1_000, 0, cold=0.3, edit=0.02, memory=0.1, same=1.0),
    "related": Setting(5_000, 200, 30, cold=0.2),
}


def main() -> int:
    """Measure, print, and return 1 if a mark does not hold."""
    asked = _asked()
    console = Console(width=100)
    tools = []
    for tool in TOOLS:
        if tool.name in asked.only:
            try:
                with console.status(f"installing {tool.name}"):
                    version = installed(tool, asked.peers)
                console.print(f"{tool.name}: {version}", highlight=False, soft_wrap=True)
                tools.append(tool)
            except MissingError as error:
                console.print(f"{tool.name} is left out: {error}", highlight=False, soft_wrap=True)
    holds = True
    for name in asked.case:
        setting = SETTINGS[name]
        articles = max(1, int(setting.articles * asked.scale))
        with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
            with console.status("writing the articles"):
                site = BenchSite(Path(folder), articles, setting.topics, setting.related)
            some = tools if setting.everyone else [each for each in tools if each.name == "hugo"]
            cases = [*(case(each, asked.peers, site) for each in some), *_ours(site, setting)]
            measured = measure(cases, asked.runs, console)
            sizes = site.sizes()
        console.print(f"\n{articles:,} articles, {setting.topics:,} topics, best of {asked.runs}")
        base = "hugo" if "hugo" in measured else "plain script"
        console.print(table(measured, base))
        console.print(sizes)
        if base == "hugo":
            holds = verdict(_marks(measured, setting), console) and holds
    return 0 if holds else 1


def _asked() -> Namespace:
    names = [tool.name for tool in TOOLS]
    parser = ArgumentParser(description="Time feeds export against other tools.")
    parser.add_argument("--peers", type=Path, default=_PEERS, help="where tools are installed")
    parser.add_argument("--case", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="TOOL")
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of articles")
    asked = parser.parse_args()
    asked.peers = asked.peers.absolute()
    return asked


def _ours(site: BenchSite, setting: Setting) -> Sequence[Case]:
    edits = [site.one_edit()] if setting.edit else []
    return [site.plain(), site.cold(), *edits, *([site.no_change()] if setting.same else [])]


def _marks(measured: Mapping[str, Measured], setting: Setting) -> list[Mark]:
    hugo, cold = measured["hugo"], measured[_COLD]
    marks = [Mark("cold, of Hugo's time", cold.wall / hugo.wall, setting.cold)]
    if setting.memory:
        marks.append(Mark("cold, of Hugo's memory", cold.memory / hugo.memory, setting.memory))
    if setting.edit:
        after = measured[_EDIT].wall / hugo.wall
        marks.append(Mark("after one edit, of Hugo's time", after, setting.edit))
    if setting.same:
        marks.append(Mark("nothing changed, CPU s", measured[_SAME].cpu, setting.same))
    return marks


if __name__ == "__main__":
    sys.exit(main())
