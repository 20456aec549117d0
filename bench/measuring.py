"""How long commands take and how much memory, and whether that keeps to marks.

Every measurement is a process of its own. The cases are run in turn, and the best of the runs
counts: what else the machine does only ever adds. CPU time is user and system time of the process
and all that it started (wait4). Memory is the highest sum of proportional set sizes of these in any
run (/proc, Linux), looked at so seldom that looking takes a fiftieth of the time.
"""

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

MEGABYTE = 1_000_000
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"


class Measured(NamedTuple):
    """The best of several runs: seconds, and bytes."""

    wall: float
    cpu: float
    memory: int = 0


class Mark(NamedTuple):
    """What is to hold: `value` at most `limit`."""

    name: str
    value: float
    limit: float


class Case(NamedTuple):
    """A command with the folder where it is run, and what to do before each run."""

    name: str
    command: Sequence[str]
    prepare: Callable[[], None]
    folder: Path | None = None


def nothing() -> None:
    """No preparation."""


def set_aside(path: Path) -> None:
    """Give way to a new one, which is to be made as if for the first time.

    It is not removed: where many files have just been, ext4 makes new ones in twice the time.
    """
    if path.exists():
        path.rename(path.with_name(f"{path.name}-{uuid.uuid4().hex}"))


def measure(cases: Sequence[Case], runs: int, console: Console) -> dict[str, Measured]:
    """The best of `runs` runs of each case, taken in turn, and the most memory of any."""
    found: dict[str, list[Measured]] = {case.name: [] for case in cases}
    for number in range(1, runs + 1):
        for case in cases:
            with console.status(f"run {number} of {runs}: {case.name}"):
                _prepare(case)
                found[case.name].append(_run(case))
    return {
        name: Measured(
            min(each.wall for each in times),
            min(each.cpu for each in times),
            max(each.memory for each in times),
        )
        for name, times in found.items()
    }


def table(measured: Mapping[str, Measured], base: str) -> Table:
    """The measurements, with ratios to those of the case `base`."""
    made = Table("", box=None)
    for column in ("wall s", f"to {base}", "CPU s", f"to {base}", "memory MB"):
        made.add_column(column, justify="right")
    to = measured[base]
    for name, each in measured.items():
        ratios = (f"{each.wall / to.wall:.3f}", f"{each.cpu / to.cpu:.3f}")
        taken = f"{each.memory / MEGABYTE:.0f}"
        made.add_row(name, f"{each.wall:.2f}", ratios[0], f"{each.cpu:.2f}", ratios[1], taken)
    return made


def verdict(marks: Sequence[Mark], console: Console) -> bool:
    """Print whether each mark holds; returns whether all do."""
    for mark in marks:
        holds = mark.value <= mark.limit
        said = "[green]holds[/]" if holds else "[red]does not hold[/]"
        console.print(f"{mark.name}: {mark.value:.3g}, at most {mark.limit:.3g}: {said}")
    return all(mark.value <= mark.limit for mark in marks)


def _prepare(case: Case) -> None:
    case.prepare()
    time.sleep(0.1)  # a file is not taken for settled in the moment of its writing


def _run(case: Case) -> Measured:
    start = time.perf_counter()
    process = _started(case)
    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(_most_memory, process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        _check(process, case)
        return Measured(wall, usage.ru_utime + usage.ru_stime, most.result())


def _most_memory(pid: int) -> int:
    """The most that a process and its children have at a time, until it ends."""
    most, found = 0, 1
    while found:
        start = time.perf_counter()
        found = sum(map(_memory, _family(pid)))
        most = max(most, found)
        time.sleep(max(0.02, 50 * (time.perf_counter() - start)))
    return most


def _started(case: Case) -> subprocess.Popen[bytes]:
    # As anywhere else, Python may keep what it compiled.
    env = {name: value for name, value in os.environ.items() if name != _UNCOMPILED}
    return subprocess.Popen(case.command, cwd=case.folder, env=env, stdout=subprocess.DEVNULL)


def _check(process: subprocess.Popen[bytes], case: Case) -> None:
    if process.returncode:
        raise SystemExit(f"{' '.join(case.command)} ended with {process.returncode}")


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
