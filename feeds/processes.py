"""Worker processes: functions of bytes, run at once, their results in order.

The standard library's pool writes results under one lock, and hangs if a process is killed while
it holds that. Here each process has a pipe of its own, whose end says that it died.
"""

import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from feeds.errors import WorkError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Work = Callable[[bytes], bytes]
# The number of a task, what was made of it, and what the work raised instead.
_Result = tuple[int, bytes, Exception | None]

# A process has its next task before it is done with one; and so many of each may be ahead.
_AT_HAND, _AHEAD = 2, 4
# Seconds that a process has for its end once it is told to.
_PATIENCE = 5
_DIED = (
    "a worker process was killed, most likely because memory ran out; run the same command again. "
    "Free memory first, or allow fewer processors (taskset -c 0 feeds …)"
)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """`jobs` processes, each of which has called `start` with `args`: a context manager.

    They are forks of this one where that is safe, and share what it knows. Else `args` are pickled.
    Raises `WorkError` if they cannot be started.
    """

    def __init__(self, jobs: int, start: Callable[..., None], *args: object) -> None:
        self._jobs, self._start, self._args = jobs, start, args
        self._processes: list[_Process] = []
        self._given = 0

    def __enter__(self) -> Self:
        import multiprocessing  # here, for most runs have little to do and start sooner without

        # fork is fast, and safe only while there are no other threads (on macOS not even then).
        method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
        context = multiprocessing.get_context(method)
        try:
            for _ in range(self._jobs):
                mine, its = context.Pipe()
                # A fork has this end of its pipe too, and of those before: nobody else's end is
                # heard.
                others = [mine, *(each.pipe for each in self._processes)]
                inherited = others if method == "fork" else []
                process = context.Process(  # type: ignore[attr-defined]
                    target=_serve, args=(its, inherited, self._start, self._args), daemon=True
                )
                with _uninterrupted():
                    process.start()
                its.close()
                self._processes.append(_Process(process, mine))
        except OSError as error:
            self._end(now=True)
            raise WorkError(
                f"a worker process cannot be started: {error.strerror}; allow fewer processors "
                "(taskset -c 0 feeds …)"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(now=error is not None)

    def _end(self, *, now: bool) -> None:
        for each in self._processes:
            each.end(now=now)

    def run(self, work: Work, tasks: Iterable[bytes]) -> Iterator[bytes]:
        """What `work`, a function of a module, makes of each task, in order.

        Raises what it raises, and `WorkError` if a process dies. One run at a time: what an
        earlier one left is dropped.
        """
        source, results = iter(tasks), dict[int, bytes]()
        first = taken = self._given
        more = True
        while True:
            while more and self._given < taken + _AHEAD * self._jobs and (free := self._free()):
                task = next(source, None)
                if task is None:
                    more = False
                else:
                    free.give(self._given, work, task)
                    self._given += 1
            if taken == self._given:
                return
            while taken not in results:
                for number, made, error in self._received():
                    if number < first:
                        continue
                    if error is not None:
                        raise error
                    results[number] = made
            yield results.pop(taken)
            taken += 1

    def _free(self) -> "_Process | None":
        least = min(self._processes, key=lambda each: each.pending)
        return least if least.pending < _AT_HAND else None

    def _received(self) -> Iterator[_Result]:
        """Results that are there, once there is one."""
        from multiprocessing.connection import wait

        ready = wait([each.pipe for each in self._processes if each.pending])
        for process in self._processes:
            if process.pipe in ready:
                yield process.result()


def started(
    jobs: int, start: Callable[..., None], *args: object, worth: bool
) -> AbstractContextManager[Processes | None]:
    """Processes, or none where there is one processor, or it is not `worth` starting them."""
    return Processes(jobs, start, *args) if jobs > 1 and worth else nullcontext()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Without interrupts, which a process started meanwhile never has: its starter ends it."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Process:
    """One process, and this end of its pipe; `pending` is how many results are to come."""

    def __init__(self, process: "BaseProcess", pipe: "Connection") -> None:
        self._process, self.pipe = process, pipe
        self.pending = 0

    def give(self, number: int, work: Work, task: bytes) -> None:
        try:
            self.pipe.send((number, work, task))
        except OSError as error:
            raise WorkError(_DIED) from error
        self.pending += 1

    def result(self) -> _Result:
        try:
            result: _Result = self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as died:
            raise WorkError(_DIED) from died
        self.pending -= 1
        return result

    def end(self, *, now: bool) -> None:
        if now:
            self._process.terminate()
        self.pipe.close()
        self._process.join(_PATIENCE if now else None)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(
    pipe: "Connection",
    inherited: "Iterable[Connection]",
    start: Callable[..., None],
    args: tuple[object, ...],
) -> None:
    """What a process does: task after task, until the other end of its pipe is closed."""
    import signal

    for each in inherited:
        each.close()
    # Blocked since its start, but where Python first started its tracker of resources with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    failed: Exception | None = None
    try:
        start(*args)
    except Exception as error:  # noqa: BLE001 - it is raised where the first result is wanted
        failed = _portable(error)
    tasks: SimpleQueue[tuple[int, Work, bytes] | None] = SimpleQueue()
    # In a thread, so that tasks are taken while a result waits to be: neither end is ever stuck.
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    while task := tasks.get():
        number, work, data = task
        made = b""
        try:
            if failed is None:
                made = work(data)
            answer = (number, made, failed)
        except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
            answer = (number, b"", _portable(error))
        try:
            pipe.send(answer)
        except OSError:
            return  # nobody waits for it


def _portable(error: Exception) -> Exception:
    """The error with where it was raised, or one that says the same where it cannot be sent."""
    error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever its class does
        return WorkError(f"{type(error).__name__}: {error}")
    return error


def _receive(pipe: "Connection", tasks: "SimpleQueue[tuple[int, Work, bytes] | None]") -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        pass  # the other end was closed
    finally:
        tasks.put(None)  # whatever it was, for the other end hears the end of this process
