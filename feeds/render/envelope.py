"""Whole feed documents: the envelope (feed metadata) around the fragments. Pure; no I/O."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model import archives, document
from feeds.model.archives import NO_ARCHIVES, ArchivePosition
from feeds.model.document import Document, Format, body_digest
from feeds.render.feedgen_channel import build_feedgen_feed
from feeds.render.feedgen_entry import use_numeric_references
from feeds.render.json_feed import json_head
from feeds.render.links import feed_links

# The stylesheet with which browsers show feeds, in the folder of all feeds.
STYLESHEET = "feed.css"
# Raise this when the bytes of an envelope change for the same feed, so that exports rewrite it.
# The dates of feeds do not move: subscribers see nothing new.
VERSION = 3


class Envelope(msgspec.Struct, frozen=True):
    """The bytes before the first fragment, between fragments, and after the last."""

    head: bytes
    separator: bytes
    tail: bytes


class DocumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The dates, cache tags and archive position of a feed document, the same in every format.

    `updated` is its latest change (RFC 4287 §4.2.15; never the clock), `newest` the publication
    date of its newest entry. The passage of time alone changes it at `expires`.
    """

    updated: datetime
    newest: datetime | None
    expires: datetime | None = None
    tags: tuple[str, ...] = ()
    position: ArchivePosition = NO_ARCHIVES


def make_envelope(
    feed: FeedDefinition, site: Site, format_: Format, info: DocumentInfo
) -> Envelope:
    """Return the envelope of a feed or of one of its archive documents, in one format."""
    if format_ == "json":
        return Envelope(json_head(feed, site, info.position), b",\n", b"\n]}\n")
    generator = build_feedgen_feed(feed, site, format_, info.updated, info.newest, info.position)
    if format_ == "rss":
        xml, end = use_numeric_references(generator.rss_str()), b"</channel></rss>"
    else:
        xml, end = generator.atom_str(), b"</feed>"
    declaration, rest = xml.removesuffix(end).split(b"\n", 1)
    number = info.position.number
    path = feed.path if number is None else archives.path(feed.path, number)
    style = f'<?xml-stylesheet type="text/css" href="{stylesheet(path)}"?>'
    return Envelope(b"\n".join((declaration, style.encode(), rest)), b"", end + b"\n")


def stylesheet(path: str) -> str:
    """Return the reference from the document at `path` to the stylesheet (xml-stylesheet §3.1).

    It is relative, so that it works wherever the documents are published.
    """
    return f"{'../' * path.count('/')}{STYLESHEET}"


def assemble(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    fragments: Sequence[bytes],
    info: DocumentInfo,
) -> Document:
    """Return the feed document that shows these fragments, in the order given."""
    parts = make_envelope(feed, site, format_, info)
    body = b"".join((parts.head, parts.separator.join(fragments), parts.tail))
    position, caching = info.position, feed.caching
    return Document(
        body=body,
        sha256=body_digest(body),
        updated=info.updated,
        media_type=document.MEDIA_TYPES[format_],
        caching=caching if position.number is None else archives.caching(caching, position),
        until=info.expires,
        links=feed_links(feed, site, format_, position),
        tags=info.tags,
    )
