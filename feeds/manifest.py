"""What an export wrote: `.feeds-export.json` in the target, for the next export and for uploads."""

from typing import Literal

import msgspec

# Archives first, then assets, feeds, pages, and lists (index, OPML): the order of writing and
# uploading, for what names another document comes after it.
Kind = Literal["archive", "asset", "feed", "page", "list"]
KINDS: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")


class File(msgspec.Struct, frozen=True):
    """One file of an export, and what is to be sent with it.

    `sha256` and `size` are of the stored bytes; `media_type` has its charset; `coding` is `gzip`
    or `br` for a variant that was compressed beforehand; `tags` are its surrogate keys.
    """

    sha256: str
    size: int
    media_type: str
    cache_control: str
    kind: Kind
    coding: str | None = None
    tags: tuple[str, ...] = ()


class Manifest(msgspec.Struct):
    """The files of an export by path below the target, and by feed a hash of the state shown."""

    files: dict[str, File] = {}
    feeds: dict[str, str] = {}
