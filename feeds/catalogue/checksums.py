"""Sums of rows: by them damage is found that a database does not see. Pure; no I/O.

CRC-32 finds every damage of up to 32 bits in a row, and others but for one in four milliards, at
a third of the price of the fastest hash.
"""

from collections.abc import Sequence
from zlib import crc32

import msgspec

# The columns that an entry's sum is of, its data last.
ENTRY = (
    "id", "path", "first_seen", "content_hash", "updated", "withdrawn", "published", "link",
    "likeness", "category", "type", "provider", "provider_name", "language", "quality", "heat",
    "data",
)  # fmt: skip

_ENCODE = msgspec.msgpack.Encoder().encode


def of_entry(values: Sequence[object]) -> int:
    """The sum of an entry: its values in the order of `ENTRY`."""
    *others, data = values
    return _of(*others, blobs=(data,))


def of_fragment(
    entry_id: str, content_hash: str, published: int, updated: int, made: Sequence[bytes]
) -> int:
    """The sum of an entry's fragments, in the order of the formats.

    It is also of what feeds show the entry by, so that a fragment fits that state alone.
    """
    return _of(entry_id, content_hash, published, updated, blobs=made)


def of_feed(path: str, digest: str, updated: int, entries: int, newest: int | None) -> int:
    """The sum of what a feed last showed."""
    return _of(path, digest, updated, entries, newest)


def of_archive(number: int, digest: str, updated: int) -> int:
    """The sum of what an archive document shows. Its feed may move."""
    return _of(number, digest, updated)


def _of(*values: object, blobs: Sequence[object] = ()) -> int:
    try:
        found = crc32(_ENCODE((values, *map(len, blobs))))  # type: ignore[arg-type]
        for each in blobs:
            found = crc32(each, found)  # type: ignore[arg-type]
    except (TypeError, UnicodeEncodeError):  # damage may make text of bytes
        return -1
    return found
