"""Markdown as site generators read it -> HTML, not yet sanitised. No I/O.

CommonMark with tables, strikethrough, footnotes, task lists, definition lists, alerts and ids of
headings. Footnotes are listed at the end, with the ids that Goldmark, kramdown and Python-Markdown
give them, so that links to them also work on the page.
"""

import re

import pyromark

from feeds.articles.bodies import footnotes
from feeds.articles.bodies.linkify import linkified

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_DEFINITION_LIST
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_GFM
)
_MARKDOWN = pyromark.Markdown(options=_OPTIONS)
_SMART = pyromark.Markdown(options=_OPTIONS | pyromark.Options.ENABLE_SMART_PUNCTUATION)
_TASK = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\n?')
_ALERT = re.compile(r'<blockquote class="markdown-alert-(\w+)">')
_OPEN_CODE = re.compile(r"<pre><code>[ \t]*(?::::|#!)([\w+#.-]{1,30})[ \t]*\n")
_CHUNK = re.compile(r'<pre><code class="language-\{([\w+#.-]{1,30})[^"<>]*">((?:#\|[^\n]*\n)*+)')
_CLASS = re.compile(r'<code class="language-([^"<>]*)"')


def html(text: str, *, smart: bool = False, linkify: bool = False) -> str:
    """Return Markdown as HTML. `linkify` makes links of bare addresses."""
    result = (_SMART if smart else _MARKDOWN).html(text)
    if "<input disabled" in result:
        result = _TASK.sub(lambda match: "☑ " if match[1] else "☐ ", result)
    if "markdown-alert" in result:
        result = _ALERT.sub(
            lambda match: f"<blockquote>\n<p><strong>{match[1].capitalize()}</strong></p>", result
        )
    if 'class="footnote-' in result:
        result = footnotes.listed(result)
    if "<code" in result:
        result = _with_languages(result)
    if linkify and ("://" in result or "www." in result):
        result = linkified(result)
    return result


def _with_languages(result: str) -> str:
    """Return HTML whose code has the language that its first line or its fence states."""
    if ":::" in result or "#!" in result:
        result = _OPEN_CODE.sub(r'<pre><code class="language-\1">', result)
    if "language-{" in result:
        result = _CHUNK.sub(r'<pre><code class="language-\1">', result)
    return _CLASS.sub(lambda match: f'<code class="{_language(match[1])}"', result)


def _language(info: str) -> str:
    name = re.split(r"[\s,{:(]", info, maxsplit=1)[0]
    return f"language-{name}" if name else ""
