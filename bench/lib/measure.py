"""Measure time and memory of commands, and compare them to limits.

Each run is a separate process. The cases take turns, and the best of several runs counts, because
other load on the machine can only add time. CPU time is the user and system time of the process
and its children (wait4). Memory is the highest sum of their proportional set sizes in any run
(/proc, Linux), sampled rarely enough to take at most 2 % of the time.
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
    """The best of several runs: seconds of wall-clock and CPU time, and bytes of memory."""

    wall: float
    cpu: float
    memory: int = 0


class Mark(NamedTuple):
    """A limit: it holds if `value` is at most `limit`."""

    name: str
    value: float
    limit: float


class Case(NamedTuple):
    """A command, its working directory, and a function to call before each run."""

    name: str
    command: Sequence[str]
    prepare: Callable[[], None]
    folder: Path | None = None


def nothing() -> None:
    """Prepare nothing."""


def set_aside(path: Path) -> None:
    """Rename a file or folder, so that the next run creates it from scratch.

    It is not deleted: ext4 takes twice as long to create files where many were just deleted.
    """
    if path.exists():
        path.rename(path.with_name(f"{path.name}-{uuid.uuid4().hex}"))


def measure(cases: Sequence[Case], runs: int, console: Console) -> dict[str, Measured]:
    """Run the cases `runs` times in turn; return the least time and the most memory of each."""
    results: dict[str, list[Measured]] = {case.name: [] for case in cases}
    for number in range(1, runs + 1):
        for case in cases:
            with console.status(f"run {number} of {runs}: {case.name}"):
                _prepare(case)
                results[case.name].append(_run(case))
    return {
        name: Measured(
            min(run.wall for run in measured),
            min(run.cpu for run in measured),
            max(run.memory for run in measured),
        )
        for name, measured in results.items()
    }


def table(measured: Mapping[str, Measured], base: str) -> Table:
    """A table of the measurements, with ratios to those of the case `base`."""
    result = Table("", box=None)
    for column in ("wall s", f"to {base}", "CPU s", f"to {base}", "memory MB"):
        result.add_column(column, justify="right")
    reference = measured[base]
    for name, run in measured.items():
        wall, cpu = f"{run.wall / reference.wall:.3f}", f"{run.cpu / reference.cpu:.3f}"
        memory = f"{run.memory / MEGABYTE:.0f}"
        result.add_row(name, f"{run.wall:.2f}", wall, f"{run.cpu:.2f}", cpu, memory)
    return result


def verdict(marks: Sequence[Mark], console: Console) -> bool:
    """Print for each mark whether it holds; return whether all hold."""
    for mark in marks:
        holds = mark.value <= mark.limit
        outcome = "[green]holds[/]" if holds else "[red]does not hold[/]"
        console.print(f"{mark.name}: {mark.value:.3g}, at most {mark.limit:.3g}: {outcome}")
    return all(mark.value <= mark.limit for mark in marks)


def _prepare(case: Case) -> None:
    case.prepare()
    time.sleep(0.1)  # a build reads files again that were written a moment before


def _run(case: Case) -> Measured:
    start = time.perf_counter()
    process = _start(case)
    with ThreadPoolExecutor(1) as pool:
        peak = pool.submit(_peak_memory, process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        _check(process, case)
        return Measured(wall, usage.ru_utime + usage.ru_stime, peak.result())


def _peak_memory(pid: int) -> int:
    """The peak memory of a process and its children; returns when they have ended."""
    peak, current = 0, 1
    while current:
        start = time.perf_counter()
        current = sum(map(_memory, _family(pid)))
        peak = max(peak, current)
        time.sleep(max(0.02, 50 * (time.perf_counter() - start)))
    return peak


def _start(case: Case) -> subprocess.Popen[bytes]:
    # Let Python cache bytecode, as in normal use.
    env = {name: value for name, value in os.environ.items() if name != _UNCOMPILED}
    return subprocess.Popen(case.command, cwd=case.folder, env=env, stdout=subprocess.DEVNULL)


def _check(process: subprocess.Popen[bytes], case: Case) -> None:
    if process.returncode:
        raise SystemExit(f"{' '.join(case.command)} exited with status {process.returncode}")


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]  # the process has ended
    return [pid, *(pid for child in children for pid in _family(int(child)))]


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
