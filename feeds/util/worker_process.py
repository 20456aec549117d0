"""One worker process: its pipe, its work, and its limits. `processes` has several."""

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
# The number of a task, what was made of it, and what the work raised instead.
Result = tuple[int, bytes, Exception | None]

# Seconds that a process has for its end once it is told to.
_PATIENCE = 5
# The exit code of a process that found no memory for its task.
NO_MEMORY = 77
# A process may take so many times its limit of processor time by the clock: it may have to wait.
STANDSTILL = 30


def start_process(
    start: Callable[..., None], args: tuple[object, ...], others: Sequence["WorkerProcess"]
) -> "WorkerProcess":
    """A process that has called `start` with `args`, beside those others.

    It is a fork of this one where that is safe, and shares what this one knows. Else `args` are
    pickled. Raises `WorkError` if it cannot be started.
    """
    import multiprocessing  # here, for most runs have little to do and start sooner without

    # fork is fast, and safe only while there are no other threads (on macOS not even then).
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    try:
        mine, its = context.Pipe()
        # A fork has this end of its pipe too, and of those before: nobody else's end is heard.
        inherited = [mine, *(each.pipe for each in others)] if method == "fork" else []
        process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(its, inherited, start, args), daemon=True
        )
        # Ctrl-C reaches the whole process group; this process stops its workers.
        with signals_blocked(signal.SIGINT):
            process.start()
    except OSError as error:
        raise WorkerError(
            f"a worker process cannot be started: {error.strerror}; allow fewer processors "
            "(taskset -c 0 feeds …)"
        ) from error
    its.close()
    return WorkerProcess(process, mine)


def limit_memory(most: int) -> None:
    """Let this process have `most` bytes more than it has now, where the system can see to that."""
    import resource  # here, for the process that this is for is no user's

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = pages * resource.getpagesize() + most
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):
        pass  # not Linux


def limit_time(seconds: float) -> None:
    """End this process unless this is called again within so much processor time; 0 for no limit.

    It ends by SIGPROF, or by SIGALRM where it stands still `STANDSTILL` times as long.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * STANDSTILL)


class WorkerProcess:
    """One process, and this end of its pipe; `pending` are tasks whose results are to come."""

    def __init__(self, process: "BaseProcess", pipe: "Connection") -> None:
        self._process, self.pipe = process, pipe
        self.pending: deque[Task] = deque()

    def give(self, task: Task, work: Work) -> None:
        self.pending.append(task)
        with suppress(OSError):  # it died: that is found where its result is wanted
            self.pipe.send((task[0], work, task[1]))

    def result(self) -> Result | None:
        """The next result; None if the process died, at the first of those pending."""
        try:
            result: Result = self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        self.pending.popleft()
        return result

    def end(self, *, now: bool) -> int:
        """End it, and return its exit code: minus the number of the signal that ended it."""
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
    """What a process does: task after task, until the other end of its pipe is closed."""
    for each in inherited:
        each.close()
    # Blocked since its start, but where Python first started its tracker of resources with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    endings = (signal.SIGTERM, signal.SIGPROF, signal.SIGALRM)
    for ending in endings:
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, endings)
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
        except MemoryError:
            os._exit(NO_MEMORY)  # whatever is left in memory is not to be another task's trouble
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
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _receive(pipe: "Connection", tasks: "SimpleQueue[tuple[int, Work, bytes] | None]") -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        pass  # the other end was closed
    finally:
        tasks.put(None)  # whatever it was, for the other end hears the end of this process
