"""The clock, and callbacks that report the progress of long work."""

from collections.abc import Callable
from datetime import UTC, datetime


def clock() -> datetime:
    """Return the current time in UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def silent(_task: str, _done: int, _total: int) -> None:
    """A `Progress` that reports nothing."""


# Called with the name of the task, the number of items done, and the total.
Progress = Callable[[str, int, int], None]
