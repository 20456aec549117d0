"""Directives and roles of reStructuredText that site generators add to those of docutils. No I/O.

`register` makes the known ones available to docutils. What a document needs beside its text is in
its settings: `page` takes the notices, `own_roles` has the roles that the document defines.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.images import Figure, Image
from docutils.parsers.rst.directives.misc import Role
from docutils.parsers.rst.languages import en
from docutils.parsers.rst.states import Inliner
from docutils.utils import unescape

from feeds.articles.bodies import calls, known
from feeds.articles.bodies.tags import Tag

_TARGET = re.compile(r"\s*<[^<>]*>\Z")
_EXPLAINED = re.compile(r"(.+?)\s*\((.*)\)\Z", re.DOTALL)
_CODE = ("code", "code-block", "sourcecode", "highlight", "code_block")


class _AnyOptions(dict[str, Callable[[str], Any]]):
    """The options of a directive that takes any."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged


class Code(Directive):
    """Code with its language; line numbers and highlighted lines are left to the reader."""

    optional_arguments: ClassVar[int] = 1
    final_argument_whitespace: ClassVar[bool] = True
    option_spec = _AnyOptions()
    has_content: ClassVar[bool] = True

    def run(self) -> Sequence[nodes.Node]:
        """Return the block; none without text."""
        text = "\n".join(self.content)
        language = self.arguments[0].split()[0] if self.arguments else ""
        classes = ["code", language] if language else ["code"]
        return [nodes.literal_block(text, text, classes=classes)] if text.strip() else []


class Shortcode(Directive):
    """A directive that means the same as a shortcode of other generators: `.. youtube:: ID`."""

    optional_arguments: ClassVar[int] = 1
    final_argument_whitespace: ClassVar[bool] = True
    option_spec = _AnyOptions()
    has_content: ClassVar[bool] = True

    def run(self) -> Sequence[nodes.Node]:
        """Return the plain HTML that feeds show."""
        words = self.arguments[0].split() if self.arguments else []
        tag = Tag("single", self.name, " ".join(words), is_alone=True)
        options = {name: value or "" for name, value in self.options.items()}
        inner = "\n".join(self.content) or None
        call = calls.Call(tag, words, options, inner, is_html=True)
        html = known.render(call, self.state.document.settings.page) or ""
        return [nodes.raw("", html.strip() + "\n", format="html")] if html.strip() else []


class AnyImage(Image):
    """An image, also with options that only a plugin of the site knows."""

    option_spec = _AnyOptions(Image.option_spec or {})


class AnyFigure(Figure):
    """A figure, also with options that only a plugin of the site knows."""

    option_spec = _AnyOptions(Figure.option_spec or {})


class OwnRole(Role):
    """The directive `role`, which notes the names that the document defines.

    Docutils keeps roles for the whole process, so a role of another document may be among them.
    """

    def run(self) -> list[nodes.Node]:
        """Define the role."""
        name = re.match(r"[\w.+:-]+", self.content[0]) if self.content else None
        if name:
            self.state.document.settings.own_roles.add(name[0].lower())
        return list(super().run())


def inliner() -> Inliner:
    """Return a parser of inline markup that reads every role.

    It is no subclass, because docutils builds its patterns from the attributes of the class alone.
    """
    result = Inliner()
    result.interpreted = partial(_interpreted, result)  # type: ignore[method-assign]
    return result


def _interpreted(
    inliner: Inliner, rawsource: str, text: str, role: str, lineno: int
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Return a role of docutils or of the document as nodes, and the text of any other."""
    settings, name = inliner.document.settings, (role or "").lower()
    if not name or name in en.roles or name in settings.own_roles:
        return Inliner.interpreted(inliner, rawsource, text, role, lineno)
    plain = _TARGET.sub("", unescape(text)) or unescape(text)
    if name == "kbd":
        return [nodes.raw("", f"<kbd>{escape(plain)}</kbd>", format="html")], []
    if name == "abbr" and (match := _EXPLAINED.fullmatch(plain)):
        html = f'<abbr title="{escape(match[2])}">{escape(match[1])}</abbr>'
        return [nodes.raw("", html, format="html")], []
    settings.page.note(f":{name}:", "is a role that is not known here; its text stays")
    return [nodes.Text(plain)], []


def register() -> None:
    """Make the directives known to docutils; those that it has itself stay as they are."""
    for name in known.NAMES:
        for spelling in (name, name.replace("_", "-")):
            if spelling not in en.directives:
                directives.register_directive(spelling, Shortcode)
    for name in _CODE:
        directives.register_directive(name, Code)
    for name, kind in (("image", AnyImage), ("thumbnail", AnyImage), ("figure", AnyFigure)):
        directives.register_directive(name, kind)
    directives.register_directive("role", OwnRole)
