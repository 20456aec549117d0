"""What a feed says about one article: frozen, and the same for every format. No I/O.

Everything here is ready to leave: text is plain and clean, HTML sanitised, every URL absolute
(`feeds.util.urls`), every time in UTC.
"""

import hashlib
from datetime import datetime
from operator import attrgetter

import msgspec

from feeds.util.media_types import Medium

HASH_VERSION = 1


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture. `width` and `height` in pixels, `length` in bytes, None where unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str | None = None
    media_type: str | None = None
    length: int | None = None


class Enclosure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that belongs to the entry: `length` in bytes and `duration` in seconds, if known."""

    url: str
    media_type: str
    medium: Medium
    length: int | None = None
    title: str | None = None
    duration: int | None = None
    width: int | None = None
    height: int | None = None


class Player(msgspec.Struct, frozen=True, omit_defaults=True):
    """A web page that plays the entry's video, and the video's duration in seconds."""

    url: str
    duration: int | None = None


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """An author. Names only: e-mail addresses are never published."""

    name: str
    url: str | None = None
    avatar: str | None = None


class Provider(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an article comes from.

    `key` names it in paths and selections (a slug of its name), `home` is its site, `feed` its
    own feed where a providers file says so.
    """

    name: str
    key: str
    home: str | None = None
    feed: str | None = None
    icon: str | None = None


class Related(msgspec.Struct, frozen=True, omit_defaults=True):
    """Coverage of the same story elsewhere."""

    title: str
    url: str
    provider: str | None = None


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One article, as every feed shows it.

    `id` is the same in every format and feed, and for ever. `path` is the article's path in
    its folder. `published` may lie in the future; the entry is shown from then on.
    `enclosures` are in the order of their worth: the first one is RSS's only one.
    `topics` are names as the article gives them, its `terms` slugs for selection.
    `quality` and `heat` are for selection and order only and never published.
    """

    id: str
    path: str
    title: str
    link: str
    published: datetime
    updated: datetime
    summary: str = ""
    content: str = ""
    via: str | None = None
    language: str | None = None
    authors: tuple[Person, ...] = ()
    provider: Provider | None = None
    category: str | None = None
    type: str | None = None
    topics: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    player: Player | None = None
    related: tuple[Related, ...] = ()
    quality: int = 0
    heat: int = 0


# What subscribers see. Dates are left out (they do not make an entry new), and so is what
# only selects and sorts.
_HASHED = (
    "title", "link", "summary", "content", "via", "language", "authors", "provider",
    "category", "type", "topics", "images", "enclosures", "player", "related",
)  # fmt: skip
_hashed = attrgetter(*_HASHED)


def content_hash(entry: Entry) -> str:
    """A hash of what subscribers see of `entry`; when it changes, `updated` moves.

    Empty fields are left out, so that a new field does not touch old entries; the version in
    front changes when the meaning of a field does.
    """
    seen = {name: value for name, value in zip(_HASHED, _hashed(entry), strict=True) if value}
    digest = hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:32]
    return f"{HASH_VERSION}:{digest}"
