"""Splits JavaScript and TypeScript into tokens, without comments. No I/O."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["name", "number", "string", "template", "pattern", "mark", "end"]

_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*|#[\w$]+")
_NUMBER = re.compile(r"0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d+)?n?")
_STRING = re.compile(r"""'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)\"""", re.DOTALL)
_PATTERN = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_MARK = re.compile(
    r"=>|\.\.\.|\?\?=?|\?\.(?!\d)|\|\|=?|&&=?|[=!]==?|[<>+*/%-]=|\+\+|--|.", re.DOTALL
)
_ESCAPE = re.compile(r"\\(u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|\r?\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
# After these a slash divides; elsewhere it begins a regular expression.
_OPERANDS = frozenset({"name", "number", "string", "template", "pattern"})
_LOOK_AHEAD = 6
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BEFORE_PATTERN = frozenset({"return", "case", "typeof", "in", "of", "await", "yield", "default"})


class Token(NamedTuple):
    """One token; `text` of a string is its value, of a template the source between backticks."""

    kind: Kind
    text: str
    line: int


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of a source text, and after them some of the kind `end`."""
    at, line, last = 0, 1, Token("mark", ";", 1)
    while at < len(source):
        if space := _SPACE.match(source, at):
            line += source.count("\n", at, space.end())
            at = space.end()
            continue
        last, end = _token(source, at, line, last)
        yield last
        line += source.count("\n", at, end)
        at = end
    yield from [Token("end", "", line)] * _LOOK_AHEAD


def _token(source: str, at: int, line: int, last: Token) -> tuple[Token, int]:
    if source[at] == "`":
        end = _template_end(source, at + 1)
        return Token("template", source[at + 1 : end], line), end + 1
    if match := _STRING.match(source, at):
        return Token("string", unescape(match[1] or match[2] or ""), line), match.end()
    if match := _NAME.match(source, at):
        return Token("name", match[0], line), match.end()
    if match := _NUMBER.match(source, at):
        return Token("number", match[0], line), match.end()
    is_operand = last.kind in _OPERANDS and last.text not in _BEFORE_PATTERN
    divides = is_operand or last.text in (")", "]", "}", "<")  # `</tag>` of JSX
    if not divides and (match := _PATTERN.match(source, at)):
        return Token("pattern", match[0], line), match.end()
    match = _MARK.match(source, at)
    assert match  # noqa: S101 - it matches any character
    return Token("mark", match[0], line), match.end()


def _template_end(source: str, at: int) -> int:
    """Return the index of the backtick that ends a template."""
    while at < len(source) and source[at] != "`":
        if source.startswith("${", at):
            at = _expression_end(source, at + 2)
        at += 2 if source[at : at + 1] == "\\" else 1
    return min(at, len(source))


def _expression_end(source: str, at: int) -> int:
    """Return the index of the brace that ends an expression in a template."""
    depth = 0
    while at < len(source):
        if source[at] == "`":
            at = _template_end(source, at + 1)
        elif string := _STRING.match(source, at):
            at = string.end() - 1
        elif source[at] == "{":
            depth += 1
        elif source[at] == "}":
            if not depth:
                return at
            depth -= 1
        at += 1
    return at


def unescape(text: str) -> str:
    """Return the text that a string literal stands for."""
    return _ESCAPE.sub(lambda match: _character(match[1]), text) if "\\" in text else text


def _character(escape: str) -> str:
    if len(escape) > 2 and escape[0] in "ux":
        code = int(escape[1:].strip("{}"), 16)
        return chr(code) if code < 0x110000 else ""
    return _ESCAPES.get(escape, escape.strip("\r\n"))


class Tokens(tuple[Token, ...]):
    """The tokens of a file, of which the last ones are of the kind `end`."""

    __slots__ = ()

    @property
    def are_balanced(self) -> bool:
        """Whether every bracket is closed by its own kind."""
        marks = "".join(token.text for token in self if token.kind == "mark")
        brackets = re.sub(r"[^()\[\]{}]", "", marks)
        while brackets != (rest := re.sub(r"\(\)|\[\]|\{\}", "", brackets)):
            brackets = rest
        return not brackets

    def texts(self, at: int, *texts: str) -> bool:
        """Return whether these tokens, none of them strings, follow."""
        following = self[at : at + len(texts)] if at >= 0 else []
        return [token.text for token in following if token.kind in ("name", "mark")] == [*texts]

    def after(self, at: int) -> int:
        """Return the index after one token, or after a whole group in brackets."""
        is_group = self[at].kind == "mark" and self[at].text in _OPENING
        return self.after_group(at) if is_group else min(at + 1, len(self) - 1)

    def after_group(self, at: int) -> int:
        depth = 0
        for index in range(at, len(self)):
            token = self[index]
            if token.kind == "mark":
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if depth <= 0:
                return min(index + 1, len(self) - 1)
        return len(self) - 1

    def rest(self, at: int) -> int:
        """Return the index of the mark that ends an item of a list, object or statement."""
        while self[at].kind != "end" and not self.is_end(at):
            at = self.after(at)
        return at

    def is_end(self, at: int) -> bool:
        token = self[at]
        return token.kind == "end" or (token.kind == "mark" and token.text in ",;)]}")
