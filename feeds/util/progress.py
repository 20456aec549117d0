"""The clock, and callbacks that report the progress of long work."""

from collections.abc import Callable
from datetime import UTC, datetime


def clock() -> datetime:
    """Now, in whole seconds: what is dated later is not out yet."""
    return datetime.now(UTC).replace(microsecond=0)


def silent(_what: str, _done: int, _all: int) -> None:
    """Progress that is told to nobody."""


Progress = Callable[[str, int, int], None]
