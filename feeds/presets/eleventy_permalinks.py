"""Eleventy's permalink templates as patterns of ours (11ty.dev/docs/permalinks). No I/O."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from feeds.presets import slugs
from feeds.presets.matter import Matter, fold

_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_FILTER = re.compile(r"\s*([\w.-]+)\s*(?::\s*(.*)|\((.*)\))?\s*", re.DOTALL)
_STRING = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*""")
_PIPE = re.compile(r"""\|(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_LITERAL = str.maketrans({"{": "", "}": ""})
_PAGE: Mapping[str, str] = {
    "page.fileslug": "{slug}", "page.filepathstem": "/{path}", "title": "{title}",
    "page.date": "{date}", "date": "{date}", "page.lang": "{language}", "lang": "{language}",
    "locale": "{language}",
}  # fmt: skip
# Filters that leave the text of a URL as it is, or do what the cleaning of `{title}` does.
_PLAIN = frozenset({"slugify", "slug", "lower", "downcase", "safe", "trim", "strip", "url"})
_SLUGS: Mapping[str, Callable[[str], str]] = {
    "slugify": slugs.slugify, "slug": slugs.slug_filter, "lower": str.lower,
    "downcase": str.lower,
}  # fmt: skip
# Formats of dates in Luxon, Day.js and date-fns by those of strftime, the longest first.
_DATE_PARTS = {
    "yyyy": "%Y", "YYYY": "%Y", "MMMM": "%B", "LLLL": "%B", "MMM": "%b", "LLL": "%b", "MM": "%m",
    "LL": "%m", "dd": "%d", "DD": "%d", "yy": "%y", "YY": "%y", "y": "%Y", "M": "%-m", "L": "%-m",
    "d": "%-d", "D": "%-d",
}  # fmt: skip
_DATE_PART = re.compile("|".join(_DATE_PARTS))
_DATE_FORMAT = re.compile(r"(?:(yyyy|YYYY|MM|LL|dd|DD|yy|YY|y|M|L|d|D)(?:[/.-]|$))+")


class UnknownFilterError(ValueError):
    """A filter that only the site's own code knows: its name, and the source that it has."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source
        super().__init__(f"has the filter {name}, which is not known here, for {source}")


class UnknownValueError(ValueError):
    """A value that is in none of the article's data."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"has the value {name}, which is not known here")


class _Value(NamedTuple):
    """What an expression stands for so far. `is_pattern` if it has placeholders of ours."""

    text: str
    is_pattern: bool


def translate(
    template: str, data: Mapping[str, Any], date_filters: Mapping[str, str] | None = None
) -> str:
    """Return a permalink template as a pattern of `feeds.presets.permalink`.

    `data` is the front matter that is known. `date_filters` are formats of strftime by the names
    of the site's own filters. Raises `UnknownFilterError` and `UnknownValueError`.
    """
    if tag := _TAG.search(template):
        raise UnknownFilterError(tag[0], tag[0])
    matter = Matter(data)
    filters = date_filters or {}
    parts: list[str] = []
    at = 0
    for match in _EXPRESSION.finditer(template):
        parts += [template[at : match.start()].translate(_LITERAL)]
        parts += [_expression(match[1], matter, filters)]
        at = match.end()
    return "".join([*parts, template[at:].translate(_LITERAL)])


def is_template(permalink: str) -> bool:
    """Return whether a permalink has an expression."""
    return "{{" in permalink or "{%" in permalink


def date_format(text: str) -> str | None:
    """Return a format of a JavaScript library as one of strftime; None if it is none."""
    if not _DATE_FORMAT.fullmatch(text):
        return None
    return _DATE_PART.sub(lambda match: _DATE_PARTS[match[0]], text)


def _expression(source: str, matter: Matter, date_filters: Mapping[str, str]) -> str:
    name, *filters = (part.strip() for part in _PIPE.split(source))
    value = _value(name, matter)
    for filter_ in filters:
        value = _filtered(value, filter_, source.strip(), date_filters)
    return value.text if value.is_pattern else value.text.translate(_LITERAL)


def _value(name: str, matter: Matter) -> _Value:
    if string := _STRING.fullmatch(name):
        return _Value(string[1] or string[2] or "", is_pattern=False)
    if ours := _PAGE.get(fold(name)):
        return _Value(ours, is_pattern=True)
    found = matter.get(name)
    if found is None or isinstance(found.value, dict | list | bool):
        raise UnknownValueError(name)
    return _Value(str(found.value), is_pattern=False)


def _filtered(value: _Value, filter_: str, source: str, date_filters: Mapping[str, str]) -> _Value:
    match = _FILTER.fullmatch(filter_)
    if match is None:
        raise UnknownFilterError(filter_, source)
    name, arguments = match[1], match[2] or match[3] or ""
    if value.text == "{date}":
        layout = date_filters.get(name) or _layout(name, arguments)
        if layout:
            return _Value(f"{{date:{layout}}}", is_pattern=True)
    elif not value.is_pattern and name in _SLUGS:
        return _Value(_SLUGS[name](value.text), is_pattern=False)
    if name in _PLAIN:
        return value
    raise UnknownFilterError(name, source)


def _layout(name: str, arguments: str) -> str | None:
    """Return the format that a filter applies to a date: of Liquid's `date`, or of a library."""
    string = _STRING.match(arguments)
    text = (string[1] or string[2] or "") if string else ""
    if name == "date" and "%" in text:
        return text
    return date_format(text)
