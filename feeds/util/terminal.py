"""Terminal output: everything printed or logged passes through here, and is escaped.

Titles, topics, file names, URLs and User-Agents may contain escape sequences, line breaks or
markup, which would colour, hide or forge lines of a report.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

# C0 and C1 controls (ECMA-48), line and paragraph separators, directional overrides (UAX #9),
# interlinear annotations, and surrogates, which no encoding can print.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def escaped(text: object) -> str:
    r"""Return `text` on one line, with control characters as `\x1b`, `\n`, `\u202e`.

    A byte of a file name that is not UTF-8 (PEP 383) is shown as `\xff`.
    """
    line = str(text)
    return line if line.isascii() and line.isprintable() else _HARMFUL.sub(_escape, line)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        number -= 0xDC00
    return _NAMED.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")


def echo(*fields: object, err: bool = False) -> None:
    """Print one line of tab-separated fields to standard output or standard error."""
    click.echo("\t".join(map(escaped, fields)), err=err)


def echo_json(value: object) -> None:
    """Print JSON; control characters are written as JSON escapes, so the data stays exact."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    # Matches occur in strings only: msgspec escapes those below U+0020, and indents with spaces.
    click.echo("\n".join(_HARMFUL.sub(_json_escape, line) for line in text.split("\n")))


def _json_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


@contextmanager
def escaping() -> Iterator[None]:
    """Escape option and file names in click's errors, which click itself prints."""
    try:
        yield
    except click.ClickException as error:
        error.message = escaped(error.message)  # type: ignore[misc]
        raise


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for a human reader; markup in values is not interpreted."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    output = Table(*head, box=None)
    for row in rows:
        output.add_row(*(Text(escaped(value)) for value in row))
    Console().print(output)


def label(text: str) -> str:
    """Return `text` for use where rich interprets markup, such as in progress bars."""
    from rich.markup import escape

    return escape(escaped(text))


class LogFormatter(logging.Formatter):
    """Formats each message as one line; the lines of a traceback below it are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the formatted message on one line."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the traceback, indented so that no line looks like a log record."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {escaped(line)}" for line in lines)


def escape_log() -> None:
    """Escape warnings logged by commands that do not configure logging."""
    if logging.lastResort:
        logging.lastResort.setFormatter(LogFormatter())
