"""A pool of worker processes that run functions of bytes in parallel, with results in order.

The standard library's pool writes results under one lock, and hangs if a process is killed while
holding it. Here every process has a separate pipe, which closes when the process dies. The
operating system limits what a task may cost, because it can stop a process inside C code, too.
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

# Tasks queued per process, so it need not wait for the next one; and results that a process may
# be ahead of the consumer.
_AT_HAND, _AHEAD = 2, 4
# After this many consecutive kills, each at another part, the parts are not to blame.
_MAX_KILLS = 3
_DIED = (
    "a worker process was killed, most likely because memory ran out; run the same command again. "
    "Free memory first, or allow fewer processors (taskset -c 0 feeds …)"
)


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Part(NamedTuple):
    """A part of a task whose process died, to be repeated alone.

    `lost` makes the result if this process dies, too, from its exit code: the negative number of
    the signal that ended it.
    """

    task: bytes
    lost: Callable[[int], bytes]


Parts = Callable[[bytes], Iterable[Part]]


class _Run:
    """The state of one run: tasks are numbered from `first` on, `results` are by number.

    `died` are the tasks at which a process died, `again` the others that it had in its queue.
    """

    def __init__(self, work: Work, source: Iterator[bytes], parts: Parts | None, first: int):
        self.work, self.source, self.parts, self.first = work, source, parts, first
        self.results, self.died = dict[int, bytes](), dict[int, bytes]()
        self.again = deque[Task]()


class ProcessPool:
    """A context manager for `jobs` processes, each of which has called `start(*args)`.

    They are forks of this process where that is safe; otherwise `args` are pickled. Raises
    `WorkerError` if a process cannot be started.
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
                self._processes.append(self._start_process())
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

    def _start_process(self) -> WorkerProcess:
        """Start a new process."""
        return start_process(self._start, self._args, (*self._processes, *self._apart))

    def _end(self, *, now: bool) -> None:
        for process in (*self._processes, *self._apart):
            process.end(now=now)

    def run(
        self, work: Work, tasks: Iterable[bytes], parts: Parts | None = None
    ) -> Iterator[bytes]:
        """Yield the result of `work`, a function at module level, for each task, in order.

        If a process dies, its task is repeated in `parts`, one at a time in a separate process,
        and yields the results of the parts. Raises `WorkerError` if there are no `parts`, or if
        processes die regardless of them, and any exception of `work`. Unfinished results of an
        earlier run are dropped; a run during another one raises `RuntimeError`.
        """
        if self._running:
            raise RuntimeError(
                "another run of this pool is in progress: consume all its results first"
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
        """Send tasks with numbers below `end` while processes have room in their queues."""
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
        """Wait for results, and store them."""
        for process in self._ready():
            result = process.result()
            if result is None:
                died, *others = self._replace(process)
                if run.parts is None:
                    raise WorkerError(_DIED)
                run.died.update([died])
                run.again.extend(task for task in others if task[0] >= run.first)
            elif result[0] >= run.first:
                number, output, error = result
                if error is not None:
                    raise error
                run.results[number] = output

    def _one_by_one(self, work: Work, parts: Iterable[Part]) -> Iterator[bytes]:
        """Yield the results of the parts; each runs alone, which shows which one is at fault."""
        for part in parts:
            process = self._apart[0] if self._apart else self._start_tested()
            process.give((0, part.task), work)
            result = process.result()
            if result is None:
                self._apart.clear()
                code = process.end(now=True)
                self._kills = self._kills + 1 if code == -signal.SIGKILL else 0
                if self._kills == _MAX_KILLS:
                    raise WorkerError(_DIED)
                yield part.lost(code)
                continue
            _, output, error = result
            if error is not None:
                raise error
            self._kills = 0
            yield output
        while self._apart:
            self._apart.pop().end(now=False)

    def _start_tested(self) -> WorkerProcess:
        """Start a separate process and test it. Raises `WorkerError` if it does not work."""
        process = self._start_process()
        self._apart.append(process)
        process.give((0, b""), bytes)
        result = process.result()
        if result is None:
            raise WorkerError(_DIED)
        if result[2] is not None:
            raise result[2]
        return process

    def _replace(self, process: WorkerProcess) -> list[Task]:
        """Replace a process that died; return its queued tasks."""
        self._processes.remove(process)
        process.end(now=True)
        self._processes.append(self._start_process())
        return list(process.pending)

    def _free(self) -> WorkerProcess | None:
        least = min(self._processes, key=lambda process: len(process.pending))
        return least if len(least.pending) < _AT_HAND else None

    def _ready(self) -> list[WorkerProcess]:
        """Wait for and return processes that have a result, or have died."""
        from multiprocessing.connection import wait

        ready = wait([process.pipe for process in self._processes if process.pending])
        return [process for process in self._processes if process.pipe in ready]


def maybe_pool(
    jobs: int, start: Callable[..., None], *args: object, worth: bool
) -> AbstractContextManager[ProcessPool | None]:
    """Return a pool; or None if there is only one CPU or too little work (not `worth` it)."""
    return ProcessPool(jobs, start, *args) if jobs > 1 and worth else nullcontext()
