"""Settings written in Python, such as pelicanconf.py, read from its syntax tree; nothing is run."""

import ast
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from feeds.init.unknown import UNKNOWN, known_items, known_values

_MAX_IMPORTS = 5


class PythonSettings(NamedTuple):
    """The values by name, and the names whose values only running the file would give."""

    values: dict[str, Any]
    unknown: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "PythonSettings":
        """Return the settings of a file; none if it is missing or no Python."""
        reader = _Reader(path.parent)
        reader.read(path)
        values = known_values(reader.values)
        return cls(values, tuple(name for name in reader.values if name not in values))


class _Reader:
    def __init__(self, folder: Path, depth: int = 0) -> None:
        self.values: dict[str, Any] = {}
        self._folder, self._depth = folder, depth

    def read(self, path: Path) -> None:
        """Add the assignments of a file."""
        try:
            tree = ast.parse(path.read_bytes().decode("utf-8-sig", "replace"))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self._run(tree.body)

    def _run(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self._add(statement)

    def _add(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, self.evaluate(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.evaluate(value))
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                self.values[name] = _plus(self.values.get(name, UNKNOWN), self.evaluate(value))
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=args)
            ):
                self._change(name, method, args)
            case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]):
                self._import(module)
            case ast.If(test=test, body=body, orelse=orelse):
                self._run(body if self.evaluate(test) else orelse)
            case ast.Try(body=body):
                self._run(body)
            case _:
                pass

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.values[name] = value
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                mapping, at = self.values.get(name), self.evaluate(key)
                if isinstance(mapping, dict) and isinstance(at, str | int):
                    mapping[at] = value
            case ast.Tuple(elts=targets) if isinstance(value, list) and len(value) == len(targets):
                for inner, part in zip(targets, value, strict=True):
                    self._assign(inner, part)
            case _:
                pass

    def _change(self, name: str, method: str, arguments: list[ast.expr]) -> None:
        """Apply `NAME.append(x)`, `NAME.extend([x])` or `NAME.update({…})`."""
        held = self.values.get(name)
        value = self.evaluate(arguments[0]) if arguments else UNKNOWN
        if isinstance(held, dict) and method == "update" and isinstance(value, dict):
            held.update(value)
        elif isinstance(held, list) and method == "append" and value is not UNKNOWN:
            held.append(value)
        elif isinstance(held, list) and method == "extend" and isinstance(value, list):
            held.extend(value)

    def _import(self, module: str) -> None:
        if self._depth < _MAX_IMPORTS:
            inner = _Reader(self._folder, self._depth + 1)
            inner.read(self._folder / (module.replace(".", "/") + ".py"))
            self.values.update(inner.values)

    def evaluate(self, node: ast.expr) -> Any:
        """Return the value of an expression; `UNKNOWN` if it needs to be run."""
        method = self._evaluators.get(type(node).__name__)
        return method(self, node) if method else UNKNOWN

    def _list(self, node: ast.List) -> Any:
        return known_items([self.evaluate(item) for item in node.elts])

    def _dict(self, node: ast.Dict) -> Any:
        mapping: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            name, inner = self.evaluate(key) if key else None, self.evaluate(value)
            if key is None and isinstance(inner, dict):
                mapping.update(inner)
            elif isinstance(name, str | int | bool):
                mapping[name] = inner
        return known_values(mapping)

    def _operation(self, node: ast.BinOp) -> Any:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Add):
            return _plus(left, right)
        if isinstance(node.op, ast.Div) and isinstance(left, str) and isinstance(right, str):
            return posixpath.normpath(posixpath.join(left, right))  # a pathlib path
        if isinstance(node.op, ast.Mult) and isinstance(left, int) and isinstance(right, int):
            return left * right
        return UNKNOWN

    def _either(self, node: ast.BoolOp) -> Any:
        values = [self.evaluate(value) for value in node.values]
        if isinstance(node.op, ast.Or):
            return next((value for value in values if value), values[-1])
        return values[-1] if all(values) else UNKNOWN

    def _format(self, node: ast.JoinedStr) -> Any:
        parts = [
            self.evaluate(part.value if isinstance(part, ast.FormattedValue) else part)
            for part in node.values
        ]
        return UNKNOWN if UNKNOWN in parts else "".join(str(part) for part in parts)

    def _subscript(self, node: ast.Subscript) -> Any:
        holder, key = self.evaluate(node.value), self.evaluate(node.slice)
        try:
            return holder[key]
        except (KeyError, IndexError, TypeError):
            return UNKNOWN

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Not):
            return UNKNOWN if value is UNKNOWN else not value
        is_number = isinstance(value, int | float)
        return -value if is_number and isinstance(node.op, ast.USub) else UNKNOWN

    def _call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        arguments = [self.evaluate(argument) for argument in node.args]
        if name == "dict":
            pairs = {word.arg: self.evaluate(word.value) for word in node.keywords if word.arg}
            return known_values(pairs)
        if name in ("os.environ.get", "os.getenv", "environ.get", "getenv"):
            return arguments[1] if len(arguments) > 1 else UNKNOWN
        if UNKNOWN in arguments:
            return UNKNOWN
        if name in ("tuple", "list", "set", "frozenset") and arguments:
            return list(arguments[0]) if isinstance(arguments[0], list | dict) else UNKNOWN
        if not all(isinstance(argument, str) for argument in arguments):
            return UNKNOWN
        return _path(name, arguments)

    def _name(self, node: ast.Name) -> Any:
        return self.values.get(node.id, "settings.py" if node.id == "__file__" else UNKNOWN)

    def _attribute(self, node: ast.Attribute) -> Any:
        value = self.evaluate(node.value)
        if isinstance(value, str) and node.attr == "parent":
            return posixpath.dirname(value)
        return UNKNOWN

    _evaluators: Mapping[str, Callable[["_Reader", Any], Any]] = {
        "Constant": lambda _, node: node.value,
        "List": _list, "Tuple": _list, "Set": _list, "Dict": _dict, "Name": _name,
        "BinOp": _operation, "BoolOp": _either, "JoinedStr": _format, "UnaryOp": _unary,
        "Subscript": _subscript, "Attribute": _attribute, "Call": _call,
        "IfExp": lambda self, node: self.evaluate(
            node.body if self.evaluate(node.test) else node.orelse
        ),
    }  # fmt: skip


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left + right
    return UNKNOWN


def _path(name: str, arguments: list[str]) -> Any:
    """Return the result of a function of `os.path` or `pathlib`, relative to the file's folder."""
    function = name.rpartition(".")[2]
    if function == "join" and "path" in name:
        return posixpath.normpath(posixpath.join(*arguments)) if arguments else UNKNOWN
    if function in ("abspath", "realpath", "normpath", "Path", "expanduser", "str", "PurePath"):
        return posixpath.normpath(posixpath.join(*arguments)) if arguments else UNKNOWN
    if function == "dirname" and arguments:
        return posixpath.dirname(arguments[0])
    if function in ("resolve", "absolute") or name.endswith(("cwd", "getcwd")):
        return ""
    return UNKNOWN
