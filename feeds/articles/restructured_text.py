"""Reads reStructuredText with docutils: title, fields, and the body as HTML. No I/O.

Docutils is an optional package, imported when the first such article is read. It reads no file and
no configuration: file insertion is disabled. Raw HTML is sanitised like any other body.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

from feeds.articles import header_lines
from feeds.articles.bodies.page import Page
from feeds.errors import Notice

# The command that installs docutils.
INSTALL = "pip install 'feed-publisher[rst]'"
_HEAD = re.compile(r"(?:[^\n]*\n)*?:[^\s:][^\n:]*:(?:[^\n]*\n)*?(?=\n|\Z)")
_UNKNOWN = re.compile(r'Unknown directive type "([^"]*)"')
_DISABLED = re.compile(r'"([^"]*)" directive disabled|Error in "([^"]*)" directive')
_WARNING, _ERROR = 2, 3
_MAX_SUBSTITUTIONS = 200
_SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": True,
    "report_level": 5,
    "halt_level": 5,
    "initial_header_level": 2,
    "syntax_highlight": "none",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "toc_backlinks": False,
    "sectnum_xform": True,
    "output_encoding": "unicode",
}


class Fault(NamedTuple):
    """A mistake in the text: its line, counted from 1, and what docutils says about it."""

    line: int
    message: str
    is_fatal: bool


class Document(NamedTuple):
    """An article: its front matter by keys in lower case, and its body as HTML, not sanitised.

    `head` is the text of the front matter. `repeated` are the fields that occur twice.
    """

    data: dict[str, Any]
    html: str
    head: str
    repeated: tuple[str, ...]
    notices: tuple[Notice, ...]
    faults: tuple[Fault, ...]


class _RefusedError(Exception):
    """A text would take too long."""


def is_available() -> bool:
    """Return whether docutils is installed."""
    return find_spec("docutils") is not None


def read(text: str) -> Document:
    """Read an article with a title and a field list (Pelican), or with Nikola's header lines.

    Directives and roles that are unknown are left out, with a notice each.
    """
    data, count, repeated = header_lines.nikola(text)
    if data:
        lines = text.split("\n")
        # Empty lines in place of the headers keep the numbers of lines.
        document = _published("\n" * count + "\n".join(lines[count:]), has_title=False)
        lead = "".join(f"{line}\n" for line in lines[:count])
        return document._replace(data=data, head=lead, repeated=repeated)
    head = _HEAD.match(text)
    return _published(text, has_title=True)._replace(head=head[0] if head else "")


def _published(text: str, *, has_title: bool) -> Document:
    from docutils import core, io
    from docutils.parsers.rst import Parser
    from docutils.readers.standalone import Reader

    from feeds.articles.bodies import rst_directives, rst_html

    rst_directives.register()
    page = Page(path="", url="", base="", site="", notices={}, variables={})
    messages: list[Any] = []

    class ObservedParser(Parser):
        def parse(self, inputstring: str, document: Any) -> None:
            document.reporter.attach_observer(messages.append)
            super().parse(inputstring, document)
            if _has_many_substitutions(document):
                raise _RefusedError("has too many substitutions in substitutions; write fewer")

    parser = ObservedParser(inliner=rst_directives.inliner())
    writer = rst_html.Writer()
    publisher = core.Publisher(
        Reader(parser), parser, writer,
        source_class=io.StringInput, destination_class=io.StringOutput,
    )  # fmt: skip
    own = {"page": page, "own_roles": set(), "doctitle_xform": has_title}
    try:
        publisher.process_programmatic_settings(None, {**_SETTINGS, **own}, None)
        publisher.set_source(text)
        publisher.publish()
    except _RefusedError as error:
        return _unreadable(str(error))
    except RecursionError:
        return _unreadable("nests too deeply")
    except Exception as error:  # noqa: BLE001 - some malformed texts make docutils itself fail
        return _unreadable(f"docutils fails with {type(error).__name__}: {error}")
    faults = tuple(_faults(messages, page))
    names, data = _fields(publisher.document)
    repeated = tuple(sorted({name for name in names if names.count(name) > 1}))
    return Document(data, writer.parts["body"], "", repeated, tuple(page.notices), faults)


def _has_many_substitutions(document: Any) -> bool:
    """Return whether a substitution becomes more than `_MAX_SUBSTITUTIONS`: nested ones multiply.

    Those of a circle grow without end.
    """
    from docutils import nodes

    inner = {
        name: [ref["refname"] for ref in definition.findall(nodes.substitution_reference)]
        for name, definition in document.substitution_defs.items()
    }
    sizes = dict.fromkeys(inner, 1)
    while True:
        grown = {
            name: 1 + sum(sizes.get(part, 1) for part in parts) for name, parts in inner.items()
        }
        if any(size > _MAX_SUBSTITUTIONS for size in grown.values()):
            return True
        if grown == sizes:
            return False
        sizes = grown


def _unreadable(message: str) -> Document:
    return Document({}, "", "", (), (), (Fault(1, message, is_fatal=True),))


def _fields(document: Any) -> tuple[list[str], dict[str, Any]]:
    """Return the names of the fields of a document, and its title and fields."""
    from docutils import nodes

    names: list[str] = []
    data: dict[str, Any] = {}
    index = document.first_child_matching_class(nodes.title)
    if index is not None:
        data["title"] = document[index].astext()
    for info in document.findall(nodes.docinfo):
        for element in info.children:
            name, value = element.tagname, element.astext()
            if name == "field":
                name, value = (part.astext() for part in element.children)
            elif name == "authors":
                value = [author.astext() for author in element.children]
            names.append(name.lower())
            data[name.lower()] = value.strip() if isinstance(value, str) else value
    return names, data


def _faults(messages: list[Any], page: Page) -> Iterator[Fault]:
    """Yield the mistakes among the messages of docutils; note directives that are left out."""
    for message in messages:
        level, text = message["level"], message[0].astext() if len(message) else ""
        if level < _WARNING:
            continue
        if unknown := _UNKNOWN.match(text):
            page.note(
                f".. {unknown[1]}::",
                "is a directive that is not known here; it is left out with what is in it",
            )
        elif disabled := _DISABLED.match(text):
            name = disabled[1] or disabled[2]
            page.note(f".. {name}::", "cannot be shown; it is left out with what is in it")
        else:
            shown = " ".join(text.split()).removesuffix(".")
            yield Fault(message.get("line") or 1, shown, is_fatal=level >= _ERROR)
