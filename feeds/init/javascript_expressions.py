"""Values of JavaScript expressions: literals, names of constants, simple operators. No I/O."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from feeds.init.javascript_tokens import Tokens, unescape
from feeds.init.unknown import UNKNOWN, known_items, known_values

_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}
_MAX_DEPTH = 60


class Call(NamedTuple):
    """A call of a function that is not run: its dotted name, and its arguments."""

    name: str
    arguments: tuple[Any, ...]


class Template(NamedTuple):
    """A template string with expressions: the source text between its backticks."""

    source: str


class Syntax(NamedTuple):
    """The value of an expression, and the index of the token after it."""

    value: Any
    end: int


class Expressions:
    """Evaluates expressions in tokens; `constant` and `require` give values by name."""

    def __init__(
        self, tokens: Tokens, constant: Callable[[str], Any], require: Callable[[str], Any]
    ) -> None:
        self._tokens, self._constant, self._require = tokens, constant, require
        self._nested = 0

    def _item(self, at: int) -> Syntax:
        """Return an expression that a comma or bracket ends; unknown if it goes on otherwise."""
        value, end = self.expression(at)
        return (
            Syntax(value, end)
            if self._tokens.is_end(end)
            else Syntax(UNKNOWN, self._tokens.rest(end))
        )

    def expression(self, at: int) -> Syntax:
        """Return the expression that begins at a token."""
        if self._nested >= _MAX_DEPTH:
            return Syntax(UNKNOWN, self._tokens.rest(at))
        self._nested += 1
        try:
            return self._operations(self._postfix(self._primary(at)))
        finally:
            self._nested -= 1

    def _operations(self, left: Syntax) -> Syntax:
        value, at = left
        while True:
            operator = self._tokens[at]
            if operator.kind == "name" and operator.text in ("as", "satisfies"):
                at += 1
                while not self._tokens.is_end(at) and self._tokens[at].line == operator.line:
                    at = self._tokens.after(at)
            elif operator.kind != "mark":
                return Syntax(value, at)
            elif operator.text == "?":
                return self._choice(value, at + 1)
            elif operator.text in _OPERATORS:
                right, at = self._postfix(self._primary(at + 1))
                value = _OPERATORS[operator.text](value, right)
            else:
                return Syntax(value, at)

    def _choice(self, condition: Any, at: int) -> Syntax:
        """Return one branch of a condition: of an unknown one, that without a local address."""
        first, at = self.expression(at)
        if not self._tokens.texts(at, ":"):
            return Syntax(UNKNOWN, self._tokens.rest(at))
        second, at = self.expression(at + 1)
        if condition is not UNKNOWN:
            return Syntax(first if condition else second, at)
        if isinstance(second, str) and "localhost" in second:
            return Syntax(first, at)
        is_local = first is UNKNOWN or (isinstance(first, str) and "localhost" in first)
        return Syntax(second if is_local else UNKNOWN, at)

    def _primary(self, at: int) -> Syntax:
        token = self._tokens[at]
        if token.kind == "string":
            return Syntax(token.text, at + 1)
        if token.kind == "template":
            return Syntax(self._template(token.text), at + 1)
        if token.kind == "number":
            return Syntax(_number(token.text), at + 1)
        if token.kind == "name":
            return self._word(at)
        if token.text == "{":
            return self._object(at)
        if token.text == "[":
            items, end = self.items(at)
            return Syntax(known_items(list(items)), end)
        if token.text == "(":
            return self._parenthesis(at)
        if token.text in ("-", "!"):
            value, end = self._postfix(self._primary(at + 1))
            if token.text == "!":
                return Syntax(UNKNOWN if value is UNKNOWN else not value, end)
            return Syntax(-value if isinstance(value, int | float) else UNKNOWN, end)
        return Syntax(UNKNOWN, self._tokens.after(at) if not self._tokens.is_end(at) else at)

    def _word(self, at: int) -> Syntax:
        name = self._tokens[at].text
        if name in ("await", "new"):
            return self._postfix(self._primary(at + 1))
        if name in ("function", "async", "class") or self._tokens.texts(at + 1, "=>"):
            return Syntax(UNKNOWN, self._tokens.rest(at))
        if name in _CONSTANTS:
            return Syntax(_CONSTANTS[name], at + 1)
        end = at + 1
        while self._tokens[end].text in (".", "?.") and self._tokens[end + 1].kind == "name":
            name += f".{self._tokens[end + 1].text}"
            end += 2
        if self._tokens[end].text == "<":  # type arguments of a call
            close = end
            while not self._tokens.is_end(close) and self._tokens[close].text not in ("(", ">"):
                close += 1
            end = close + 1 if self._tokens.texts(close, ">", "(") else end
        if self._tokens.texts(end, "("):
            arguments, end = self.items(end)
            return Syntax(self._call(name, arguments), end)
        first, *rest = name.split(".")
        value = self._constant(first)
        for part in rest:
            value = member(value, part)
        return Syntax(value, end)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "require" and arguments and isinstance(arguments[0], str):
            return self._require(arguments[0])
        is_text = name in ("URL", "String") and arguments and isinstance(arguments[0], str)
        return arguments[0] if is_text else Call(name, arguments)

    def _postfix(self, start: Syntax) -> Syntax:
        value, at = start
        while True:
            if self._tokens.texts(at, "["):
                keys, at = self.items(at)
                value = member(value, keys[0]) if len(keys) == 1 else UNKNOWN
            elif self._tokens[at].text in (".", "?.") and self._tokens[at].kind == "mark":
                value, at = (
                    member(value, self._tokens[at + 1].text),
                    min(at + 2, len(self._tokens) - 1),
                )
            elif self._tokens.texts(at, "("):
                value, at = UNKNOWN, self._tokens.after_group(at)
            elif self._tokens.texts(at, "!") and self._tokens.is_end(
                at + 1
            ):  # not null, in TypeScript
                at += 1
            else:
                return Syntax(value, at)

    def _parenthesis(self, at: int) -> Syntax:
        end = self._tokens.after_group(at)
        if self._tokens.texts(end, "=>") or self._tokens.texts(end, ":"):
            return Syntax(UNKNOWN, self._tokens.rest(end))
        value, inner = self.expression(at + 1)
        return Syntax(value if inner == end - 1 else UNKNOWN, end)

    def items(self, at: int) -> tuple[tuple[Any, ...], int]:
        """Return the items of a list or call that opens at `at`, and the index after it."""
        end = self._tokens.after_group(at)
        values: list[Any] = []
        at += 1
        while at < end - 1:
            if self._tokens.texts(at, "..."):
                value, at = self._item(at + 1)
                values += value if isinstance(value, list) else []
            else:
                value, at = self._item(at)
                values.append(value)
            at += 1
        return tuple(values), end

    def _object(self, at: int) -> Syntax:
        end = self._tokens.after_group(at)
        properties: dict[str, Any] = {}
        at += 1
        while at < end - 1:
            if self._tokens.texts(at, "..."):
                value, at = self._item(at + 1)
                properties |= value if isinstance(value, dict) else {}
            else:
                at = self._property(at, properties)
            at += 1
        return Syntax(known_values(properties), end)

    def _property(self, at: int, properties: dict[str, Any]) -> int:
        """Add one property of an object; return the index of the mark after it."""
        token = self._tokens[at]
        if token.kind in ("name", "string", "number") and self._tokens.texts(at + 1, ":"):
            properties[token.text], at = self._item(at + 2)
            return at
        if token.kind == "name" and self._tokens.is_end(at + 1):  # {site} is {site: site}
            properties[token.text] = self._constant(token.text)
            return at + 1
        return self._tokens.rest(at)

    def _template(self, source: str) -> Any:
        """Return a template as text; as a `Template` if one of its expressions is not known."""
        parts = source.split("${")
        text = unescape(parts[0])
        for part in parts[1:]:
            name, brace, rest = part.partition("}")
            if not brace:
                return Template(source)
            value = self._reference(name.strip())
            if not isinstance(value, str | int):
                return Template(source)
            text += f"{value}{unescape(rest)}"
        return text

    def _reference(self, name: str) -> Any:
        first, *rest = name.split(".")
        value = self._constant(first)
        for part in rest:
            value = member(value, part)
        return value


def member(value: Any, key: Any) -> Any:
    """Return a property of an object or an item of a list; `UNKNOWN` if there is none."""
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, UNKNOWN)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return UNKNOWN


def _number(text: str) -> int | float:
    plain = text.replace("_", "").removesuffix("n")
    if plain[:2] in ("0x", "0X"):
        return int(plain, 16)
    number = float(plain)
    return int(number) if plain.isdigit() else number


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    are_numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return left + right if are_numbers else UNKNOWN


def _multiply(left: Any, right: Any) -> Any:
    are_numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return left * right if are_numbers else UNKNOWN


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "*": _multiply,
    "||": lambda left, right: left or right,
    "??": lambda left, right: right if left in (UNKNOWN, None) else left,
    "&&": lambda left, right: UNKNOWN if left is UNKNOWN else left and right,
    "===": lambda left, right: UNKNOWN if UNKNOWN in (left, right) else left == right,
    "==": lambda left, right: UNKNOWN if UNKNOWN in (left, right) else left == right,
    "!==": lambda left, right: UNKNOWN if UNKNOWN in (left, right) else left != right,
}
