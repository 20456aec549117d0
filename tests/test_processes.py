"""Worker processes: results in order, errors where they are wanted, and no end without an end."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from feeds.errors import ExportError, WorkError
from feeds.processes import Processes

_MEGABYTE = 1_000_000


def _start(*_: object) -> None:
    """Nothing that these functions need."""


def _doubled(task: bytes) -> bytes:
    return task * 2


def _late(task: bytes) -> bytes:
    time.sleep(0.05 if task == b"0" else 0)
    return task


def _raising(task: bytes) -> bytes:
    raise ExportError(f"cannot write {task.decode()}")


def _dying(task: bytes) -> bytes:
    """Killed while the result is being written: what is larger than a pipe is written in parts."""
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return task


def test_results_come_in_the_order_of_the_tasks() -> None:
    tasks = [str(number).encode() for number in range(50)]
    with Processes(3, _start) as processes:
        assert list(processes.run(_late, tasks)) == tasks
        assert list(processes.run(_doubled, [])) == []
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]


def test_large_tasks_and_results_are_never_in_each_others_way() -> None:
    tasks = [bytes([number]) * _MEGABYTE for number in range(20)]
    with Processes(2, _start) as processes:
        for number, made in enumerate(processes.run(_doubled, tasks)):
            time.sleep(0.01)  # a slow taker, while tasks and results fill the pipes
            assert made == bytes([number]) * 2 * _MEGABYTE


def test_only_so_many_tasks_are_taken_ahead_of_the_results() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b""

    with Processes(2, _start) as processes:
        next(processes.run(_doubled, tasks()))
        assert len(taken) < 20


def test_an_error_of_the_work_is_raised_as_it_is() -> None:
    with Processes(2, _start) as processes, pytest.raises(ExportError, match=r"write all\.rss"):
        list(processes.run(_raising, [b"all.rss"]))
    assert not multiprocessing.active_children()


def test_a_process_killed_while_it_writes_its_result_is_an_error_and_no_hang() -> None:
    with Processes(2, _start) as processes:
        results = processes.run(_dying, [b"x" * 50 * _MEGABYTE] * 4)
        time.sleep(0.2)
        with pytest.raises(WorkError, match="memory"):
            list(results)
    assert not multiprocessing.active_children()


def test_processes_end_with_the_one_that_started_them() -> None:
    script = (
        "import os, time\n"
        "from feeds.processes import Processes\n"
        "def start(): os.write(1, b'started\\n')\n"
        "with Processes(3, start) as made:\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        said = [run.stdout.readline() for _ in range(3)]
        run.kill()
        # Its end of the pipe closes with the last process that has it.
        assert run.stdout.read() == ""
    assert said == ["started\n"] * 3
