"""Front matter of lines: Pelican's `Key: value` and Nikola's `.. key: value`. No I/O."""

import re
from typing import Any

# The patterns of Python-Markdown's extension `meta`, which Pelican uses.
_KEY = re.compile(r"[ ]{0,3}([A-Za-z0-9_-]+):[ \t]*(.*)")
_MORE = re.compile(r"[ ]{4,}(.*)")
_NIKOLA = re.compile(r"[ \t]*\.\. ([A-Za-z][\w-]*):(?:[ \t]+(.*))?")
_COMMENT = re.compile(r"<!--[ \t]*")
# Keys of which Pelican reads the first value only.
_SINGLE = frozenset({
    "tags", "date", "modified", "status", "category", "author", "authors", "save_as", "url", "slug",
})  # fmt: skip


def pelican(text: str) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    """Return the headers, the number of lines that they take, and the keys that occur twice.

    Keys are in lower case. Everything after the first colon is the value.
    """
    lines = text.split("\n")
    values: dict[str, list[str]] = {}
    repeated: set[str] = set()
    key = ""
    start = 1 if lines[0].startswith("---") else 0
    for index in range(start, len(lines)):
        line = lines[index].expandtabs(4)
        if not line.strip() or line.startswith(("---", "...")):
            return _flat(values), index + 1, tuple(sorted(repeated))
        if header := _KEY.fullmatch(line):
            key = header[1].lower()
            if key in values:
                repeated.add(key)
            values.setdefault(key, []).append(header[2].strip())
        elif key and (more := _MORE.fullmatch(line)):
            values[key].append(more[1].strip())
        else:
            return _flat(values), index, tuple(sorted(repeated))
    return _flat(values), len(lines), tuple(sorted(repeated))


def nikola(text: str) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    """Return the headers `.. key: value`, the number of lines that they take, and repeated keys.

    They are in the first paragraph, which may be an HTML comment. As in Nikola, the last of two
    values counts, and a header without a value is none.
    """
    lines = text.split("\n")
    start = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    end = next((index for index in range(start, len(lines)) if not lines[index]), len(lines))
    if start == end or not (_COMMENT.fullmatch(lines[start]) or _NIKOLA.fullmatch(lines[start])):
        return {}, 0, ()
    data: dict[str, Any] = {}
    repeated: set[str] = set()
    for header in filter(None, map(_NIKOLA.fullmatch, lines[start:end])):
        key, value = header[1].lower(), (header[2] or "").strip()
        if value and key in data:
            repeated.add(key)
        if value:
            data[key] = value
    return data, end, tuple(sorted(repeated))


def _flat(values: dict[str, list[str]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, texts in values.items():
        if key in _SINGLE or len(texts) == 1:
            data[key] = texts[0]
        else:
            data[key] = "\n".join(texts) if key == "summary" else texts
    return data
