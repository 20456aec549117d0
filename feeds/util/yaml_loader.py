"""Parses YAML into plain data, safely for hostile input, and finds the line of a key. No I/O."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import yaml

from feeds.util import yaml_subset

MAX_DEPTH = 50
MAX_NODES = 100_000
_MAX_SCALAR = 1000  # characters of a number or date, because PyYAML computes 1:1:1:…

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TEXT, _NUMBER, _LIST, _MAPPING = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "seq", "map")
)

# Cheap signs of deep nesting or aliases; only then the parsing events are examined. The pattern
# begins with one character, which `re` finds several times faster than a group.
_MAY_NEST = re.compile(r"[-?:] +(?:[-?:] +){7}")
_DEEP_INDENT = " " * 100
_ANCHOR = re.compile(r"(?<!\w)&[^\s&]")
_ALIAS = re.compile(r"(?<!\w)\*[^\s*]")


class YAMLTextError(ValueError):
    """Invalid or excessive YAML; `line` is the line in the text, counted from 1."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class _NotPlainError(Exception):
    """The document needs PyYAML's own construction."""


class _Loader(SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, except that impossible dates and numbers stay text.

    The code that uses such a value reports it, with its line. Mappings, lists and text, which are
    nearly all values, are built directly, because PyYAML's construction takes as long as parsing.
    """

    repeated: tuple[str, ...] = ()  # keys that occur more than once in the outermost mapping

    def descend_resolver(self, _node: object, _index: object) -> None:
        """Do nothing: tags do not depend on the position of a node."""

    def ascend_resolver(self) -> None:
        """Do nothing, for the same reason."""

    def resolve(self, kind: type, value: Any, implicit: tuple[bool, bool]) -> str:
        """Return the tag of a node without an explicit one, as PyYAML resolves it."""
        if kind is not yaml.ScalarNode:
            return _MAPPING if kind is yaml.MappingNode else _LIST
        if implicit[0]:  # plain: quoted text is text
            for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                if pattern.match(value):
                    return str(tag)
        return _TEXT

    def construct_document(self, node: yaml.Node) -> Any:
        self.repeated = _repeated(node)
        try:
            return _built(self, node)
        except (_NotPlainError, RecursionError):
            return super().construct_document(node)


def _repeated(node: yaml.Node) -> tuple[str, ...]:
    pairs = node.value if type(node) is yaml.MappingNode else ()
    names = [key.value for key, _ in pairs if type(key) is yaml.ScalarNode]
    if len(set(names)) == len(names):
        return ()
    return tuple(name for name, times in Counter(names).items() if times > 1)


def _built(loader: Any, node: yaml.Node) -> Any:
    """Return the data of a node. Raises `_NotPlainError` for merge keys, sets and the like."""
    kind, tag = type(node), node.tag
    if kind is yaml.ScalarNode:
        return node.value if tag == _TEXT else _scalar(loader, node)
    if kind is yaml.MappingNode and tag == _MAPPING:
        mapping = {}
        for key, value in node.value:
            if type(key) is not yaml.ScalarNode or key.tag != _TEXT:
                raise _NotPlainError
            mapping[key.value] = _built(loader, value)
        return mapping
    if kind is yaml.SequenceNode and tag == _LIST:
        return [_built(loader, item) for item in node.value]
    raise _NotPlainError


def _scalar(loader: Any, node: yaml.Node) -> Any:
    value: str = node.value
    if node.tag == _NUMBER and value.isdecimal() and value[0] != "0" and len(value) < 19:
        return int(value)
    return loader.construct_object(node)


def _lenient(construct: Callable[[Any, Any], object]) -> Callable[[Any, Any], object]:
    def constructed(loader: Any, node: yaml.ScalarNode) -> object:
        if len(node.value) > _MAX_SCALAR:
            return node.value
        try:
            value = construct(loader, node)
            repr(value)  # Python refuses to format integers with very many digits
        except (ValueError, OverflowError, LookupError, AttributeError):
            return node.value  # PyYAML fails on values that do not fit a tag such as !!bool
        return value

    return constructed


for _kind in ("timestamp", "int", "float", "bool"):
    _tag = f"tag:yaml.org,2002:{_kind}"
    _Loader.add_constructor(_tag, _lenient(SafeLoader.yaml_constructors[_tag]))


def parse(text: str) -> Any:
    """Return the data of one YAML document (YAML 1.1, as PyYAML's safe loader reads it).

    Raises `YAMLTextError` for text that is invalid, nests deeper than `MAX_DEPTH` (libyaml would
    crash the process), or has more than `MAX_NODES` values with its aliases expanded.
    """
    return parsed(text)[0]


def parsed(text: str) -> tuple[Any, tuple[str, ...]]:
    """Return the data, and the keys that occur more than once (the last value counts)."""
    if (data := yaml_subset.read(text)) is not yaml_subset.NOT_IN_SUBSET:
        return data, ()
    return _by_pyyaml(text)


def parse_with_pyyaml(text: str) -> Any:
    """Return the data without the fast parser: the reference for tests."""
    return _by_pyyaml(text)[0]


def _by_pyyaml(text: str) -> tuple[Any, tuple[str, ...]]:
    _check_size(text)
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data(), loader.repeated
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise YAMLTextError(1, f"cannot be read as YAML: {_first_line(error)}") from None


def line_of(text: str, keys: Sequence[str | int]) -> int:
    """Return the line of the value at `keys`, or of its nearest parent, counted from 1."""
    node = _composed(text)
    line = 1
    for key in keys:
        child = _child(node, key)
        if child is None:
            break
        line, node = child
    return line


@lru_cache(maxsize=1)
def _composed(text: str) -> Any:
    """Return the nodes of `text`; cached while the problems of one text are reported."""
    try:
        return yaml.compose(text, Loader=SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _child(node: Any, key: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return _children(node).get(key)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


@lru_cache(maxsize=8)
def _children(node: yaml.MappingNode) -> dict[str | int, tuple[int, Any]]:
    """Return line and value of each key; cached, because one mapping may have many problems."""
    return {  # the last of repeated keys wins
        name.value: (name.start_mark.line + 1, value)
        for name, value in node.value
        if isinstance(name, yaml.ScalarNode)
    }


def _explained(error: yaml.MarkedYAMLError, text: str) -> YAMLTextError:
    # The error of an unterminated token is at its beginning, not at the end of the text.
    unended = "simple key" in (error.context or "") or "unexpected end" in (error.problem or "")
    marks = (error.context_mark, error.problem_mark)
    mark = next((mark for mark in (marks if unended else marks[::-1]) if mark), None)
    line = min(mark.line, text.count("\n")) + 1 if mark else 1
    message = " ".join(part for part in (error.context, error.problem) if part)
    if "maximum nesting" in message:  # libyaml's own limit, which may apply before ours
        return YAMLTextError(line, f"nests deeper than {MAX_DEPTH} levels; flatten it")
    advice = "; quote values with ': ' or '#', or with punctuation at the beginning"
    return YAMLTextError(line, f"is not valid YAML: {message}{advice}")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _check_size(text: str) -> None:
    if not _may_nest(text) and not _may_alias(text) and not _may_be_large(text):
        return
    try:
        _walk(text)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from None
    except yaml.YAMLError as error:
        raise YAMLTextError(1, f"is not valid YAML: {_first_line(error)}") from None


def _may_nest(text: str) -> bool:
    brackets = text.count("[") + text.count("{")
    return brackets >= MAX_DEPTH or _DEEP_INDENT in text or _MAY_NEST.search(text) is not None


def _may_alias(text: str) -> bool:
    if "&" not in text or "*" not in text:
        return False
    return _ANCHOR.search(text) is not None and _ALIAS.search(text) is not None


def _may_be_large(text: str) -> bool:
    # Every value is next to one of these characters.
    return len(text) > MAX_NODES and sum(map(text.count, "\n,:-?[{")) > MAX_NODES


def _walk(text: str) -> None:
    """Check depth and size by parsing events, which libyaml produces without recursion."""
    sizes: dict[str, int] = {}
    nodes = 0
    open_collections: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            nodes += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_collections.append((event.anchor, nodes))
            elif event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_collections.pop()
            if anchor:
                sizes[anchor] = nodes - before + 1
        if len(open_collections) > MAX_DEPTH:
            raise YAMLTextError(line, f"nests deeper than {MAX_DEPTH} levels; flatten it")
        if nodes > MAX_NODES:
            raise YAMLTextError(
                line, f"contains more than {MAX_NODES:,} values; use fewer aliases or values"
            )
