"""How long `feeds export` takes on a made-up site, as a ratio to a plain script.

`python bench/build.py [--articles 10000] [--topics 200] [--runs 3]`

Every measurement is a process of its own, with the articles in the page cache. The cases are
run in turn, and the best of the runs counts: what else the machine does only ever adds.
CPU time is user and system time of the process and its workers (wait4). Memory is the highest
sum of proportional set sizes of the process and its workers, looked at every 20 ms in a run of
its own (/proc, Linux), for looking takes time.
"""

import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

CORPUS = Path(__file__).with_name("corpus.py")
PLAIN = Path(__file__).with_name("plain.py")
FEEDS = ("-c", "from feeds.cli import main; main()")
MEGABYTE = 1_000_000


class Measured(NamedTuple):
    """One run, or the best of several: seconds, and bytes."""

    wall: float
    cpu: float
    memory: int = 0


class Mark(NamedTuple):
    """What is to hold: `value` at most `limit`."""

    name: str
    value: float
    limit: float


class Bench:
    """The site below `root`, and the processes that are measured on it."""

    def __init__(self, root: Path, articles: int, topics: int) -> None:
        self._root = root
        made = subprocess.run(
            [sys.executable, CORPUS, root, str(articles), str(topics)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        self._edited = Path(made.stdout.strip())
        self._edits = 0
        for file in (root / "articles").rglob("*.md"):
            file.read_bytes()  # into the page cache

    def plain(self) -> list[str]:
        return [str(PLAIN), str(self._root / "articles"), str(self._root / "plain")]

    def ours(self) -> list[str]:
        config, out = str(self._root / "config"), str(self._root / "ours")
        return [*FEEDS, "export", "--config", config, out]

    def forget(self) -> None:
        """Back to before the first build."""
        for path in sorted((self._root / "ours").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for path in (self._root / "config").glob("catalogue.sqlite*"):
            path.unlink()

    def edit(self) -> None:
        """Change the title of the newest article."""
        self._edits += 1
        text = self._edited.read_text(encoding="utf-8")
        before, _, after = text.partition('title: "')
        title, _, after = after.partition('"')
        new = f"{title.split(' (edit')[0]} (edit {self._edits})"
        self._edited.write_text(f'{before}title: "{new}"{after}', encoding="utf-8")

    def sizes(self) -> str:
        """What there is after a build, in a line."""
        documents = [file for file in (self._root / "ours").rglob("*.*") if file.is_file()]
        written = sum(file.stat().st_size for file in documents)
        catalogue = (self._root / "config" / "catalogue.sqlite").stat().st_size
        return (
            f"{len(documents):,} files exported, {written / MEGABYTE:.0f} MB; "
            f"catalogue {catalogue / MEGABYTE:.0f} MB"
        )


def nothing() -> None:
    """No preparation."""


def run(arguments: Sequence[str]) -> Measured:
    """Run Python with these arguments to its end."""
    start = time.perf_counter()
    process = _started(arguments)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    _check(process, arguments)
    return Measured(wall, usage.ru_utime + usage.ru_stime)


def memory(arguments: Sequence[str]) -> int:
    """The most memory that Python with these arguments and its children have at a time."""
    process, most = _started(arguments), 0
    while process.poll() is None:
        most = max(most, sum(_memory(pid) for pid in _family(process.pid)))
        time.sleep(0.02)
    _check(process, arguments)
    return most


def _started(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)


def _check(process: subprocess.Popen[bytes], arguments: Sequence[str]) -> None:
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]  # it has ended
    return [pid, *(each for child in children for each in _family(int(child)))]


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


Case = tuple[str, Callable[[], None], list[str]]


def measure(cases: Sequence[Case], runs: int, console: Console) -> dict[str, Measured]:
    """The best of `runs` runs of each case, taken in turn; memory by one run more."""
    found: dict[str, list[Measured]] = {name: [] for name, _, _ in cases}
    for number in range(1, runs + 1):
        for name, prepare, arguments in cases:
            with console.status(f"run {number} of {runs}: {name}"):
                prepare()
                time.sleep(0.1)  # a file is not taken for settled in the moment of its writing
                found[name].append(run(arguments))
    best = {}
    for name, prepare, arguments in cases:
        with console.status(f"memory: {name}"):
            prepare()
            most = memory(arguments)
        best[name] = Measured(
            min(each.wall for each in found[name]), min(each.cpu for each in found[name]), most
        )
    return best


def table(measured: dict[str, Measured], plain: str) -> Table:
    """The measurements, with ratios to those of the case `plain`."""
    made = Table("", box=None)
    for column in ("wall s", "to plain", "CPU s", "to plain", "memory MB"):
        made.add_column(column, justify="right")
    base = measured[plain]
    for name, each in measured.items():
        ratios = (f"{each.wall / base.wall:.3f}", f"{each.cpu / base.cpu:.3f}")
        taken = f"{each.memory / MEGABYTE:.0f}"
        made.add_row(name, f"{each.wall:.2f}", ratios[0], f"{each.cpu:.2f}", ratios[1], taken)
    return made


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
            bench = Bench(Path(folder), asked.articles, asked.topics)
        cases: list[Case] = [
            ("plain script", nothing, bench.plain()),
            ("feeds export, cold", bench.forget, bench.ours()),
            ("feeds export, one edit", bench.edit, bench.ours()),
            ("feeds export, no change", nothing, bench.ours()),
        ]
        cases = cases[1:] if asked.no_plain else cases
        measured = measure(cases, asked.runs, console)
        sizes = bench.sizes()
    console.print(f"{asked.articles:,} articles, {asked.topics:,} topics, best of {asked.runs}")
    console.print(table(measured, cases[0][0]))
    console.print(sizes)
    return 0 if asked.no_plain else verdict(measured, console)


def verdict(measured: dict[str, Measured], console: Console) -> int:
    """Print whether each mark holds; returns 1 if one does not."""
    plain, cold, edit = (
        measured[name] for name in ("plain script", "feeds export, cold", "feeds export, one edit")
    )
    most = max(each.memory for name, each in measured.items() if name != "plain script")
    marks = (
        Mark("cold, of the plain script's time", cold.wall / plain.wall, 1 / 2),
        Mark("one edit, of the plain script's time", edit.wall / plain.wall, 1 / 6),
        Mark("memory, MB", most / MEGABYTE, 200),
    )
    for mark in marks:
        holds = mark.value <= mark.limit
        said = "[green]holds[/]" if holds else "[red]does not hold[/]"
        console.print(f"{mark.name}: {mark.value:.3g}, at most {mark.limit:.3g}: {said}")
    return 0 if all(mark.value <= mark.limit for mark in marks) else 1


if __name__ == "__main__":
    sys.exit(main())
