"""A feed in one format, whole: envelope and fragments joined, with its validators. Pure; no I/O."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from feeds import envelope
from feeds.definitions import FeedDefinition
from feeds.fragment import Format
from feeds.site import Site


class Document(msgspec.Struct, frozen=True):
    """The bytes of a feed, and what HTTP says of them.

    `etag` is strong, a hash of `body`, with its quotes (RFC 9110 §8.8.3); `updated` is the
    newest change of the content, and Last-Modified. For `max_age` seconds a copy is fresh.
    """

    body: bytes
    etag: str
    updated: datetime
    media_type: str
    max_age: int


def etag(body: bytes) -> str:
    """The strong entity tag of a body: equal bytes, equal tag, on any machine."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def assemble(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    fragments: Sequence[bytes],
    *,
    updated: datetime,
    newest: datetime | None,
) -> Document:
    """The document of `feed`, its fragments in the order given."""
    around = envelope.make(feed, site, format_, updated, newest)
    body = b"".join((around.head, around.between.join(fragments), around.tail))
    return Document(body, etag(body), updated, envelope.MEDIA_TYPES[format_], feed.max_age)
