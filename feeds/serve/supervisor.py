"""Supervision of the worker processes of `feeds serve`.

granian restarts a worker that dies, but stops the server if that happens twice within seconds,
and its workers survive the main process. Here a dying worker never stops the others, and workers
end with the main process.
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

# A worker that dies is restarted at once, then after 1, 2, 4, ... seconds, up to this pause.
_MAX_PAUSE = 10.0
# Seconds after which a worker counts as stable, and earlier deaths are forgotten.
_STABLE_SECONDS = 60.0
# Failed starts in a row after which the server stops, unless another worker serves.
_MAX_FAILURES = 6
# Seconds that a worker has to finish its answers after the main process has ended.
_SHUTDOWN_SECONDS = 1.0


class Restarts:
    """Decides when a worker that died is restarted, and when to give up."""

    def __init__(self) -> None:
        self._deaths: dict[int, int] = {}
        self._failures: dict[int, int] = {}

    def pause(self, worker: int, lived: float, *, served: bool, others: bool) -> float | None:
        """Return the seconds until a worker is restarted, or None to stop the server.

        `lived` is its lifetime in seconds, `served` whether it had loaded the app, and `others`
        whether another worker serves.
        """
        deaths = 1 if lived >= _STABLE_SECONDS else self._deaths.get(worker, 0) + 1
        failures = 0 if served else self._failures.get(worker, 0) + 1
        self._deaths[worker], self._failures[worker] = deaths, failures
        if failures >= _MAX_FAILURES and not others:
            return None
        # The exponent is limited, because a large one would overflow a float.
        return 0.0 if deaths == 1 else min(2.0 ** min(deaths - 2, 10), _MAX_PAUSE)


class SupervisedServer(Granian):  # type: ignore[misc, valid-type]
    """granian's server with these rules for workers; load the app with `loader`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._restarts = Restarts()
        self._loaded, self._report = multiprocessing.Pipe(duplex=False)
        self._serving: set[int] = set()  # process ids of workers that loaded the app
        self._births: dict[int, float] = {}

    def loader(self, load: Callable[[], Any]) -> Callable[[], Any]:
        """Return the function with which workers load the app: `load`, supervised."""
        return partial(_load, self._report, load)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        """Restart workers that die, until the server stops or no worker can start."""
        started = time.monotonic()
        due: dict[int, float] = {}
        while True:
            self.main_loop_interrupt.wait(_seconds_until(due))
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            if self.reload_signal:
                self._reload(spawn_target, target_loader)
            while self.interrupt_children:
                worker = self.interrupt_children.pop(0)
                if self.wrks[worker].is_alive():
                    continue  # replaced by a reload
                pause = self._pause(worker, self._births.get(worker, started))
                if pause is None:
                    _log.error("the server stops because its workers cannot start; see above")
                    self.interrupt_children.append(worker)  # makes the exit status 1
                    return
                due[worker] = time.monotonic() + pause
            now = time.monotonic()
            for worker in [worker for worker, when in due.items() if when <= now]:
                del due[worker]
                if not self.wrks[worker].is_alive() and not self._restart(
                    worker, spawn_target, target_loader
                ):
                    due[worker] = now + _MAX_PAUSE

    def _pause(self, worker: int, birth: float) -> float | None:
        while self._loaded.poll():
            self._serving.add(self._loaded.recv())
        process = self.wrks[worker].inner
        served = process.pid in self._serving
        self._serving.discard(process.pid)
        others = any(other.is_alive() and other.inner.pid in self._serving for other in self.wrks)
        lived = time.monotonic() - birth
        pause = self._restarts.pause(worker, lived, served=served, others=others)
        if pause is not None:
            _log.error(
                "worker %d %s; restarting it %s",
                worker + 1, _ending(process.exitcode), f"in {pause:g} s" if pause else "now",
            )  # fmt: skip
        return pause

    def _restart(self, worker: int, spawn_target: Any, target_loader: Any) -> bool:
        """Restart a worker; return whether its process could be created."""
        self._births[worker] = time.monotonic()
        new = self._spawn_worker(idx=worker, target=spawn_target, callback_loader=target_loader)
        try:
            new.start()
        except OSError as error:  # out of processes or memory, perhaps not for long
            _log.error("worker %d cannot be started: %s; trying again", worker + 1, error.strerror)
            return False
        self.wrks[worker] = new
        return True


def _seconds_until(due: dict[int, float]) -> float | None:
    return max(0.0, min(due.values()) - time.monotonic()) if due else None


def _ending(code: int | None) -> str:
    """Describe how a process ended; `code` is negative for a signal."""
    if code is None or code >= 0:
        return f"ended with status {code}"
    with suppress(ValueError):
        return f"was killed by {signal.Signals(-code).name}"
    return f"was killed by signal {-code}"


def _load(report: Connection, load: Callable[[], Any]) -> Any:
    """Load the app in a worker, and report its process id to the main process."""
    end_with_parent()
    app = load()
    with suppress(OSError):  # the main process has ended, and this one ends soon
        report.send(os.getpid())
    return app


def end_with_parent() -> None:
    """End this process when its parent ends, even by SIGKILL.

    Every process of multiprocessing has a pipe whose other end only its parent holds open.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(
            target=_end_after, args=(parent,), name="feeds-parent", daemon=True
        ).start()


def _end_after(parent: Any) -> None:
    parent.join()
    _log.error("the main process has ended; this worker stops")
    os.kill(os.getpid(), signal.SIGTERM)  # closes the port, and lets pending answers finish
    time.sleep(_SHUTDOWN_SECONDS)
    os._exit(1)
