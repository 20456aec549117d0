"""Liquid (Jekyll), Nunjucks (Eleventy) and the tags of Hexo: `{% tag %}`, `{{ value }}`. No I/O."""

import re
from collections.abc import Container, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

from feeds.articles.bodies import calls, code, expressions, known, tags
from feeds.articles.bodies.calls import Call, link
from feeds.articles.bodies.page import UNKNOWN
from feeds.articles.bodies.references import References
from feeds.articles.bodies.tags import Language, Tag

_TAG = re.compile(r"\s*([A-Za-z_][\w-]*)?([\s\S]*)")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=(.*)", re.DOTALL)
_FILE = re.compile(r"\s*[\"']?([^\s\"',]+)[\"']?,?([\s\S]*)")
_CONDITIONS = frozenset({"if", "unless", "case", "ifchanged", "ifasync"})
_LOOPS = frozenset({"for", "tablerow", "asyncEach", "asyncAll", "macro"})
_BLOCKS = _CONDITIONS | _LOOPS | {"capture", "filter", "call", "block", "autoescape"}
_BRANCHES = frozenset({"else", "elsif", "elif", "elseif", "when"})
_UNSEEN = frozenset({
    "assign", "set", "comment", "increment", "decrement", "break", "continue", "cycle", "layout",
    "extends", "import", "from", "seo", "feed_meta", "toc", "doc",
})  # fmt: skip
# Files that are no articles, to which `{% link %}` may lead, too.
_STATIC = re.compile(r"\.(?!md\Z|mkdn?\Z|markdown\Z|html\Z)[a-z0-9]{2,4}\Z")
_MAX_DEPTH = 3


def _end(name: str) -> re.Pattern[str]:
    return re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}")


class Liquid(Language):
    """One body's tags."""

    # A value ends before the next tag, because one that is not closed is text.
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"\{%-?((?:[^%{]|%(?!\})|\{(?![%{]))*+)%\}|\{\{-?((?:[^{}]|\}(?!\})|\{(?![%{]))*+)\}\}"
        r"|\{#(?:[^#]|#(?!\}))*+#\}"
    )
    literal: ClassVar[Mapping[str, re.Pattern[str]]] = {
        name: _end(name)
        for name in ("raw", "verbatim", "highlight", "comment", "codeblock", "code", "mermaid")
    }
    unescaped: ClassVar[Container[str]] = frozenset({"raw", "verbatim"})
    _closing: ClassVar[re.Pattern[str]] = re.compile(r"\{%-?\s*end_?([\w-]+)")
    depth = 0

    def prepare(self, text: str) -> None:
        """Find the names of tags that enclose text."""
        self._paired = set(self._closing.findall(text)) | _BLOCKS

    def tag(self, match: re.Match[str]) -> Tag:
        """Return the tag; that of a value is called `=`, of a comment `#`."""
        if match[1] is None:
            return Tag("single", "#" if match[2] is None else "=", match[2] or "", match[0])
        parts = _TAG.fullmatch(match[1].removesuffix("-"))
        name = (parts and parts[1]) or ""
        arguments = parts[2].strip() if parts else ""
        if name in _BRANCHES:
            return Tag("branch", name)
        if name.startswith("end") and len(name) > 3:
            return Tag("close", name[3:].lstrip("_"))
        is_open = name in self._paired
        return Tag("open" if is_open else "single", name, arguments, match[0])

    def drops(self, name: str) -> bool:
        """Return whether a tag is left out with what is in it."""
        return name in _LOOPS

    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return what a tag shows."""
        name = tag.name
        if name == "=":
            return self._value(tag.arguments)
        if name in ("#", "comment"):
            return ""
        if name in _LOOPS:
            self._note(name, "is not evaluated: it is left out with what is in it")
            return ""
        if name in _CONDITIONS:
            self._note(name, "is not evaluated: the text of its first branch stays")
            return inner or ""
        if name in ("assign", "set", "capture"):
            self._assign(tag, inner)
            return ""
        result = self._known(calls.call(tag, inner, is_html=self.page.is_html), name)
        if result is not None:
            return result
        if name and name not in _UNSEEN:
            self._note(name, "is not known here; it is left out, and the text in it stays")
        return UNKNOWN if inner is None and name else inner or ""

    def _note(self, name: str, message: str) -> None:
        self.page.note(f"{{% {name} %}}", message)

    def _value(self, expression: str) -> str:
        expression = expression.removesuffix("-")
        try:
            return expressions.text(expressions.value(expression, self.page))
        except expressions.UnknownError:
            pass
        self.page.note(
            f"{{{{ {expression.strip()} }}}}", "is not known here; it is left out of the body"
        )
        return UNKNOWN

    def _assign(self, tag: Tag, inner: str | None) -> None:
        if inner is not None:
            self.page.variables[tag.arguments.strip()] = inner
        elif match := _ASSIGNMENT.fullmatch(tag.arguments):
            try:
                self.page.variables[match[1]] = expressions.value(match[2], self.page)
            except expressions.UnknownError:
                self.page.variables.pop(match[1], None)

    def _known(self, call: Call, name: str) -> str | None:
        """Return what a tag with a known name shows; None for any other."""
        first = call.get(place=0)
        if name in ("link", "post_url", "post_link", "post_path"):
            return self._reference(call, name, first)
        if name in ("include", "include_relative", "include_cached", "render", "include_code"):
            return self._include(call, name)
        if name in ("gist",):
            return known.gist(call, self.page)
        if name in ("asset_path", "asset_link"):
            label = " ".join(call.positional[1:]) or first
            return first if name == "asset_path" else link(first, label)
        if name in ("image_tag", "img") and "://" not in first and "/" not in first:
            return self._picture(call)
        if name in ("quote", "pullquote", "pq", "blockquote") and call.inner is not None:
            return call.around("<blockquote>", "</blockquote>")
        return known.render(call, self.page)

    def _picture(self, call: Call) -> str | None:
        """Return an image of Hexo, before whose path a class may stand."""
        paths = [part for part in call.positional if "/" in part or "." in part]
        if not paths:
            return known.render(call, self.page)
        return known.figure(call._replace(positional=paths[:1]), self.page)

    def _reference(self, call: Call, name: str, first: str) -> str:
        target = first
        if name == "link" and ("://" in call.get(place=1) or first.startswith("http")):  # Hexo
            return link(call.get(place=1), first) if "://" in call.get(place=1) else link(first)
        if name == "link" and _STATIC.search(target):
            return urljoin(self.page.site, quote(target.lstrip("/")))
        url = References(self.page).by_name(target)
        if name in ("post_link",):
            label = " ".join(call.positional[1:]).removesuffix(" true").removesuffix(" false")
            label = label or first
            return label if url == UNKNOWN else link(url, label)
        return url

    def _include(self, call: Call, name: str) -> str:
        """Return a file of the site with its tags expanded, or what its name stands for."""
        parts = _FILE.fullmatch(call.tag.arguments)
        if parts is None or "{" in parts[1]:
            self._note(name, "names a file that is not known here; it is left out")
            return ""
        file, arguments = parts.groups()
        stem = file.rpartition("/")[2].partition(".")[0]
        if name != "include_relative":
            tag = call.tag._replace(name=stem, arguments=arguments)
            named = calls.call(tag, None, is_html=self.page.is_html)
            if (result := known.render(named, self.page)) is not None:
                return result
        path = file if name == "include_relative" else f"_includes/{file}"
        text = self.page.include(path) if self.depth < _MAX_DEPTH else None
        return "" if text is None else self._included(text, arguments, call)

    def _included(self, text: str, arguments: str, call: Call) -> str:
        inner = Liquid(self.page)
        inner.depth = self.depth + 1
        outer = self.page.variables.get("include")
        tag = call.tag._replace(arguments=arguments)
        parameters: dict[str, Any] = dict(calls.call(tag, None, is_html=True).named)
        self.page.variables["include"] = parameters
        try:
            return tags.expand(inner, text, code.in_html(text)).strip("\n")
        finally:
            self.page.variables["include"] = outer
