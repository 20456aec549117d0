"""Reads the configuration of site generators as data. Code in it is read as text, never run.

YAML may have tags that only its tool knows, JSON may have comments and trailing commas. A file that
cannot be read becomes a sentence for the user in `unclear`, and its value is empty.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from feeds.init.javascript import Script
from feeds.init.python_settings import PythonSettings
from feeds.init.unknown import UNKNOWN
from feeds.util.yaml_loader import SafeLoader

_MAX_BYTES = 5_000_000
_TABS = re.compile(r"^\t+", re.MULTILINE)
_ERROR_LINE = re.compile(r"\(?at line (\d+)")


class UnreadableError(ValueError):
    """A text that is not valid YAML, TOML or JSON; `line` counts from 1, 0 if unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        self.line = line
        super().__init__(message)


def read_text(path: Path) -> str:
    """Return the text of a file; empty if it is missing, too large or no text."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return ""
        return path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


def read_data(path: Path, unclear: list[str], root: Path | None = None) -> Any:
    """Return the contents of a YAML, TOML or JSON file; None if it is missing or cannot be read.

    A mistake in the file is added to `unclear`, with its path below `root`.
    """
    text = read_text(path)
    parse = {".toml": parse_toml, ".json": parse_json, ".json5": parse_json, ".jsonc": parse_json}
    try:
        return parse.get(path.suffix.lower(), parse_yaml)(text) if text.strip() else None
    except UnreadableError as error:
        name = path.relative_to(root) if root and path.is_relative_to(root) else path.name
        place = f"{name}:{error.line}" if error.line else str(name)
        unclear.append(f"{place} {error}; its settings are not taken over")
        return None


def read_mapping(path: Path, unclear: list[str], root: Path | None = None) -> dict[str, Any]:
    """Return a YAML, TOML or JSON file that is a mapping with text as keys; else an empty one."""
    data = read_data(path, unclear, root)
    return {str(key): value for key, value in data.items()} if isinstance(data, dict) else {}


def first_file(root: Path, *names: str) -> Path | None:
    """Return the first of these files or patterns that exists below `root`."""
    for name in names:
        for path in sorted(root.glob(name)):
            if path.is_file():
                return path
    return None


def read_python(path: Path) -> PythonSettings:
    """Return the settings of a Python file, and of those beside it from which it imports all."""
    return PythonSettings.read(path)


def read_script(path: Path) -> Script:
    """Return the literals of a JavaScript or TypeScript file, and of those that it imports."""
    return Script(read_text(path), path)


def parse_toml(text: str) -> dict[str, Any]:
    """Return TOML as data. Raises `UnreadableError`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _ERROR_LINE.search(str(error))
        raise UnreadableError(f"is not valid TOML: {error}", int(line[1]) if line else 0) from error


def parse_json(text: str) -> Any:
    """Return JSON as data; comments, trailing commas and bare keys do no harm.

    Raises `UnreadableError`.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        value = Script(text).expression()
        if value is UNKNOWN:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
            raise UnreadableError(f"is not valid JSON: {error}", line) from error
        return value


def parse_yaml(text: str) -> Any:
    """Return the first document of YAML as data. Raises `UnreadableError`.

    A tab in front of a line is two spaces, as in Hexo. `!ENV [NAME, default]` is the default, and a
    value of another unknown tag is its plain value, or the name in the tag if it has none.
    """
    try:
        spaced = _TABS.sub(lambda match: "  " * len(match[0]), text)
        return next(iter(yaml.load_all(spaced, Loader=_TolerantLoader)), None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "syntax error"
        raise UnreadableError(
            f"is not valid YAML: {problem}", mark.line + 1 if mark else 0
        ) from error
    except (ValueError, RecursionError) as error:  # a date such as 2024-13-01
        raise UnreadableError(f"is not valid YAML: {error}") from error


class _TolerantLoader(SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, for which no tag is unknown. It makes plain data only."""


def _construct_environment(loader: Any, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        items = loader.construct_sequence(node, deep=True)
        return items[-1] if len(items) > 1 else None
    return None


def _construct_other(loader: Any, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) or tag.rpartition(":")[2]


_TolerantLoader.add_constructor("!ENV", _construct_environment)
_TolerantLoader.add_multi_constructor("!", _construct_other)
_TolerantLoader.add_multi_constructor("tag:yaml.org,2002:python/", _construct_other)
