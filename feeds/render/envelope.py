"""What stands around a feed's fragments in each format: its metadata, and the end. Pure; no I/O."""

from collections.abc import Sequence
from datetime import datetime

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model import archives, document
from feeds.model.archives import NO_ARCHIVES, ArchivePosition
from feeds.model.document import Document, Format, body_digest
from feeds.render import feedgen_entry
from feeds.render.elements import Envelope
from feeds.render.feedgen_channel import feedgen_feed
from feeds.render.json_feed import json_envelope
from feeds.render.links import feed_links

# What browsers show feeds with, in the folder of all feeds.
STYLESHEET = "feed.css"
# Raised with any change of the bytes of the same feed's envelope, so that exports write it anew.
# The dates of feeds do not move by it: subscribers are shown nothing new.
VERSION = 3


def make_envelope(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    updated: datetime,
    newest: datetime | None,
    place: ArchivePosition = NO_ARCHIVES,
) -> Envelope:
    """The envelope of a feed in one format, or of an archive document of it.

    `updated` is the newest change of what the feed shows (RFC 4287 §4.2.15, never the clock),
    `newest` the date of its newest entry.
    """
    if format_ == "json":
        return json_envelope(feed, site, place)
    generator = feedgen_feed(feed, site, format_, updated, newest, place)
    if format_ == "rss":
        whole, end = feedgen_entry.plain_references(generator.rss_str()), b"</channel></rss>"
    else:
        whole, end = generator.atom_str(), b"</feed>"
    declaration, rest = whole.removesuffix(end).split(b"\n", 1)
    path = feed.path if place.number is None else archives.path(feed.path, place.number)
    look = f'<?xml-stylesheet type="text/css" href="{stylesheet(path)}"?>'
    return Envelope(b"\n".join((declaration, look.encode(), rest)), b"", end + b"\n")


def stylesheet(path: str) -> str:
    """The reference to the feeds' stylesheet from the document at `path` (xml-stylesheet, §3.1).

    Relative, so that it holds wherever the documents are looked at.
    """
    return f"{'../' * path.count('/')}{STYLESHEET}"


def assemble(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    fragments: Sequence[bytes],
    *,
    updated: datetime,
    newest: datetime | None,
    until: datetime | None = None,
    tags: tuple[str, ...] = (),
    place: ArchivePosition = NO_ARCHIVES,
) -> Document:
    """The document of `feed` at `place` in its history, its fragments in the order given."""
    around = make_envelope(feed, site, format_, updated, newest, place)
    body = b"".join((around.head, around.between.join(fragments), around.tail))
    return Document(
        body=body,
        sha256=body_digest(body),
        updated=updated,
        media_type=document.MEDIA_TYPES[format_],
        caching=feed.caching if place.number is None else archives.caching(feed.caching, place),
        until=until,
        links=feed_links(feed, site, format_, place),
        tags=tags,
    )
