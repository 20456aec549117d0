"""Values of front matter that its format allows, but that no text can be made of. No I/O."""

from collections.abc import Iterator
from typing import Any

from feeds.presets.reading import Format

# Python refuses to write numbers of more than 4,300 digits; these have at least 3,900.
_MOST_BITS = 13_000
# The characters of the shortest number of this size, in hexadecimal.
_SHORTEST = _MOST_BITS // 4

Keys = tuple[str | int, ...]


def find(data: dict[Any, Any], matter: str, format_: Format) -> tuple[Keys, str] | None:
    """Return the keys of such a value and its mistake; None without one.

    `matter` is the text of the front matter. Usual ones are not searched, because they are too
    short for such a number, and only JSON can escape half of a character.
    """
    if len(matter) < _SHORTEST and (format_ != "json" or "\\u" not in matter):
        return None
    found = ((keys, mistake) for keys, value in _walk(data) if (mistake := _mistake(value)))
    return next(found, None)


def _walk(data: dict[Any, Any]) -> Iterator[tuple[Keys, Any]]:
    """Yield the keys and values at all depths. Keys are checked as values of their mapping."""
    rest: list[tuple[Keys, Any]] = [((), data)]
    while rest:
        keys, value = rest.pop()
        yield keys, value
        if isinstance(value, dict):
            rest += [(keys, key) for key in value]
            named = [(key, item) for key, item in value.items() if isinstance(key, str)]
            rest += [((*keys, key), item) for key, item in named if not _mistake(key)]
        elif isinstance(value, list):
            rest += [((*keys, index), item) for index, item in enumerate(value)]


def _mistake(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "is or has a number of thousands of digits; shorten it"
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return "has half of a character, such as \\ud83d; write the character itself"
    return ""
