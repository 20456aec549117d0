"""An article's body -> HTML that may leave: sanitised, every URL absolute. No I/O."""

import re
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING

import nh3

from feeds import urls

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
from feeds.text import clean

MAX_DEPTH = 500  # the parser's time grows with the square of it, and readers' stacks are small

_URL_ATTRIBUTES = frozenset({"href", "src", "cite", "poster", "data", "longdesc", "action"})
_TAGS = nh3.ALLOWED_TAGS - {"map", "area"} | {
    "audio", "details", "figcaption", "figure", "picture", "source", "summary", "track", "video",
}  # fmt: skip
_ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "audio": {"src", "controls"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "srcset", "type", "media", "sizes"},
    "track": {"src", "kind", "srclang", "label"},
    "img": {"src", "srcset", "sizes", "alt", "title", "width", "height"},
}
_DROPPED_WHOLE = {"script", "style", "title", "template", "noscript", "svg", "math", "select"}
_EMBED = re.compile(
    r"<(?:iframe|embed)\b[^<>]*?\ssrc\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s<>]+))[^<>]*>"
    r"(?:[^<]*</(?:iframe|embed)\s*>)?",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_SELF_ENDING = frozenset({
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
})  # fmt: skip
# Text, or what shows without any. An article whose body is neither has none.
_SHOWN = re.compile(r"(?:^|>)(?:\s|&nbsp;)*(?!&nbsp;)[^<\s]|<(?:img|audio|video)\b")
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])(\s+[^,]+)?\s*(?:,|$)")


class BodyError(ValueError):
    """Why a body cannot be published, in words for its author."""


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # slow to import, and most articles have no body

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def from_markdown(text: str, base: str) -> str:
    """CommonMark (with tables and inline HTML) as publishable HTML; `base` is the article's URL."""
    return sanitise(_markdown().render(text), base)


def sanitise(html: str, base: str) -> str:
    """HTML without anything active, and with every URL absolute below `base`.

    Scripts, styles, forms, frames and event handlers go (readers strip them, and the W3C
    validator warns of them); an `iframe` becomes a plain link to what it shows.
    """
    if _depth(html) > MAX_DEPTH:
        raise BodyError(f"body nests deeper than {MAX_DEPTH} elements; write it flatter")
    made = nh3.clean(
        _EMBED.sub(lambda found: _linked(found, base), html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_DROPPED_WHOLE,
        attribute_filter=lambda _, name, value: _attribute(name, value, base),
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    # Again, for character references have become characters.
    made = clean(made).strip()
    return made if _SHOWN.search(made) else ""


def _depth(html: str) -> int:
    """How deep elements nest at most, of those that do not end by themselves."""
    deepest = depth = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _SELF_ENDING:
            depth = max(0, depth - 1) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _linked(found: re.Match[str], base: str) -> str:
    target = urls.resolve(unescape(found[1] or found[2] or found[3] or ""), base)
    return f'<p><a href="{escape(target)}">{escape(target)}</a></p>' if target else ""


def _attribute(name: str, value: str, base: str) -> str | None:
    if name in _URL_ATTRIBUTES:
        return urls.resolve(value, base)
    if name == "srcset":
        return _srcset(value, base)
    return value


def _srcset(value: str, base: str) -> str | None:
    made = (
        target.replace(",", "%2C") + (found[2] or "").rstrip()
        for found in _CANDIDATE.finditer(value)
        if (target := urls.resolve(found[1], base))
    )
    return ", ".join(made) or None
