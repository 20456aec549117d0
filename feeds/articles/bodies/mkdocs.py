"""Python-Markdown as MkDocs Material configures it: admonitions, tabs, snippets, icons. No I/O."""

import re
from collections.abc import Iterator

from feeds.articles.bodies import code, emoji
from feeds.articles.bodies.calls import Call
from feeds.articles.bodies.known import admonition
from feeds.articles.bodies.page import Page
from feeds.articles.bodies.tags import Tag

_BLOCK = re.compile(
    r"(?P<indent>[ \t]*)(?:(?:!!!|\?\?\?\+?)[ \t]+(?P<kinds>[\w-]+(?:[ \t]+[\w-]+)*)"
    r'(?:[ \t]+"(?P<title>[^"\n]*)")?|===[+!]?[ \t]+"(?P<tab>[^"\n]*)")[ \t]*'
)
_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+)?(`{3,}|~{3,})(.*)")
_SNIPPET = re.compile(r'^([ \t]*)-{1,}8<-{1,}[ \t]+"([^"\n]+)"[ \t]*$', re.MULTILINE)
_SNIPPETS = re.compile(r"^([ \t]*)-{1,}8<-{1,}[ \t]*\n([\s\S]*?)\n[ \t]*-{1,}8<-{1,}[ \t]*$", re.M)
_ICON = re.compile(r":(?:octicons|material|fontawesome|simple)-[a-z0-9-]{1,80}:(?:\{[^{}\n]*\})?")
_KEYS = re.compile(r"\+\+([a-z0-9-]+(?:\+[a-z0-9-]+)*)\+\+", re.IGNORECASE)
_MARKED = re.compile(r"(?<![=\w])==(?=\S)([^=\n]+?)(?<=\S)==(?![=\w])")
_INSERTED = re.compile(r"\^\^(?=\S)([^^\n]+?)(?<=\S)\^\^")
_MAX_DEPTH = 20


def expand(text: str, page: Page) -> str:
    """Return the body with the syntax of MkDocs in HTML and CommonMark."""
    if "8<-" in text:
        text = _with_snippets(text, page)
    if "!!!" in text or "???" in text or "===" in text:
        text = "\n".join(_blocks(text.split("\n"), 0))
    if any(pattern.search(text) for pattern in (_ICON, emoji.NAME, _KEYS, _MARKED, _INSERTED)):
        text = code.outside(text, code.in_markdown(text), _inline)
    return text


def _with_snippets(text: str, page: Page) -> str:
    def snippet(match: re.Match[str]) -> str:
        names = [name.strip() for name in match[2].split("\n")]
        texts = [
            page.include(name.partition(":")[0]) for name in names if name[:1] not in ("", ";")
        ]
        lines = "\n\n".join(filter(None, texts)).split("\n")
        return "\n".join(match[1] + line if line else line for line in lines)

    text = code.outside(text, code.fences(text), lambda part: _SNIPPETS.sub(snippet, part))
    return code.outside(text, code.fences(text), lambda part: _SNIPPET.sub(snippet, part))


def _blocks(lines: list[str], depth: int) -> Iterator[str]:
    """Yield the lines with admonitions and tabs, whose content is indented, as HTML."""
    fence = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if match := _FENCE.match(line):
            fence = _after_fence(fence, match)
        block = None if fence else _BLOCK.fullmatch(line)
        if block is None:
            yield line
            continue
        indent = block["indent"]
        end = _end_of_block(lines, at, len(indent.expandtabs(4)) + 4)
        content = [line.expandtabs(4)[len(indent.expandtabs(4)) + 4 :] for line in lines[at:end]]
        at = end
        inner = "\n".join(_blocks(content, depth + 1) if depth < _MAX_DEPTH else content)
        yield from (indent + line if line else line for line in _shown(block, inner).split("\n"))


def _after_fence(fence: str, match: re.Match[str]) -> str:
    """Return the fence that is open after a line that looks like one; empty if none is."""
    if not fence:
        return "" if "`" in match[2] and match[1][0] == "`" else match[1]
    closes = match[1].startswith(fence) and not match[2].strip()
    return "" if closes else fence


def _end_of_block(lines: list[str], at: int, indent: int) -> int:
    """Return where lines with less indentation begin; blank lines before them belong to them."""
    end = at
    while at < len(lines):
        line = lines[at].expandtabs(4)
        if line.strip():
            if len(line) - len(line.lstrip(" ")) < indent:
                break
            end = at + 1
        at += 1
    return end


def _shown(block: re.Match[str], inner: str) -> str:
    if block["tab"] is not None:
        return f"\n**{block['tab']}**\n\n{inner.strip(chr(10))}\n"
    kind = block["kinds"].split()[0].lower()
    call = Call(Tag("open", kind), (), {}, inner)
    return admonition(call, kind, block["title"])


def _inline(text: str) -> str:
    if ":" in text:
        text = emoji.replaced(_ICON.sub("", text))
    if "++" in text:
        text = _KEYS.sub(_keys, text)
    if "==" in text:
        text = _MARKED.sub(r"<mark>\1</mark>", text)
    if "^^" in text:
        text = _INSERTED.sub(r"<ins>\1</ins>", text)
    return text


def _keys(match: re.Match[str]) -> str:
    return "+".join(f"<kbd>{key.capitalize()}</kbd>" for key in match[1].split("+"))
