"""Typed access to front matter, by allow-list: what is asked for here is all that can leave.

A value of the wrong type is a problem with its line, and counts as absent. No I/O.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feeds.articles.frontmatter import ParsedFile
from feeds.errors import Problem
from feeds.util import dates, urls
from feeds.util.text import one_line

MAX_ITEMS = 1000
MAX_NAME = 1000  # characters of a name
MAX_URL = 4000  # characters: every reference of a body may come to as many

_KINDS = {
    bool: "true or false", int: "a number", float: "a number", list: "a list",
    dict: "a mapping", str: "text",
}  # fmt: skip


class Fields:
    """One mapping of the front matter at `keys`, sharing its `problems` with all below it.

    `raw` gives the value of a name as YAML gave it; None where absent or empty.
    """

    __slots__ = ("_data", "_keys", "_reading", "problems", "raw")

    def __init__(
        self,
        reading: ParsedFile,
        data: Mapping[Any, Any],
        problems: list[Problem],
        keys: tuple[str | int, ...] = (),
    ) -> None:
        self._reading, self._data, self._keys = reading, data, keys
        self.problems = problems
        self.raw: Callable[[str], Any] = data.get

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def names_beside(self, known: Container[str]) -> list[str]:
        """The names that are not among those `known`, in the order in which they stand."""
        return [name for name in self._data if name not in known and isinstance(name, str)]

    def wrong(self, name: str | None, message: str, *, fatal: bool = False) -> None:
        """Report what is wrong with the field `name`, or with this mapping itself."""
        keys = self._keys if name is None else (*self._keys, name)
        self.problems.append(self._reading.problem(keys, message, fatal=fatal))

    def text(self, name: str) -> str:
        """Text on one line, without forbidden characters; empty if absent."""
        value = self.raw(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return one_line(value)
        self.wrong(name, f"is {_kind(value)}, not text; put it in quotes")
        return ""

    def name(self, name: str) -> str:
        """Text that names something: of `MAX_NAME` characters at most, or it counts as absent."""
        line = self.text(name)
        if len(line) <= MAX_NAME:
            return line
        self.wrong(name, _too_long(line))
        return ""

    def number(self, name: str, *, positive: bool = False) -> int | None:
        """A whole number, within 63 bits; None if absent."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
            self.wrong(name, f"is {_kind(value)}, not a whole number; write one without quotes")
            return None
        if positive and value <= 0:
            return None  # 0 and -1 are how tools say that they do not know
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; None if absent. What is neither is fatal, for it may hide an article."""
        value = self.raw(name)
        if isinstance(value, bool):
            return value
        if name in self:
            self.wrong(name, f"is {_kind(value)}, not true or false; write one of them", fatal=True)
        return None

    def date(self, name: str, zone: ZoneInfo) -> datetime | None:
        """A moment in UTC (`feeds.util.dates.parse`); None if absent or wrong."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            return dates.parse(value, zone)
        except dates.BadDateError as error:
            self.wrong(name, str(error))
            return None

    def url(self, name: str, base: str | None = None) -> str | None:
        """An absolute URL; with `base`, also a path that begins with `/`. None if absent or bad."""
        value = self.raw(name)
        if not isinstance(value, str):
            return self.text(name) or None  # absent, or a problem
        try:
            url = urls.in_site(value, base) if base else urls.absolute(value.strip())
        except urls.BadURLError as error:
            if value.strip():
                self.wrong(name, str(error))
            return None
        if len(url) > MAX_URL:
            self.wrong(name, f"has {len(url):,} characters, more than {MAX_URL:,}; write less")
            return None
        return url

    def names(self, name: str, most: int = MAX_ITEMS) -> tuple[str, ...]:
        """A list of names, each once; one name alone counts as such a list, with a problem.

        The first `most` items are read; names are of `MAX_NAME` characters at most.
        """
        value = self.raw(name)
        if isinstance(value, str) and value.strip():
            self.wrong(name, "is text, not a list; write '- ' before it")
            value = [value]
        made: dict[str, None] = {}
        for index, each in enumerate(self._items(name, value, most)):
            line = one_line(each) if isinstance(each, str) else ""
            if line and len(line) <= MAX_NAME:
                made[line] = None
            else:
                keys = (*self._keys, name, index)
                message = f"is {_kind(each)}, not text; put it in quotes"
                message = _too_long(line) if line else message
                self.problems.append(self._reading.problem(keys, message))
        return tuple(made)

    def mapping(self, name: str) -> "Fields | None":
        """The fields of a nested mapping; None if absent."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, f"is {_kind(value)}, not a mapping; write 'key: value' lines below it")
            return None
        return self.below(name, value)

    def below(self, name: str, data: Mapping[Any, Any]) -> "Fields":
        """`data` as fields whose problems are reported at `name`."""
        return Fields(self._reading, data, self.problems, (*self._keys, name))

    def mappings(self, name: str) -> Iterable["Fields"]:
        """The fields of each mapping of a list; what is not one is a problem and passed over."""
        value = self.raw(name)
        return () if value is None else self._mappings(name, value)

    def _mappings(self, name: str, value: Any) -> Iterator["Fields"]:
        for index, each in enumerate(self._items(name, value)):
            keys = (*self._keys, name, index)
            if isinstance(each, dict):
                yield Fields(self._reading, each, self.problems, keys)
            else:
                said = f"is {_kind(each)}, not a mapping; write 'key: value' lines"
                self.problems.append(self._reading.problem(keys, said))

    def _items(self, name: str, value: Any, most: int = MAX_ITEMS) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, f"is {_kind(value)}, not a list; write '- ' before each item")
            return []
        if len(value) > most:
            self.wrong(name, f"has {len(value):,} items; the first {most:,} are read")
        return value[:most]


def _too_long(line: str) -> str:
    return f"has {len(line):,} characters, more than {MAX_NAME:,}; write less"


def _kind(value: object) -> str:
    return "empty" if value is None else _KINDS.get(type(value), f"a {type(value).__name__}")
