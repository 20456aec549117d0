"""Tags of template languages, which may enclose text. No I/O.

A tag is replaced by what its language returns for it. The text that a tag encloses is expanded
first. Time is linear: text is joined once for each tag that is open, at most `_MAX_DEPTH` times.
"""

import re
from collections.abc import Container, Mapping
from typing import ClassVar, Literal, NamedTuple

from feeds.articles.bodies.code import Ranges
from feeds.articles.bodies.page import BRACE, Page

Kind = Literal["single", "open", "close", "branch"]
_MAX_DEPTH = 50
_LONGEST_INDENT = 100  # characters


class Tag(NamedTuple):
    """One tag. `is_alone` says whether it has its line for itself, `indent` is that line's."""

    kind: Kind
    name: str
    arguments: str = ""
    source: str = ""
    is_alone: bool = False
    indent: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


class Language:
    """A template language: how its tags look, and what becomes of each."""

    pattern: ClassVar[re.Pattern[str]]
    # Tags whose inside is no template, with the pattern of their end.
    literal: ClassVar[Mapping[str, re.Pattern[str]]] = {}
    unescaped: ClassVar[Container[str]] = ()
    """Those of them that only mark their inside as text, in code, too."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def prepare(self, text: str) -> None:
        """Look over the whole text first."""

    def tag(self, match: re.Match[str]) -> Tag:
        """Return the tag that the pattern found."""
        raise NotImplementedError

    def escaped(self, match: re.Match[str]) -> str | None:  # noqa: ARG002
        """Return the text that an escaped tag stands for; None if it is not escaped."""
        return None

    def drops(self, name: str) -> bool:  # noqa: ARG002
        """Return whether a tag is left out with what is in it."""
        return False

    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return the text for a tag, which encloses `inner` unless that is None."""
        raise NotImplementedError


class _Frame:
    def __init__(self, tag: Tag | None, notices: int = 0) -> None:
        self.tag, self.notices = tag, notices
        self.parts: list[str] = []
        self.first: list[str] | None = None
        self.has_cases = False

    @property
    def text(self) -> str:
        return "".join(self.parts if self.first is None else self.first)


class Expansion:
    """One pass of one language over one text."""

    def __init__(self, language: Language, text: str, code: Ranges) -> None:
        self.language, self.text, self.code = language, text, code
        self._frames = [_Frame(None)]
        self._open: dict[str, int] = {}
        self._endless: set[str] = set()
        self._place = 0

    def run(self) -> str:
        """Return the text with its tags replaced."""
        text, language = self.text, self.language
        language.prepare(text)
        at = 0
        while match := language.pattern.search(text, at):
            self.add(text[at : match.start()])
            at = self._read(match)
        self.add(text[at:])
        return self.finish()

    def finish(self) -> str:
        """Return the whole text."""
        while len(self._frames) > 1:
            self._flatten()
        return self._frames[0].text

    def add(self, text: str) -> None:
        """Add text that is no tag."""
        self._frames[-1].parts.append(text)

    def _read(self, match: re.Match[str]) -> int:
        """Add what a tag stands for; return where to read on."""
        plain = self.language.escaped(match)
        if plain is not None:
            self.add(plain.replace("{", BRACE))
            return match.end()
        tag = self.language.tag(match)
        in_code = self.in_code(match.start())
        if tag.kind != "close" and tag.name in self.language.literal:
            end = self._literal_end(tag.name, match.end())
            if end is not None and (not in_code or tag.name in self.language.unescaped):
                self._literal(self.placed(tag, *match.span()), self.text[match.end() : end.start()])
                return end.end()
        if in_code:
            self.add(match[0])
        else:
            self.apply(self.placed(tag, *match.span()))
        return match.end()

    def in_code(self, at: int) -> bool:
        """Return whether a place is in code; places must not go back."""
        while self._place < len(self.code) and self.code[self._place][1] <= at:
            self._place += 1
        return self._place < len(self.code) and self.code[self._place][0] <= at

    def _literal_end(self, name: str, at: int) -> re.Match[str] | None:
        if name in self._endless:
            return None
        end = self.language.literal[name].search(self.text, at)
        if end is None:
            self._endless.add(name)
        return end

    def _literal(self, tag: Tag, inside: str) -> None:
        if tag.name in self.language.unescaped:
            self.add(inside.replace("{", BRACE))
        else:
            self.add(self.language.expand(tag, inside.replace("{", BRACE)))

    def placed(self, tag: Tag, start: int, end: int) -> Tag:
        """Return a tag that knows whether it has its line for itself."""
        lines = self.text[max(0, start - _LONGEST_INDENT) : start].split("\n")
        if len(lines) == 1 and start > _LONGEST_INDENT:
            return tag
        before = lines[-1]
        after = self.text[end : end + _LONGEST_INDENT].partition("\n")[0]
        is_alone = not before.strip() and (tag.kind == "open" or not after.strip())
        return tag._replace(is_alone=is_alone, indent=before if is_alone else "")

    def apply(self, tag: Tag) -> None:
        """Add what a tag stands for, once that is known."""
        if tag.kind == "branch":
            self._branch(tag)
        elif tag.kind == "close":
            self._close(tag.name)
        elif tag.kind == "open" and len(self._frames) <= _MAX_DEPTH:
            self._frames.append(_Frame(tag, len(self.language.page.notices)))
            self._open[tag.name] = self._open.get(tag.name, 0) + 1
        else:
            self.add(self.language.expand(tag, None))

    def _branch(self, tag: Tag) -> None:
        """Keep the first branch of a condition only."""
        frame = self._frames[-1]
        if frame.tag is None:
            return
        if tag.name == "when" and not frame.has_cases:
            frame.has_cases = True
            frame.parts = []
        elif frame.first is None:
            frame.first = frame.parts
            frame.parts = []

    def _close(self, name: str) -> None:
        if name and not self._open.get(name):
            return
        while len(self._frames) > 1:
            frame = self._frames[-1]
            if not name or (frame.tag and frame.tag.name == name):
                self._pop(frame.text)
                return
            self._flatten()

    def _flatten(self) -> None:
        """Treat a tag that is never closed as one that encloses nothing."""
        text = self._frames[-1].text
        self._pop(None)
        self.add(text)

    def _pop(self, inner: str | None) -> None:
        frame = self._frames.pop()
        tag = frame.tag
        if tag:
            self._open[tag.name] -= 1
            if inner is not None and self.language.drops(tag.name):
                self.language.page.forget_notices(frame.notices)
            self.add(self.language.expand(tag, inner))


def expand(language: Language, text: str, code: Ranges) -> str:
    """Return a text in which the tags of a language are replaced, but those in its code."""
    return Expansion(language, text, code).run()
