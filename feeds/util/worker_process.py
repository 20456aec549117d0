"""One worker process: its pipe, its tasks, and its limits. See `feeds.util.processes`."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from feeds.errors import WorkerError
from feeds.util.daemon import signals_blocked

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Work = Callable[[bytes], bytes]
# The number of a task, and the task.
Task = tuple[int, bytes]
# The number of a task, its result, and the exception raised instead.
Result = tuple[int, bytes, Exception | None]

# Seconds that a process has to end after SIGTERM.
_PATIENCE = 5
# The exit code of a process that ran out of memory.
NO_MEMORY = 77
# The limit of wall-clock time is this multiple of that of CPU time, because a process may wait.
STANDSTILL = 30


def start_process(
    start: Callable[..., None], args: tuple[object, ...], others: Sequence["WorkerProcess"]
) -> "WorkerProcess":
    """Start a process that calls `start(*args)`, in addition to `others`.

    It is a fork of this process where that is safe; otherwise `args` are pickled. Raises
    `WorkerError` if it cannot be started.
    """
    import multiprocessing  # here, because most runs need no processes and start faster without

    # fork is fast, but only safe without other threads (on macOS not even then).
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    try:
        own_end, worker_end = context.Pipe()
        # A fork inherits this end of every pipe. It closes them, so the end of a process shows.
        inherited = [own_end, *(other.pipe for other in others)] if method == "fork" else []
        process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(worker_end, inherited, start, args), daemon=True
        )
        # Ctrl-C reaches the whole process group; this process stops its workers.
        with signals_blocked(signal.SIGINT):
            process.start()
    except OSError as error:
        raise WorkerError(
            f"a worker process cannot be started: {error.strerror}; allow fewer processors "
            "(taskset -c 0 feeds …)"
        ) from error
    worker_end.close()
    return WorkerProcess(process, own_end)


def limit_memory(most: int) -> None:
    """Limit the memory of this process to `most` bytes more than now, if the system can (Linux)."""
    import resource  # here, because only worker processes need it

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = pages * resource.getpagesize() + most
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):
        pass  # not Linux


def limit_time(seconds: float) -> None:
    """End this process unless this is called again within `seconds` of CPU time; 0 for no limit.

    SIGPROF ends it, or SIGALRM after `STANDSTILL` times as many seconds of wall-clock time.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * STANDSTILL)


class WorkerProcess:
    """A process and this end of its pipe; `pending` are the tasks without a result yet."""

    def __init__(self, process: "BaseProcess", pipe: "Connection") -> None:
        self._process, self.pipe = process, pipe
        self.pending: deque[Task] = deque()

    def give(self, task: Task, work: Work) -> None:
        self.pending.append(task)
        with suppress(OSError):  # it died; `result` notices
            self.pipe.send((task[0], work, task[1]))

    def result(self) -> Result | None:
        """Return the next result; None if the process died, at the first pending task."""
        try:
            result: Result = self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        self.pending.popleft()
        return result

    def end(self, *, now: bool) -> int:
        """End the process; return its exit code: the negative number of a signal that ended it."""
        if now:
            self._process.terminate()
        self.pipe.close()
        self._process.join(_PATIENCE if now else None)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        return self._process.exitcode or 0


def _serve(
    pipe: "Connection",
    inherited: "Iterable[Connection]",
    start: Callable[..., None],
    args: tuple[object, ...],
) -> None:
    """Run tasks in the worker process until the other end of its pipe is closed."""
    for connection in inherited:
        connection.close()
    # Blocked since the start, except if Python started its resource tracker with this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    endings = (signal.SIGTERM, signal.SIGPROF, signal.SIGALRM)
    for ending in endings:
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, endings)
    failed: Exception | None = None
    try:
        start(*args)
    except Exception as error:  # noqa: BLE001 - raised again with the first result
        failed = _portable(error)
    tasks: SimpleQueue[tuple[int, Work, bytes] | None] = SimpleQueue()
    # Receive in a thread, even while a result waits to be sent: neither end can block the other.
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    while task := tasks.get():
        number, work, data = task
        output = b""
        try:
            if failed is None:
                output = work(data)
            answer = (number, output, failed)
        except MemoryError:
            os._exit(NO_MEMORY)  # frees all memory, so it cannot affect other tasks
        except Exception as error:  # noqa: BLE001 - raised again with the result
            answer = (number, b"", _portable(error))
        try:
            pipe.send(answer)
        except OSError:
            return  # the other end is closed


def _portable(error: Exception) -> Exception:
    """Return the exception with its traceback as a note; a substitute if it cannot be pickled."""
    error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - data of this process
    except Exception:  # noqa: BLE001 - its class may do anything
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _receive(pipe: "Connection", tasks: "SimpleQueue[tuple[int, Work, bytes] | None]") -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        pass  # the other end was closed
    finally:
        tasks.put(None)  # after any fault: the other end notices that this process ends
