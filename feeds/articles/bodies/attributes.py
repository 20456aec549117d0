"""Markup about the markup, which readers must not see: attributes, tables of contents. No I/O."""

import re

from feeds.articles.bodies import code

_PAIR = r"""(?:[.#][\w:-]+|[\w:-]+=(?:"[^"\n{}]*"|'[^'\n{}]*'|[^\s"'{}]+))"""
_LIST = rf"[ \t]*{_PAIR}(?:[ \t]+(?:{_PAIR}|[\w:-]+))*[ \t]*"
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]", re.MULTILINE)
_KRAMDOWN = re.compile(r"[ \t]*\{:{1,2}[^{}\n]*\}")
_COMMENT = re.compile(r"^\{::comment\}[\s\S]*?\{:/(?:comment)?\}", re.MULTILINE)
# At the end of a heading they are read by the parser of Markdown, which knows ids. Braces after `_`
# and `^` are those of a formula.
_ATTRIBUTES = re.compile(rf"(?<![\\$_^]){{{_LIST}}}")
_TABLE_OF_CONTENTS = re.compile(
    r"^[ \t]*(?:\[TOC\]|\[\[toc\]\]|\[\[_TOC_\]\]|<!--\s*toc\s*-->|\$\{toc\})[ \t]*$", re.M | re.I
)
_TOC_LIST = re.compile(r"^[ \t]*(?:[-*+]|1\.)[ \t][^\n]*\n[ \t]*\{:\s*toc[^{}\n]*\}", re.MULTILINE)
_ABBREVIATION = re.compile(r"^[ \t]{0,3}\*\[[^\]\n]+\]:[^\n]*(?:\n|\Z)", re.MULTILINE)
_MARKED_TAG = re.compile(
    r"""^([ \t]*)(<[a-z][a-z0-9]*\b[^<>\n]*?)\smarkdown(?:=(?:"[^"<>\n]*"|\w+))?([^<>\n]*>)""",
    re.MULTILINE,
)
_CLOSING_TAG = re.compile(
    r"^[ \t]*</(?:div|section|aside|article|figure|p|details|figcaption)>", re.M
)
# Finding code takes longer than looking for what may have to be cleaned.
_SIGNS = (
    ("{", _KRAMDOWN),
    ("{", _ATTRIBUTES),
    ("{::", _COMMENT),
    ("*[", _ABBREVIATION),
    ("markdown", _MARKED_TAG),
    ("", _TABLE_OF_CONTENTS),
)


def cleaned(text: str) -> str:
    """Return Markdown without attribute lists, tables of contents and abbreviations."""
    if not any(sign in text and pattern.search(text) for sign, pattern in _SIGNS):
        return text
    return code.outside(text, code.in_markdown(text), _cleaned)


def _cleaned(text: str) -> str:
    if "{" in text:
        text = _TOC_LIST.sub("", _COMMENT.sub("", text))
        text = _KRAMDOWN.sub(_attributes, text)
        text = _ATTRIBUTES.sub(_attributes, text)
    if "*[" in text:
        text = _ABBREVIATION.sub("", text)
    if "markdown" in text:
        text = _with_markdown(text)
    return _TABLE_OF_CONTENTS.sub("", text)


def _attributes(match: re.Match[str]) -> str:
    """Return nothing, or the id of a heading."""
    text = match.string
    start, end = match.span()
    line = text[text.rfind("\n", max(0, start - 400), start) + 1 : start]
    is_last = text[end : end + 1] in ("", "\n")
    identifier = re.search(r"#([\w:-]+)", match[0])
    if is_last and identifier and _HEADING.match(line):
        return f" {{#{identifier[1]}}}"
    return ""


def _with_markdown(text: str) -> str:
    """Return HTML blocks whose inside is Markdown with the blank lines that CommonMark needs."""
    marked = _MARKED_TAG.sub(r"\1\2\3\n\n", text)
    if marked == text:
        return text
    return _CLOSING_TAG.sub(lambda match: f"\n{match[0]}", marked)
