"""Output shared by commands: tables, problems and progress bars."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from feeds.errors import Problem
from feeds.util import terminal
from feeds.util.terminal import echo, echo_json

if TYPE_CHECKING:  # not needed at run time
    from feeds.util.progress import Progress

T = TypeVar("T")

# Problems printed after a build; `feeds check` prints all.
_MAX_PROBLEMS = 10


@contextmanager
def progress(as_json: bool = False) -> "Iterator[Progress]":
    """Show progress bars on standard error, if it is a terminal and the output is not JSON."""
    if as_json or not sys.stderr.isatty():
        from feeds.util.progress import silent

        yield silent
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    # No refresh thread, because worker processes start faster from a single-threaded process.
    with Bars(console=Console(stderr=True), transient=True, auto_refresh=False) as bars:
        tasks: dict[str, Any] = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(terminal.label(step))
            bars.update(tasks[step], completed=done, total=total, refresh=True)

        yield advance


def print_result(result: T, as_json: bool, print_text: Callable[[T], None]) -> None:
    """Print the result of a command as JSON, or by `print_text`."""
    if as_json:
        echo_json(result)
    else:
        print_text(result)


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on a terminal; elsewhere one line per row, without the head."""
    if is_terminal():
        terminal.table(head, rows)
        return
    for row in rows:
        echo(*row)


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def describe_problem(problem: Problem) -> str:
    """One line: the severity, then the file, line and message of the problem."""
    return f"{'error' if problem.fatal else 'warning'}: {problem}"


def print_problems(problems: Sequence[Problem]) -> None:
    """Print the first problems of a build to standard error, and how many more there are."""
    for problem in problems[:_MAX_PROBLEMS]:
        echo(describe_problem(problem), err=True)
    if len(problems) > _MAX_PROBLEMS:
        rest = len(problems) - _MAX_PROBLEMS
        echo(f"… and {rest:,} more problems; run feeds check to list all", err=True)
