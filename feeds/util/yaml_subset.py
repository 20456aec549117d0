"""A fast parser for the common subset of YAML: one key or list item per line. No I/O.

Nearly all front matter is in this subset, and PyYAML takes ten times as long for it. The result is
the same as PyYAML's. Text for which this is not certain is left to PyYAML (`yaml_loader`). A
property test compares the two.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import yaml

# A parsed line: (rank, rank of the mapping that it begins, key or None, value). The rank tells
# the collection that a line belongs to: twice the column, plus one for a dash, because a list may
# start at the column of its key. Nested content has a higher rank.
_Line: TypeAlias = tuple[int, int, str | None, Any]

# The result of `read` for text outside the subset.
NOT_IN_SUBSET: Final[Any] = object()

_MAX_LENGTH = 100_000  # characters: fewer values than `feeds.util.yaml_loader.MAX_NODES`
_MAX_COLUMN = 40  # no deeper nesting than `feeds.util.yaml_loader.MAX_DEPTH`

_KEY = "([A-Za-z_][A-Za-z0-9_-]{0,99})"
_PREFIX = re.compile(rf"( *)(- +)?{_KEY}")
_LINE = re.compile(rf"( *)(- +)?(?:{_KEY}:(?: +|\Z))?(.*)")
# Characters without special meaning in YAML, and line breaks.
_HARMLESS = re.compile(
    "[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_CONTROLS = bytes({*range(32), 127} - {10})
_SINGLE_QUOTED = re.compile(r"'(?:[^']|'')*'")
_DOUBLE_QUOTED = re.compile(r'"(?:[^"\\]|\\["\\/nrt])*"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# Plain text must not begin with `_INDICATORS`, because it might be a number or another construct.
# Flow lists must not contain `_NOT_IN_FLOW_LIST`.
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<~+.0123456789")
_NOT_IN_FLOW_LIST = re.compile("[][{}\"'#:&*!|>%@`?\\\\]")
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}|0")
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(_DATE.pattern + r"T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")
_RESOLVERS: Any = yaml.SafeLoader.yaml_implicit_resolvers
_WORDS: dict[str, bool | None] = {
    cased: meaning
    for words, meaning in (("yes true on", True), ("no false off", False), ("null", None))
    for word in words.split()
    for cased in (word, word.capitalize(), word.upper())
}

# A value on the line of its key that is certainly a scalar, as most are.
_SIMPLE_VALUE = re.compile(
    r': ++(?:"[^"\\\n]*+(?:\\["\\/nrt][^"\\\n]*+)*+"'
    r"|'[^'\n]*+(?:''[^'\n]*+)*+'"
    r"|[\w(/][^:#\n]*+(?:(?::(?![ \n]|\Z)|(?<! )#)[^:#\n]*+)*+) *+$",
    re.MULTILINE,
)
# A list item at the third column, followed by equal items.
_EQUAL_ITEMS = re.compile(r"(\n  - [^\n]*+(?:\n    [^\n]*+)*+)(?:\1(?=\n|\Z))++")

_NESTED: Final[Any] = object()  # the value of a key whose content is on the following lines
_BLANK: _Line = (-1, -1, None, None)

# Parsed short lines, because they recur in most articles; long ones rarely do. A plain dict, not
# `lru_cache`, because the main loop looks up every line.
_line_cache: dict[str, _Line] = {}
_MAX_CACHED_LINES = 10_000
_MAX_CACHED_LENGTH = 60
_MAX_PREFIX = 150  # characters before the colon


class _NotInSubsetError(Exception):
    """The text is outside the subset; PyYAML has to parse it."""


def read(text: str) -> Any:
    """Return the mapping in `text`, or `NOT_IN_SUBSET`."""
    if len(text) > _MAX_LENGTH or not _is_harmless(text):
        return NOT_IN_SUBSET
    try:
        return _mapping(text)
    except _NotInSubsetError:
        return NOT_IN_SUBSET


def is_in_subset(text: str) -> bool:
    """Return whether `text` is a mapping that this parser or PyYAML can read.

    Faster than reading it, because only its structure matters: all values are replaced with one
    value, so that most lines are cached and consecutive list items are equal.
    """
    if len(text) > _MAX_LENGTH or not _is_harmless(text):
        return False
    return read(_EQUAL_ITEMS.sub(r"\1", _SIMPLE_VALUE.sub(": b", text))) is not NOT_IN_SUBSET


def _mapping(text: str) -> dict[str, Any]:
    top: dict[str, Any] = {}
    # The innermost open collection and its rank; `enclosing` are the collections around it.
    rank, current = 0, cast(Any, top)
    enclosing: list[tuple[int, Any]] = []
    open_key: str | None = None  # a key in it that has no value yet
    for line in text.split("\n"):
        at, below, key, value = _line_cache.get(line) or _parse_line(line)
        if at < 0:
            continue
        if at > rank and open_key is not None:
            enclosing.append((rank, current))
            nested: Any = [] if at % 2 else {}
            current[open_key] = nested
            rank, current = at, nested
        elif at != rank:
            rank, current = _unwind(enclosing, rank, current, at)
        open_key = None
        if at % 2:
            if key is None:
                current.append(value)
                continue
            enclosing.append((rank, current))
            nested = {}
            current.append(nested)
            rank, current = below, nested
        if value is _NESTED:
            open_key, value = key, None
        if key in current:  # `yaml_loader` reports repeated keys
            raise _NotInSubsetError
        current[key] = value
    if not top:
        raise _NotInSubsetError
    return top


def _is_harmless(text: str) -> bool:
    if text.isascii():
        return len(text.encode().translate(None, _CONTROLS)) == len(text)
    return _HARMLESS.fullmatch(text) is not None


def _unwind(enclosing: list[tuple[int, Any]], rank: int, current: Any, at: int) -> tuple[int, Any]:
    """Return the enclosing collection with the rank `at`, which a line continues."""
    while enclosing and rank > at:
        rank, current = enclosing.pop()
    if rank != at:
        raise _NotInSubsetError
    return rank, current


def _parse_line(line: str) -> _Line:
    """Parse a line of harmless characters; cache the result if the line is short."""
    before, colon, value = line.partition(": ")
    if colon and len(before) <= _MAX_PREFIX and (prefix := _parse_prefix(before)):
        at, below, key = prefix
        parsed: _Line = at, below, key, _value(value.strip(" "))
    else:
        parsed = _parse_irregular_line(line)
    if len(line) <= _MAX_CACHED_LENGTH and type(parsed[3]) is not list:
        if len(_line_cache) >= _MAX_CACHED_LINES:
            _line_cache.clear()
        _line_cache[line] = parsed
    return parsed


@lru_cache(1000)
def _parse_prefix(before: str) -> tuple[int, int, str] | None:
    """Parse the part of a line before its colon: ranks and key; None if it is not a key."""
    match = _PREFIX.fullmatch(before)
    return (*_ranks(match[1], match[2], match[3]), match[3]) if match else None


def _parse_irregular_line(line: str) -> _Line:
    indent, dash, key, rest = cast(re.Match[str], _LINE.match(line)).groups()
    rest = rest.rstrip(" ")
    if key is None and (dash is None or not rest):
        if dash is None and (not rest or rest[0] == "#"):
            return _BLANK
        raise _NotInSubsetError
    return *_ranks(indent, dash, key), key, _value(rest)


def _ranks(indent: str, dash: str | None, key: str | None) -> tuple[int, int]:
    at = 2 * len(indent)
    below = at + 2 * len(dash or "")
    if below > 2 * _MAX_COLUMN or key in _WORDS:
        raise _NotInSubsetError
    return at + 1 if dash else at, below


def _value(text: str) -> Any:
    """Parse a value on one line; if it is empty, the value is on the following lines."""
    if not text:
        return _NESTED
    first = text[0]
    if first == '"':
        if text.find('"', 1) == len(text) - 1 and "\\" not in text:
            return text[1:-1]
        return _ESCAPE.sub(_unescaped, _quoted(_DOUBLE_QUOTED, text))
    if first == "'":
        return _quoted(_SINGLE_QUOTED, text).replace("''", "'")
    if first == "[" and text[-1] == "]" and not _NOT_IN_FLOW_LIST.search(inner := text[1:-1]):
        return [_plain(item) for item in map(_trimmed, inner.split(","))] if inner.strip() else []
    return _plain(text)


def _quoted(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise _NotInSubsetError
    return text[1:-1]


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _trimmed(text: str) -> str:
    return text.strip(" ")


def _plain(text: str) -> Any:
    """Parse a value without quotes (YAML 1.1, as PyYAML resolves it)."""
    if not text or ": " in text or " #" in text or text[-1] == ":":
        raise _NotInSubsetError
    if text[0] in _INDICATORS:
        return _number(text)
    return _WORDS.get(text, text)


def _number(text: str) -> Any:
    """Parse a number or a date; text that only begins like one stays text."""
    try:
        if _INTEGER.fullmatch(text):
            return int(text)
        if match := _TIME.fullmatch(text):
            return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
        if match := _DATE.fullmatch(text):
            return date(*map(int, match.groups()))
    except ValueError:
        return text  # a date that does not exist
    if _DECIMAL.fullmatch(text):
        return float(text)
    if text[0] not in "0123456789" or any(
        pattern.match(text) for _, pattern in _RESOLVERS[text[0]]
    ):
        raise _NotInSubsetError
    return text
