"""Ending a command cleanly on a signal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from feeds.util.terminal import echo

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Terminated(SystemExit):
    """A signal that ends this process, raised as an error so that locks are released at once."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(128 + number)


@contextmanager
def clean_exit() -> Iterator[None]:
    """End with a message and released locks on SIGINT, SIGTERM or SIGHUP.

    Signals that are ignored at the start, as under nohup, stay ignored.
    """

    def end(number: int, _: object) -> None:
        for handled in handled_signals:  # a second signal must not interrupt the cleanup
            signal.signal(handled, lambda *_: None)
        raise _Terminated(number)

    handled_signals = [name for name in _SIGNALS if signal.getsignal(name) != signal.SIG_IGN]
    for handled in handled_signals:
        signal.signal(handled, end)
    try:
        yield
    except _Terminated as error:
        name = signal.Signals(error.number).name
        message = f"feeds: ended by {name}, possibly unfinished; run the same command again"
        echo(message, err=True)
        raise
