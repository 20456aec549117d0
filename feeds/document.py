"""A feed in one format, whole: envelope and fragments joined, with its validators. Pure; no I/O."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from feeds import envelope, history
from feeds.definitions import FeedDefinition
from feeds.fragment import Format
from feeds.history import ALONE, Place
from feeds.links import Link, links
from feeds.site import Caching, Site


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one URL, and what HTTP says of them.

    `sha256` is of `body`, in hexadecimal; `updated` is the newest change of the content, and
    Last-Modified. `until` is when it will be another one by
    time alone, None if never. `links` are for the Link header (RFC 8288), `tags` what a CDN
    may purge it by.
    """

    body: bytes
    sha256: str
    updated: datetime
    media_type: str
    caching: Caching
    until: datetime | None = None
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        """The strong entity tag, with its quotes (RFC 9110 §8.8.3): equal bytes, equal tag."""
        return f'"{self.sha256[:32]}"'

    @property
    def is_dated(self) -> bool:
        """Whether every change of it moves `updated`.

        It does for feeds; not for what lists them, nor for archives, whose links move without it.
        """
        relations = {link.rel for link in self.links}
        return "self" in relations and "current" not in relations


def digest(body: bytes) -> str:
    """The SHA-256 of a body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def make(body: bytes, updated: datetime, media_type: str, caching: Caching) -> Document:
    """A document that is no feed: a page, a list, a stylesheet."""
    return Document(
        body=body, sha256=digest(body), updated=updated, media_type=media_type, caching=caching
    )


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
    place: Place = ALONE,
) -> Document:
    """The document of `feed` at `place` in its history, its fragments in the order given."""
    around = envelope.make(feed, site, format_, updated, newest, place)
    body = b"".join((around.head, around.between.join(fragments), around.tail))
    return Document(
        body=body,
        sha256=digest(body),
        updated=updated,
        media_type=envelope.MEDIA_TYPES[format_],
        caching=feed.caching if place.number is None else history.caching(feed.caching, place),
        until=until,
        links=links(feed, site, format_, place),
        tags=tags,
    )
