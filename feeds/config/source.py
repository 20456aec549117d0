"""A YAML file -> a checked struct; every mistake is a `ConfigError` with file, line and key."""

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from feeds.errors import ConfigError
from feeds.util import yaml_loader
from feeds.util.text import first_forbidden

T = TypeVar("T")

PREFIX = "FEEDS_"
# Variables that are none of the settings: the config folder itself, the key of the memory
# (publish.encryption), and those that Kubernetes sets for every service whose name begins with
# "feeds".
_NOT_SETTINGS = re.compile(
    r"FEEDS_(?:CONFIG|STATE_KEY"
    r"|(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?))"
)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`(?P<place>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class ConfigSource(msgspec.Struct, frozen=True):
    """A settings file as read: where it is, its text (to find lines in), and its data.

    `variables` names the environment variables that were put over the data, by key.
    """

    file: str
    text: str
    data: Any
    variables: dict[tuple[str | int, ...], str] = {}

    def error(self, keys: tuple[str | int, ...], message: str) -> ConfigError:
        """A mistake at `keys`, with the line on which it stands, or the variable that made it."""
        key = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")
        for length in range(len(keys), 0, -1):
            if variable := self.variables.get(keys[:length]):
                return ConfigError(variable, key, message)
        return ConfigError(self.file, key, message, yaml_loader.line_of(self.text, keys))


def read(path: Path) -> ConfigSource:
    """The data of a YAML file, which may stand between `---` lines as front matter does.

    Raises `ConfigError` for a file that cannot be read, decoded or parsed, or has a key twice.
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
        source = ConfigSource(str(path), text, yaml_loader.parse(text))
    except yaml_loader.YAMLTextError as error:
        raise ConfigError(str(path), "", str(error), error.line) from None
    if found := _forbidden(source.data):
        raise source.error(found, "holds a control character; remove it")
    for first, second in _repeated(yaml.compose(text, Loader=yaml_loader.SafeLoader)):
        said = f"stands on line {first.start_mark.line + 1} already; remove one of the two"
        raise ConfigError(source.file, second.value, said, second.start_mark.line + 1)
    return source


def _forbidden(data: Any, at: tuple[str | int, ...] = ()) -> tuple[str | int, ...] | None:
    """Where in `data` text stands that no feed can hold; None if nowhere."""
    if isinstance(data, str):
        return at if first_forbidden(data) is not None else None
    if not isinstance(data, Mapping | list):
        return None
    items = data.items() if isinstance(data, Mapping) else enumerate(data)
    return next((found for key, value in items if (found := _forbidden(value, (*at, key)))), None)


def _first_document(text: str) -> str:
    """The text up to a second `---` line, its line numbers kept."""
    boundaries = [found.start() for found in re.finditer(r"^---+[ \t]*$", text, re.MULTILINE)]
    if boundaries and not text[: boundaries[0]].strip():
        return text[: boundaries[1]] if len(boundaries) > 1 else text
    return text


def _repeated(root: yaml.Node | None) -> Iterable[tuple[yaml.Node, yaml.Node]]:
    """The keys that a mapping has twice: YAML forbids them, and PyYAML takes the last."""
    waiting, looked_at = [root] if root else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in looked_at:
            continue  # an alias
        looked_at.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: dict[tuple[str, str], yaml.Node] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    first = seen.setdefault((key.tag, key.value), key)
                    if first is not key:
                        yield first, key
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def override(source: ConfigSource, environ: Mapping[str, str], type_: type) -> ConfigSource:
    """The settings with `FEEDS_TITLE`, `FEEDS_ARTICLES__FOLDER` and the like put over them.

    Raises `ConfigError` naming the variable where `type_` has no such key, or not of such a value.
    """
    data: dict[str, Any] = dict(source.data)
    variables: dict[tuple[str | int, ...], str] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or _NOT_SETTINGS.fullmatch(name):
            continue
        if first_forbidden(text) is not None:
            raise ConfigError(name, "", "holds a control character; remove it")
        keys = tuple(name.removeprefix(PREFIX).lower().split("__"))
        wanted = _type_at(type_, keys)
        if wanted is None:
            raise ConfigError(name, "", f"{text!r}: {_no_such_variable(keys, type_)}")
        variables[keys] = name
        below = data
        for depth, key in enumerate(keys[:-1], 1):
            if not isinstance(below.get(key) or {}, dict):
                raise source.error(keys[:depth], f"{below[key]!r} is not a mapping of settings")
            inner = dict(below.get(key) or {})
            below[key], below = inner, inner
        below[keys[-1]] = _value_of(name, text, keys, wanted)
    return ConfigSource(source.file, source.text, data, variables)


def _value_of(name: str, text: str, keys: tuple[str | int, ...], wanted: Any) -> Any:
    """What a variable's text means where a `wanted` belongs: itself, or what it is as YAML."""
    if not text and type(None) in _alternatives(wanted):
        return None
    try:
        return msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError as error:
        said = f"{text!r}: {error}"
    try:
        value = yaml_loader.parse(text)
    except yaml_loader.YAMLTextError as error:
        raise ConfigError(name, "", f"{text!r} {error}") from None
    source = ConfigSource(name, text, value, {keys: name})
    if isinstance(value, list | dict):
        decode(source, value, wanted, keys)
    elif not _fits(value, wanted):
        raise source.error(keys, said)
    return value


def _no_such_variable(keys: Sequence[str], type_: Any) -> str:
    around = _type_at(type_, keys[:-1])
    near = difflib.get_close_matches(keys[-1], tuple(_names(around)), 1)
    hint = "__".join((*keys[:-1], *near)).upper()
    said = f"there is no setting {'.'.join(keys)}"
    return f"{said}; did you mean {PREFIX}{hint}?" if near else f"{said}; unset it"


def decode(source: ConfigSource, data: Any, type_: type[T], at: tuple[str | int, ...] = ()) -> T:
    """`data`, which stands at `at` in `source`, as `type_`.

    Raises `ConfigError` naming the key and its value for unknown keys and bad values.
    """
    try:
        return msgspec.convert({} if data is None else data, type_)
    except msgspec.ValidationError as error:
        raise _named(source, str(error), data, type_, at) from None


def _named(
    source: ConfigSource, said: str, data: Any, type_: type, at: tuple[str | int, ...]
) -> ConfigError:
    found = _PLACE.match(said)
    what, place = (found["what"], found["place"] or "$") if found else (said, "$")
    keys = _keys(place, data, type_)
    if unknown := _UNKNOWN.search(what):
        name = unknown["name"]
        return source.error((*at, *keys, name), _no_such(name, _type_at(type_, keys)))
    if missing := _MISSING.search(what):
        return source.error((*at, *keys, missing["name"]), "is missing; it has no default")
    return source.error((*at, *keys), f"{_value(data, keys)!r}: {what}")


def _keys(place: str, data: Any, type_: Any) -> tuple[str | int, ...]:
    """The keys that msgspec's place such as `$.feeds[0].size` names.

    It does not say which key of a mapping is at fault: the first one whose value does not fit.
    """
    keys: list[str | int] = []
    for name, index in _STEP.findall(place):
        inner, key = _value(data, keys), int(index) if index.isdigit() else name
        if index == "...":
            wanted = _type_at(type_, [*keys, index])
            bad = [one for one, each in inner.items() if not _fits(each, wanted)]
            if not bad:
                break
            key = str(bad[0])
        keys.append(key)
    return tuple(keys)


def _fits(value: Any, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True


def _no_such(name: str, type_: Any) -> str:
    near = difflib.get_close_matches(name, tuple(_names(type_)), 1)
    hint = f"; did you mean {near[0]}?" if near else "; see docs/reference/settings.md"
    return f"no such setting{hint}"


def _names(type_: Any) -> Iterable[str]:
    for each in _alternatives(type_):
        yield from getattr(each, "__struct_encode_fields__", ())


def _type_at(type_: Any, keys: Sequence[str | int]) -> Any:
    """The type of what stands at `keys` in a `type_`; None if there is no such key."""
    for key in keys:
        type_ = next(filter(None, (_below(each, key) for each in _alternatives(type_))), None)
    return type_


def _below(type_: Any, key: str | int) -> Any:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
        return fields.get(str(key))
    of = typing.get_args(type_)
    return {dict: of[-1:], tuple: of[:1]}.get(typing.get_origin(type_), (None,))[0]


def _alternatives(type_: Any) -> Sequence[Any]:
    """The types that a union is of, or the one type itself, without annotations."""
    if typing.get_origin(type_) is typing.Annotated:
        return _alternatives(typing.get_args(type_)[0])
    if isinstance(type_, types.UnionType) or typing.get_origin(type_) is typing.Union:
        return [one for each in typing.get_args(type_) for one in _alternatives(each)]
    return [type_]


def _value(data: Any, keys: Iterable[str | int]) -> Any:
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
    return data
