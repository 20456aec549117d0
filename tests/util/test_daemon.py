"""The supervised thread loop, and the signal mask."""

import logging
import queue
import signal
import threading
from contextlib import suppress

import pytest

from feeds.util.daemon import DaemonLoop, signals_blocked

_LONG = 60
_SOON = 5


def test_step_repeats_until_stopped() -> None:
    calls: queue.SimpleQueue[int] = queue.SimpleQueue()
    loop = DaemonLoop("test", lambda: calls.put(1), "failed", pause=0.001)
    loop.start()
    for _ in range(3):
        calls.get(timeout=_SOON)
    loop.stop()
    assert not loop.is_alive


def test_exception_is_logged_and_the_loop_continues(caplog: pytest.LogCaptureFixture) -> None:
    second, calls = threading.Event(), 0

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError("boom")
        second.set()

    loop = DaemonLoop("test", step, "the test failed", pause=_LONG, retry=0.001)
    with caplog.at_level(logging.ERROR, "feeds"):
        loop.start()
        assert second.wait(_SOON)
        loop.stop()
    assert "the test failed" in caplog.text
    assert "boom" in caplog.text


def test_step_may_return_the_next_pause() -> None:
    calls: queue.SimpleQueue[int] = queue.SimpleQueue()

    def step() -> float:
        calls.put(1)
        return 0

    loop = DaemonLoop("test", step, "failed", pause=_LONG)
    loop.start()
    calls.get(timeout=_SOON)
    calls.get(timeout=_SOON)
    loop.stop()


def test_wake_ends_a_pause() -> None:
    calls: queue.SimpleQueue[int] = queue.SimpleQueue()
    loop = DaemonLoop("test", lambda: calls.put(1), "failed", pause=_LONG)
    loop.start()
    calls.get(timeout=_SOON)
    loop.wake()
    calls.get(timeout=_SOON)
    loop.stop(_SOON)
    assert not loop.is_alive


def test_at_end_runs_in_the_thread_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    names = []

    def at_end() -> None:
        names.append(threading.current_thread().name)
        raise ValueError("boom")

    loop = DaemonLoop("test", lambda: _LONG, "the test failed", at_end=at_end)
    loop.start()
    loop.stop()
    assert names == ["test"]
    assert "the test failed" in caplog.text


def test_stop_before_start_returns_at_once() -> None:
    DaemonLoop("test", lambda: None, "failed").stop()


def test_signals_are_blocked_in_the_thread_only() -> None:
    masks: queue.SimpleQueue[set[int]] = queue.SimpleQueue()

    def step() -> float:
        masks.put({int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())})
        return _LONG

    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    loop = DaemonLoop("test", step, "failed")
    loop.start()
    assert {signal.SIGINT, signal.SIGTERM} <= masks.get(timeout=_SOON)
    loop.stop()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_signal_mask_is_restored_after_an_exception() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with suppress(ValueError), signals_blocked(signal.SIGINT):
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        raise ValueError
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_systems_without_signal_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")
    with signals_blocked(signal.SIGINT):
        pass
