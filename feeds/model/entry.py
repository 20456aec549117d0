"""An article as feeds show it: frozen, and the same for every format. No I/O.

All values are ready to publish: text is plain and clean, HTML sanitised, every URL absolute
(`feeds.util.urls`), every time in UTC.
"""

import hashlib
from datetime import datetime
from operator import attrgetter

import msgspec

from feeds.util.media_types import Medium

HASH_VERSION = 1


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image: `width` and `height` in pixels, `length` in bytes; None if unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str | None = None
    media_type: str | None = None
    length: int | None = None


class Enclosure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of an entry: `length` in bytes, `duration` in seconds; None if unknown."""

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
    """An author. E-mail addresses are never published."""

    name: str
    url: str | None = None
    avatar: str | None = None


class Provider(msgspec.Struct, frozen=True, omit_defaults=True):
    """The source of an article.

    `key` is the slug of its name, used in paths and selections; `home` its home page; `feed` the
    URL of its feed, if a provider file has it.
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

    `id` is the same in every format and feed, and never changes. `path` is relative to the article
    folder. `published` may be in the future; the entry is shown from then on. `enclosures` begin
    with the most important one, the only one that RSS shows. `topics` are names as the article
    gives them. `quality` and `heat` serve selection and order, and are never published. `aliases`
    are former URLs of the page. `permalink_id` is True if the id is a URL that an old RSS feed
    declared to be a permalink.
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
    aliases: tuple[str, ...] = ()
    permalink_id: bool = False


# The fields that subscribers see, except dates: a new date alone does not make an entry new.
_HASHED = (
    "title", "link", "summary", "content", "via", "language", "authors", "provider",
    "category", "type", "topics", "images", "enclosures", "player", "related",
)  # fmt: skip
_hashed = attrgetter(*_HASHED)


def content_hash(entry: Entry) -> str:
    """Return a hash of the fields that subscribers see; when it changes, `updated` moves.

    Empty fields are left out, so adding a field to `Entry` does not change existing entries. The
    version at the beginning changes with the meaning of a field.
    """
    visible = {name: value for name, value in zip(_HASHED, _hashed(entry), strict=True) if value}
    digest = hashlib.sha256(msgspec.json.encode(visible)).hexdigest()[:32]
    return f"{HASH_VERSION}:{digest}"


def is_comparable(one: str, other: str) -> bool:
    """Return whether two hashes have the same version, which ends in a colon."""
    return one.partition(":")[0] == other.partition(":")[0]
