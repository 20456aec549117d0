"""Writes settings as YAML with a comment above each setting that needs one. No I/O."""

from collections.abc import Mapping
from textwrap import indent
from typing import Any

import yaml

_WIDTH = 100


def commented(data: Mapping[str, Any], comments: Mapping[str, str], prefix: str = "") -> str:
    """Return a mapping as YAML; `comments` are by dotted keys."""
    parts: list[str] = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        text = _entry(key, value, comments, name)
        comment = comments.get(name)
        parts.append(f"# {comment}\n{text}" if comment else text)
    return "".join(parts)


def _entry(key: str, value: Any, comments: Mapping[str, str], name: str) -> str:
    if isinstance(value, dict) and any(known.startswith(f"{name}.") for known in comments):
        return f"{key}:\n{indent(commented(value, comments, f'{name}.'), '  ')}"
    return dump({key: value})


def dump(value: Any) -> str:
    """Return a value as YAML; lists of plain values are on one line."""
    return str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH))


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, with short lists on one line and without aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        is_plain = not any(isinstance(item, dict | list | tuple) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=is_plain or flow_style)
