"""An article's body -> HTML that may leave: sanitised, every URL absolute. No I/O."""

import re
from functools import cache
from urllib.parse import urldefrag

import nh3
from markdown_it import MarkdownIt

from feeds import urls

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
    r"<(iframe|embed)\b[^>]*?\ssrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))[^>]*>"
    r"(?:[^<]*</\1\s*>)?",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])(\s+[^,]+)?\s*(?:,|$)")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def from_markdown(text: str, base: str) -> str:
    """CommonMark (with tables and inline HTML) as publishable HTML; `base` is the article's URL."""
    return sanitise(_markdown().render(text), base)


def sanitise(html: str, base: str) -> str:
    """HTML without anything active, and with every URL absolute below `base`.

    Scripts, styles, forms, frames and event handlers go (readers strip them, and the W3C
    validator warns of them); an `iframe` becomes a plain link to what it shows.
    """
    return nh3.clean(
        _EMBED.sub(_linked, html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_DROPPED_WHOLE,
        attribute_filter=lambda _, name, value: _attribute(name, value, base),
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    ).strip()


def _linked(found: re.Match[str]) -> str:
    target = found[2] or found[3] or found[4] or ""
    return f'<p><a href="{target}">{target}</a></p>'


def _attribute(name: str, value: str, base: str) -> str | None:
    if name in _URL_ATTRIBUTES:
        if value.startswith("#"):
            return urldefrag(base).url + value
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
