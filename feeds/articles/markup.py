"""HTML as authors write it -> plain tags and text, within bounds that a parser needs. No I/O.

html5ever takes time and memory in the square of some inputs: of elements that are open, of an
element's attributes, and of formatting elements (`<b>`, `<font>`), which it opens again in every
block that begins before they end. So whatever changes how a parser reads (comments, scripts,
drawings) is taken out first. What is left is read here exactly as a parser reads it (HTML
Standard §13.2.5), and measured.
"""

import itertools
import re
from collections.abc import Callable
from html import escape, unescape

MAX_DEPTH = 500  # readers' stacks are small
MAX_TAGS = 10_000  # the parser's time grows with the square of how many are open
MAX_ATTRIBUTES = 200  # of one element
# Bytes that formatting elements may come to, and links, were all opened again at every tag.
MAX_REOPENED = 20_000_000
MAX_REOPENED_LINKS = 50_000_000
# nh3 takes the square of a text's length to escape it: longer ones are cut by comments.
_LONGEST_TEXT = 8_000
_MAX_ESCAPING = 200_000_000  # characters to escape, times those of the body, without cuts
_BREAK = "<!---->"
_LONGEST_REFERENCE = 40
_NODE = 50  # bytes that an element counts besides its attributes

# Every pattern here reads a text once, whatever it holds: possessive, or to the end of the text.
_SPACE = r"[ \t\n\f\r]"
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|(?!["'>])[^ \t\n\f\r>]++)"""
_NAMED = rf"[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+(?:{_SPACE}*+={_SPACE}*+{_VALUE}?+)?+"
_TOKEN = re.compile(
    r"<(?:!--(?:-?>|.*?--!?>|.*)"  # a comment
    r"|[!?][^>]*+>?|/(?:>|[^A-Za-z>][^>]*+>?)"  # what counts as one
    rf"|(/?)([A-Za-z][^ \t\n\f\r/>]*+)((?:[ \t\n\f\r/]++|{_NAMED})*+)(>|\Z))",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    rf"([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)(?:{_SPACE}*+={_SPACE}*+({_VALUE})?+)?+"
)
# A tag as nh3 writes it: its quotes are balanced, and its texts hold no `<`.
_WRITTEN = re.compile(r"<(/?)([a-z0-9]+)(?: [^ =]++=\"[^\"]*+\")*+>")

_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
})  # fmt: skip
_SELF_ENDING = _VOID | {
    "dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr",
}  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
# Elements whose text is no markup: those that are left out, and those that show it.
_UNREAD = frozenset({"iframe", "noscript", "script", "style", "title"})
_SHOWN = frozenset({"noembed", "noframes", "plaintext", "textarea", "xmp"})
# Left out with all that is in them, which is markup of other rules.
_WHOLE = frozenset({"math", "select", "svg", "template"})
# Tags that a fragment's parser passes over; it collects the attributes of all.
_OUTER = frozenset({"body", "head", "html"})
_SPECIAL = _UNREAD | _SHOWN | _WHOLE | _OUTER | {"embed"}


class BodyError(ValueError):
    """Why a body cannot be published, in words for its author."""


def plain(html: str, linked: Callable[[str], str]) -> str:
    """`html` without comments, scripts, drawings and such, for a parser to read in good time.

    A frame becomes `linked` of what it shows. Raises `BodyError` for what is beyond the bounds.
    """
    reading = _Plain(html, linked)
    made = reading.read()
    if reading.is_wary:
        made = _calmed(made, reading)
    return _with_breaks(made) if _is_long(made) else made


def embedded(html: str) -> str | None:
    """What the first frame in `html` shows, as its `src` says; None if there is none."""
    for found in _TOKEN.finditer(html):
        if found[2] and not found[1] and found[2].lower() in ("iframe", "embed"):
            source = _attribute(found[3], "src")
            if source:
                return source
    return None


def check_depth(html: str) -> None:
    """Raise `BodyError` for HTML, as nh3 writes it, that nests too deep."""
    if html.count("<") <= MAX_DEPTH:
        return
    depth = 0
    for closing, name in _WRITTEN.findall(html):
        if name not in _VOID:
            depth += -1 if closing else 1
            if depth > MAX_DEPTH:
                raise _too_deep()


class _Plain:
    """One reading of a body: what is kept of it, and how much there is."""

    def __init__(self, html: str, linked: Callable[[str], str]) -> None:
        self.html, self.linked = html, linked
        self.kept: list[str] = []
        self.tags = self.ends = self.depth = 0
        # How often each formatting tag comes, and the size of the largest link.
        self.formatting: dict[str, int] = {}
        self.link = 0
        most = html.count("<")
        self.is_wary = (len(html) + _NODE * most) * most > MAX_REOPENED
        self._open: dict[str, int] = {}
        # Elements that are being left out whole: their name, and how much was kept before.
        self._leaving: list[tuple[str, int]] = []
        self._endless: set[str] = set()

    def read(self) -> str:
        html, kept = self.html, self.kept
        copied = 0
        tokens = _TOKEN.finditer(html)
        while found := next(tokens, None):
            at = found.end()
            closing, name, attributes, end = found.groups()
            if name and end:
                name = name.lower()
                if closing:
                    self._ends(name)
                else:
                    self._begins(name, attributes, found)
                if name not in _SPECIAL:
                    continue
            kept += (html[copied : found.start()], _BREAK)
            copied = at
            if name:
                copied = self._special(name, closing, attributes, at) if end else len(html)
                if copied != at:
                    tokens = _TOKEN.finditer(html, copied)
        if not copied:
            return html
        kept.append(html[copied:])
        return "".join(kept)

    def _begins(self, name: str, attributes: str, found: re.Match[str]) -> None:
        self.tags += 1
        # In a drawing a tag may end its element by itself.
        if name not in _SELF_ENDING and not (self._leaving and attributes.endswith("/")):
            self._open[name] = self._open.get(name, 0) + 1
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _too_deep()
        if name in _FORMATTING and self.is_wary:
            self._note(name, found)
        if len(attributes) > MAX_ATTRIBUTES * 2:
            _check_attributes(name, attributes)
        if self.tags > MAX_TAGS:
            raise _too_many()

    def _ends(self, name: str) -> None:
        self.ends += 1
        if self._open.get(name):  # an end tag that closes nothing lowers nothing
            self._open[name] -= 1
            self.depth -= 1
        if self.ends > 2 * MAX_TAGS:
            raise _too_many()

    def _note(self, name: str, found: re.Match[str]) -> None:
        if name == "a":
            self.link = max(self.link, found.end() - found.start())
        else:
            self.formatting[found[0]] = self.formatting.get(found[0], 0) + 1

    def _special(self, name: str, closing: str, attributes: str, at: int) -> int:
        """Keep what is to be kept of an element that a parser reads otherwise; where it ends."""
        if name in _WHOLE:
            self._whole(name, closing)
        elif name == "embed":
            self.kept.append("" if closing else self._frame(attributes))
        elif name not in _OUTER and not closing:
            return self._unread(name, attributes, at)
        return at

    def _whole(self, name: str, closing: str) -> None:
        if not closing:
            self._leaving.append((name, len(self.kept)))
            return
        for index in range(len(self._leaving) - 1, -1, -1):
            if self._leaving[index][0] == name:
                del self.kept[self._leaving[index][1] :]
                del self._leaving[index:]
                return

    def _unread(self, name: str, attributes: str, at: int) -> int:
        """Pass over an element whose text is no markup."""
        end = None
        if name != "plaintext" and name not in self._endless:
            end = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(self.html, at)
        if name == "iframe":
            self.kept.append(self._frame(attributes))
        if end is None:
            self._endless.add(name)
            if name == "iframe":  # what follows is more likely the article than in the frame
                return at
        stop = end.start() if end else len(self.html)
        if name in _SHOWN:
            text = self.html[at:stop]
            text = unescape(text) if name == "textarea" else text
            self.kept.append(escape(text, quote=False))
        return stop

    def _frame(self, attributes: str) -> str:
        source = _attribute(attributes, "src")
        return self.linked(source) if source else ""


def _calmed(html: str, reading: _Plain) -> str:
    """`html` whose formatting elements have no attributes, if these could become too many.

    A parser knows three of a kind at most (HTML Standard §13.2.4.3, "Noah's Ark clause"), and
    one link.
    """
    tags = reading.tags + reading.ends
    if (reading.link + _NODE) * tags > MAX_REOPENED_LINKS:
        raise BodyError(f"body has very long links among {tags:,} tags; write a shorter one")
    formatting = sum((len(tag) + _NODE) * min(n, 3) for tag, n in reading.formatting.items())
    if formatting * tags <= MAX_REOPENED:
        return html
    return _TOKEN.sub(_without_attributes, html)


def _without_attributes(found: re.Match[str]) -> str:
    name = (found[2] or "").lower()
    if found[1] or name == "a" or name not in _FORMATTING:
        return found[0]
    return f"<{name}>"


def _is_long(html: str) -> bool:
    if len(html) <= 2 * _LONGEST_TEXT:
        return False
    encoded = html.encode("utf-8", "replace")
    return (encoded.count(b"&") + encoded.count(b"\xc2")) * len(html) > _MAX_ESCAPING


def _with_breaks(html: str) -> str:
    """`html` with a comment in its text every so often, which ends a text node and is left out."""
    pieces: list[str] = []
    copied = at = 0
    for found in itertools.chain(_TOKEN.finditer(html), (None,)):
        stop = found.start() if found else len(html)
        while stop - copied > _LONGEST_TEXT:
            cut = max(at, copied + _LONGEST_TEXT)
            reference = html.rfind("&", max(at, cut - _LONGEST_REFERENCE), cut)
            cut = reference if reference > copied else cut
            pieces += (html[copied:cut], _BREAK)
            copied = cut
        at = found.end() if found else stop
    return "".join((*pieces, html[copied:]))


def _check_attributes(name: str, attributes: str) -> None:
    most = sum(1 for _ in _ATTRIBUTE.finditer(attributes))
    if most > MAX_ATTRIBUTES:
        said = f"{most:,} attributes, more than {MAX_ATTRIBUTES}; leave most of them out"
        raise BodyError(f"body has a <{name[:20]}> of {said}")


def _attribute(attributes: str, name: str) -> str:
    """The value of the first attribute of a name; empty if it has none."""
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            value: str = found[2] or ""
            return unescape(value[1:-1] if value.startswith(("'", '"')) else value)
    return ""


def _too_many() -> BodyError:
    return BodyError(f"body has more than {MAX_TAGS:,} elements; write a shorter one")


def _too_deep() -> BodyError:
    return BodyError(f"body nests deeper than {MAX_DEPTH} elements; write it flatter")
