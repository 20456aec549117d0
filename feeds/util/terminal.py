"""The one way to a terminal: text of others is shown there, and does nothing.

Titles, topics, names of files, URLs and User-Agents may hold escape sequences, line breaks or
markup, which would colour, hide or forge lines of a report. Whatever is printed or logged passes
through here.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

# C0 and C1 controls (ECMA-48), the line and paragraph separators, what overrides the direction of
# text (UAX #9), interlinear annotations, and surrogates, which no encoding can print.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def escaped(text: object) -> str:
    r"""`text` in one line without what a terminal would obey: `\x1b`, `\n`, `\u202e`.

    A byte of a file name that is no UTF-8 (PEP 383) is shown as such a `\xff`.
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
    """Print one line, its fields apart by tabs, on standard output or standard error."""
    click.echo("\t".join(map(escaped, fields)), err=err)


def echo_json(value: object) -> None:
    """Print JSON for machines: exact data, what a terminal would obey as JSON's own escapes."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    # Inside strings only, because msgspec escapes what is below U+0020 and indents with the rest.
    click.echo("\n".join(_HARMFUL.sub(_json_escape, line) for line in text.split("\n")))


def _json_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


@contextmanager
def escaping() -> Iterator[None]:
    """Escape the names of options and files in errors of click, which it prints by itself."""
    try:
        yield
    except click.ClickException as error:
        error.message = escaped(error.message)  # type: ignore[misc]
        raise


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people at a terminal, without interpreting any markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*head, box=None)
    for row in rows:
        shown.add_row(*(Text(escaped(value)) for value in row))
    Console().print(shown)


def label(text: str) -> str:
    """`text` for where rich would interpret markup, as in the descriptions of progress bars."""
    from rich.markup import escape

    return escape(escaped(text))


class LogFormatter(logging.Formatter):
    """Formats each message as one line; the lines of a traceback below it are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The message and what the format puts around it."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The traceback, which no line of the log can be mistaken for."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {escaped(line)}" for line in lines)


def escape_log() -> None:
    """Have warnings escaped that are logged by commands which set up no log."""
    if logging.lastResort:
        logging.lastResort.setFormatter(LogFormatter())
