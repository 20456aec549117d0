"""A document: the bytes of one URL, with its validators, caching and links. No I/O."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

Format = Literal["rss", "atom", "json"]
FORMATS: tuple[Format, ...] = ("rss", "atom", "json")

MEDIA_TYPES: dict[Format, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}

FORMAT_NAMES: dict[Format, str] = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}

# The response headers from which CDNs read cache tags, and the separator in each.
_TAG_SEPARATORS = {"Surrogate-Key": " ", "xkey": " ", "Cache-Tag": ",", "CDN-Tag": ","}


class Caching(msgspec.Struct, frozen=True):
    """How long copies stay fresh, in seconds (RFC 9111, RFC 5861, and RFC 9213 for CDNs).

    `cdn_max_age` applies to CDNs that are purged; None if `max_age` applies to them too.
    """

    max_age: int
    stale_while_revalidate: int = 300
    stale_if_error: int = 604_800
    cdn_max_age: int | None = None


class Link(msgspec.Struct, frozen=True):
    """A link: an absolute ASCII URL and its relation type."""

    url: str
    rel: Literal["self", "hub", "current", "prev-archive", "next-archive"]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one URL, and the data for their HTTP headers.

    `sha256` is the digest of `body` in hexadecimal. `updated` is the latest change of the content,
    sent as Last-Modified. `until` is the time at which the document changes without a build; None
    if never. `links` go into the Link header (RFC 8288), `tags` into the CDN's cache tag header.
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
        """The strong entity tag, with its quotes (RFC 9110 §8.8.3); equal bytes have equal tags."""
        return f'"{self.sha256[:32]}"'

    @property
    def is_dated(self) -> bool:
        """True if every change of the document moves `updated`.

        That holds for feeds, but not for lists of feeds, nor for archive documents, whose links
        change independently.
        """
        relations = {link.rel for link in self.links}
        return "self" in relations and "current" not in relations


def body_digest(body: bytes) -> str:
    """Return the SHA-256 of a body in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def make_document(body: bytes, updated: datetime, media_type: str, caching: Caching) -> Document:
    """Return a document that is not a feed, such as a page, a list or a stylesheet."""
    return Document(
        body=body, sha256=body_digest(body), updated=updated, media_type=media_type, caching=caching
    )


def join_tags(header: str, tags: Iterable[str], limit: int) -> str:
    """Return the value of a cache tag header: the first `tags` that fit in `limit` characters."""
    separator = _TAG_SEPARATORS[header]
    fitting: list[str] = []
    length = -len(separator)
    for tag in tags:
        length += len(separator) + len(tag)
        if length > limit:
            break
        fitting.append(tag)
    return separator.join(fitting)
