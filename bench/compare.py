"""Compare the time of `feeds export` with other tools, as ratios to Hugo or to a plain script.

`python -m bench.compare [--peers DIR] [--case small|large|related …] [--only TOOL …] [--runs 3]`
`python -m bench.compare --no-peers [--case small] [--scale 1.0] [--runs 3]`

Installs the other tools below `--peers`, and continues without those that cannot be installed. With
`--no-peers` it installs nothing, and compares with the plain script. Prints whether each limit
holds; the exit status is 1 if one does not.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from bench.lib.measure import MEGABYTE, Case, Mark, Measured, measure, table, verdict
from bench.lib.peers import TOOLS, MissingError, Tool, case, installed
from bench.lib.site import BenchSite

_PEERS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "feeds-bench"
_SCRIPT = "plain script"
_COLD, _EDIT, _SAME = "feeds, cold", "feeds, one edit", "feeds, no change"


class Setting(NamedTuple):
    """A site to build, and its limits: ratios to Hugo's time and memory, and CPU seconds."""

    articles: int
    topics: int
    related: int
    cold: float
    edit: float | None = None
    memory: float | None = None
    same: float | None = None
    all_tools: bool = False  # else only Hugo and the script, because the others are slow


SETTINGS = {
    "small": Setting(10_000, 200, 0, cold=0.4, edit=0.1, all_tools=True),
    "large": Setting(100_000, 1_000, 0, cold=0.3, edit=0.02, memory=0.1, same=1.0),
    "related": Setting(5_000, 200, 30, cold=0.2),
}


def main() -> int:
    """Measure, print the results, and return 1 if a limit does not hold."""
    options = _options()
    console = Console(width=100)
    tools = [] if options.no_peers else _install(options, console)
    results = [_compare(name, tools, options, console) for name in options.case]
    return 0 if all(results) else 1


def _options() -> Namespace:
    names = [tool.name for tool in TOOLS]
    parser = ArgumentParser(description="Time feeds export against other tools.")
    parser.add_argument("--peers", type=Path, default=_PEERS, help="where to install the tools")
    parser.add_argument("--no-peers", action="store_true", help="compare with the script only")
    parser.add_argument("--case", nargs="+", choices=SETTINGS)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="TOOL")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the best counts")
    parser.add_argument("--scale", type=float, default=1.0, help="factor for numbers of articles")
    options = parser.parse_args()
    options.peers = options.peers.absolute()
    options.case = options.case or (["small"] if options.no_peers else list(SETTINGS))
    return options


def _install(options: Namespace, console: Console) -> list[Tool]:
    """Install the chosen tools; return those that could be installed."""
    tools = []
    for tool in TOOLS:
        if tool.name not in options.only:
            continue
        try:
            with console.status(f"installing {tool.name}"):
                version = installed(tool, options.peers)
            console.print(f"{tool.name}: {version}", highlight=False, soft_wrap=True)
            tools.append(tool)
        except MissingError as error:
            console.print(f"{tool.name} is left out: {error}", highlight=False, soft_wrap=True)
    return tools


def _compare(name: str, tools: Sequence[Tool], options: Namespace, console: Console) -> bool:
    """Measure one setting and print the results; return whether its limits hold."""
    setting = SETTINGS[name]
    articles = max(1, int(setting.articles * options.scale))
    with tempfile.TemporaryDirectory(prefix="feeds-bench-") as folder:
        with console.status("writing the articles"):
            site = BenchSite(Path(folder), articles, setting.topics, setting.related)
        used = [tool for tool in tools if setting.all_tools or tool.name == "hugo"]
        cases = [case(tool, options.peers, site) for tool in used]
        cases += _own_cases(site, setting, complete=options.no_peers)
        measured = measure(cases, options.runs, console)
        sizes = site.sizes()
    console.print(f"\n{articles:,} articles, {setting.topics:,} topics, best of {options.runs}")
    base = "hugo" if "hugo" in measured else _SCRIPT
    console.print(table(measured, base))
    console.print(sizes)
    if options.no_peers:
        return verdict(_marks_against_script(measured), console)
    return base != "hugo" or verdict(_marks(measured, setting), console)


def _own_cases(site: BenchSite, setting: Setting, *, complete: bool) -> Sequence[Case]:
    """The plain script and `feeds`; `complete` adds cases for which the setting has no limit."""
    edits = [site.one_edit()] if setting.edit or complete else []
    repeats = [site.no_change()] if setting.same or complete else []
    return [site.plain(), site.cold(), *edits, *repeats]


def _marks_against_script(measured: Mapping[str, Measured]) -> list[Mark]:
    script = measured[_SCRIPT]
    peak = max(run.memory for name, run in measured.items() if name != _SCRIPT)
    return [
        Mark("cold, of the plain script's time", measured[_COLD].wall / script.wall, 1 / 2),
        Mark("one edit, of the plain script's time", measured[_EDIT].wall / script.wall, 1 / 6),
        Mark("memory, MB", peak / MEGABYTE, 200),
    ]


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
