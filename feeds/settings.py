"""A YAML file -> a checked struct; every mistake is a `ConfigError` with file, line and key."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from feeds import yamltext
from feeds.errors import ConfigError

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class Source(msgspec.Struct, frozen=True):
    """A settings file as read: where it is, its text (to find lines in), and its data."""

    file: str
    text: str
    data: Any

    def error(self, keys: tuple[str | int, ...], message: str) -> ConfigError:
        """A mistake at `keys`, with the line on which it stands."""
        key = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")
        return ConfigError(self.file, key, message, yamltext.line_of(self.text, keys))


def read(path: Path) -> Source:
    """The data of a YAML file, which may stand between `---` lines as front matter does.

    Raises `ConfigError` for a file that cannot be read, decoded or parsed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file; create it or name another") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), "", f"is not UTF-8 (byte {error.start}); save it so") from None
    text = _first_document(text)
    try:
        return Source(str(path), text, yamltext.parse(text))
    except yamltext.YAMLTextError as error:
        raise ConfigError(str(path), "", str(error), error.line) from None


def _first_document(text: str) -> str:
    """The text up to a second `---` line, its line numbers kept."""
    boundaries = [found.start() for found in re.finditer(r"^---+[ \t]*$", text, re.MULTILINE)]
    if boundaries and not text[: boundaries[0]].strip():
        return text[: boundaries[1]] if len(boundaries) > 1 else text
    return text


def decode(source: Source, data: Any, type_: type[T], at: tuple[str | int, ...] = ()) -> T:
    """`data`, which stands at `at` in `source`, as `type_`.

    Raises `ConfigError` naming the key and its value for unknown keys and bad values.
    """
    try:
        return msgspec.convert({} if data is None else data, type_)
    except msgspec.ValidationError as error:
        raise _named(source, str(error), data, type_, at) from None


def _named(
    source: Source, said: str, data: Any, type_: type, at: tuple[str | int, ...]
) -> ConfigError:
    found = _PLACE.match(said)
    what, place = (found["what"], found["place"] or "$") if found else (said, "$")
    keys: tuple[str | int, ...] = tuple(
        int(index) if index.isdigit() else name or index for name, index in _STEP.findall(place)
    )
    if unknown := _UNKNOWN.search(what):
        name = unknown["name"]
        return source.error((*at, *keys, name), _no_such(name, type_ if not keys else None))
    if missing := _MISSING.search(what):
        return source.error((*at, *keys, missing["name"]), "is missing; it has no default")
    return source.error((*at, *keys), f"{_value(data, keys)!r}: {what}")


def _no_such(name: str, type_: type | None) -> str:
    names = _names(type_) if type_ else ()
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]}?" if near else "; see docs/settings.md"
    return f"no such setting{hint}"


def _names(type_: type) -> Iterable[str]:
    return getattr(type_, "__struct_encode_fields__", ())


def _value(data: Any, keys: tuple[str | int, ...]) -> Any:
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
    return data
