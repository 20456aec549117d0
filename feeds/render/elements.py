"""XML shared by RSS and Atom: namespaces, escaping, Media RSS, categories. Pure; no I/O.

The functions that return text serve the fast path (`rss`, `atom`); `add_element` serves the
fallback (`feedgen_entry`) and feed metadata (`feedgen_channel`).
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from lxml import etree

from feeds.config.site import Site
from feeds.model.entry import Enclosure, Entry, Image
from feeds.util.media_types import Medium

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
SYNDICATION = "http://purl.org/rss/1.0/modules/syndication/"
XML = "http://www.w3.org/XML/1998/namespace"
# The prefixes that items of RSS and entries of Atom use.
RSS_NAMESPACES = {"atom": ATOM, "content": CONTENT, "dc": DC, "media": MEDIA}
ATOM_NAMESPACES = {"media": MEDIA}


class NeedsFeedgenError(Exception):
    """The fast path cannot write an entry; feedgen must write or reject it."""


def categories(entry: Entry, site: Site) -> list[tuple[str, str]]:
    """Return (scheme, term) of each category: topics, then the category, then the type."""
    base = site.settings.url
    topics = dict.fromkeys(site.topic_name(topic) for topic in entry.topics)
    tags = [(f"{base}topics", topic) for topic in topics]
    if entry.category:
        tags.append((f"{base}categories", entry.category))
    if entry.type:
        tags.append((f"{base}types", entry.type))
    return tags


def media_elements(entry: Entry) -> Iterator[str]:
    """Yield the elements of Media RSS, which are the same in RSS and Atom.

    The twin for the fallback is `feedgen_entry._add_media`.
    """
    for enclosure in entry.enclosures:
        if enclosure.medium != "image":
            size = optional_attribute("duration", enclosure.duration) + _size(enclosure)
            yield _media_content(enclosure, escape_attribute(enclosure.url), enclosure.medium, size)
    if entry.player:
        duration = optional_attribute("duration", entry.player.duration)
        player = f'<media:player url="{escape_attribute(entry.player.url)}"/>'
        yield f'<media:content medium="video"{duration}>{player}</media:content>'
    for index, image in enumerate(entry.images):
        url, size = escape_attribute(image.url), _size(image)
        yield _media_content(image, url, "image", size)
        if index == 0:
            yield f'<media:thumbnail url="{url}"{size}/>'


def _media_content(file: Enclosure | Image, url: str, medium: Medium, size: str) -> str:
    length = optional_attribute("fileSize", file.length)
    type_ = optional_attribute("type", file.media_type)
    return f'<media:content url="{url}"{length}{type_} medium="{medium}"{size}/>'


def _size(file: Enclosure | Image) -> str:
    return optional_attribute("width", file.width) + optional_attribute("height", file.height)


def optional_attribute(name: str, value: str | int | None) -> str:
    """Return the attribute after a space, or an empty string if `value` is None."""
    if value is None:
        return ""
    return f' {name}="{escape_attribute(value) if isinstance(value, str) else value}"'


def escape_text(value: str) -> str:
    """Escape text between tags as lxml does."""
    if "&" in value or "<" in value or ">" in value:
        value = escape(value, quote=False)
    return value


def escape_plain(value: str) -> str:
    """Escape plain text in RSS as `feedgen_entry.use_numeric_references` does."""
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return value


def escape_attribute(value: str) -> str:
    """Escape an attribute's value as lxml does. Raises `NeedsFeedgenError`."""
    if "\n" in value or "\t" in value:
        raise NeedsFeedgenError  # lxml writes these in attributes as references
    return escape_text(value).replace('"', "&quot;")


def add_element(parent: Any, name: str, text: str | None = None, **attributes: object) -> Any:
    """Append a child to an lxml element, with the attributes that are not None, in order."""
    values = {key: str(value) for key, value in attributes.items() if value is not None}
    element = etree.SubElement(parent, name, values)
    element.text = text
    return element
