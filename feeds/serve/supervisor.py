"""The worker processes of `feeds serve`: each ends with the main process, and dies alone.

granian replaces a worker that died, but ends the server if that happens twice within seconds, and
lets workers go on without the process that watches the articles.
"""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from granian import Granian

_log = logging.getLogger("feeds")

# A worker that died is replaced at once, and if it dies again after 1, 2, 4, ... seconds, at most:
_LONGEST_PAUSE = 10.0
# Seconds after which a worker counts as sound, so that its next death is a first one.
_SOUND = 60.0
# So many starts in a row may fail until the server gives up, unless another worker can serve.
_MOST_FAILURES = 6
# Seconds that a worker has to finish its answers once the main process is gone.
_PATIENCE = 1.0


class Restarts:
    """Decides when a worker that died is started again, and when to give up."""

    def __init__(self) -> None:
        self._deaths: dict[int, int] = {}
        self._failures: dict[int, int] = {}

    def pause(self, worker: int, lived: float, *, served: bool, others: bool) -> float | None:
        """Seconds until the worker is to be started again, None if it is not worth trying.

        `lived` is how many seconds it lived, `served` whether its app was loaded, and `others`
        whether there is another worker that serves.
        """
        deaths = 1 if lived >= _SOUND else self._deaths.get(worker, 0) + 1
        failures = 0 if served else self._failures.get(worker, 0) + 1
        self._deaths[worker], self._failures[worker] = deaths, failures
        if failures >= _MOST_FAILURES and not others:
            return None
        # No power of a number that grows for days: it would become too large for a float.
        return 0.0 if deaths == 1 else min(2.0 ** min(deaths - 2, 10), _LONGEST_PAUSE)


class SupervisedServer(Granian):  # type: ignore[misc, valid-type]
    """granian's server with our rules for workers that die; `loader` has to wrap the app's."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._restarts = Restarts()
        self._loaded, self._report = multiprocessing.Pipe(duplex=False)
        self._serving: set[int] = set()  # process ids of workers that loaded the app
        self._births: dict[int, float] = {}

    def loader(self, load: Callable[[], Any]) -> Callable[[], Any]:
        """What workers load the app with: `load`, supervised."""
        return partial(_load, self._report, load)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        """Replace workers that die, until the server is to stop or no worker can start."""
        begun = time.monotonic()
        due: dict[int, float] = {}
        while True:
            self.main_loop_interrupt.wait(_until(due))
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            if self.reload_signal:
                self._reload(spawn_target, target_loader)
            while self.interrupt_children:
                worker = self.interrupt_children.pop(0)
                if self.wrks[worker].is_alive():
                    continue  # replaced by a reload
                pause = self._pause(worker, self._births.get(worker, begun))
                if pause is None:
                    _log.error("the server ends because its workers cannot start; see above")
                    self.interrupt_children.append(worker)  # makes the exit status 1
                    return
                due[worker] = time.monotonic() + pause
            now = time.monotonic()
            for worker in [worker for worker, when in due.items() if when <= now]:
                del due[worker]
                if not self.wrks[worker].is_alive() and not self._replaced(
                    worker, spawn_target, target_loader
                ):
                    due[worker] = now + _LONGEST_PAUSE

    def _pause(self, worker: int, birth: float) -> float | None:
        while self._loaded.poll():
            self._serving.add(self._loaded.recv())
        process = self.wrks[worker].inner
        served = process.pid in self._serving
        self._serving.discard(process.pid)
        others = any(each.is_alive() and each.inner.pid in self._serving for each in self.wrks)
        lived = time.monotonic() - birth
        pause = self._restarts.pause(worker, lived, served=served, others=others)
        if pause is not None:
            _log.error(
                "worker %d %s; it is started again %s",
                worker + 1, _ending(process.exitcode), f"in {pause:g} s" if pause else "now",
            )  # fmt: skip
        return pause

    def _replaced(self, worker: int, spawn_target: Any, target_loader: Any) -> bool:
        """Whether the worker could be started again."""
        self._births[worker] = time.monotonic()
        new = self._spawn_worker(idx=worker, target=spawn_target, callback_loader=target_loader)
        try:
            new.start()
        except OSError as error:  # out of processes or memory, perhaps not for long
            _log.error("worker %d cannot be started: %s; trying again", worker + 1, error.strerror)
            return False
        self.wrks[worker] = new
        return True


def _until(due: dict[int, float]) -> float | None:
    return max(0.0, min(due.values()) - time.monotonic()) if due else None


def _ending(code: int | None) -> str:
    """How a process ended, for people: `code` is negative for a signal."""
    if code is None or code >= 0:
        return f"ended with status {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _load(report: Connection, load: Callable[[], Any]) -> Any:
    """Load the app in a worker, and report that to the main process."""
    end_with_parent()
    app = load()
    with suppress(OSError):  # the main process is gone, and this one soon too
        report.send(os.getpid())
    return app


def end_with_parent() -> None:
    """From now on end this process when the one that started it ends, however that happens.

    The parent alone holds the other end of a pipe that every process of multiprocessing has, so
    that this works for SIGKILL, and on every system.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(
            target=_end_after, args=(parent,), name="feeds-parent", daemon=True
        ).start()


def _end_after(parent: Any) -> None:
    parent.join()
    _log.error("the main process is gone; this worker ends")
    os.kill(os.getpid(), signal.SIGTERM)  # closes the port, and lets answers under way finish
    time.sleep(_PATIENCE)
    os._exit(1)
