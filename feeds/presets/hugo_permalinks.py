"""Hugo's URL patterns, in this project's placeholders (gohugo.io/configuration/permalinks)."""

import re

_TOKEN = re.compile(r":(\w+)(\[[^\]]*\])?")
_BRACES = str.maketrans("", "", "{}")
_TOKENS = {
    "year": "{year}",
    "month": "{month}",
    "monthname": "{date:%B}",
    "day": "{day}",
    "weekday": "{date:%w}",
    "weekdayname": "{date:%A}",
    "yearday": "{date:%-j}",
    "section": "{section}",
    "sections": "{sections}",
    "title": "{title}",
    "slug": "{slug_or_title}",
    "filename": "{name}",
    "slugorfilename": "{slug}",
    "contentbasename": "{name}",
    "slugorcontentbasename": "{slug}",
}
# Parts of Go's reference time, the longest first (pkg.go.dev/time#pkg-constants).
_LAYOUT = {
    "January": "%B", "Monday": "%A", "2006": "%Y", "Jan": "%b", "Mon": "%a", "002": "%j",
    "01": "%m", "02": "%d", "03": "%I", "04": "%M", "05": "%S", "06": "%y", "15": "%H", "PM": "%p",
    "1": "%-m", "2": "%-d", "3": "%-I", "4": "%-M", "5": "%-S",
}  # fmt: skip
_LAYOUT_PART = re.compile("|".join(_LAYOUT))


class UnknownTokenError(ValueError):
    """A pattern has a token that cannot be filled in; the message is the token."""


def translate(pattern: str) -> str:
    """Return a pattern such as `/:year/:slug/` in our placeholders. Raises `UnknownTokenError`."""
    colon = "\0"
    plain = pattern.replace("\\:", colon).translate(_BRACES)
    return _TOKEN.sub(_placeholder, plain).replace(colon, ":")


def _placeholder(match: re.Match[str]) -> str:
    name, part = match[1], match[2]
    if part:
        if name != "sections":
            raise UnknownTokenError(match[0])
        return f"{{sections:{part[1:-1].replace(' ', '').lower()}}}"
    if placeholder := _TOKENS.get(name):
        return placeholder
    layout = _LAYOUT_PART.sub(lambda part: _LAYOUT[part[0]], name)
    if layout == name:
        raise UnknownTokenError(match[0])
    return f"{{date:{layout}}}"
