"""Simplifies authors' HTML, and limits it to what a parser can handle quickly. No I/O.

html5ever's time and memory are quadratic in the number of open elements, of attributes of one
element, and of formatting elements (`<b>`, `<font>`), which it reopens in every block that begins
before they end. So everything that switches the parser's mode (comments, scripts, SVG) is removed
first. The rest is tokenised here exactly as a parser does it (HTML Standard §13.2.5), and
measured.
"""

import itertools
import re
from collections.abc import Callable
from html import escape, unescape

MAX_DEPTH = 500  # feed readers may parse recursively, with small stacks
MAX_TAGS = 10_000  # the parser's time is quadratic in the number of open elements
MAX_ATTRIBUTES = 200  # per element
# The bytes that formatting elements, and links, would take if every tag reopened all of them.
MAX_REOPENED = 20_000_000
MAX_REOPENED_LINKS = 50_000_000
# nh3 escapes a text node in quadratic time, so longer text is split by comments.
_MAX_TEXT = 8_000
# Characters to escape, times the characters of the body: up to this product, nothing is split.
_MAX_ESCAPING = 200_000_000
_BREAK = "<!---->"
_MAX_REFERENCE = 40  # characters of a character reference, such as `&amp;`
_NODE = 50  # bytes of an element besides its attributes

# Every pattern here is linear in the length of its input: possessive, or running to its end.
_SPACE = r"[ \t\n\f\r]"
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|(?!["'>])[^ \t\n\f\r>]++)"""
_NAMED = rf"[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+(?:{_SPACE}*+={_SPACE}*+{_VALUE}?+)?+"
_TOKEN = re.compile(
    r"<(?:!--(?:-?>|.*?--!?>|.*)"  # a comment
    r"|[!?][^>]*+>?|/(?:>|[^A-Za-z>][^>]*+>?)"  # a bogus comment
    rf"|(/?)([A-Za-z][^ \t\n\f\r/>]*+)((?:[ \t\n\f\r/]++|{_NAMED})*+)(>|\Z))",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    rf"([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)(?:{_SPACE}*+={_SPACE}*+({_VALUE})?+)?+"
)
# A tag in the output of nh3, where quotes are balanced and text contains no `<`.
_CLEAN_TAG = re.compile(r"<(/?)([a-z0-9]+)(?: [^ =]++=\"[^\"]*+\")*+>")

_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
})  # fmt: skip
_END_TAG_OPTIONAL = _VOID | {
    "dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr",
}  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
# Elements whose content is text, not markup: those that are removed, and those that display it.
_REMOVED_TEXT = frozenset({"iframe", "noscript", "script", "style", "title"})
_DISPLAYED_TEXT = frozenset({"noembed", "noframes", "plaintext", "textarea", "xmp"})
# Removed with their content, which is parsed by other rules.
_REMOVED_WHOLE = frozenset({"math", "select", "svg", "template"})
# Tags that a fragment parser ignores, but whose attributes it collects.
_OUTER = frozenset({"body", "head", "html"})
_SPECIAL = _REMOVED_TEXT | _DISPLAYED_TEXT | _REMOVED_WHOLE | _OUTER | {"embed"}


class BodyError(ValueError):
    """A body cannot be published. The message is meant for its author."""


def simplify(html: str, frame_link: Callable[[str], str]) -> str:
    """Return `html` without comments, scripts, SVG and the like, so that it parses fast.

    Frames are replaced by `frame_link(src)`. Raises `BodyError` if a limit is exceeded.
    """
    simplifier = _Simplifier(html, frame_link)
    simplified = simplifier.run()
    if simplifier.may_exceed:
        simplified = _limit_formatting(simplified, simplifier)
    return _split_text(simplified) if _needs_splitting(simplified) else simplified


def frame_source(html: str) -> str | None:
    """Return the `src` of the first `iframe` or `embed` that has one; None if none has."""
    for token in _TOKEN.finditer(html):
        if token[2] and not token[1] and token[2].lower() in ("iframe", "embed"):
            source = _attribute(token[3], "src")
            if source:
                return source
    return None


def check_depth(html: str) -> None:
    """Raise `BodyError` if `html`, an output of nh3, is nested deeper than `MAX_DEPTH`."""
    if html.count("<") <= MAX_DEPTH:
        return
    depth = 0
    for closing, name in _CLEAN_TAG.findall(html):
        if name not in _VOID:
            depth += -1 if closing else 1
            if depth > MAX_DEPTH:
                raise _too_deep()


class _Simplifier:
    """Copies a body without the parts to remove, and counts its tags."""

    def __init__(self, html: str, frame_link: Callable[[str], str]) -> None:
        self.html, self.frame_link = html, frame_link
        self.output: list[str] = []
        self.tags = self.ends = self.depth = 0
        # The number of times each formatting tag occurs, and the size of the longest link tag.
        self.formatting: dict[str, int] = {}
        self.longest_link = 0
        max_tags = html.count("<")
        self.may_exceed = (len(html) + _NODE * max_tags) * max_tags > MAX_REOPENED
        self._open: dict[str, int] = {}
        # The open elements of `_REMOVED_WHOLE`: their name, and the length of the output before.
        self._removing: list[tuple[str, int]] = []
        # Names of text elements without an end tag in the rest of the body.
        self._unclosed: set[str] = set()

    def run(self) -> str:
        html, output = self.html, self.output
        copied = 0
        tokens = _TOKEN.finditer(html)
        while token := next(tokens, None):
            token_end = token.end()
            closing, name, attributes, bracket = token.groups()
            if name and bracket:
                name = name.lower()
                if closing:
                    self._count_end(name)
                else:
                    self._count_start(name, attributes, token)
                if name not in _SPECIAL:
                    continue
            output += (html[copied : token.start()], _BREAK)
            copied = token_end
            if name:
                if bracket:
                    copied = self._special(name, closing, attributes, token_end)
                else:
                    copied = len(html)
                if copied != token_end:
                    tokens = _TOKEN.finditer(html, copied)
        if not copied:
            return html
        output.append(html[copied:])
        return "".join(output)

    def _count_start(self, name: str, attributes: str, token: re.Match[str]) -> None:
        self.tags += 1
        # In SVG and MathML, `/>` closes an element.
        if name not in _END_TAG_OPTIONAL and not (self._removing and attributes.endswith("/")):
            self._open[name] = self._open.get(name, 0) + 1
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _too_deep()
        if name in _FORMATTING and self.may_exceed:
            self._count_formatting(name, token)
        if len(attributes) > MAX_ATTRIBUTES * 2:
            _check_attributes(name, attributes)
        if self.tags > MAX_TAGS:
            raise _too_many()

    def _count_end(self, name: str) -> None:
        self.ends += 1
        if self._open.get(name):  # an unmatched end tag does not reduce the depth
            self._open[name] -= 1
            self.depth -= 1
        if self.ends > 2 * MAX_TAGS:
            raise _too_many()

    def _count_formatting(self, name: str, token: re.Match[str]) -> None:
        if name == "a":
            self.longest_link = max(self.longest_link, token.end() - token.start())
        else:
            self.formatting[token[0]] = self.formatting.get(token[0], 0) + 1

    def _special(self, name: str, closing: str, attributes: str, start: int) -> int:
        """Handle a tag of `_SPECIAL`, after which `start` is; return the index to go on from."""
        if name in _REMOVED_WHOLE:
            self._remove_whole(name, closing)
        elif name == "embed":
            self.output.append("" if closing else self._frame(attributes))
        elif name not in _OUTER and not closing:
            return self._skip_text(name, attributes, start)
        return start

    def _remove_whole(self, name: str, closing: str) -> None:
        if not closing:
            self._removing.append((name, len(self.output)))
            return
        for index in range(len(self._removing) - 1, -1, -1):
            if self._removing[index][0] == name:
                del self.output[self._removing[index][1] :]
                del self._removing[index:]
                return

    def _skip_text(self, name: str, attributes: str, start: int) -> int:
        """Skip an element whose content is text; keep it, escaped, if browsers display it."""
        end = None
        if name != "plaintext" and name not in self._unclosed:
            end = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(self.html, start)
        if name == "iframe":
            self.output.append(self._frame(attributes))
        if end is None:
            self._unclosed.add(name)
            if name == "iframe":  # the rest is more likely the article than the frame's content
                return start
        stop = end.start() if end else len(self.html)
        if name in _DISPLAYED_TEXT:
            text = self.html[start:stop]
            text = unescape(text) if name == "textarea" else text
            self.output.append(escape(text, quote=False))
        return stop

    def _frame(self, attributes: str) -> str:
        source = _attribute(attributes, "src")
        return self.frame_link(source) if source else ""


def _limit_formatting(html: str, counts: _Simplifier) -> str:
    """Return `html`, without attributes of formatting elements if they could become too many.

    A parser reopens at most three equal formatting elements (HTML Standard §13.2.4.3, "Noah's Ark
    clause"), and one link. Raises `BodyError` if the links are too long.
    """
    tags = counts.tags + counts.ends
    if (counts.longest_link + _NODE) * tags > MAX_REOPENED_LINKS:
        raise BodyError(f"body has very long links in its {tags:,} tags; write a shorter one")
    formatting = sum((len(tag) + _NODE) * min(n, 3) for tag, n in counts.formatting.items())
    if formatting * tags <= MAX_REOPENED:
        return html
    return _TOKEN.sub(_without_attributes, html)


def _without_attributes(token: re.Match[str]) -> str:
    name = (token[2] or "").lower()
    if token[1] or name == "a" or name not in _FORMATTING:
        return token[0]
    return f"<{name}>"


def _needs_splitting(html: str) -> bool:
    """Return whether nh3 would take too long to escape the text."""
    if len(html) <= 2 * _MAX_TEXT:
        return False
    encoded = html.encode("utf-8", "replace")
    # nh3 escapes `&` and the no-break space (C2 A0).
    return (encoded.count(b"&") + encoded.count(b"\xc2")) * len(html) > _MAX_ESCAPING


def _split_text(html: str) -> str:
    """Return `html` with long text nodes split by comments, which nh3 removes."""
    pieces: list[str] = []
    copied = text_start = 0
    for token in itertools.chain(_TOKEN.finditer(html), (None,)):
        stop = token.start() if token else len(html)
        while stop - copied > _MAX_TEXT:
            cut = max(text_start, copied + _MAX_TEXT)
            reference = html.rfind("&", max(text_start, cut - _MAX_REFERENCE), cut)
            cut = reference if reference > copied else cut
            pieces += (html[copied:cut], _BREAK)
            copied = cut
        text_start = token.end() if token else stop
    return "".join((*pieces, html[copied:]))


def _check_attributes(name: str, attributes: str) -> None:
    count = sum(1 for _ in _ATTRIBUTE.finditer(attributes))
    if count > MAX_ATTRIBUTES:
        raise BodyError(
            f"body has a <{name[:20]}> with {count:,} attributes, more than {MAX_ATTRIBUTES}; "
            "remove most of them"
        )


def _attribute(attributes: str, name: str) -> str:
    """Return the value of the first attribute called `name`; empty if there is none."""
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == name:
            value: str = match[2] or ""
            return unescape(value[1:-1] if value.startswith(("'", '"')) else value)
    return ""


def _too_many() -> BodyError:
    return BodyError(f"body has more than {MAX_TAGS:,} elements; write a shorter one")


def _too_deep() -> BodyError:
    return BodyError(f"body is nested deeper than {MAX_DEPTH} elements; flatten it")
