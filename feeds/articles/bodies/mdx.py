"""MDX: imports, expressions and components are left out, and the text in components stays. No I/O.

The text of a component is Markdown, however it is indented: MDX knows no indented code.
"""

import re
from html import escape
from typing import NamedTuple

from feeds.articles.bodies import code, known
from feeds.articles.bodies.calls import Call
from feeds.articles.bodies.code import Ranges
from feeds.articles.bodies.page import Page
from feeds.articles.bodies.tags import Expansion, Language, Tag

_MODULE = re.compile(
    r"^(?:import\s+(?:type\s+)?(?:[\"'{*]|[\w$]+\s*(?:,|\bfrom\b))"
    r"|import\s*\{"
    r"|export\s+(?:const|let|var|function|default|async|class|type|interface|\{|\*))",
    re.MULTILINE,
)
_BRACKET = re.compile(r"""[()\[\]{}]|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|\n[ \t]*\n""")
_BRACE = re.compile(
    r"""\\?[{}]|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`"""
    r"|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
)
_NAME = re.compile(r"<(/?)([A-Za-z][\w.:-]*)?")
_ATTRIBUTE = re.compile(
    r"""\s*(?:([A-Za-z_:@][\w:.-]*)(?:\s*=\s*(?:"([^"]*+)"|'([^']*+)'|(\{)|([^\s"'{}<>=]+)))?+|(\{))"""
)
_END = re.compile(r"\s*(/?)>")
_LITERAL = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|`([^`$]*)`)\s*""")
_CLOSING = re.compile(r"</([A-Za-z][\w.:-]*)\s*>")
_PLACE = re.compile(r"\\[{}<]|\{|</?[A-Za-z][\w.:-]*|</?>|<!--")
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "source", "track", "wbr"})
_RAW = frozenset({"pre", "script", "style", "textarea"})
_DROPPED = frozenset({"classname", "class", "style", "key", "ref"})
_LONGEST_STATEMENT = 20_000  # characters
_UNCOUNTED = frozenset({"Fragment", "React.Fragment", "br"})


def expand(text: str, page: Page, *, has_expressions: bool = True) -> str:
    """Return MDX as Markdown. Components of Vue have no expressions in braces."""
    if has_expressions:
        text = _without_modules(text)
    if "<" not in text and "{" not in text:
        return text
    text = _Reader(text, page, has_expressions=has_expressions).read()
    return _dedented(text) if has_expressions else text


def _without_modules(text: str) -> str:
    """Return MDX without its lines of imports and exports."""
    if "import" not in text and "export" not in text:
        return text
    fences = code.fences(text)
    kept: list[str] = []
    at = place = 0
    budget = 20 * _LONGEST_STATEMENT
    for match in _MODULE.finditer(text):
        while place < len(fences) and fences[place][1] <= match.start():
            place += 1
        in_code = place < len(fences) and fences[place][0] <= match.start()
        if in_code or match.start() < at:
            continue
        kept.append(text[at : match.start()])
        at, scanned = _statement_end(text, match.start(), budget)
        budget -= scanned
    return "".join([*kept, text[at:]])


def _statement_end(text: str, start: int, budget: int) -> tuple[int, int]:
    """Return the end of the lines of a statement, and how many characters were read for that.

    It ends at a blank line that is in no bracket; at the first one if its brackets do not balance.
    """
    depth = at = 0
    first_blank = None
    for match in _BRACKET.finditer(text, start):
        sign, at = match[0], match.start()
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign[0] == "\n":
            if depth <= 0:
                return at, at - start
            first_blank = first_blank or at
            if at - start > min(budget, _LONGEST_STATEMENT):
                break
    return len(text) if first_blank is None else first_blank, max(at - start, 0)


def _braces(text: str, ranges: Ranges) -> dict[int, int]:
    """Return the ends of the expressions by where they begin; those in code are none."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    at = place = 0
    while match := _BRACE.search(text, at):
        start, sign = match.start(), match[0]
        if not opened:
            while place < len(ranges) and ranges[place][1] <= start:
                place += 1
            if place < len(ranges) and ranges[place][0] <= start:
                at = ranges[place][1]
                continue
        if sign == "{":
            opened.append(start)
        elif sign == "}" and opened:
            ends[opened.pop()] = match.end()
        at = match.end() if opened or sign[0] == "\\" else start + 1
    return ends


class _Tag(NamedTuple):
    """A tag of JSX, and where it ends."""

    closing: bool
    name: str
    attributes: list[tuple[str, str]]
    single: bool
    end: int


def _tag(text: str, start: int, braces: dict[int, int]) -> _Tag | None:
    """Read the tag at a place; None if there is none."""
    match = _NAME.match(text, start)
    if match is None:
        return None
    at = match.end()
    attributes: list[tuple[str, str]] = []
    while attribute := _ATTRIBUTE.match(text, at):
        name, double, single, expression, bare, spread = attribute.groups()
        at = attribute.end()
        value = double if double is not None else single if single is not None else bare or ""
        if expression or spread:
            end = braces.get(at - 1)
            if end is None:
                return None
            literal = _LITERAL.fullmatch(text[at : end - 1][:1000])
            value = next(filter(None, literal.groups()), "") if literal else ""
            at = end
            if spread or not value:
                continue
        attributes.append((name, value))
    end_match = _END.match(text, at)
    if end_match is None:
        return None
    return _Tag(bool(match[1]), match[2] or "", attributes, bool(end_match[1]), end_match.end())


class _Components(Language):
    """The components of one body, of which tags are component by `_Reader`."""

    def expand(self, tag: Tag, inner: str | None) -> str:
        """Return what a component shows."""
        named = dict(tag.attributes)
        call = Call(tag, (), named, inner)
        name = tag.name.rpartition(".")[2]
        if name in ("TabItem", "Tab"):
            label = named.get("label") or named.get("title") or named.get("value", "")
            heading = f"\n\n**{label}**\n\n" if label else "\n\n"
            return f"{heading}{inner or ''}\n\n"
        if name == "Link" and (target := named.get("to") or named.get("href")):
            return f'<a href="{escape(target)}">{inner or ""}</a>'
        result = known.render(call._replace(tag=tag._replace(name=_snake(name))), self.page)
        if result is not None:
            return result
        if tag.name not in _UNCOUNTED:
            self.page.note(
                f"<{tag.name}>",
                "is a component, which feeds cannot show; the text in it stays, if there is any",
            )
        return inner or ""


class _Reader:
    """One reading of a body with components."""

    def __init__(self, text: str, page: Page, *, has_expressions: bool) -> None:
        self.text, self.page, self.has_expressions = text, page, has_expressions
        ranges = code.fences_and_spans(text)
        self.braces = _braces(text, ranges) if has_expressions and "{" in text else {}
        self.expansion = Expansion(_Components(page), text, ranges)
        self.paired = set(_CLOSING.findall(text))

    def read(self) -> str:
        text, add = self.text, self.expansion.add
        at = 0
        while match := _PLACE.search(text, at):
            start = match.start()
            add(text[at:start])
            if self.expansion.in_code(start):
                add(match[0])
                at = match.end()
            else:
                at = self._construct(match[0], start)
        add(text[at:])
        return self.expansion.finish()

    def _construct(self, sign: str, start: int) -> int:
        """Read what begins at a place; return where it ends."""
        add = self.expansion.add
        if sign == "{" and self.has_expressions:
            return self._expression(start)
        if sign[0] == "\\" and self.has_expressions:
            add(sign[1] if sign[1] in "{}" else sign)
            return start + 2
        if sign == "<!--":
            end = self.text.find("-->", start)
            end = len(self.text) if end < 0 else end + 3
            add(self.text[start:end])
            return end
        tag = _tag(self.text, start, self.braces) if sign[0] == "<" else None
        if tag is None:
            add(sign)
            return start + len(sign)
        self._tag(tag, start)
        return tag.end

    def _expression(self, start: int) -> int:
        """Leave out an expression, unless it is a text."""
        end = self.braces.get(start)
        if end is None:
            self.expansion.add("{")
            return start + 1
        inside = self.text[start + 1 : end - 1].strip()
        if literal := _LITERAL.fullmatch(self.text[start + 1 : end - 1]):
            self.expansion.add(next((part for part in literal.groups() if part is not None), ""))
        elif inside and not inside.startswith(("/*", "//")):
            self.page.note(f"{{{inside}}}", "is an expression, which is left out of the body")
        return end

    def _tag(self, tag: _Tag, start: int) -> None:
        if not tag.name:  # <> and </> of a fragment
            return
        if tag.name[0].islower() and "." not in tag.name and "-" not in tag.name:
            self.expansion.add(self._html(tag, start))
            return
        if tag.closing:
            component = Tag("close", tag.name)
        else:
            is_open = not tag.single and tag.name in self.paired
            component = Tag("open" if is_open else "single", tag.name)
            component = component._replace(
                attributes=tuple((key.lower(), v) for key, v in tag.attributes)
            )
        self.expansion.apply(self.expansion.placed(component, start, tag.end))

    def _html(self, tag: _Tag, start: int) -> str:
        """Return an HTML tag without what only scripts read, as a block if it stands alone."""
        if not self.has_expressions:
            return self.text[start : tag.end]
        attributes = "".join(
            f' {name}="{escape(value)}"' if value else f" {name}"
            for name, value in tag.attributes
            if name.lower() not in _DROPPED
        )
        html = f"</{tag.name}>" if tag.closing else f"<{tag.name}{attributes}>"
        if tag.single and tag.name not in _VOID:
            html += f"</{tag.name}>"
        placed = self.expansion.placed(Tag("single", tag.name), start, tag.end)
        return f"\n\n{html}\n\n" if placed.is_alone and tag.name not in _RAW else html


def _snake(name: str) -> str:
    """Return the name of a component as shortcodes are called: `LiteYouTube` is `youtube`."""
    name = name.lower()
    return "youtube" if "youtube" in name else "figure" if name.endswith("image") else name


def _dedented(text: str) -> str:
    """Return Markdown in which no line is code because it is indented."""
    for _ in range(3):
        blocks = code.indented_in_markdown(text)
        if not blocks:
            break
        text = _shifted(text, blocks)
    return text


def _shifted(text: str, blocks: Ranges) -> str:
    pieces: list[str] = []
    at = 0
    for start, stop in blocks:
        line = text.rfind("\n", 0, start) + 1
        pieces += (text[at:line], _flush(text[line:stop]))
        at = stop
    return "".join([*pieces, text[at:]])


def _flush(block: str) -> str:
    lines = block.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    least = min(indents, default=0)
    return "\n".join(line[least:] for line in lines)
