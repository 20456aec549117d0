"""An article's body -> HTML that may leave: sanitised, every URL absolute. No I/O."""

import re
from contextvars import ContextVar
from html import escape

import msgspec
import nh3
import pyromark

from feeds.articles import markup
from feeds.articles.markup import BodyError as BodyError
from feeds.util import urls
from feeds.util.text import clean

# Blocks in blocks that one line may begin: every line is looked at in each that is open.
_MAX_BLOCKS = 100
_MAX_SRCSET = 5_000
_MAX_COMMAS = 250  # in it: those of URLs, and between them
_MAX_VALUE = 10_000  # characters of an attribute: nh3 takes the square of that
_URL_COSTS = 100  # characters: so much is made of the shortest
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
# How many characters its URLs may still come to: a short reference may become a long URL.
_MAX_URLS = 20_000_000
_left: ContextVar[int] = ContextVar("left", default=_MAX_URLS)
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
# Text, or what shows without any. An article whose body is neither has none.
_SHOWN = re.compile(r"(?:^|>)(?:\s|&nbsp;)*+[^<\s]|<(?:img|audio|video)\b")
# A candidate of a `srcset` (HTML Standard §4.8.4.2.1): a URL, and its descriptors unless a comma
# ends it.
_CANDIDATE = re.compile(r"([^\s,]\S*+)(?:(?<=,)|([^,]*+))")
_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
)
# The beginning of a line that may open very many blocks; and those that it opens, unless it is
# a thematic break (CommonMark §4.1).
_DEEP_LINE = re.compile(rf"^[ \t>*+.)\d-]{{{_MAX_BLOCKS},}}+(.?)", re.MULTILINE)
_BLOCK = re.compile(r">|(?:[*+-]|\d[.)])(?=\s)")


class Base(msgspec.Struct, frozen=True):
    """What references in a body count from: the article's URL, and for those that begin with
    `/` the site's, or for images and media where its assets are (both end in `/`)."""

    link: str
    site: str
    assets: str


def from_markdown(text: str, base: Base) -> str:
    """CommonMark (with tables, strikethrough and inline HTML) as publishable HTML.

    Raises `BodyError` for a body too large or too deep to be read.
    """
    for found in _DEEP_LINE.finditer(text):
        if len(_BLOCK.findall(found[0])) > _MAX_BLOCKS and not _is_break(found):
            said = f"{_MAX_BLOCKS} lists or quotations begin on one line; write it flatter"
            raise markup.BodyError(f"body nests deeper than it may: more than {said}")
    return sanitise(_MARKDOWN.html(text), base)


def _is_break(found: re.Match[str]) -> bool:
    """Whether a line is a thematic break, of one sign many times over."""
    return not found[1] and len(set(found[0].replace(" ", "").replace("\t", ""))) == 1


def sanitise(html: str, base: Base) -> str:
    """HTML without anything active, and with every URL absolute.

    Scripts, styles, forms, frames and event handlers go (readers strip them, and the W3C
    validator warns of them); an `iframe` becomes a plain link to what it shows.
    Raises `BodyError` for a body too large or too deep to be read.
    """
    _base.set(base)
    _left.set(_MAX_URLS)
    made = _CLEANER.clean(markup.plain(html, lambda source: _linked(source, base)))
    if _left.get() < 0:
        said = f"more than {_MAX_URLS:,} characters once they are absolute; write fewer"
        raise markup.BodyError(f"the URLs of the body come to {said}")
    # Again, for character references have become characters.
    made = clean(made).strip()
    markup.check_depth(made)
    return made if _SHOWN.search(made) else ""


def _linked(source: str, base: Base) -> str:
    target = _resolved(source, base.site, base)
    return f'<p><a href="{escape(target)}">{escape(target)}</a></p>' if target else ""


def _attribute(name: str, value: str, base: Base) -> str | None:
    if len(value) > _MAX_VALUE:
        return None
    if name in _URL_ATTRIBUTES:
        own = base.assets if name in ("src", "poster") else base.site
        return _resolved(value, own, base)
    if name == "srcset":
        return _srcset(value, base)
    return value


def _resolved(value: str, own: str, base: Base) -> str | None:
    """A reference made absolute: one that begins with `/` below `own`, as in front matter."""
    if _left.get() < 0:
        return None
    value = value.strip()
    if value.startswith("/") and not value.startswith(("//", "/\\")):
        made = urls.resolve(own + value[1:], own)
    else:
        made = urls.resolve(value, base.link)
    _left.set(_left.get() - len(made or "") - _URL_COSTS)
    return made


def _srcset(value: str, base: Base) -> str | None:
    if len(value) > _MAX_SRCSET or value.count(",") > _MAX_COMMAS:
        return None
    made = (
        target.replace(",", "%2C") + (found[2] or "").rstrip()
        for found in _CANDIDATE.finditer(value)
        if (target := _resolved(found[1].rstrip(","), base.assets, base))
    )
    return ", ".join(made) or None
