"""A hash of the parts of an article that its author wrote, and that an entry can show. No I/O."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from feeds.presets.matter import fold, is_empty

_VERSION = 1
_SPACE = b" \t\r\n"
_MAX_KEYS = 1_000
_ENCODE = msgspec.json.Encoder(enc_hook=repr, order="deterministic").encode


class SourceHash:
    """Hashes front matter and source bodies, by the `names` that are read.

    A dotted name leads into a mapping. Only scalar values of `dates` are read, and `ignored` names
    never. `has_templates`: bodies may name any key of the front matter.
    """

    def __init__(
        self,
        names: Iterable[str],
        dates: Iterable[str],
        ignored: Iterable[str],
        *,
        has_templates: bool,
    ) -> None:
        self._ignored = _folded(ignored)
        self._names = _folded(names) - self._ignored
        self._dates = _folded(dates) - self._names - self._ignored
        self._outer = {name.partition(".")[0] for name in self._names | self._dates if "." in name}
        self._has_templates = has_templates
        known = [sorted(names) for names in (self._names, self._dates, self._ignored)]
        digest = hashlib.sha256(repr((*known, has_templates)).encode()).hexdigest()[:8]
        # The folded names of keys so far, because folding them takes longer than looking them up.
        self._keys: dict[object, str] = {}
        # Hashes of other names cannot be compared, so the names are a part of the version.
        self.version = f"{_VERSION}.{digest}"

    def of(self, data: Mapping[Any, Any], body: str) -> str:
        """Return the hash of an article, which begins with the version and a colon.

        The order of keys, empty values and the white space of the body do not count.
        """
        read: dict[str, Any] = {}
        for name, value in data.items():
            key = self._keys.get(name)
            if key is None:
                key = self._learn(name)
            if key:
                part = value if key in self._names else self._read_part(key, name, value, body)
                if part or not is_empty(part):
                    read[key] = part
        digest = hashlib.sha256(_encoded(read))
        digest.update(body.encode("utf-8", "replace").translate(None, _SPACE))
        return f"{self.version}:{digest.hexdigest()[:32]}"

    def _learn(self, name: object) -> str:
        """Return the folded name of a key of front matter; empty if it is never read."""
        key = fold(name) if isinstance(name, str) else ""
        is_read = key in self._names or key in self._dates or key in self._outer
        if not is_read and (key in self._ignored or not self._has_templates):
            key = ""
        if len(self._keys) < _MAX_KEYS:
            self._keys[name] = key
        return key

    def _read_part(self, key: str, name: str, value: Any, body: str) -> Any:
        """Return the part of a value that is read; None if nothing is."""
        if key in self._dates and not isinstance(value, bool | dict | list):
            return value
        if key in self._outer and isinstance(value, Mapping):
            return self._read_inner(key, value)
        return value if self._has_templates and "{" in body and name in body else None

    def _read_inner(self, key: str, value: Mapping[Any, Any]) -> dict[str, Any]:
        inner = {f"{key}.{fold(name)}": value[name] for name in value if isinstance(name, str)}
        known = inner.keys() & (self._names | self._dates)
        return {name: inner[name] for name in sorted(known)}


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(".".join(map(fold, name.split("."))) for name in names)


def _encoded(read: Mapping[str, Any]) -> bytes:
    """Return values as bytes, without the line break that ends a text in some styles of YAML."""
    try:
        return _ENCODE(read).replace(b'\\n"', b'"')
    except RecursionError:  # hardly the work of an author
        return b""
    except (TypeError, ValueError):  # a key or a character that JSON cannot have
        return repr(sorted(read.items())).encode("utf-8", "replace")
