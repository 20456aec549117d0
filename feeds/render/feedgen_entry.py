"""RSS items and Atom entries by feedgen: the fallback for rare entries. No I/O.

Nearly every entry is written by the fast path, `feeds.render.rss` and `feeds.render.atom`, to the
same bytes (tests/render/test_feedgen_equivalence.py), so change both. Rare entries are those with
an empty title, name or the like, or with characters that lxml refuses or writes as references.

feedgen 1.0 has faults, all worked around here and in `feedgen_channel`. It sets the process locale
to format a date, stamps undated feeds and entries with the clock, omits `rel` from Atom links,
writes only one enclosure and two elements of `atom:source`, drops authors without an e-mail address
from RSS, and cannot write the numeric character references that plain text in RSS needs.
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
from feeds.render.elements import (
    ATOM,
    ATOM_NAMESPACES,
    DC,
    MEDIA,
    RSS_NAMESPACES,
    XML,
    add_element,
    categories,
)
from feeds.util import dates

# RSS elements that hold plain text. Some readers decode them twice; numeric references survive
# that (RSS Best Practices §3.1), and the W3C validator warns about `&lt;` there.
_PLAIN = re.compile(rb"(<(?:title|category|source|dc:creator|copyright)(?: [^>]*)?>)([^<]+)(?=</)")
_REFERENCES = ((b"&amp;", b"&#x26;"), (b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"))


def patch_feedgen_dates() -> None:
    """Replace feedgen's formatting of RSS dates, for the whole process.

    feedgen calls `setlocale`, which changes the locale of the process and is not thread-safe.
    Every module that imports feedgen calls this function.
    """
    feedgen.feed.formatRFC2822 = dates.rfc822
    feedgen.entry.formatRFC2822 = dates.rfc822


patch_feedgen_dates()


def render_by_feedgen(entry: Entry, site: Site) -> tuple[bytes, bytes]:
    """Return the RSS item and the Atom entry. Raises `RenderError` if feedgen refuses the entry."""
    try:
        feedgen_entry = build_feedgen_entry(entry, site)
        rss = _serialize(_RSS_FRAME, feedgen_entry.rss_entry())
        atom = _serialize(_ATOM_FRAME, feedgen_entry.atom_entry())
    except ValueError as error:
        raise RenderError(entry.id, str(error)) from error
    return use_numeric_references(rss), atom


def build_feedgen_entry(entry: Entry, site: Site) -> FeedEntry:
    """Return feedgen's object for the entry, with `EntryExtension` for the rest."""
    feedgen_entry = FeedEntry()
    feedgen_entry.id(entry.id)
    feedgen_entry.guid(entry.id, permalink=entry.permalink_id)
    feedgen_entry.title(entry.title)
    feedgen_entry.link(href=entry.link)
    feedgen_entry.published(entry.published)
    feedgen_entry.updated(entry.updated)
    if entry.summary:
        feedgen_entry.summary(entry.summary)
        feedgen_entry.description(escape(entry.summary, quote=False))
    feedgen_entry.content(entry.content, type="html")
    if entry.authors:
        feedgen_entry.author([_author(person) for person in entry.authors])
    if tags := categories(entry, site):
        feedgen_entry.category([{"term": term, "scheme": scheme} for scheme, term in tags])
    if entry.provider and (source := entry.provider.feed or entry.provider.home):
        feedgen_entry.source(source, entry.provider.name)
    feedgen_entry.register_extension("extras", EntryExtension)
    feedgen_entry.extras.entry = entry
    return feedgen_entry


def _author(person: Person) -> dict[str, str]:
    return {"name": person.name, "uri": person.url} if person.url else {"name": person.name}


def use_numeric_references(rss: bytes) -> bytes:
    """Return RSS with `&`, `<` and `>` in plain text elements as numeric references."""
    return _PLAIN.sub(_to_references, rss) if b"&" in rss else rss


def _to_references(match: re.Match[bytes]) -> bytes:
    text = match[2]
    for entity, reference in _REFERENCES:
        text = text.replace(entity, reference)
    return match[1] + text


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """Adds the elements that feedgen cannot write. Set `entry` before rendering."""

    entry: Entry

    def extend_rss(self, item: Any) -> Any:
        """Add the authors, enclosure, `via` link and media to an RSS item."""
        entry = self.entry
        for person in entry.authors:
            add_element(item, f"{{{DC}}}creator", person.name)
        for enclosure in entry.enclosures[:1]:
            length, type_ = enclosure.length or 0, enclosure.media_type
            add_element(item, "enclosure", url=enclosure.url, length=length, type=type_)
        if entry.via:
            add_element(item, f"{{{ATOM}}}link", rel="via", href=entry.via)
        _add_media(item, entry)
        item.tail = "\n"
        return item

    def extend_atom(self, node: Any) -> Any:
        """Add the links, source, media and language to an Atom entry."""
        entry = self.entry
        node.find("link").set("rel", "alternate")
        if entry.via:
            add_element(node, "link", rel="via", href=entry.via)
        for related in entry.related:
            add_element(node, "link", rel="related", href=related.url, title=related.title)
        for enclosure in entry.enclosures:
            add_element(
                node,
                "link",
                rel="enclosure",
                href=enclosure.url,
                type=enclosure.media_type,
                length=enclosure.length,
                title=enclosure.title,
            )
        _complete_source(node, entry)
        _add_media(node, entry)
        if entry.language:
            node.set(f"{{{XML}}}lang", entry.language)
        node.tail = "\n"
        return node


def _complete_source(node: Any, entry: Entry) -> None:
    """Add what feedgen's `atom:source` lacks (RFC 4287 §4.2.11)."""
    source, provider = node.find("source"), entry.provider
    if source is None or provider is None:
        return
    source.remove(source.find("link"))
    id_ = etree.Element("id")
    id_.text = provider.feed or provider.home or ""
    source.insert(0, id_)
    add_element(source, "updated", dates.rfc3339(entry.published))
    if provider.feed:
        add_element(source, "link", rel="self", href=provider.feed)
    if provider.home:
        add_element(source, "link", rel="alternate", href=provider.home)
    if provider.icon:
        add_element(source, "icon", provider.icon)


def _add_media(node: Any, entry: Entry) -> None:
    """Add Media RSS, as `elements.media_elements` does. Unknown sizes are left out."""
    for enclosure in entry.enclosures:
        if enclosure.medium != "image":
            _add_enclosure(node, enclosure)
    if player := entry.player:
        content = add_element(node, f"{{{MEDIA}}}content", medium="video", duration=player.duration)
        add_element(content, f"{{{MEDIA}}}player", url=player.url)
    for index, image in enumerate(entry.images):
        size: dict[str, Any] = {"width": image.width, "height": image.height}
        add_element(
            node,
            f"{{{MEDIA}}}content",
            url=image.url,
            fileSize=image.length,
            type=image.media_type,
            medium="image",
            **size,
        )
        if index == 0:
            add_element(node, f"{{{MEDIA}}}thumbnail", url=image.url, **size)


def _add_enclosure(node: Any, enclosure: Enclosure) -> None:
    add_element(
        node,
        f"{{{MEDIA}}}content",
        url=enclosure.url,
        fileSize=enclosure.length,
        type=enclosure.media_type,
        medium=enclosure.medium,
        duration=enclosure.duration,
        width=enclosure.width,
        height=enclosure.height,
    )


class _Frame:
    """An empty document in which an element is serialized as it would be in a whole feed."""

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


_RSS_FRAME = _frame("rss", RSS_NAMESPACES, "channel", version="2.0")
_ATOM_FRAME = _frame("feed", ATOM_NAMESPACES, None, xmlns=ATOM)


def _serialize(frame: _Frame, node: Any) -> bytes:
    frame.parent.append(node)
    xml: bytes = etree.tostring(frame.root, encoding="UTF-8")
    frame.parent.remove(node)
    return xml[frame.before : -frame.after]
