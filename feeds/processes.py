"""Worker processes: functions of bytes, run at once, their results in order.

The standard library's pool writes results under one lock, and hangs if a process is killed while
it holds that. Here each process has a pipe of its own, whose end says that it died.
"""

import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from feeds.errors import WorkError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Work = Callable[[bytes], bytes]

# A process has its next task before it is done with one; and so many of each may be ahead.
_AT_HAND, _AHEAD = 2, 4
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
    """

    def __init__(self, jobs: int, start: Callable[..., None], *args: object) -> None:
        self._jobs, self._start, self._args = jobs, start, args
        self._processes: list[_Process] = []

    def __enter__(self) -> Self:
        import multiprocessing  # here, for most runs have little to do and start sooner without

        # fork is fast, and safe only while there are no other threads.
        method = "fork" if threading.active_count() == 1 and hasattr(os, "fork") else "spawn"
        context = multiprocessing.get_context(method)
        for _ in range(self._jobs):
            mine, its = context.Pipe()
            # A fork has this end of its pipe too, and of those before: nobody else's end is heard.
            inherited = [mine, *(each.pipe for each in self._processes)] if method == "fork" else []
            process = context.Process(  # type: ignore[attr-defined]
                target=_serve, args=(its, inherited, self._start, self._args), daemon=True
            )
            process.start()
            its.close()
            self._processes.append(_Process(process, mine))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._processes:
            each.end(now=error is not None)

    def run(self, work: Work, tasks: Iterable[bytes]) -> Iterator[bytes]:
        """What `work`, a function of a module, makes of each task, in order.

        Raises what it raises, and `WorkError` if a process dies.
        """
        source, results = enumerate(tasks), dict[int, bytes]()
        given = taken = 0
        more = True
        while True:
            while more and given < taken + _AHEAD * self._jobs and (free := self._free()):
                more = False
                for number, task in source:
                    free.give(number, work, task)
                    given, more = number + 1, True
                    break
            if taken == given:
                return
            while taken not in results:
                results.update(self._received())
            yield results.pop(taken)
            taken += 1

    def _free(self) -> "_Process | None":
        least = min(self._processes, key=lambda each: each.pending)
        return least if least.pending < _AT_HAND else None

    def _received(self) -> Iterator[tuple[int, bytes]]:
        """Results that are there, once there is one."""
        from multiprocessing.connection import wait

        ready = wait([each.pipe for each in self._processes if each.pending])
        for process in self._processes:
            if process.pipe in ready:
                yield process.result()


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

    def result(self) -> tuple[int, bytes]:
        try:
            number, made, error = self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as died:
            raise WorkError(_DIED) from died
        if error is not None:
            raise error
        self.pending -= 1
        return number, made

    def end(self, *, now: bool) -> None:
        if now:
            self._process.terminate()
        self.pipe.close()
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

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it ends it
    start(*args)
    tasks: SimpleQueue[tuple[int, Work, bytes] | None] = SimpleQueue()
    # In a thread, so that tasks are taken while a result waits to be: neither end is ever stuck.
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    while task := tasks.get():
        number, work, data = task
        made, failed = b"", None
        try:
            made = work(data)
        except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
            failed = error
        try:
            pipe.send((number, made, failed))
        except OSError:
            return  # nobody waits for it


def _receive(pipe: "Connection", tasks: "SimpleQueue[tuple[int, Work, bytes] | None]") -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        tasks.put(None)
