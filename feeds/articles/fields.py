"""Typed access to front matter. Only the fields read through here can be published. No I/O.

A value of the wrong type is reported as a problem with its line, and treated as absent.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from feeds.articles.frontmatter import ParsedFile
from feeds.errors import Problem
from feeds.util import dates, urls
from feeds.util.text import one_line

MAX_ITEMS = 1000
MAX_NAME = 1000  # characters of a name
MAX_URL = 4000  # characters

_KINDS = {
    bool: "true or false", int: "a number", float: "a number", list: "a list",
    dict: "a mapping", str: "text",
}  # fmt: skip


class Fields:
    """One mapping of the front matter, at the path `keys`. Nested fields share its `problems`.

    `raw` returns the value of a name as parsed from YAML; None if absent or empty.
    """

    __slots__ = ("_data", "_file", "_keys", "problems", "raw")

    def __init__(
        self,
        file: ParsedFile,
        data: Mapping[Any, Any],
        problems: list[Problem],
        keys: tuple[str | int, ...] = (),
    ) -> None:
        self._file, self._data, self._keys = file, data, keys
        self.problems = problems
        self.raw: Callable[[str], Any] = data.get

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def names_beside(self, known: Container[str]) -> list[str]:
        """Return the names that are not among `known`, in file order."""
        return [name for name in self._data if name not in known and isinstance(name, str)]

    def key_of(self, name: str) -> str:
        """Return the key that the value of `name` has in the file, dotted if it is nested."""
        return ".".join(self._file.names.get(name, (name,)))

    def wrong(self, name: str | None, message: str, *, fatal: bool = False) -> None:
        """Report a problem with the field `name`, or with this mapping if `name` is None."""
        keys = self._keys if name is None else (*self._keys, name)
        self.problems.append(self._file.problem(keys, message, fatal=fatal))

    def refuse(self, names: Sequence[str], missing: str = "") -> None:
        """Make the problems of the fields `names` fatal; report `missing` if they have none."""
        keys, reported = {self.key_of(name) for name in names}, False
        for index, problem in enumerate(self.problems):
            if problem.field in keys:
                self.problems[index] = msgspec.structs.replace(problem, fatal=True)
                reported = True
        if not reported:
            self.wrong(names[0], missing, fatal=True)

    def text(self, name: str) -> str:
        """Return text on one line, without forbidden characters; empty if absent."""
        value = self.raw(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return one_line(value)
        self.wrong(name, f"is {_kind(value)}, not text; put it in quotes")
        return ""

    def name(self, name: str) -> str:
        """Return a name; one longer than `MAX_NAME` characters counts as absent."""
        line = self.text(name)
        if len(line) <= MAX_NAME:
            return line
        self.wrong(name, _too_long(line))
        return ""

    def number(self, name: str, *, positive: bool = False) -> int | None:
        """Return an integer of at most 63 bits; None if absent.

        With `positive`, 0 and negative numbers count as absent.
        """
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
            self.wrong(name, f"is {_kind(value)}, not a whole number; write one without quotes")
            return None
        if positive and value <= 0:
            return None  # tools write 0 and -1 for unknown numbers
        return value

    def flag(self, name: str) -> bool | None:
        """Return true or false; None if absent.

        Any other value is a fatal problem, because it may be meant to hide the article.
        """
        value = self.raw(name)
        if isinstance(value, bool):
            return value
        if name in self:
            self.wrong(name, f"is {_kind(value)}, not true or false; write one of them", fatal=True)
        return None

    def date(self, name: str, zone: ZoneInfo) -> datetime | None:
        """Return a time in UTC (`feeds.util.dates.parse`); None if absent or wrong."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            return dates.parse(value, zone)
        except dates.BadDateError as error:
            self.wrong(name, str(error))
            return None

    def url(self, name: str, base: str | None = None) -> str | None:
        """Return an absolute URL; None if absent or wrong.

        With `base`, a path that begins with `/` is accepted, too.
        """
        value = self.raw(name)
        if not isinstance(value, str):
            return self.text(name) or None  # None if absent; reports other types
        try:
            url = urls.in_site(value, base) if base else urls.absolute(value.strip())
        except urls.BadURLError as error:
            if value.strip():
                self.wrong(name, str(error))
            return None
        if len(url) > MAX_URL:
            self.wrong(name, f"has {len(url):,} characters, more than {MAX_URL:,}; shorten it")
            return None
        return url

    def names(self, name: str, limit: int = MAX_ITEMS) -> tuple[str, ...]:
        """Return a list of distinct names.

        A single name is accepted with a problem. Only the first `limit` items are read, and names
        longer than `MAX_NAME` characters are left out.
        """
        value = self.raw(name)
        if isinstance(value, str) and value.strip():
            self.wrong(name, "is text, not a list; write '- ' before it")
            value = [value]
        names: dict[str, None] = {}
        for index, item in enumerate(self._items(name, value, limit)):
            line = one_line(item) if isinstance(item, str) else ""
            if line and len(line) <= MAX_NAME:
                names[line] = None
            else:
                keys = (*self._keys, name, index)
                message = f"is {_kind(item)}, not text; put it in quotes"
                message = _too_long(line) if line else message
                self.problems.append(self._file.problem(keys, message))
        return tuple(names)

    def mapping(self, name: str) -> "Fields | None":
        """Return the fields of a nested mapping; None if absent."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, f"is {_kind(value)}, not a mapping; write 'key: value' lines below it")
            return None
        return self.below(name, value)

    def below(self, name: str, data: Mapping[Any, Any]) -> "Fields":
        """Return `data` as fields whose problems are reported at `name`."""
        return Fields(self._file, data, self.problems, (*self._keys, name))

    def mappings(self, name: str) -> Iterable["Fields"]:
        """Return the fields of each mapping in a list; other items are skipped with a problem."""
        value = self.raw(name)
        return () if value is None else self._mappings(name, value)

    def _mappings(self, name: str, value: Any) -> Iterator["Fields"]:
        for index, item in enumerate(self._items(name, value)):
            keys = (*self._keys, name, index)
            if isinstance(item, dict):
                yield Fields(self._file, item, self.problems, keys)
            else:
                message = f"is {_kind(item)}, not a mapping; write 'key: value' lines"
                self.problems.append(self._file.problem(keys, message))

    def _items(self, name: str, value: Any, limit: int = MAX_ITEMS) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, f"is {_kind(value)}, not a list; write '- ' before each item")
            return []
        if len(value) > limit:
            self.wrong(name, f"has {len(value):,} items; the first {limit:,} are read")
        return value[:limit]


def _too_long(line: str) -> str:
    return f"has {len(line):,} characters, more than {MAX_NAME:,}; shorten it"


def _kind(value: object) -> str:
    return "empty" if value is None else _KINDS.get(type(value), f"a {type(value).__name__}")
