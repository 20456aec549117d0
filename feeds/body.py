"""An article's body -> HTML that may leave: sanitised, every URL absolute. No I/O."""

import re
from contextvars import ContextVar
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING

import msgspec
import nh3

from feeds import urls
from feeds.text import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_DEPTH = 500  # readers' stacks are small
MAX_TAGS = 10_000  # the parser's time grows with the square of how many are open
_MAX_SRCSET = 5_000

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
# What references count from in the body that is being cleaned.
_base: ContextVar["Base"] = ContextVar("base")
# Made once, for that takes as long as cleaning a short body.
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    clean_content_tags=_DROPPED_WHOLE,
    attribute_filter=lambda _, name, value: _attribute(name, value, _base.get()),
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
    strip_comments=True,
)
# Each of these reads a text once, whatever it holds: none looks for what may never come.
_EMBED = re.compile(r"<(?:iframe|embed)\b([^<>]*)>(?:[^<]*</(?:iframe|embed)\s*>)?", re.IGNORECASE)
_SRC = re.compile(r"""(?:^|\s)src\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?:[^<>]*?(/)>)?")
_SELF_ENDING = frozenset({
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
})  # fmt: skip
# Text, or what shows without any. An article whose body is neither has none.
_SHOWN = re.compile(r"(?:^|>)(?:\s|&nbsp;)*(?!&nbsp;)[^<\s]|<(?:img|audio|video)\b")
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])(\s+[^,]+)?\s*(?:,|$)")


class Base(msgspec.Struct, frozen=True):
    """What references in a body count from: the article's URL, and for those that begin with
    `/` the site's, or for images and media where its assets are (both end in `/`)."""

    link: str
    site: str
    assets: str


class BodyError(ValueError):
    """Why a body cannot be published, in words for its author."""


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # slow to import, and most articles have no body

    rules = MarkdownIt("commonmark", {"maxNesting": 100})
    return rules.enable(["table", "strikethrough"])


def from_markdown(text: str, base: Base) -> str:
    """CommonMark (with tables and inline HTML) as publishable HTML. Raises `BodyError`."""
    return sanitise(_markdown().render(text), base)


def sanitise(html: str, base: Base) -> str:
    """HTML without anything active, and with every URL absolute.

    Scripts, styles, forms, frames and event handlers go (readers strip them, and the W3C
    validator warns of them); an `iframe` becomes a plain link to what it shows.
    Raises `BodyError` for a body too large to be read.
    """
    _check_size(html)
    _base.set(base)
    made = _CLEANER.clean(_EMBED.sub(lambda found: _linked(found, base), html))
    # Again, for character references have become characters.
    made = clean(made).strip()
    return made if _SHOWN.search(made) else ""


def _check_size(html: str) -> None:
    """Raise `BodyError` for more elements, or deeper ones, than can be read in good time."""
    tags = depth = 0
    for found in _TAG.finditer(html):
        tags += not found[1]
        if found[2].lower() not in _SELF_ENDING and not found[3]:
            depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > MAX_DEPTH:
            raise BodyError(f"body nests deeper than {MAX_DEPTH} elements; write it flatter")
        if tags > MAX_TAGS:
            raise BodyError(f"body has more than {MAX_TAGS:,} elements; write a shorter one")


def embedded(html: str) -> str | None:
    """What the first frame in `html` shows, as its `src` says; None if there is none."""
    for found in _EMBED.finditer(html):
        if source := _source(found[1]):
            return source
    return None


def _source(attributes: str) -> str:
    found = _SRC.search(attributes)
    return unescape(found[1] or found[2] or found[3] or "") if found else ""


def _linked(found: re.Match[str], base: Base) -> str:
    source = _source(found[1])
    target = _resolved(source, base.site, base) if source else None
    return f'<p><a href="{escape(target)}">{escape(target)}</a></p>' if target else ""


def _attribute(name: str, value: str, base: Base) -> str | None:
    if name in _URL_ATTRIBUTES:
        own = base.assets if name in ("src", "poster") else base.site
        return _resolved(value, own, base)
    if name == "srcset":
        return _srcset(value, base)
    return value


def _resolved(value: str, own: str, base: Base) -> str | None:
    """A reference made absolute: one that begins with `/` below `own`, as in front matter."""
    value = value.strip()
    if value.startswith("/") and not value.startswith(("//", "/\\")):
        return urls.resolve(own + value[1:], own)
    return urls.resolve(value, base.link)


def _srcset(value: str, base: Base) -> str | None:
    if len(value) > _MAX_SRCSET:
        return None
    made = (
        target.replace(",", "%2C") + (found[2] or "").rstrip()
        for found in _CANDIDATE.finditer(value)
        if (target := _resolved(found[1], base.assets, base))
    )
    return ", ".join(made) or None
