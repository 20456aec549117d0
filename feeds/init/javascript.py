"""Reads literals of JavaScript and TypeScript, such as astro.config.mjs. No code is run.

Objects, lists, strings, numbers, constants of the file and of files that it imports by a relative
path are values; everything else is `UNKNOWN`, a `Call`, or a `Template`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feeds.init.javascript_expressions import Call, Expressions, Template, member
from feeds.init.javascript_tokens import Token, Tokens, tokens
from feeds.init.unknown import UNKNOWN, known_items, known_values

__all__ = ["Call", "Script", "Template"]

_SUFFIXES = ("", ".ts", ".js", ".mjs", ".mts", ".cjs", ".json", "/index.ts", "/index.js")
_MAX_IMPORTS = 4
_MAX_BYTES = 1_000_000


class Script:
    """One file. `constants` are values by name, with those that it imports."""

    def __init__(self, text: str, path: Path | None = None, depth: int = 0) -> None:
        self._tokens = Tokens(tokens(text))
        self._expressions = Expressions(self._tokens, self.constant, self._require)
        self._path, self._depth = path, depth
        self._places: dict[str, int] = {}
        self._values: dict[str, Any] = {}
        self._open: set[str] = set()
        self._find_constants()

    @property
    def default(self) -> Any:
        """The value of `export default` or `module.exports =`; of a call, its first argument."""
        for at in range(len(self._tokens)):
            if self._tokens.texts(at, "export", "default"):
                return _unwrapped(self._expressions.expression(at + 2).value)
            if self._tokens.texts(at, "module", ".", "exports", "="):
                return _unwrapped(self._expressions.expression(at + 4).value)
        return UNKNOWN

    @property
    def returned(self) -> list[Any]:
        """The known values of all `return` statements and of arrow functions' expressions."""
        starts = [
            at + 1
            for at, token in enumerate(self._tokens)
            if token[:2] in (("name", "return"), ("mark", "=>"))
        ]
        values = [
            self._expressions.expression(at).value for at in starts if self._tokens[at].text != "{"
        ]
        values += [
            self._expressions.expression(at).value
            for at in starts
            if self._tokens[at].text == "{" and self._tokens[at - 1].text == "return"
        ]
        return known_items(values)

    def constant(self, name: str) -> Any:
        """Return the value of a constant; `UNKNOWN` if it is none or needs to be run."""
        if name in self._values:
            return self._values[name]
        if name not in self._places or name in self._open:
            return UNKNOWN
        self._open.add(name)
        self._values[name] = self._expressions.expression(self._places[name]).value
        self._open.discard(name)
        return self._values[name]

    @property
    def constants(self) -> dict[str, Any]:
        """The known values of all constants of the file and of its imports."""
        names = [*self._places, *self._values]
        return known_values({name: self.constant(name) for name in names})

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of every call of a function or method; unknown ones included."""
        return [
            self._expressions.items(at + 1)[0]
            for at in range(len(self._tokens) - 1)
            if self._tokens.texts(at, name, "(") and not self._tokens.texts(at - 1, "function")
        ]

    def properties(self, name: str) -> list[Any]:
        """Return the known values of a key in any object of the file."""
        return known_items(
            [
                self._expressions.expression(at + 2).value
                for at, token in enumerate(self._tokens[:-2])
                if token.kind in ("name", "string")
                and token.text == name
                and self._tokens.texts(at + 1, ":")
                and self._tokens[at - 1].text in ("{", ",")
            ]
        )

    def expression(self) -> Any:
        """Return the value of the whole text as one expression; `UNKNOWN` if it is not one."""
        value, end = self._expressions.expression(0)
        is_whole = self._tokens[end].kind == "end" and self._tokens.are_balanced
        return value if is_whole else UNKNOWN

    # Constants and imports.

    def _find_constants(self) -> None:
        for at, token in enumerate(self._tokens):
            if token.kind != "name":
                continue
            if token.text in ("const", "let", "var"):
                self._find_constant(at + 1)
            elif token.text == "import" and not self._tokens.texts(at + 1, "("):
                self._find_import(at + 1)

    def _find_constant(self, at: int) -> None:
        if self._tokens[at].text == "{":
            end = self._tokens.after_group(at)
            if self._tokens.texts(end, "=", "require", "("):
                self._import(self._bindings(at), self._tokens[end + 3])
            return
        name = self._tokens[at].text
        at += 1
        if self._tokens.texts(at, ":"):  # a type
            while self._tokens[at].kind != "end" and self._tokens[at].text not in ("=", ";"):
                at = self._tokens.after(at)
        if self._tokens.texts(at, "="):
            self._places.setdefault(name, at + 1)

    def _find_import(self, at: int) -> None:
        """Note the names of `import a, {b as c} from "./x"`."""
        names: dict[str, str] = {}
        while self._tokens[at].kind != "end" and not self._tokens.texts(at, "from"):
            token = self._tokens[at]
            if token.kind == "string" or token.text in ("=", ";"):
                return
            if token.text == "{":
                names |= self._bindings(at)
            elif self._tokens.texts(at, "*", "as"):
                names[self._tokens[at + 2].text] = "*"
                at += 2
            elif token.kind == "name" and token.text != "type":
                names[token.text] = "default"
            at = self._tokens.after(at)
        if self._tokens[at].kind != "end":
            self._import(names, self._tokens[at + 1])

    def _bindings(self, at: int) -> dict[str, str]:
        """Return the names of `{a, b as c}` or `{a, b: c}`: the outer ones by the inner ones."""
        names: dict[str, str] = {}
        end = self._tokens.after_group(at) - 1
        at += 1
        while at < end:
            outer = self._tokens[at].text
            if self._tokens[at + 1].text in ("as", ":"):
                at += 2
            names[self._tokens[at].text] = outer
            at += 2
        return names

    def _import(self, names: Mapping[str, str], module: Token) -> None:
        loaded = self._load(module.text) if module.kind == "string" else None
        values = {inner: _exported(loaded, outer) for inner, outer in names.items()}
        self._values |= known_values(values)

    def _load(self, name: str) -> Any:
        """Return the script of a relative module, or the data of a JSON file."""
        if self._path is None or self._depth >= _MAX_IMPORTS:
            return None
        bases = [self._path.parent / name] if name.startswith(".") else []
        if name.startswith(("@/", "~/")):
            bases = [folder / "src" / name[2:] for folder in list(self._path.parents)[:4]]
        for base in bases:
            for suffix in _SUFFIXES:
                path = (
                    base.with_name(base.name + suffix) if suffix[:1] != "/" else base / suffix[1:]
                )
                if path.is_file() and path.stat().st_size < _MAX_BYTES:
                    text = path.read_text(encoding="utf-8-sig", errors="replace")
                    script = Script(text, path, self._depth + 1)
                    return script.expression() if path.suffix == ".json" else script
        return None

    def _require(self, name: str) -> Any:
        script = self._load(name)
        return script.default if isinstance(script, Script) else script or UNKNOWN


def _exported(loaded: Any, name: str) -> Any:
    """Return an export of a script, or a key of data; `*` is all, `default` the default."""
    if not isinstance(loaded, Script):
        return loaded or UNKNOWN if name == "default" else member(loaded, name)
    if name == "*":
        return loaded.constants
    return loaded.default if name == "default" else loaded.constant(name)


def _unwrapped(value: Any) -> Any:
    """Return the first argument of a call such as `defineConfig({…})`."""
    while isinstance(value, Call):
        value = value.arguments[0] if value.arguments else UNKNOWN
    return value
