"""Worker processes return results in order, report errors and never hang."""

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
    """Do nothing: the functions below need no initialisation."""


def _doubled(task: bytes) -> bytes:
    return task * 2


def _late(task: bytes) -> bytes:
    time.sleep(0.05 if task == b"0" else 0)
    return task


def _raising(task: bytes) -> bytes:
    raise ExportError(f"cannot write {task.decode()}")


def _killed_while_writing(task: bytes) -> bytes:
    """Return a result larger than a pipe, which is not read for a while."""
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return task * 50 * _MEGABYTE


class _UnpicklableError(Exception):
    """An exception that cannot be recreated from its `args`."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def _raising_unpicklable(_: bytes) -> bytes:
    raise _UnpicklableError("what ", "happened")


def _interrupted(task: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGINT)
    return task


def _refusing() -> None:
    raise ExportError("cannot begin")


def _killed(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _exiting_at_digits(task: bytes) -> bytes:
    if any(chr(code).isdigit() for code in task):
        os._exit(1)
    return task


def _exiting_in_child(parent: int) -> None:
    """Exit in every process but the parent."""
    if os.getpid() != parent:
        os._exit(1)


def _parts(task: bytes) -> list[Part]:
    return [Part(bytes([byte]), lambda code: b"lost: %d" % code) for byte in task]


def _out_of_memory(task: bytes) -> bytes:
    """Limit the memory so that the next task does not fit."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20 * _MEGABYTE, hard))
    return task


@pytest.fixture(autouse=True)
def forked(request: pytest.FixtureRequest) -> None:
    """Fork workers, unless a test asks for other start methods."""
    if "start_method" not in request.fixturenames:
        request.getfixturevalue("forked_workers")


@pytest.fixture(params=["fork", "spawn"])
def start_method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start workers in both ways."""
    request.getfixturevalue("forked_workers")
    if request.param == "spawn":
        monkeypatch.setattr("threading.active_count", lambda: 2)


@pytest.mark.usefixtures("start_method")
def test_results_are_in_the_order_of_the_tasks() -> None:
    tasks = [str(number).encode() for number in range(50)]
    with ProcessPool(2, _start) as processes:
        assert list(processes.run(_late, tasks)) == tasks
        assert list(processes.run(_doubled, [])) == []
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]


def test_large_tasks_and_results_do_not_deadlock() -> None:
    tasks = [bytes([number]) * _MEGABYTE for number in range(20)]
    with ProcessPool(2, _start) as processes:
        for number, result in enumerate(processes.run(_doubled, tasks)):
            time.sleep(0.01)  # a slow reader, while tasks and results fill the pipes
            assert result == bytes([number]) * 2 * _MEGABYTE


def test_tasks_are_read_only_a_little_ahead_of_the_results() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b""

    with ProcessPool(2, _start) as processes:
        next(processes.run(_doubled, tasks()))
        assert len(taken) < 20


@pytest.mark.usefixtures("start_method")
def test_exception_in_a_worker_is_raised_with_its_traceback() -> None:
    with (
        ProcessPool(2, _start) as processes,
        pytest.raises(ExportError, match=r"write all\.rss") as raised,
    ):
        list(processes.run(_raising, [b"all.rss"]))
    assert any("in _raising" in note for note in raised.value.__notes__)
    assert not multiprocessing.active_children()


def test_unpicklable_exception_keeps_its_message() -> None:
    with ProcessPool(2, _start) as processes, pytest.raises(WorkerError, match="what happened"):
        list(processes.run(_raising_unpicklable, [b""]))


def test_exception_in_the_initializer_is_raised_with_the_first_result() -> None:
    with ProcessPool(2, _refusing) as processes, pytest.raises(ExportError, match="cannot begin"):
        list(processes.run(_doubled, [b"1"]))


def test_abandoned_run_does_not_affect_the_next() -> None:
    with ProcessPool(2, _start) as processes:
        assert next(processes.run(_doubled, [b"1", b"2", b"3"])) == b"11"
        for _ in range(5):
            with pytest.raises(ExportError):
                list(processes.run(_raising, [b"a", b"b"]))
        tasks = [str(number).encode() for number in range(30)]
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]


def test_workers_ignore_interrupts() -> None:
    with ProcessPool(2, _start) as processes:
        assert list(processes.run(_interrupted, [b"1", b"2", b"3"])) == [b"1", b"2", b"3"]


def test_worker_killed_while_writing_its_result_is_an_error() -> None:
    def tasks() -> Iterator[bytes]:
        yield b"x"
        time.sleep(1)  # the pipe is full, and its writer killed

    with (
        ProcessPool(1, _start) as processes,
        pytest.raises(WorkerError, match="memory"),
    ):
        list(processes.run(_killed_while_writing, tasks()))
    assert not multiprocessing.active_children()


def test_worker_without_memory_for_its_task_is_an_error() -> None:
    with ProcessPool(1, _start) as processes:
        tasks = [b"1", *[b"x" * 100 * _MEGABYTE] * 3]
        results = processes.run(_out_of_memory, tasks)
        with pytest.raises((WorkerError, MemoryError)):
            list(results)


def test_task_of_a_dead_worker_is_retried_in_parts() -> None:
    tasks = [b"b1a", b"abc", b"", b"1x", b"ab", b"a2a"]
    with ProcessPool(2, _start) as processes:
        results = list(processes.run(_exiting_at_digits, tasks, _parts))
        assert results == [b"b", b"lost: 1", b"a", b"abc", b"", b"lost: 1", b"x", b"ab",
                        b"a", b"lost: 1", b"a"]  # fmt: skip
        assert list(processes.run(_doubled, tasks)) == [task * 2 for task in tasks]
    assert not multiprocessing.active_children()


def test_repeatedly_killed_workers_are_an_error() -> None:
    with ProcessPool(2, _start) as processes, pytest.raises(WorkerError, match="memory"):
        list(processes.run(_killed, [b"a", b"b", b"c", b"d"], _parts))
    assert not multiprocessing.active_children()


def test_workers_that_exit_before_their_first_task_are_an_error() -> None:
    processes = ProcessPool(2, _exiting_in_child, os.getpid())
    with processes, pytest.raises(WorkerError, match="memory"):
        list(processes.run(_doubled, [b"a", b"b"], _parts))
    assert not multiprocessing.active_children()


def test_nested_run_is_rejected() -> None:
    with ProcessPool(2, _start) as processes:
        outer = processes.run(_doubled, [b"1", b"2"])
        assert next(outer) == b"11"
        with pytest.raises(RuntimeError, match="in progress"):
            next(processes.run(_doubled, [b"3"]))
        assert list(outer) == [b"22"]
        assert list(processes.run(_doubled, [b"3"])) == [b"33"]


def test_failure_to_start_a_worker_stops_the_others(
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


def test_workers_end_with_their_parent() -> None:
    script = (
        "import os, time\n"
        "from feeds.util.processes import ProcessPool\n"
        "def start(): os.write(1, b'started\\n')\n"
        "with ProcessPool(3, start):\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        lines = [run.stdout.readline() for _ in range(3)]
        run.kill()
        # The pipe closes when the last process that holds it ends.
        assert run.stdout.read() == ""
    assert lines == ["started\n"] * 3
