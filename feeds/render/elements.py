"""XML shared by RSS items and Atom entries: escaping, Media RSS, categories. Pure; no I/O."""

from collections.abc import Iterator
from html import escape

import msgspec

from feeds.config.site import Site
from feeds.model.entry import Enclosure, Entry, Image
from feeds.util.media_types import Medium


class NeedsFeedgenError(Exception):
    """An entry that feedgen has to write, or to refuse."""


def media_elements(entry: Entry) -> Iterator[str]:
    """Media RSS, the same in both formats (`feeds.render.feedgen_entry`)."""
    for file in entry.enclosures:
        if file.medium != "image":
            size = optional_attribute("duration", file.duration) + _size(file)
            yield _file(file, escape_attribute(file.url), file.medium, size)
    if entry.player:
        duration = optional_attribute("duration", entry.player.duration)
        shown = f'<media:player url="{escape_attribute(entry.player.url)}"/>'
        yield f'<media:content medium="video"{duration}>{shown}</media:content>'
    for index, image in enumerate(entry.images):
        url, size = escape_attribute(image.url), _size(image)
        yield _file(image, url, "image", size)
        if index == 0:
            yield f'<media:thumbnail url="{url}"{size}/>'


def _file(file: Enclosure | Image, url: str, medium: Medium, size: str) -> str:
    length, type_ = (
        optional_attribute("fileSize", file.length),
        optional_attribute("type", file.media_type),
    )
    return f'<media:content url="{url}"{length}{type_} medium="{medium}"{size}/>'


def _size(file: Enclosure | Image) -> str:
    return optional_attribute("width", file.width) + optional_attribute("height", file.height)


def optional_attribute(name: str, value: str | int | None) -> str:
    """An attribute, where there is a value for it."""
    if value is None:
        return ""
    return f' {name}="{escape_attribute(value) if isinstance(value, str) else value}"'


def escape_text(value: str) -> str:
    if "&" in value or "<" in value or ">" in value:
        value = escape(value, quote=False)
    return value


def escape_plain(value: str) -> str:
    """Plain text in RSS, as `feeds.render.feedgen_entry.plain_references` makes it."""
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return value


def escape_attribute(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise NeedsFeedgenError  # lxml writes these in attributes as references
    return escape_text(value).replace('"', "&quot;")


class Envelope(msgspec.Struct, frozen=True):
    """The bytes before the first fragment, between fragments, and after the last."""

    head: bytes
    between: bytes
    tail: bytes


def categories(entry: Entry, site: Site) -> list[tuple[str, str]]:
    """(scheme, term) of each category: topics, then the category, then the type."""
    base = site.settings.url
    topics = dict.fromkeys(site.topic_name(topic) for topic in entry.topics)
    tags = [(f"{base}topics", topic) for topic in topics]
    if entry.category:
        tags.append((f"{base}categories", entry.category))
    if entry.type:
        tags.append((f"{base}types", entry.type))
    return tags
