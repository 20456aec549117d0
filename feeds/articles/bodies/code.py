"""Where the code of a body is: template languages leave it as it is. No I/O."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import pyromark

Ranges: TypeAlias = Sequence[tuple[int, int]]

_MARKDOWN = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)
_OPENING = re.compile(r"^([ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*)(`{3,}+(?=[^`\n]*$)|~{3,}+)", re.M)
_LITERAL = frozenset({"Code", "Html", "InlineHtml"})  # the names of events
_RUN = re.compile(r"`+")
_BLANK = re.compile(r"\n[ \t]*\n")
_ELEMENT = re.compile(r"<(pre|code|script|style)\b[^>]*+>", re.IGNORECASE)


def in_markdown(text: str) -> Ranges:
    """Return the code that CommonMark sees: fences, indented blocks and spans, in order."""
    if "`" not in text and "~~~" not in text and "    " not in text and "\t" not in text:
        return ()
    ranges = []
    for event, place in _MARKDOWN.events_with_range(text):
        if isinstance(event, dict):
            start = event.get("Start")
            if "Code" in event or (isinstance(start, dict) and "CodeBlock" in start):
                ranges.append((place["start"], place["end"]))
    return _in_characters(text, ranges)


def with_html(text: str) -> Ranges:
    """Return the code and the HTML that CommonMark sees, in order."""
    ranges = []
    for event, place in _MARKDOWN.events_with_range(text):
        if isinstance(event, dict):
            start = event.get("Start")
            is_block = isinstance(start, dict) and "CodeBlock" in start
            if is_block or not _LITERAL.isdisjoint(event):
                ranges.append((place["start"], place["end"]))
    return _in_characters(text, ranges)


def indented_in_markdown(text: str) -> Ranges:
    """Return the code blocks that are code only because they are indented."""
    ranges = [
        (place["start"], place["end"])
        for event, place in _MARKDOWN.events_with_range(text)
        if isinstance(event, dict) and event.get("Start") == {"CodeBlock": "Indented"}
    ]
    return _in_characters(text, ranges)


def _in_characters(text: str, ranges: Sequence[tuple[int, int]]) -> Ranges:
    """Return ranges of bytes as ranges of characters, in order."""
    if not ranges or text.isascii():
        return ranges
    encoded = text.encode()
    result: list[tuple[int, int]] = []
    at = characters = 0
    for start, stop in sorted(ranges):
        if start < at:
            continue
        begin = characters + len(encoded[at:start].decode())
        characters = begin + len(encoded[start:stop].decode())
        result.append((begin, characters))
        at = stop
    return result


def in_html(text: str) -> Ranges:
    """Return the elements whose text is code, in order."""
    ranges = []
    at = 0
    ended: set[str] = set()
    while match := _ELEMENT.search(text, at):
        name = match[1].lower()
        end = None
        if name not in ended:
            end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, match.end())
        if end is None:
            ended.add(name)
            at = match.end()
            continue
        ranges.append((match.start(), end.end()))
        at = end.end()
    return ranges


def fences(text: str) -> Ranges:
    """Return the fenced blocks at any indentation, as MDX and MkDocs read them, in order."""
    ranges = []
    at = 0
    while match := _OPENING.search(text, at):
        fence = match[2]
        closing = re.compile(rf"^[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
        end = closing.search(text, match.end())
        stop = end.end() if end else len(text)
        ranges.append((match.start(2), stop))
        at = stop
    return ranges


def fences_and_spans(text: str) -> Ranges:
    """Return the fenced blocks and the code spans, in order."""
    if "`" not in text and "~~~" not in text:
        return ()
    blocks = fences(text)
    ranges = list(blocks)
    at = 0
    for start, stop in (*blocks, (len(text), len(text))):
        ranges += _spans(text, at, start)
        at = stop
    return sorted(ranges)


def _spans(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the code spans of a part of a text (CommonMark §6.1)."""
    runs = [(match.start(), match.end()) for match in _RUN.finditer(text, start, stop)]
    if not runs:
        return
    by_length: dict[int, list[int]] = {}
    for index, (begin, end) in enumerate(runs):
        by_length.setdefault(end - begin, []).append(index)
    blanks = [match.start() for match in _BLANK.finditer(text, start, stop)]
    index = 0
    while index < len(runs):
        begin, end = runs[index]
        same = by_length[end - begin]
        place = bisect_left(same, index) + 1
        nearest = bisect_left(blanks, end)
        limit = blanks[nearest] if nearest < len(blanks) else stop
        if place < len(same) and runs[same[place]][0] < limit:
            yield begin, runs[same[place]][1]
            index = same[place]
        index += 1


def outside(text: str, ranges: Ranges, change: Callable[[str], str]) -> str:
    """Return a text changed in all places but the ranges."""
    pieces: list[str] = []
    at = 0
    for start, stop in ranges:
        pieces += (change(text[at:start]), text[start:stop])
        at = stop
    return "".join([*pieces, change(text[at:])])
