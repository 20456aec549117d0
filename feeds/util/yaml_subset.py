"""YAML that says a key or an item on every line, read line by line; all other is left. No I/O.

Nearly all front matter is of this kind, and PyYAML takes ten times as long for it. What is read
here is the very data that `yaml_loader` gets from PyYAML. Where that is not certain, nothing
is read, and PyYAML reads the text. A test holds the two equal over whatever it can think of.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import yaml

# (rank, rank of the mapping that it begins, key or None, value): what a line says.
# A rank is where a line belongs: twice the column, and one more where a dash stands there, for
# a list may stand at the column of its key. What is in something has a higher rank than that.
_Line: TypeAlias = tuple[int, int, str | None, Any]

# What `read` gives for text that is not of this kind.
NOT_IN_SUBSET: Final[Any] = object()

_MAX_LENGTH = 100_000  # characters: fewer values than `feeds.util.yaml_loader.MAX_NODES`
_MAX_COLUMN = 40  # no deeper nesting than `feeds.util.yaml_loader.MAX_DEPTH`

_KEY = "([A-Za-z_][A-Za-z0-9_-]{0,99})"
_PLACE = re.compile(rf"( *)(- +)?{_KEY}")
_LINE = re.compile(rf"( *)(- +)?(?:{_KEY}:(?: +|\Z))?(.*)")
# Characters that YAML takes as they are, and line breaks.
_HARMLESS = re.compile(
    "[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_CONTROLS = bytes({*range(32), 127} - {10})
_SINGLE = re.compile(r"'(?:[^']|'')*'")
_DOUBLE = re.compile(r'"(?:[^"\\]|\\["\\/nrt])*"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# Text may not begin with these, lest it be a number or something else; nor a list hold those.
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<~+.0123456789")
_NO_LIST = re.compile("[][{}\"'#:&*!|>%@`?\\\\]")
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

# A value on the line of its key that is certain to be one, whatever it means. Most are so.
_CERTAIN = re.compile(
    r': ++(?:"[^"\\\n]*+(?:\\["\\/nrt][^"\\\n]*+)*+"'
    r"|'[^'\n]*+(?:''[^'\n]*+)*+'"
    r"|[\w(/][^:#\n]*+(?:(?::(?![ \n]|\Z)|(?<! )#)[^:#\n]*+)*+) *+$",
    re.MULTILINE,
)
# An item of a list at the second column, and as many of its very shape as follow.
_ALIKE = re.compile(r"(\n  - [^\n]*+(?:\n    [^\n]*+)*+)(?:\1(?=\n|\Z))++")

_NESTED: Final[Any] = object()  # the value of a key that stands on the lines after it
_BLANK: _Line = (-1, -1, None, None)

# What short lines say, for they recur in most articles; long ones seldom come twice.
_known: dict[str, _Line] = {}
_MOST_KNOWN = 10_000
_SHORT = 60
_LONGEST_PLACE = 150  # characters before the colon


class _NotInSubsetError(Exception):
    """Text that PyYAML has to read."""


def read(text: str) -> Any:
    """The mapping that the YAML of `text` is, or `UNUSUAL`."""
    if len(text) > _MAX_LENGTH or not _is_harmless(text):
        return NOT_IN_SUBSET
    try:
        return _mapping(text)
    except _NotInSubsetError:
        return NOT_IN_SUBSET


def is_in_subset(text: str) -> bool:
    """Whether `text` is YAML of this kind, or of a kind that PyYAML reads as well: a mapping.

    Quicker than reading it, for only its shape is looked at: with every value the same, all
    lines are known, and items that follow each other are alike.
    """
    if len(text) > _MAX_LENGTH or not _is_harmless(text):
        return False
    return read(_ALIKE.sub(r"\1", _CERTAIN.sub(": b", text))) is not NOT_IN_SUBSET


def _mapping(text: str) -> dict[str, Any]:
    top: dict[str, Any] = {}
    # The innermost collection, and its rank; `around` are those around it.
    rank, into = 0, cast(Any, top)
    around: list[tuple[int, Any]] = []
    open_key: str | None = None  # a key of it that has no value so far
    for line in text.split("\n"):
        at, below, key, value = _known.get(line) or _parse_line(line)
        if at < 0:
            continue
        if at > rank and open_key is not None:
            around.append((rank, into))
            made: Any = [] if at % 2 else {}
            into[open_key] = made
            rank, into = at, made
        elif at != rank:
            rank, into = _unwound(around, rank, into, at)
        open_key = None
        if at % 2:
            if key is None:
                into.append(value)
                continue
            around.append((rank, into))
            made = {}
            into.append(made)
            rank, into = below, made
        if value is _NESTED:
            open_key, value = key, None
        if key in into:  # PyYAML's reader notes keys that are given more than once
            raise _NotInSubsetError
        into[key] = value
    if not top:
        raise _NotInSubsetError
    return top


def _is_harmless(text: str) -> bool:
    if text.isascii():
        return len(text.encode().translate(None, _CONTROLS)) == len(text)
    return _HARMLESS.fullmatch(text) is not None


def _unwound(around: list[tuple[int, Any]], rank: int, into: Any, at: int) -> tuple[int, Any]:
    """The collection of the rank `at`, which a line there goes on with."""
    while around and rank > at:
        rank, into = around.pop()
    if rank != at:
        raise _NotInSubsetError
    return rank, into


def _parse_line(line: str) -> _Line:
    """What a line of harmless characters says, kept for the next time if it is short."""
    before, colon, value = line.partition(": ")
    if colon and len(before) <= _LONGEST_PLACE and (place := _place(before)):
        at, below, key = place
        said: _Line = at, below, key, _value(value.strip(" "))
    else:
        said = _taken_apart(line)
    if len(line) <= _SHORT and type(said[3]) is not list:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[line] = said
    return said


@lru_cache(1000)
def _place(before: str) -> tuple[int, int, str] | None:
    """What stands before the colon of a line says, but for a value; None if it is not a key."""
    found = _PLACE.fullmatch(before)
    return (*_ranks(found[1], found[2], found[3]), found[3]) if found else None


def _taken_apart(line: str) -> _Line:
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


def _value(said: str) -> Any:
    """What a value means that stands on one line, or on the lines after it if that is empty."""
    if not said:
        return _NESTED
    first = said[0]
    if first == '"':
        if said.find('"', 1) == len(said) - 1 and "\\" not in said:
            return said[1:-1]
        return _ESCAPE.sub(_unescaped, _quoted(_DOUBLE, said))
    if first == "'":
        return _quoted(_SINGLE, said).replace("''", "'")
    if first == "[" and said[-1] == "]" and not _NO_LIST.search(inner := said[1:-1]):
        return [_plain(each) for each in map(_trimmed, inner.split(","))] if inner.strip() else []
    return _plain(said)


def _quoted(pattern: re.Pattern[str], said: str) -> str:
    if not pattern.fullmatch(said):
        raise _NotInSubsetError
    return said[1:-1]


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def _trimmed(said: str) -> str:
    return said.strip(" ")


def _plain(said: str) -> Any:
    """What a value without quotes means (YAML 1.1, as PyYAML resolves it)."""
    if not said or ": " in said or " #" in said or said[-1] == ":":
        raise _NotInSubsetError
    if said[0] in _INDICATORS:
        return _number(said)
    return _WORDS.get(said, said)


def _number(said: str) -> Any:
    """A number or a date; text that is neither, if it begins as one."""
    try:
        if _INTEGER.fullmatch(said):
            return int(said)
        if found := _TIME.fullmatch(said):
            return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
        if found := _DATE.fullmatch(said):
            return date(*map(int, found.groups()))
    except ValueError:
        return said  # a date that does not exist
    if _DECIMAL.fullmatch(said):
        return float(said)
    if said[0] not in "0123456789" or any(
        pattern.match(said) for _, pattern in _RESOLVERS[said[0]]
    ):
        raise _NotInSubsetError
    return said
