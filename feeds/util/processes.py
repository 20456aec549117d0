"""Worker processes: functions of bytes, run at once, their results in order.

The standard library's pool writes results under one lock, and hangs if a process is killed while
it holds that. Here each process has a pipe of its own, whose end says that it died. What a task
may cost is limited by the system, which ends a process also in the midst of C code.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import NamedTuple, Self

from feeds.errors import WorkerError
from feeds.util.worker_process import Task, Work, WorkerProcess, start_process

# A process has its next task before it is done with one; and so many of each may be ahead.
_AT_HAND, _AHEAD = 2, 4
# So many processes killed one after another, each at another part, are nothing that a part did.
_KILLS = 3
_DIED = (
    "a worker process was killed, most likely because memory ran out; run the same command again. "
    "Free memory first, or allow fewer processors (taskset -c 0 feeds …)"
)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Part(NamedTuple):
    """A part of a task whose process died, done again by itself.

    `lost` is the result if it ends that process too, given the exit code of this: minus the number
    of the signal that ended it.
    """

    task: bytes
    lost: Callable[[int], bytes]


Parts = Callable[[bytes], Iterable[Part]]


class _Run:
    """Tasks from the number `first` on, and what has come of those given so far, by number.

    `died` are those at which a process died, `again` those that it had besides.
    """

    def __init__(self, work: Work, source: Iterator[bytes], parts: Parts | None, first: int):
        self.work, self.source, self.parts, self.first = work, source, parts, first
        self.results, self.died = dict[int, bytes](), dict[int, bytes]()
        self.again = deque[Task]()


class ProcessPool:
    """`jobs` processes, each of which has called `start` with `args`: a context manager.

    They are forks of this one where that is safe, and share what it knows. Else `args` are pickled.
    Raises `WorkError` if they cannot be started.
    """

    def __init__(self, jobs: int, start: Callable[..., None], *args: object) -> None:
        self._jobs, self._start, self._args = jobs, start, args
        self._processes: list[WorkerProcess] = []
        self._apart: list[WorkerProcess] = []
        self._given = self._kills = 0
        self._running = False

    def __enter__(self) -> Self:
        try:
            for _ in range(self._jobs):
                self._processes.append(self._begun())
        except WorkerError:
            self._end(now=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(now=error is not None)

    def _begun(self) -> WorkerProcess:
        """A new process, started."""
        return start_process(self._start, self._args, (*self._processes, *self._apart))

    def _end(self, *, now: bool) -> None:
        for each in (*self._processes, *self._apart):
            each.end(now=now)

    def run(
        self, work: Work, tasks: Iterable[bytes], parts: Parts | None = None
    ) -> Iterator[bytes]:
        """What `work`, a function of a module, makes of each task, in order.

        A task whose process dies is done again in `parts`, one after another in a process of their
        own, and results are those of its parts; without `parts` that is a `WorkError`, as it is
        where processes die whatever they do. Raises what `work` raises. One run at a time: what an
        earlier one left is dropped, and one begun within another is a `RuntimeError`.
        """
        if self._running:
            raise RuntimeError(
                "a run over these processes is under way: take all its results first"
            )
        self._running = True
        try:
            yield from self._results(_Run(work, iter(tasks), parts, self._given))
        finally:
            self._running = False

    def _results(self, run: "_Run") -> Iterator[bytes]:
        taken = run.first
        while True:
            self._give(run, taken + _AHEAD * self._jobs)
            if taken == self._given:
                return
            if run.parts and taken in run.died:
                yield from self._one_by_one(run.work, run.parts(run.died.pop(taken)))
                taken += 1
            elif taken in run.results:
                yield run.results.pop(taken)
                taken += 1
            else:
                self._receive(run)

    def _give(self, run: "_Run", end: int) -> None:
        """Give out tasks, up to that number, while processes have room for them."""
        while free := self._free():
            if run.again:
                free.give(run.again.popleft(), run.work)
                continue
            task = next(run.source, None) if self._given < end else None
            if task is None:
                return
            free.give((self._given, task), run.work)
            self._given += 1

    def _receive(self, run: "_Run") -> None:
        """Take what has come of tasks, once there is something."""
        for process in self._ready():
            result = process.result()
            if result is None:
                died, *others = self._replaced(process)
                if run.parts is None:
                    raise WorkerError(_DIED)
                run.died.update([died])
                run.again.extend(task for task in others if task[0] >= run.first)
            elif result[0] >= run.first:
                number, made, error = result
                if error is not None:
                    raise error
                run.results[number] = made

    def _one_by_one(self, work: Work, parts: Iterable[Part]) -> Iterator[bytes]:
        """The results of these parts, each alone at work in its process when it ends that."""
        for part in parts:
            process = self._apart[0] if self._apart else self._proven()
            process.give((0, part.task), work)
            result = process.result()
            if result is None:
                self._apart.clear()
                code = process.end(now=True)
                self._kills = self._kills + 1 if code == -signal.SIGKILL else 0
                if self._kills == _KILLS:
                    raise WorkerError(_DIED)
                yield part.lost(code)
                continue
            _, made, error = result
            if error is not None:
                raise error
            self._kills = 0
            yield made
        while self._apart:
            self._apart.pop().end(now=False)

    def _proven(self) -> WorkerProcess:
        """A new process apart, which is able to work. Raises `WorkError` if it is not."""
        process = self._begun()
        self._apart.append(process)
        process.give((0, b""), bytes)
        result = process.result()
        if result is None:
            raise WorkerError(_DIED)
        if result[2] is not None:
            raise result[2]
        return process

    def _replaced(self, process: WorkerProcess) -> list[Task]:
        """Put a new process in the place of one that died; returns what that was to do."""
        self._processes.remove(process)
        process.end(now=True)
        self._processes.append(self._begun())
        return list(process.pending)

    def _free(self) -> WorkerProcess | None:
        least = min(self._processes, key=lambda each: len(each.pending))
        return least if len(least.pending) < _AT_HAND else None

    def _ready(self) -> list[WorkerProcess]:
        """Processes of which there is a result, or none to come, once there is one."""
        from multiprocessing.connection import wait

        ready = wait([each.pipe for each in self._processes if each.pending])
        return [each for each in self._processes if each.pipe in ready]


def maybe_pool(
    jobs: int, start: Callable[..., None], *args: object, worth: bool
) -> AbstractContextManager[ProcessPool | None]:
    """Processes, or none where there is one processor, or it is not `worth` starting them."""
    return ProcessPool(jobs, start, *args) if jobs > 1 and worth else nullcontext()
