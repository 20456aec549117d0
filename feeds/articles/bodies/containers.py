"""Containers between lines of colons: `:::note` (Docusaurus, VitePress), `::: {.callout-tip}`."""

import re
from collections.abc import Iterator

from feeds.articles.bodies.calls import Call
from feeds.articles.bodies.code import fences
from feeds.articles.bodies.known import ADMONITIONS, admonition, details
from feeds.articles.bodies.page import Page
from feeds.articles.bodies.tags import Expansion, Language, Tag

_LINE = re.compile(r"^([ \t>]*)(:{3,})[ \t]*([^\n]*?)[ \t]*:*$", re.MULTILINE)
_NAMED = re.compile(r"([\w-]+)[ \t]*(?:\[([^\n]*?)\])?[ \t]*(\{[^{}\n]*\})?[ \t]*([^\n]*)")
_BRACED = re.compile(r"\{([^\n]*)\}?")
_CLASS = re.compile(r"\.([\w-]+)")
_TITLE = re.compile(r"""\btitle\s*=\s*(?:"([^"]*)"|'([^']*)')""")
# Containers that lay out what is in them.
_LAYOUT = frozenset({"code-group", "columns", "column", "tabs", "raw", "v-pre", "grid", "row"})


def expand(text: str, page: Page) -> str:
    """Return a body whose containers are quotations, and whose lines of colons are gone."""
    if ":::" not in text:
        return text
    expansion = Expansion(_Containers(page), text, fences(text))
    at = 0
    for match in _LINE.finditer(text):
        expansion.add(text[at : match.start()])
        at = match.end()
        if expansion.in_code(match.start()):
            expansion.add(match[0])
        else:
            expansion.apply(_container(match))
    expansion.add(text[at:])
    return expansion.finish()


def _container(match: re.Match[str]) -> Tag:
    indent, _, head = match.groups()
    if not head:
        return Tag("close", "")
    return Tag("open", "container", head, match[0], is_alone=True, indent=indent)


class _Containers(Language):
    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return what a container shows."""
        name, title = _heading(tag.arguments)
        call = Call(tag, (), {}, inner)
        if inner is None:
            return ""
        if name == "details":
            return details(call, title)
        if name in ADMONITIONS:
            return admonition(call, name, title or None)
        if name not in _LAYOUT and not tag.arguments.startswith("{"):
            self.page.note(f":::{name}", "is a container that is not known here; its text stays")
        return f"\n\n{inner}\n\n"


def _heading(head: str) -> tuple[str, str]:
    """Return the name and the title of a container."""
    if head.startswith("{"):
        classes = _CLASS.findall(head[:500])
        title = _TITLE.search(head[:500])
        kinds: Iterator[str] = (name.removeprefix("callout-") for name in classes)
        kind = next((kind for kind in kinds if kind in ADMONITIONS), "")
        return kind, (title[1] or title[2] or "") if title else ""
    match = _NAMED.match(head[:500])
    if match is None:
        return "", ""
    return match[1].lower().removeprefix("callout-"), match[2] or match[4] or ""
