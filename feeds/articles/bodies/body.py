"""A body in its generator's dialect -> publishable HTML and its summary. No I/O.

Templates run first, then Markdown; links are resolved while the HTML is sanitised, where every one
is an attribute, however it was written.
"""

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import NamedTuple

from feeds.articles import sanitizer
from feeds.articles.bodies import (
    attributes,
    code,
    containers,
    emoji,
    markdown,
    mdx,
    mkdocs,
    pelican,
    tags,
)
from feeds.articles.bodies.hugo import Hugo
from feeds.articles.bodies.liquid import Liquid
from feeds.articles.bodies.page import BRACE, MORE, UNKNOWN, Page
from feeds.articles.bodies.references import References
from feeds.articles.bodies.zola import Zola
from feeds.presets import preset

_OWN = re.compile(f"[{MORE}{BRACE}{UNKNOWN}]")
_LONE_MORE = re.compile(rf"<p>\s*{MORE}\s*</p>\n?|{MORE}")
# A tag, in which the character stays for now, or the character in text.
_UNKNOWN_TEXT = re.compile(f"(<[^<>]*+>)|{UNKNOWN}")
_EMPTY = re.compile(r"<p>\s*+</p>\n?")
_NO_SOURCE = re.compile(r"<img(?![^<>]* src(?:set)?=)[^<>]*>")
_CODE = re.compile(r"<(/?)(pre|code)\b[^<>]*+>", re.IGNORECASE)
_LEFT_OVER: Mapping[str, re.Pattern[str]] = {
    "braces": re.compile(r"\{[%#][^{}\n]*[%#]\}|\{\{[^{}\n]*\}\}|\{[{%]|[%}]\}"),
    "angles": re.compile(r"\{\{(?:&lt;|%)[^{}\n]*(?:&gt;|%)\}\}|\{\{(?:&lt;|<|%)|(?:&gt;|%)\}\}"),
}
_TAG = re.compile(r"<[^<>]*+>")
_LAYOUT = re.compile(
    r"</?(?:p|div|h[1-6]|li|ul|ol|table|tr|td|th|blockquote|br|hr|dd|dt|pre)\b[^<>]*>"
)


class Body(NamedTuple):
    """A body as it is published. `summary` is the plain text before the author's marker."""

    html: str
    summary: str


def render(text: str, page: Page) -> Body:
    """Return the body of a page. Raises `BodyError` for one that is too large or nests too deep."""
    text = _OWN.sub("", text)
    text = _with_more(text, page)
    languages = page.dialect.templates
    for language in languages:
        if template := _TEMPLATES.get(language):
            text = template(text, page)
    if page.is_html:
        html = text
    else:
        sanitizer.check_nesting(text)
        html = _from_markdown(text, page)
    if languages and "{" in html:
        html = _without_left_overs(html, page)
    if BRACE in html:
        html = html.replace(BRACE, "{")
    if UNKNOWN in html:
        html = _EMPTY.sub("", _UNKNOWN_TEXT.sub(lambda match: match[1] or "", html))
    base = sanitizer.Base(page.url, page.site, page.assets or page.origin, True, References(page))
    html = sanitizer.sanitise(html, base)
    if UNKNOWN in html:
        html = html.replace(UNKNOWN, "")
    if "<img" in html:
        html = _NO_SOURCE.sub("", html)
    return _divided(html) if MORE in html else Body(html, "")


def _from_markdown(text: str, page: Page) -> str:
    dialect = page.dialect
    if dialect.emoji and emoji.NAME.search(text):
        text = code.outside(text, code.in_markdown(text), emoji.replaced)
    return markdown.html(attributes.cleaned(text), smart=dialect.smart, linkify=dialect.linkify)


def _with_more(text: str, page: Page) -> str:
    """Return a body in which a character stands for the first marker of a summary's end."""
    match = _marker(text, page.dialect.more)
    if match is None:
        return text
    before, after = text[: match.start()], text[match.end() :]
    after = preset.MORE.sub("", after) if not code.fences(text) else after
    line = before[before.rfind("\n") + 1 :]
    if not line.strip() and after[:1] in ("", "\n", "\r"):
        return f"{before}\n{line}{MORE}\n{after}"
    return f"{before}{MORE}{after}" if line.strip() else f"{before}{MORE}{after.lstrip(' ')}"


def _marker(text: str, own: str) -> re.Match[str] | None:
    """Return the first marker of a summary's end that is not in code; `own` is the dialect's."""
    found = [*re.finditer(re.escape(own), text)] if own else []
    found += preset.MORE.finditer(text) if "<!--" in text else []
    ranges = code.in_markdown(text) if found else []
    outside = (
        match for match in found if not any(start <= match.start() < stop for start, stop in ranges)
    )
    return min(outside, key=lambda match: match.start(), default=None)


def _divided(html: str) -> Body:
    return Body(_LONE_MORE.sub("", html), plain_text(html[: html.index(MORE)]))


def plain_text(html: str) -> str:
    """Return the text of sanitised HTML on one line."""
    return " ".join(unescape(_TAG.sub("", _LAYOUT.sub(" ", html))).split())


def _without_left_overs(html: str, page: Page) -> str:
    """Return HTML without template syntax that is no tag, such as one that is never closed."""
    kinds = {_SYNTAX[language] for language in page.dialect.templates if language in _SYNTAX}
    for kind in kinds:
        pattern = _LEFT_OVER[kind]
        if pattern.search(html) is None:
            continue
        pieces: list[str] = []
        at = depth = 0
        for match in _CODE.finditer(html):
            part = html[at : match.start()]
            pieces += (part if depth else pattern.sub("", part), match[0])
            depth = max(0, depth - 1) if match[1] else depth + 1
            at = match.end()
        pieces.append(html[at:] if depth else pattern.sub("", html[at:]))
        cleaned = "".join(pieces)
        if cleaned != html:
            page.note("{{", "begins or ends a tag that is not complete; the tag is left out")
        html = cleaned
    return html


def _code(text: str, page: Page) -> code.Ranges:
    return code.in_html(text) if page.is_html else code.in_markdown(text)


def _liquid(text: str, page: Page) -> str:
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    return tags.expand(Liquid(page), text, _code(text, page))


def _hugo(text: str, page: Page) -> str:
    if "{{<" not in text and "{{%" not in text:
        return text
    return tags.expand(Hugo(page), text, _code(text, page))


def _zola(text: str, page: Page) -> str:
    if "{{" not in text and "{%" not in text:
        return text
    return tags.expand(Zola(page), text, _code(text, page))


def _docusaurus(text: str, page: Page) -> str:
    return containers.expand(mdx.expand(text, page), page)


def _vitepress(text: str, page: Page) -> str:
    text = _liquid(text, page) if "{{" in text else text
    return containers.expand(mdx.expand(text, page, has_expressions=False), page)


def _quarto(text: str, page: Page) -> str:
    return containers.expand(_hugo(text, page), page)


def _mdx(text: str, page: Page) -> str:
    return mdx.expand(text, page) if page.path.lower().endswith(".mdx") else text


_TEMPLATES: Mapping[str, Callable[[str, Page], str]] = {
    "liquid": _liquid,
    "nunjucks": _liquid,
    "hexo": _liquid,
    "hugo": _hugo,
    "nikola": _hugo,
    "quarto": _quarto,
    "zola": _zola,
    "mdx": _mdx,
    "mkdocs": mkdocs.expand,
    "docusaurus": _docusaurus,
    "vitepress": _vitepress,
    "pelican": pelican.expand,
}
_SYNTAX: Mapping[str, str] = {
    "liquid": "braces",
    "nunjucks": "braces",
    "hexo": "braces",
    "zola": "braces",
    "vitepress": "braces",
    "hugo": "angles",
    "nikola": "angles",
    "quarto": "angles",
}
