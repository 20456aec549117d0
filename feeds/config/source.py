"""Decodes a YAML file; every mistake is a `ConfigError` with file, line and key."""

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
import yaml

from feeds.errors import ConfigError
from feeds.util import urls, yaml_loader
from feeds.util.dates import interval
from feeds.util.text import first_forbidden

T = TypeVar("T")
# The keys and indexes that lead to a value, from the outermost one.
Keys: TypeAlias = tuple[str | int, ...]

PREFIX = "FEEDS_"
# Variables that are not settings: the config folder, the key that encrypts the memory
# (publish.encryption), and those that Kubernetes sets for a service named "feeds" or "feeds-…".
_NOT_SETTINGS = re.compile(
    r"FEEDS_(?:CONFIG|STATE_KEY"
    r"|(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?))"
)
# Messages of msgspec, and the steps of the paths in them.
_MESSAGE = re.compile(r"^(?P<mistake>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class ConfigSource(msgspec.Struct, frozen=True):
    """The path, text (for line numbers) and data of a settings file.

    `variables` are the names of the environment variables that override the data, by key.
    """

    file: str
    text: str
    data: Any
    variables: dict[Keys, str] = {}

    def error(self, keys: Keys, message: str) -> ConfigError:
        """An error at `keys`, with the line, or with the variable that set the value."""
        key = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")
        for length in range(len(keys), 0, -1):
            if variable := self.variables.get(keys[:length]):
                return ConfigError(variable, key, message)
        return ConfigError(self.file, key, message, yaml_loader.line_of(self.text, keys))

    def url(self, at: Keys, value: str, base: str | None = None) -> str:
        """The absolute URL of a value; with `base`, also of a path that begins with `/`.

        Raises `ConfigError` at the keys `at` if the value is neither.
        """
        try:
            return urls.in_site(value, base) if base else urls.absolute(value)
        except urls.BadURLError as error:
            raise self.error(at, str(error)) from None

    def interval(
        self, at: Keys, value: int | str, limits: tuple[str, str], reason: str = ""
    ) -> int:
        """The seconds of a duration such as `30m`.

        Raises `ConfigError` at the keys `at` if the value is not a duration, or not within the
        `limits` (inclusive); the message gives the `reason` for them.
        """
        least, most = limits
        try:
            seconds = interval(value)
        except ValueError as error:
            raise self.error(at, str(error)) from None
        if not interval(least) <= seconds <= interval(most):
            reason = f", {reason}" if reason else ""
            raise self.error(at, f"{value!r} is not between {least} and {most}{reason}")
        return seconds


def read(path: Path) -> ConfigSource:
    """Read a YAML file, whose data may be enclosed in `---` lines like front matter.

    Raises `ConfigError` if it cannot be read, decoded or parsed, or repeats a key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file; create it, or check the path") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            str(path), "", f"is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from None
    text = _first_document(text)
    try:
        source = ConfigSource(str(path), text, yaml_loader.parse(text))
    except yaml_loader.YAMLTextError as error:
        raise ConfigError(str(path), "", str(error), error.line) from None
    if keys := _find_forbidden(source.data):
        raise source.error(keys, "contains a control character; remove it")
    for first, second in _repeated_keys(yaml.compose(text, Loader=yaml_loader.SafeLoader)):
        message = f"is already set on line {first.start_mark.line + 1}; remove one of the two"
        raise ConfigError(source.file, second.value, message, second.start_mark.line + 1)
    return source


def _find_forbidden(data: Any, at: Keys = ()) -> Keys | None:
    """The keys of the first text with a character that XML forbids; None if there is none."""
    if isinstance(data, str):
        return at if first_forbidden(data) is not None else None
    if not isinstance(data, Mapping | list):
        return None
    items = data.items() if isinstance(data, Mapping) else enumerate(data)
    below = (_find_forbidden(value, (*at, key)) for key, value in items)
    return next(filter(None, below), None)


def _first_document(text: str) -> str:
    """The text up to a second `---` line, so that line numbers stay the same."""
    boundaries = [match.start() for match in re.finditer(r"^---+[ \t]*$", text, re.MULTILINE)]
    if boundaries and not text[: boundaries[0]].strip():
        return text[: boundaries[1]] if len(boundaries) > 1 else text
    return text


def _repeated_keys(root: yaml.Node | None) -> Iterable[tuple[yaml.Node, yaml.Node]]:
    """Pairs of equal keys in a mapping. YAML forbids them, but PyYAML accepts the last one."""
    queue, visited = [root] if root else [], set[int]()
    while queue:
        node = queue.pop()
        if id(node) in visited:
            continue  # an alias
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: dict[tuple[str, str], yaml.Node] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    first = seen.setdefault((key.tag, key.value), key)
                    if first is not key:
                        yield first, key
                queue.append(value)
        elif isinstance(node, yaml.SequenceNode):
            queue += node.value


def override(source: ConfigSource, environ: Mapping[str, str], type_: type) -> ConfigSource:
    """Override the settings by variables such as `FEEDS_TITLE` and `FEEDS_ARTICLES__FOLDER`.

    Raises `ConfigError`, naming the variable, if `type_` has no such key or rejects the value.
    """
    data: dict[str, Any] = dict(source.data)
    variables: dict[Keys, str] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or _NOT_SETTINGS.fullmatch(name):
            continue
        if first_forbidden(text) is not None:
            raise ConfigError(name, "", "contains a control character; remove it")
        keys = tuple(name.removeprefix(PREFIX).lower().split("__"))
        value_type = _type_at(type_, keys)
        if value_type is None:
            raise ConfigError(name, "", f"{text!r}: {_no_such_variable(keys, type_)}")
        variables[keys] = name
        below = data
        for depth, key in enumerate(keys[:-1], 1):
            if not isinstance(below.get(key) or {}, dict):
                raise source.error(keys[:depth], f"{below[key]!r} is not a mapping of settings")
            inner = dict(below.get(key) or {})
            below[key], below = inner, inner
        below[keys[-1]] = _value_of(name, text, keys, value_type)
    return ConfigSource(source.file, source.text, data, variables)


def _value_of(name: str, text: str, keys: Keys, type_: Any) -> Any:
    """The value of a variable: its text if `type_` accepts that, else its text parsed as YAML."""
    if not text and type(None) in _alternatives(type_):
        return None
    try:
        return msgspec.convert(text, type_, strict=False)
    except msgspec.ValidationError as error:
        message = f"{text!r}: {error}"
    try:
        value = yaml_loader.parse(text)
    except yaml_loader.YAMLTextError as error:
        raise ConfigError(name, "", f"{text!r} {error}") from None
    source = ConfigSource(name, text, value, {keys: name})
    if isinstance(value, list | dict):
        decode(source, value, type_, keys)
    elif not _accepts(type_, value):
        raise source.error(keys, message)
    return value


def _no_such_variable(keys: Sequence[str], type_: Any) -> str:
    siblings = tuple(_field_names(_type_at(type_, keys[:-1])))
    similar = difflib.get_close_matches(keys[-1], siblings, 1)
    message = f"there is no setting {'.'.join(keys)}"
    if not similar:
        return f"{message}; unset it"
    return f"{message}; did you mean {PREFIX}{'__'.join((*keys[:-1], *similar)).upper()}?"


def decode(source: ConfigSource, data: Any, type_: type[T], at: Keys = ()) -> T:
    """Convert `data`, found at the keys `at` of `source`, to `type_`.

    Raises `ConfigError`, naming the key and its value, for unknown keys and bad values.
    """
    try:
        return msgspec.convert({} if data is None else data, type_)
    except msgspec.ValidationError as error:
        raise _config_error(source, str(error), data, type_, at) from None


def _config_error(
    source: ConfigSource, message: str, data: Any, type_: type, at: Keys
) -> ConfigError:
    """The error for a message of msgspec about data at the keys `at`."""
    match = _MESSAGE.match(message)
    mistake, path = (match["mistake"], match["path"] or "$") if match else (message, "$")
    keys = _keys_of(path, data, type_)
    if unknown := _UNKNOWN.search(mistake):
        name = unknown["name"]
        return source.error((*at, *keys, name), _no_such_setting(name, _type_at(type_, keys)))
    if missing := _MISSING.search(mistake):
        return source.error((*at, *keys, missing["name"]), "is missing; it has no default")
    return source.error((*at, *keys), f"{_value_at(data, keys)!r}: {mistake}")


def _keys_of(path: str, data: Any, type_: Any) -> Keys:
    """The keys of a path of msgspec such as `$.feeds[0].size`.

    For values of a mapping msgspec writes `[...]`, without the key: it is the first one whose
    value has the wrong type.
    """
    keys: list[str | int] = []
    for name, index in _STEP.findall(path):
        mapping, key = _value_at(data, keys), int(index) if index.isdigit() else name
        if index == "...":
            value_type = _type_at(type_, [*keys, index])
            bad = [name for name, value in mapping.items() if not _accepts(value_type, value)]
            if not bad:
                break
            key = str(bad[0])
        keys.append(key)
    return tuple(keys)


def _accepts(type_: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True


def _no_such_setting(name: str, type_: Any) -> str:
    similar = difflib.get_close_matches(name, tuple(_field_names(type_)), 1)
    hint = f"did you mean {similar[0]}?" if similar else "see docs/reference/settings.md"
    return f"no such setting; {hint}"


def _field_names(type_: Any) -> Iterable[str]:
    for alternative in _alternatives(type_):
        yield from getattr(alternative, "__struct_encode_fields__", ())


def _type_at(type_: Any, keys: Sequence[str | int]) -> Any:
    """The type of the value at `keys` in a `type_`; None if there is no such key."""
    for key in keys:
        candidates = (_member_type(alternative, key) for alternative in _alternatives(type_))
        type_ = next(filter(None, candidates), None)
    return type_


def _member_type(type_: Any, key: str | int) -> Any:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
        return fields.get(str(key))
    arguments = typing.get_args(type_)
    members = {dict: arguments[-1:], tuple: arguments[:1]}
    return members.get(typing.get_origin(type_), (None,))[0]


def _alternatives(type_: Any) -> Sequence[Any]:
    """The types of a union, or the one type, without annotations."""
    if typing.get_origin(type_) is typing.Annotated:
        return _alternatives(typing.get_args(type_)[0])
    if isinstance(type_, types.UnionType) or typing.get_origin(type_) is typing.Union:
        return [inner for outer in typing.get_args(type_) for inner in _alternatives(outer)]
    return [type_]


def _value_at(data: Any, keys: Iterable[str | int]) -> Any:
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
    return data
