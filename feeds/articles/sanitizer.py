"""Makes the body of an article publishable: sanitised HTML with absolute URLs. No I/O."""

import re
from contextvars import ContextVar
from html import escape
from typing import Protocol

import msgspec
import nh3
import pyromark

from feeds.articles import markup
from feeds.articles.bodies import footnotes
from feeds.articles.markup import BodyError as BodyError
from feeds.util import urls
from feeds.util.text import clean

# The most nested blocks that one line may begin: the parser checks every line in each open block.
_MAX_BLOCKS = 100
_MAX_SRCSET = 5_000
_MAX_COMMAS = 250  # in a srcset, within and between URLs
_MAX_VALUE = 10_000  # characters of an attribute: nh3 needs quadratic time
_URL_COSTS = 100  # characters that the shortest reference may become
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
# Elements whose `id` is kept where `Base.keeps_names` says so: headings, and parts of footnotes.
_WITH_ID = (
    "a",
    "aside",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "p",
    "section",
    "span",
    "sup",
)
_NAMED_ATTRIBUTES = {
    **_ATTRIBUTES,
    **{tag: {*_ATTRIBUTES.get(tag, ()), "id"} for tag in _WITH_ID},
    "code": {"class"},
}
_DROPPED_WHOLE = {"script", "style", "title", "template", "noscript", "svg", "math", "select"}
# The base of the body that is being cleaned. One shared `nh3.Cleaner` calls the filter for all
# threads, because creating one takes as long as cleaning a short body; the filter reads this.
_current_base: ContextVar["Base"] = ContextVar("current_base")
_seen_ids: ContextVar[set[str]] = ContextVar("seen_ids")
_NAMES = frozenset({"class", "id"})
_ID = re.compile(r"[A-Za-z][\w:.-]{0,99}")
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,40}")
# The characters that absolute URLs of one body may have, because a short reference may become a
# long URL; and those left for the current body.
_MAX_URLS = 20_000_000
_url_budget: ContextVar[int] = ContextVar("url_budget", default=_MAX_URLS)


def _cleaner(attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=attributes,
        clean_content_tags=_DROPPED_WHOLE,
        attribute_filter=lambda tag, name, value: _attribute(name, value, _current_base.get(), tag),
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )


_CLEANER, _NAMING_CLEANER = _cleaner(_ATTRIBUTES), _cleaner(_NAMED_ATTRIBUTES)
# Text, or an element that is visible without text. A body with neither counts as empty.
_VISIBLE = re.compile(r"(?:^|>)(?:\s|&nbsp;)*+[^<\s]|<(?:img|audio|video)\b")
# A candidate in a `srcset` (HTML Standard §4.8.4.2.1): a URL, and its descriptors unless the URL
# ends in a comma.
_CANDIDATE = re.compile(r"([^\s,]\S*+)(?:(?<=,)|([^,]*+))")
_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
_MARKDOWN = pyromark.Markdown(options=_OPTIONS)
_WITH_FOOTNOTES = pyromark.Markdown(options=_OPTIONS | pyromark.Options.ENABLE_FOOTNOTES)
# Without the extension, CommonMark reads a note as the target of links.
_FOOTNOTE = re.compile(r"^[ >]*+\[\^[^\]\s]++\]:", re.MULTILINE)
# The beginning of a line that may open too many blocks, and the markers that open them; not a
# thematic break (CommonMark §4.1).
_DEEP_LINE = re.compile(rf"^[ \t>*+.)\d-]{{{_MAX_BLOCKS},}}+(.?)", re.MULTILINE)
_BLOCK = re.compile(r">|(?:[*+-]|\d[.)])(?=\s)")


class References(Protocol):
    """How a generator resolves the references in a body; None leaves out the link."""

    def href(self, reference: str) -> str | None:
        """Return the absolute URL for a link."""

    def source(self, reference: str) -> str | None:
        """Return the absolute URL of an image or another file."""


class Base(msgspec.Struct, frozen=True):
    """The URLs that references in a body are relative to.

    `link` is the article's URL. References that begin with `/` are relative to `site`, those of
    images and media to `assets`; both end in `/`. `references` are resolved first, if given.
    `keeps_names` keeps ids and the language of code.
    """

    link: str
    site: str
    assets: str
    keeps_names: bool = False
    references: References | None = None


def from_markdown(text: str, base: Base) -> str:
    """Return CommonMark (with tables, strikethrough and inline HTML) as publishable HTML.

    Footnotes are listed at the end, and keep the ids to which their links lead.
    Raises `BodyError` for a body that is too large or too deeply nested.
    """
    check_nesting(text)
    if "[^" not in text or not _FOOTNOTE.search(text):
        return sanitise(_MARKDOWN.html(text), base)
    html = footnotes.listed(_WITH_FOOTNOTES.html(text))
    return sanitise(html, msgspec.structs.replace(base, keeps_names=True))


def check_nesting(text: str) -> None:
    """Raise `BodyError` for Markdown of which one line begins too many blocks."""
    for match in _DEEP_LINE.finditer(text):
        if len(_BLOCK.findall(match[0])) > _MAX_BLOCKS and not _is_break(match):
            raise markup.BodyError(
                f"body is nested too deeply: one line begins more than {_MAX_BLOCKS} lists or "
                "quotations; flatten it"
            )


def _is_break(match: re.Match[str]) -> bool:
    """Return whether a line is a thematic break: one character, repeated."""
    return not match[1] and len(set(match[0].replace(" ", "").replace("\t", ""))) == 1


def sanitise(html: str, base: Base) -> str:
    """Return HTML without active content, with every URL absolute; empty if nothing is visible.

    Scripts, styles, forms, frames and event handlers are removed (feed readers strip them, and the
    W3C validator warns about them); an `iframe` becomes a plain link to its page.
    Raises `BodyError` for a body that is too large or too deeply nested.
    """
    _current_base.set(base)
    _seen_ids.set(set())
    _url_budget.set(_MAX_URLS)
    cleaner = _NAMING_CLEANER if base.keeps_names else _CLEANER
    cleaned = cleaner.clean(markup.simplify(html, lambda source: _frame_link(source, base)))
    if _url_budget.get() < 0:
        raise markup.BodyError(
            f"the URLs of the body have more than {_MAX_URLS:,} characters once they are absolute; "
            "write fewer"
        )
    # Cleaned again, because character references have become characters.
    cleaned = clean(cleaned).strip()
    markup.check_depth(cleaned)
    return cleaned if _VISIBLE.search(cleaned) else ""


def _frame_link(source: str, base: Base) -> str:
    target = _resolved(source, base.site, base)
    return f'<p><a href="{escape(target)}">{escape(target)}</a></p>' if target else ""


def _attribute(name: str, value: str, base: Base, tag: str = "") -> str | None:
    if len(value) > _MAX_VALUE:
        return None
    if name in _URL_ATTRIBUTES:
        if base.references:
            return _followed(value, base.references, base, is_link=tag == "a")
        root = base.assets if name in ("src", "poster") else base.site
        return _resolved(value, root, base)
    if name in _NAMES:
        return _kept_name(name, value)
    if name == "srcset":
        return _srcset(value, base)
    return value


def _kept_name(name: str, value: str) -> str | None:
    """Return an id that the body does not have yet, or the class that names code's language."""
    if name == "class":
        return next((part for part in value.split() if _LANGUAGE.fullmatch(part)), None)
    seen = _seen_ids.get()
    if not _ID.fullmatch(value) or value in seen:
        return None
    seen.add(value)
    return value


def _followed(value: str, references: References, base: Base, *, is_link: bool) -> str | None:
    """Return a reference as an absolute URL, by the rules of the site's generator."""
    try:
        found = references.href(value) if is_link else references.source(value)
    except ValueError:
        return None
    return None if found is None else _resolved(found, base.site, base)


def _resolved(value: str, root: str, base: Base) -> str | None:
    """Return a reference as an absolute URL; one that begins with `/` is relative to `root`."""
    if _url_budget.get() < 0:
        return None
    value = value.strip()
    if value.startswith("/") and not value.startswith(("//", "/\\")):
        url = urls.resolve(root + value[1:], root)
    else:
        url = urls.resolve(value, base.link)
    _url_budget.set(_url_budget.get() - len(url or "") - _URL_COSTS)
    return url


def _source(value: str, base: Base) -> str | None:
    if base.references:
        return _followed(value, base.references, base, is_link=False)
    return _resolved(value, base.assets, base)


def _srcset(value: str, base: Base) -> str | None:
    if len(value) > _MAX_SRCSET or value.count(",") > _MAX_COMMAS:
        return None
    candidates = (
        url.replace(",", "%2C") + (match[2] or "").rstrip()
        for match in _CANDIDATE.finditer(value)
        if (url := _source(match[1].rstrip(","), base))
    )
    return ", ".join(candidates) or None
