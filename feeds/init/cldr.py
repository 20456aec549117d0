"""Translates date patterns of CLDR (`yyyy/MM/dd`) into those of `{date:…}`. No I/O."""

import re

_FIELDS = {
    "y": "%Y", "yyy": "%Y", "yyyy": "%Y", "yy": "%y", "u": "%Y", "uuuu": "%Y",
    "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "L": "%-m", "LL": "%m", "LLL": "%b",
    "LLLL": "%B", "d": "%-d", "dd": "%d", "D": "%-j", "DDD": "%j", "E": "%a", "EE": "%a",
    "EEE": "%a", "EEEE": "%A", "H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M", "s": "%-S",
    "ss": "%S", "Y": "%G", "YYYY": "%G", "w": "%-V", "ww": "%V",
}  # fmt: skip
# Formats that have a name are sentences, which no URL has.
_NAMES = ("full", "long", "medium", "short")
_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_WORDS = re.compile(r"MMM|LLL|E")


def translate(layout: str) -> str | None:
    """Return the pattern for `strftime`; None if it has no equivalent."""
    if layout in _NAMES:
        return None
    translated: list[str] = []
    for match in _PART.finditer(layout):
        if match[1] is not None:
            translated.append(match[1].replace("''", "'") or "'")
        elif match[2]:
            if match[0] not in _FIELDS:
                return None
            translated.append(_FIELDS[match[0]])
        else:
            translated.append(match[0].replace("%", "%%"))
    return "".join(translated)


def has_words(layout: str) -> bool:
    """Return whether dates of a pattern have names of months or days, which languages differ in."""
    return _WORDS.search(re.sub(r"'[^']*'", "", layout)) is not None
