"""Patterns of page URLs, such as `/{section}/{date:%Y/%m}/{slug}/`. No I/O."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

# A name, and after a colon the format of a date.
PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
NAMES = frozenset({
    "path", "name", "category", "year", "month", "day", "date", "slug", "slug_or_title", "title",
    "file", "folder", "section", "sections", "categories", "language", "author",
})  # fmt: skip
FROM_FILE = frozenset({"path", "name", "file", "folder", "section", "sections"})
DateZone = Literal["site", "utc", "own"]
_SLASHES = re.compile(r"(?<!:)/{2,}")
_DIRECTIVE = re.compile(r"%-?[a-zA-Z%]")
_KNOWN_DIRECTIVES = frozenset("YymdHMSjBbAaVGuwIp%")
# What part of a path of sections is meant: `1:`, `:2`, `0`, `last`.
_SLICE = re.compile(r"(\d*|last)(:)?(\d*|last)")


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about an article from which its URL is made. `date` is in the zone of the URLs.

    `given_slug` is the slug that the author wrote, and `sections` the path of the article's
    section; empty if that is its folder.
    """

    path: str
    """The path below the article folder, without extension."""
    name: str
    """The file name without extension and without a date in front."""
    slug: str
    title: str
    date: datetime
    category: str = ""
    categories: tuple[str, ...] = ()
    language: str = ""
    author: str = ""
    given_slug: str = ""
    sections: str | None = None

    @property
    def folder(self) -> str:
        """The folder of the article; empty at the top."""
        return self.path.rpartition("/")[0]

    def value(self, name: str, argument: str | None) -> str:
        """Return the text of one placeholder, not yet cleaned."""
        date = self.date
        if name == "date":
            return strftime(date, argument or "%Y-%m-%d")
        values: Mapping[str, Callable[[], str]] = {
            "path": lambda: self.path,
            "name": lambda: self.name,
            "file": lambda: self.path.rpartition("/")[2],
            "folder": lambda: self.folder,
            "section": lambda: self.folder.partition("/")[0],
            "sections": lambda: _part(
                self.folder if self.sections is None else self.sections, argument
            ),
            "slug": lambda: self.slug,
            "slug_or_title": lambda: self.given_slug or self.title.replace("/", "-"),
            "title": lambda: self.title,
            "category": lambda: self.category,
            "categories": lambda: "/".join(self.categories),
            "language": lambda: self.language,
            "author": lambda: self.author,
            "year": lambda: f"{date.year:04}",
            "month": lambda: f"{date.month:02}",
            "day": lambda: f"{date.day:02}",
        }
        return values[name]()


def _part(path: str, part: str | None) -> str:
    """Return the part of a path that a slice such as `1:` means; all of it without one."""
    match = _SLICE.fullmatch(part or ":")
    names = path.split("/") if path else []
    if match is None or not names:
        return ""
    first, last = (
        len(names) - 1 if bound == "last" else int(bound) if bound else None
        for bound in (match[1], match[3])
    )
    if not match[2]:
        last = (first or 0) + 1
    return "/".join(names[first:last])


def strftime(date: datetime, layout: str) -> str:
    """Return the date in English, whatever the machine's locale; `%-d` is a day without a zero."""
    return _DIRECTIVE.sub(lambda match: _directive(date, match[0]), layout)


def _directive(date: datetime, directive: str) -> str:
    months = "January February March April May June July August September October November December"
    days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    letter = directive[-1]
    if letter in "Bb":
        name = months.split()[date.month - 1]
        return name if letter == "B" else name[:3]
    if letter in "Aa":
        name = days.split()[date.weekday()]
        return name if letter == "A" else name[:3]
    text = "%" if letter == "%" else date.strftime(f"%{letter}")
    return (text.lstrip("0") or "0") if directive.startswith("%-") else text


def mistake(pattern: str) -> str | None:
    """Return what is wrong with a pattern; None if nothing is."""
    for name, layout in PLACEHOLDER.findall(pattern):
        if name not in NAMES:
            return f"{{{name}}} is not known; use {', '.join(sorted(NAMES))}"
        if name == "sections" and _SLICE.fullmatch(layout):
            continue
        if layout and name != "date":
            return f"{{{name}:{layout}}}: only {{date:…}} has a format"
        for directive in re.findall(r"%-?(.)", layout):
            if directive not in _KNOWN_DIRECTIVES:
                return f"%{directive} is not known in {{date:…}}; use %Y %m %d %H %M %S %j %B %b"
    if "{" in (rest := PLACEHOLDER.sub("", pattern)) or "}" in rest:
        return "has a brace that is not part of a placeholder such as {slug}"
    return None


def expand(pattern: str, facts: PageFacts, clean: Callable[[str, str], str]) -> str:
    """Return the pattern with its placeholders filled in; empty segments disappear.

    `clean(name, text)` makes the text of a placeholder fit for a path; `/` in it is kept. A `?` or
    `#` in the text is percent-encoded, because it would end the path.
    """
    filled = PLACEHOLDER.sub(
        lambda match: _in_path(clean(match[1], facts.value(match[1], match[2]))), pattern
    )
    return _SLASHES.sub("/", filled)


def of_file(path: str) -> str:
    """Return the path of a file as it stands in URLs: with `%`, `?` and `#` percent-encoded."""
    return _in_path(path.replace("%", "%25"))


def _in_path(text: str) -> str:
    """Return a text with the characters percent-encoded that would end the path of a URL."""
    return text.replace("?", "%3F").replace("#", "%23")


def pattern_for(patterns: Mapping[str, str], path: str) -> str | None:
    """Return the pattern of the deepest folder that contains the article; `*` is any other."""
    folder = path.rpartition("/")[0]
    while folder:
        if pattern := patterns.get(folder):
            return pattern
        folder = folder.rpartition("/")[0]
    return patterns.get("*")
