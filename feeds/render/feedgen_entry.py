"""feedgen's known faults, mended in this one place. No I/O.

feedgen 1.0 sets the process locale to write a date, stamps undated feeds and entries with the
clock, loses what Atom links are about, knows one enclosure and an atom:source of two elements,
drops authors without an e-mail address from RSS, and cannot write the character references that
plain text in RSS wants. Entries and envelopes get the rest by its extension API, below.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import feedgen.entry
import feedgen.feed
from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from lxml import etree

from feeds.config.site import Site
from feeds.errors import RenderError
from feeds.model.entry import Enclosure, Entry, Person
from feeds.render.elements import categories
from feeds.util import dates

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
RSS_NAMESPACES = {"atom": ATOM, "content": CONTENT, "dc": DC, "media": MEDIA}
ATOM_NAMESPACES = {"media": MEDIA}

# Dates without the locale: feedgen's own function is not safe in threads.
feedgen.feed.formatRFC2822 = dates.rfc822
feedgen.entry.formatRFC2822 = dates.rfc822

# RSS elements that hold plain text. Some readers decode them twice: numeric references survive
# that (RSS best practices §3.1), and the W3C validator warns of `&lt;` there.
_PLAIN = re.compile(rb"(<(?:title|category|source|dc:creator|copyright)(?: [^>]*)?>)([^<]+)(?=</)")
_REFERENCES = ((b"&amp;", b"&#x26;"), (b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"))


def plain_references(rss: bytes) -> bytes:
    """RSS with `&`, `<` and `>` in its plain text elements as numeric references."""
    return _PLAIN.sub(_referenced, rss) if b"&" in rss else rss


def _referenced(found: re.Match[bytes]) -> bytes:
    text = found[2]
    for entity, reference in _REFERENCES:
        text = text.replace(entity, reference)
    return found[1] + text


def element(parent: Any, name: str, text: str | None = None, **attributes: object) -> Any:
    """A child of `parent` with the attributes that are not None, in the order given."""
    known = {key: str(value) for key, value in attributes.items() if value is not None}
    made = etree.SubElement(parent, name, known)
    made.text = text
    return made


class FeedgenExtension(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen cannot say about an entry. Set `entry` before rendering."""

    entry: Entry

    def extend_rss(self, item: Any) -> Any:
        """The enclosure, authors, origin and media of an RSS item."""
        entry = self.entry
        for person in entry.authors:
            element(item, f"{{{DC}}}creator", person.name)
        if entry.enclosures:
            first = entry.enclosures[0]
            element(
                item, "enclosure", url=first.url, length=first.length or 0, type=first.media_type
            )
        if entry.via:
            element(item, f"{{{ATOM}}}link", rel="via", href=entry.via)
        _add_media(item, entry)
        item.tail = "\n"
        return item

    def extend_atom(self, node: Any) -> Any:
        """The links, source and media of an Atom entry."""
        entry = self.entry
        node.find("link").set("rel", "alternate")
        if entry.via:
            element(node, "link", rel="via", href=entry.via)
        for each in entry.related:
            element(node, "link", rel="related", href=each.url, title=each.title)
        for file in entry.enclosures:
            element(
                node,
                "link",
                rel="enclosure",
                href=file.url,
                type=file.media_type,
                length=file.length,
                title=file.title,
            )
        _mend_source(node, entry)
        _add_media(node, entry)
        if entry.language:
            node.set("{http://www.w3.org/XML/1998/namespace}lang", entry.language)
        node.tail = "\n"
        return node


def _mend_source(node: Any, entry: Entry) -> None:
    """Give feedgen's atom:source all that RFC 4287 §4.2.11 wants of it."""
    source, provider = node.find("source"), entry.provider
    if source is None or provider is None:
        return
    source.remove(source.find("link"))
    source.insert(0, _text("id", provider.feed or provider.home or ""))
    element(source, "updated", dates.rfc3339(entry.published))
    if provider.feed:
        element(source, "link", rel="self", href=provider.feed)
    if provider.home:
        element(source, "link", rel="alternate", href=provider.home)
    if provider.icon:
        element(source, "icon", provider.icon)


def _text(name: str, text: str) -> Any:
    made = etree.Element(name)
    made.text = text
    return made


def _add_media(node: Any, entry: Entry) -> None:
    """Media RSS for both formats; unknown sizes are left out, for 0 is an error in it."""
    for file in entry.enclosures:
        if file.medium != "image":
            _media_content(node, file)
    if entry.player:
        held = element(node, f"{{{MEDIA}}}content", medium="video", duration=entry.player.duration)
        element(held, f"{{{MEDIA}}}player", url=entry.player.url)
    for index, image in enumerate(entry.images):
        size: dict[str, Any] = {"width": image.width, "height": image.height}
        element(
            node,
            f"{{{MEDIA}}}content",
            url=image.url,
            fileSize=image.length,
            type=image.media_type,
            medium="image",
            **size,
        )
        if index == 0:
            element(node, f"{{{MEDIA}}}thumbnail", url=image.url, **size)


def _media_content(node: Any, file: Enclosure) -> None:
    element(
        node,
        f"{{{MEDIA}}}content",
        url=file.url,
        fileSize=file.length,
        type=file.media_type,
        medium=file.medium,
        duration=file.duration,
        width=file.width,
        height=file.height,
    )


def by_feedgen(entry: Entry, site: Site) -> tuple[bytes, bytes]:
    """The RSS item and the Atom entry of any entry, as feedgen writes them.

    What `feeds.render.elements` writes is held to this. Raises `RenderError`.
    """
    try:
        made = feedgen_entry(entry, site)
        rss, atom = _cut(_RSS, made.rss_entry()), _cut(_ATOM, made.atom_entry())
    except ValueError as error:
        raise RenderError(entry.id, str(error)) from error
    return plain_references(rss), atom


def feedgen_entry(entry: Entry, site: Site) -> FeedEntry:
    """The entry as feedgen holds it, with our extension for what feedgen lacks."""
    made = FeedEntry()
    made.id(entry.id)
    made.title(entry.title)
    made.link(href=entry.link)
    made.published(entry.published)
    made.updated(entry.updated)
    if entry.summary:
        made.summary(entry.summary)
        made.description(escape(entry.summary, quote=False))
    made.content(entry.content, type="html")
    if entry.authors:
        made.author([_feedgen_author(person) for person in entry.authors])
    if tags := categories(entry, site):
        made.category([{"term": term, "scheme": scheme} for scheme, term in tags])
    if entry.provider and (source := entry.provider.feed or entry.provider.home):
        made.source(source, entry.provider.name)
    made.register_extension("extras", FeedgenExtension)
    made.extras.entry = entry
    return made


def _feedgen_author(person: Person) -> dict[str, str]:
    return {"name": person.name, "uri": person.url} if person.url else {"name": person.name}


class _Frame:
    """An otherwise empty document, in which an element is serialised as in a whole feed."""

    def __init__(self, root: Any, parent: Any) -> None:
        self.root, self.parent = root, parent
        parent.text = ""
        empty = etree.tostring(root, encoding="UTF-8")
        self.after = len(empty) - empty.rindex(b"</" + parent.tag.encode())
        self.before = len(empty) - self.after


def _frame(
    name: str, namespaces: Mapping[str, str], child: str | None, **attributes: str
) -> _Frame:
    root = etree.Element(name, attributes, nsmap=dict(namespaces))
    return _Frame(root, etree.SubElement(root, child) if child else root)


_RSS = _frame("rss", RSS_NAMESPACES, "channel", version="2.0")
_ATOM = _frame("feed", ATOM_NAMESPACES, None, xmlns=ATOM)


def _cut(frame: _Frame, node: Any) -> bytes:
    frame.parent.append(node)
    whole: bytes = etree.tostring(frame.root, encoding="UTF-8")
    frame.parent.remove(node)
    return whole[frame.before : -frame.after]
