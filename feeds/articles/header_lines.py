"""Front matter of lines: Pelican's `Key: value` and Nikola's `.. key: value`. No I/O."""

import re
from typing import Any

# The patterns of Python-Markdown's extension `meta`, which Pelican uses.
_KEY = re.compile(r"[ ]{0,3}([A-Za-z0-9_-]+):[ \t]*(.*)")
_MORE = re.compile(r"[ ]{4,}(.*)")
_NIKOLA = re.compile(r"\.\. ([A-Za-z][\w-]*):(?:[ \t]+(.*))?")
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


def nikola(text: str) -> tuple[dict[str, Any], int]:
    """Return the headers `.. key: value`, and the number of lines that they take."""
    data: dict[str, Any] = {}
    lines = text.split("\n")
    for index, line in enumerate(lines):
        header = _NIKOLA.fullmatch(line)
        if header is None:
            return data, index
        data.setdefault(header[1].lower(), (header[2] or "").strip())
    return data, len(lines)


def _flat(values: dict[str, list[str]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, texts in values.items():
        if key in _SINGLE or len(texts) == 1:
            data[key] = texts[0]
        else:
            data[key] = "\n".join(texts) if key == "summary" else texts
    return data
