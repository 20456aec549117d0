"""Front matter looked up by names in any case: `pubDate`, `pub_date` and `Pub-Date` are one."""

from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from typing import Any, NamedTuple

_FILLERS = str.maketrans("", "", "-_ ")
_LONGEST_NAME = 60  # characters


@lru_cache(5_000)
def fold(name: str) -> str:
    """Return a key in lower case without hyphens, underscores and spaces."""
    return name.translate(_FILLERS).casefold() if len(name) <= _LONGEST_NAME else name


class Value(NamedTuple):
    """A value of the front matter, and the keys at which it stands, from the outermost one."""

    keys: tuple[str, ...]
    value: Any


class Matter:
    """One mapping of front matter."""

    def __init__(self, data: Mapping[Any, Any]) -> None:
        self.data = data
        self._names = {fold(name): name for name in data if isinstance(name, str)}

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._names

    def is_disjoint(self, folded: Set[str]) -> bool:
        """Return whether none of these folded names is a key."""
        return folded.isdisjoint(self._names)

    def get(self, name: str) -> Value | None:
        """Return the value of a dotted name (`cover.image`); None if it is absent or empty."""
        first, _, rest = name.partition(".")
        key = self._names.get(fold(first))
        if key is None:
            return None
        value = self.data[key]
        if rest:
            inner = Matter(value).get(rest) if isinstance(value, Mapping) else None
            return inner and Value((key, *inner.keys), inner.value)
        return None if is_empty(value) else Value((key,), value)

    def all(self, names: Iterable[str]) -> Iterable[Value]:
        """Yield the values of those of the names that have one, in the order of the names."""
        for name in names:
            if (value := self.get(name)) is not None:
                yield value


def is_empty(value: object) -> bool:
    """Return whether a value counts as absent."""
    return value is None or (isinstance(value, str | list | dict) and not value)
