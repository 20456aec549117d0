"""Shortcodes of Hugo, Nikola and Quarto: `{{< figure src="x" >}}`, `{{% note %}}…{{% /note %}}`."""

import re
from collections.abc import Mapping
from typing import ClassVar

from feeds.articles.bodies import calls, code, known, tags
from feeds.articles.bodies.calls import Call, link
from feeds.articles.bodies.page import UNKNOWN
from feeds.articles.bodies.references import References
from feeds.articles.bodies.tags import Language, Tag

_ARGUMENTS = r"((?:[^>%{]|(?![>%]\}\}|\{\{[<%])[>%{])*+)"
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_NAME = re.compile(r"\s*(/?)\s*([\w./-]*)([\s\S]*)\Z")


class Hugo(Language):
    """One body's shortcodes."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"\{\{(?:[<%]|\{[<%])" + _ARGUMENTS + r"[>%]\}\}\}?"
    )
    literal: ClassVar[Mapping[str, re.Pattern[str]]] = {
        name: re.compile(rf"\{{\{{[<%]\s*/\s*{name}\s*[%>]\}}\}}")
        for name in ("highlight", "comment", "raw", "mermaid", "code")
    }
    _closing: ClassVar[re.Pattern[str]] = re.compile(r"\{\{[<%]\s*/\s*([\w./-]+)\s*[%>]\}\}")

    def prepare(self, text: str) -> None:
        """Find the names of shortcodes that enclose text."""
        self._paired = set(self._closing.findall(text))

    def escaped(self, match: re.Match[str]) -> str | None:
        """Return the shortcode that a comment (`{{</* x */>}}`) stands for."""
        text, arguments = match[0], match[1].strip()
        if arguments.startswith("/*") and arguments.endswith("*/"):
            return f"{text[:3]}{arguments[2:-2]}{text[-3:]}"
        return text[1:-1] if text.startswith("{{{") and text.endswith("}}}") else None

    def tag(self, match: re.Match[str]) -> Tag:
        """Return the shortcode."""
        closing, name, arguments = _NAME.findall(match[1])[0]
        if closing:
            return Tag("close", name)
        is_single = arguments.rstrip().endswith("/")
        arguments = arguments.rstrip().removesuffix("/") if is_single else arguments
        is_open = name in self._paired and not is_single
        return Tag("open" if is_open else "single", name, arguments, match[0])

    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return what a shortcode shows."""
        call = calls.call(tag, inner, is_html=self.page.is_html)
        name = tag.name.lower()
        if name in ("ref", "relref"):
            return References(self.page).by_name(call.get("path", place=0))
        own = self._own(call, name)
        result = known.render(call, self.page) if own is None else own
        if result is not None:
            return result
        self.page.note(
            f"{{{{< {tag.name} >}}}}",
            "is a shortcode that is not known here; it is left out, and the text in it stays",
        )
        return UNKNOWN if inner is None else inner

    def _own(self, call: Call, name: str) -> str | None:
        if name in ("param", "meta", "var"):
            return self._parameter(call.get("name", "key", place=0))
        if name in ("comment", "mermaid", "qr"):
            return ""
        if name in ("raw", "rawhtml", "html", "unsafe"):
            return call.inner or ""
        if name in ("include", "readfile", "include_file") and call.inner is None:
            path = call.get("file", "path", "src", place=0)
            text = self.page.include(path)
            return "" if text is None else self.included(text)
        if name == "doc":  # Nikola
            return link(References(self.page).by_name(call.get(place=0)), call.inner or "")
        return None

    def included(self, text: str) -> str:
        """Return the text of another file with its shortcodes expanded, but not its includes."""
        return tags.expand(Hugo(self.page), text, code.in_markdown(text))

    def _parameter(self, name: str) -> str:
        value: object = self.page.data
        for part in name.removeprefix("params.").split("."):
            if isinstance(value, list) and _INDEX.fullmatch(part):
                value = value[int(part)] if int(part) < len(value) else None
            else:
                value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str | int | float):
            return str(value)
        self.page.note(f"{{{{< param {name} >}}}}", "is not in the front matter; it is left out")
        return UNKNOWN
