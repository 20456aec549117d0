"""Arguments of shortcodes, and the HTML that a shortcode may become. No I/O."""

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from feeds.articles.bodies.page import BRACE
from feeds.articles.bodies.tags import Tag

_ARGUMENT = re.compile(
    r"""(?:([A-Za-z_][\w.-]*)\s*(?:=|:(?!/))\s*)?
    (?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|`([^`]*+)`|([^\s"'`,()]+))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BACKTICKS = re.compile(r"`{3,}")


class Call(NamedTuple):
    """A shortcode: its tag, its arguments by place and by name, and the text in it."""

    tag: Tag
    positional: Sequence[str]
    named: dict[str, str]
    inner: str | None = None
    is_html: bool = False

    def get(self, *names: str, place: int | None = None) -> str:
        """Return the first of the named arguments, or the one at a place; empty without one."""
        for name in names:
            if value := self.named.get(name):
                return value
        if place is not None and place < len(self.positional):
            return self.positional[place]
        return ""

    def block(self, html: str) -> str:
        """Return HTML as a block if the tag stands alone, and as a part of its line if not."""
        return f"\n\n{self.tag.indent}{html}\n\n" if self.tag.is_alone else html

    def around(self, before: str, after: str) -> str:
        """Return the text in the tag between HTML tags that Markdown does not reach into."""
        indent = self.tag.indent
        inner = (self.inner or "").strip("\n")
        return f"\n\n{indent}{before}\n\n{inner}\n\n{indent}{after}\n\n"

    def code(self, text: str, language: str) -> str:
        """Return a block of code."""
        text = text.strip("\n")
        if self.is_html:
            name = f' class="language-{escape(language)}"' if language else ""
            return f"<pre><code{name}>{escape(text, quote=False)}</code></pre>"
        longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
        fence = "`" * (longest + 1)
        lines = [f"{fence}{language}", *text.split("\n"), fence]
        return "\n\n" + "\n".join(self.tag.indent + line for line in lines) + "\n\n"


def call(tag: Tag, inner: str | None, *, is_html: bool) -> Call:
    """Return a tag with its arguments read."""
    positional: list[str] = []
    named: dict[str, str] = {}
    for name, *values in _ARGUMENT.findall(tag.arguments.replace(BRACE, "{")):
        value = _ESCAPED.sub(r"\1", values[0] or values[1]) or values[2] or values[3]
        if name:
            named.setdefault(name.lower(), value)
        else:
            positional.append(value)
    return Call(tag, positional, named, inner, is_html)


def link(url: str, text: str = "") -> str:
    """Return a link as HTML, in which Markdown has nothing to read."""
    return f'<a href="{escape(url)}">{escape(text or url, quote=False)}</a>'
