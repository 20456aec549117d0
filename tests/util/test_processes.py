"""Worker processes: results in order, errors where they are wanted, and no end without an end."""

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from feeds.errors import ExportError, WorkerError
from feeds.util.processes import Part, ProcessPool

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


def _killed_while_it_writes(task: bytes) -> bytes:
    """Its result is larger than a pipe, and nobody takes it for a while."""
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return task * 50 * _MEGABYTE


class _SecretError(Exception):
    """One that cannot be made again of its arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def _raising_secretly(_: bytes) -> bytes:
    raise _SecretError("what ", "happened")


def _interrupted(task: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGINT)
    return task


def _refusing() -> None:
    raise ExportError("cannot begin")


def _killed(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _ending_at_digits(task: bytes) -> bytes:
    if any(chr(each).isdigit() for each in task):
        os._exit(1)
    return task


def _ending_here(here: int) -> None:
    """Of no use to the process that has started it."""
    if os.getpid() != here:
        os._exit(1)


def _parts(task: bytes) -> list[Part]:
    return [Part(bytes([each]), lambda code: b"lost: %d" % code) for each in task]


def _out_of_memory(task: bytes) -> bytes:
    """From the next task on there is no memory for one of its size."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20 * _MEGABYTE, most))
    return task


def test_results_come_in_the_order_of_the_tasks() -> None:
    tasks = [str(number).encode() for number in range(50)]
    with ProcessPool(3, _start) as processes:
        assert list(processes.run(_late, tasks)) == tasks
        assert list(processes.run(_doubled, [])) == []
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]


def test_large_tasks_and_results_are_never_in_each_others_way() -> None:
    tasks = [bytes([number]) * _MEGABYTE for number in range(20)]
    with ProcessPool(2, _start) as processes:
        for number, made in enumerate(processes.run(_doubled, tasks)):
            time.sleep(0.01)  # a slow taker, while tasks and results fill the pipes
            assert made == bytes([number]) * 2 * _MEGABYTE


def test_only_so_many_tasks_are_taken_ahead_of_the_results() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b""

    with ProcessPool(2, _start) as processes:
        next(processes.run(_doubled, tasks()))
        assert len(taken) < 20


def test_an_error_of_the_work_is_raised_as_it_is_with_the_place_that_raised_it() -> None:
    with (
        ProcessPool(2, _start) as processes,
        pytest.raises(ExportError, match=r"write all\.rss") as raised,
    ):
        list(processes.run(_raising, [b"all.rss"]))
    assert any("in _raising" in note for note in raised.value.__notes__)
    assert not multiprocessing.active_children()


def test_an_error_that_cannot_be_sent_says_the_same() -> None:
    with ProcessPool(2, _start) as processes, pytest.raises(WorkerError, match="what happened"):
        list(processes.run(_raising_secretly, [b""]))


def test_an_error_of_the_start_is_raised_where_the_first_result_is_wanted() -> None:
    with ProcessPool(2, _refusing) as processes, pytest.raises(ExportError, match="cannot begin"):
        list(processes.run(_doubled, [b"1"]))


def test_a_run_that_was_left_has_no_part_in_the_next() -> None:
    with ProcessPool(2, _start) as processes:
        assert next(processes.run(_doubled, [b"1", b"2", b"3"])) == b"11"
        for _ in range(5):
            with pytest.raises(ExportError):
                list(processes.run(_raising, [b"a", b"b"]))
        tasks = [str(number).encode() for number in range(30)]
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]


def test_an_interrupt_is_for_the_one_that_started_the_processes() -> None:
    with ProcessPool(2, _start) as processes:
        assert list(processes.run(_interrupted, [b"1", b"2", b"3"])) == [b"1", b"2", b"3"]


def test_a_process_killed_while_it_writes_its_result_is_an_error_and_no_hang() -> None:
    def tasks() -> Iterator[bytes]:
        yield b"x"
        time.sleep(1)  # the pipe is full, and its writer killed

    with (
        ProcessPool(1, _start) as processes,
        pytest.raises(WorkerError, match="memory"),
    ):
        list(processes.run(_killed_while_it_writes, tasks()))
    assert not multiprocessing.active_children()


def test_a_process_that_has_no_memory_for_its_task_is_an_error_and_no_hang() -> None:
    with ProcessPool(1, _start) as processes:
        tasks = [b"1", *[b"x" * 100 * _MEGABYTE] * 3]
        results = processes.run(_out_of_memory, tasks)
        with pytest.raises((WorkerError, MemoryError)):
            list(results)


def test_a_task_whose_process_dies_is_done_again_part_by_part() -> None:
    tasks = [b"b1a", b"abc", b"", b"1x", b"ab", b"a2a"]
    with ProcessPool(2, _start) as processes:
        made = list(processes.run(_ending_at_digits, tasks, _parts))
        assert made == [b"b", b"lost: 1", b"a", b"abc", b"", b"lost: 1", b"x", b"ab",
                        b"a", b"lost: 1", b"a"]  # fmt: skip
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]
    assert not multiprocessing.active_children()


def test_processes_killed_again_and_again_are_an_error_and_no_ones_fault() -> None:
    with ProcessPool(2, _start) as processes, pytest.raises(WorkerError, match="memory"):
        list(processes.run(_killed, [b"a", b"b", b"c", b"d"], _parts))
    assert not multiprocessing.active_children()


def test_processes_that_end_before_they_have_a_task_are_an_error() -> None:
    processes = ProcessPool(2, _ending_here, os.getpid())
    with processes, pytest.raises(WorkerError, match="memory"):
        list(processes.run(_doubled, [b"a", b"b"], _parts))
    assert not multiprocessing.active_children()


def test_a_run_within_a_run_is_refused_at_once() -> None:
    with ProcessPool(2, _start) as processes:
        outer = processes.run(_doubled, [b"1", b"2"])
        assert next(outer) == b"11"
        with pytest.raises(RuntimeError, match="in progress"):
            next(processes.run(_doubled, [b"3"]))
        assert list(outer) == [b"22"]
        assert list(processes.run(_doubled, [b"3"])) == [b"33"]


def test_processes_that_cannot_be_started_are_an_error_and_none_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, started = BaseProcess.start, list[BaseProcess]()

    def refused(self: BaseProcess) -> None:
        if started:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        started.append(self)
        start(self)

    monkeypatch.setattr(BaseProcess, "start", refused)
    with pytest.raises(WorkerError, match="cannot be started"), ProcessPool(2, _start):
        pass
    assert not multiprocessing.active_children()


def test_processes_end_with_the_one_that_started_them() -> None:
    script = (
        "import os, time\n"
        "from feeds.util.processes import ProcessPool\n"
        "def start(): os.write(1, b'started\\n')\n"
        "with ProcessPool(3, start) as made:\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        said = [run.stdout.readline() for _ in range(3)]
        run.kill()
        # Its end of the pipe closes with the last process that has it.
        assert run.stdout.read() == ""
    assert said == ["started\n"] * 3
