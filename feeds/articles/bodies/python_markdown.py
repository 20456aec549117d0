"""Python-Markdown (Pelican) where it differs from CommonMark, as CommonMark. No I/O.

A list needs a blank line before it, a heading no space after its signs, and a backslash escapes
fewer characters; formulas depend on all three.
"""

import re
from collections.abc import Iterator

from feeds.articles.bodies import code
from feeds.articles.bodies.code import Ranges

_BACKSLASH = re.compile(r"\\([\s\S])")
_ESCAPED = frozenset("\\`*_{}[]()>#+-.!")  # ESCAPED_CHARS of Python-Markdown
# The address of a link, which may have spaces.
_TARGET = re.compile(r"\]\(((?:[^()\n\"'<>]|\([^()\n]*\))+)\)")
_ITEM = re.compile(r"( {0,3})(?:([*+-])|(\d{1,9})([.)]))(?=[ \t])")
_RULE = re.compile(r" {0,3}(?:=+|-+|(?:[*_-][ \t]*){3,})[ \t]*")
# What begins a block that is no paragraph.
_NO_PARAGRAPH = re.compile(r" {4}|\t|[><|:#]|\[[^\]\n]*\]:")


def expand(text: str) -> str:
    """Return the body as CommonMark that means the same."""
    if "\\" in text or "](" in text:
        text = code.outside(text, code.with_html(text), _inline)
    return "\n".join(_lines(text, code.with_html(text)))


def _inline(text: str) -> str:
    text = _BACKSLASH.sub(
        lambda match: match[0] if match[1] in _ESCAPED else f"\\\\{match[1]}", text
    )
    return _TARGET.sub(
        lambda match: f"](<{match[1]}>)" if " " in match[1].strip() else match[0], text
    )


def _lines(text: str, literal: Ranges) -> Iterator[str]:
    """Yield the lines, with headings and list items where Python-Markdown sees them."""
    is_paragraph, begins = False, True
    at, ranges = 0, iter(literal)
    start, stop = next(ranges, (len(text), len(text)))
    for line in text.split("\n"):
        while stop <= at < len(text):
            start, stop = next(ranges, (len(text), len(text)))
        is_literal = start <= at < stop
        at += len(line) + 1
        if is_literal:
            yield line
            continue
        if not line.strip():
            begins = True
            yield line
            continue
        is_rule = _RULE.fullmatch(line) is not None
        item = None if is_rule else _ITEM.match(line)
        if begins:
            is_paragraph = not _is_list(item) and not _NO_PARAGRAPH.match(line)
        begins = is_rule or line.startswith("#")
        yield _line(line, item, is_paragraph=is_paragraph)


def _line(line: str, item: re.Match[str] | None, *, is_paragraph: bool) -> str:
    """Return a line, whose list item is text in a paragraph."""
    if item is None:
        return _heading(line) if line.startswith("#") else line
    if is_paragraph or not _is_list(item):
        sign = item.end(2) - 1 if item[2] else item.start(4)
        return f"{line[:sign]}\\{line[sign:]}"
    return line[len(item[1]) :]  # indented further, so that nested lists are below it


def _heading(line: str) -> str:
    text = line.lstrip("#")
    level = len(line) - len(text)
    is_spaced = not text.strip() or text[0].isspace()
    return line if is_spaced or level > 6 else f"{line[:level]} {text.rstrip().rstrip('#')}"


def _is_list(item: re.Match[str] | None) -> bool:
    return item is not None and item[4] != ")"
