"""Background threads that survive exceptions, and a mask that keeps signals from them."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_log = logging.getLogger("feeds")


class DaemonLoop:
    """Calls `step` repeatedly in a daemon thread called `name`, until it is stopped.

    `step` returns the seconds to pause before the next call; None means `pause`. An exception does
    not end the thread: it is logged with the message `fault`, and the next call follows `retry`
    seconds later. `at_end` is called once, in the thread, when the loop ends. SIGINT and SIGTERM
    are blocked in the thread: one delivered to it would leave the main thread waiting.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        fault: str,
        *,
        pause: float = 0,
        retry: float = 1,
        at_end: Callable[[], object] | None = None,
    ) -> None:
        self._step, self._fault, self._at_end = step, fault, at_end
        self._pause, self._retry = pause, retry
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.stopping = threading.Event()
        """Set when the loop is asked to stop; a long step checks it, or waits on it."""

    @property
    def is_alive(self) -> bool:
        """True from `start` until the thread has ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; the first step runs at once."""
        with signals_blocked(signal.SIGINT, signal.SIGTERM):
            self._thread.start()

    def wake(self) -> None:
        """Cut the current pause short."""
        self._wake.set()

    def request_stop(self) -> None:
        """Stop after the current step; returns at once."""
        self.stopping.set()
        self._wake.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the thread, at most `timeout` seconds; at once if not started."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def stop(self, timeout: float | None = None) -> None:
        """Request a stop, and wait for the end of the thread, at most `timeout` seconds."""
        self.request_stop()
        self.join(timeout)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self.stopping.is_set():  # checked after `clear`, which may swallow the request
                break
            self._wake.wait(self._call_step())
        if self._at_end:
            try:
                self._at_end()
            except Exception:  # noqa: BLE001 - nothing above could handle it
                _log.exception(self._fault)

    def _call_step(self) -> float:
        """Call the step; return the seconds to pause."""
        try:
            pause = self._step()
        except Exception:  # noqa: BLE001 - the thread must survive every fault
            _log.exception(self._fault)
            return self._retry
        return self._pause if pause is None else pause


@contextmanager
def signals_blocked(*signals: signal.Signals) -> Iterator[None]:
    """Block signals in this thread, and in the threads and processes it starts meanwhile.

    The latter keep the mask. Does nothing on systems without signal masks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
