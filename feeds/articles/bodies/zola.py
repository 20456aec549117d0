"""Shortcodes of Zola: `{{ youtube(id="x") }}`, `{% quote(author="x") %}…{% end %}`. No I/O."""

import re
from collections.abc import Mapping
from typing import ClassVar

from feeds.articles.bodies import calls, known
from feeds.articles.bodies.page import UNKNOWN
from feeds.articles.bodies.tags import Language, Tag

_CALL = re.compile(r"\s*([A-Za-z_][\w:]*)\s*\(([\s\S]*)\)\s*")


class Zola(Language):
    """One body's shortcodes. A tag without parentheses is text."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"\{%-?((?:[^%{]|%(?!\})|\{(?![%{]))*+)%\}|\{\{((?:[^{}]|\}(?!\})|\{(?![%{]))*+)\}\}"
    )
    literal: ClassVar[Mapping[str, re.Pattern[str]]] = {}

    def escaped(self, match: re.Match[str]) -> str | None:
        """Return the shortcode that a comment (`{{/* x() */}}`) stands for."""
        inside = (match[1] or match[2] or "").strip()
        if inside.startswith("/*") and inside.endswith("*/"):
            return f"{match[0][:2]}{inside[2:-2]}{match[0][-2:]}"
        return None

    def tag(self, match: re.Match[str]) -> Tag:
        """Return the shortcode."""
        inside = (match[1] or match[2] or "").strip().removesuffix("-")
        if match[1] is not None and inside.strip() == "end":
            return Tag("close", "")
        parts = _CALL.fullmatch(inside)
        if parts is None:
            return Tag("single", inside, "", match[0])
        return Tag("single" if match[1] is None else "open", parts[1], parts[2], match[0])

    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return what a shortcode shows."""
        call = calls.call(tag, inner, is_html=self.page.is_html)
        result = known.render(call, self.page)
        if result is not None:
            return result
        brackets = "{{ %s() }}" if inner is None else "{%% %s() %%}"
        self.page.note(
            brackets % tag.name,
            "is a shortcode that is not known here; it is left out, and the text in it stays",
        )
        return UNKNOWN if inner is None else inner
