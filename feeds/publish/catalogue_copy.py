"""Files with a copy of a catalogue: compressed with Brotli (RFC 7932), and encrypted on request."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import brotli

from feeds.errors import StoreError
from feeds.publish.encryption import CatalogueCipher

# Quality 5 compresses 15 % better than the fastest, at 80 MB/s. 24 is the largest window.
_QUALITY, _WINDOW = 5, 24
_CHUNK = 1 << 20
# Largest unpacked size, in bytes or as a multiple of the packed size, whichever is more.
# Catalogues shrink to between a third and a twentieth.
_MAX_BYTES, _MAX_RATIO = 1 << 30, 100
_SQLITE_MAGIC = b"SQLite format 3\0"


def pack(file: Path, packed: Path, cipher: CatalogueCipher | None) -> str:
    """Compress `file` into `packed`, encrypted if there is a cipher.

    Returns the SHA-256 of the packed file.
    """
    digest, chunks = hashlib.sha256(), _compress(file)
    with packed.open("wb") as out:
        for chunk in cipher.encrypt(chunks) if cipher else chunks:
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def unpack(packed: bytes, file: Path) -> None:
    """Decompress the decrypted copy `packed` into `file`.

    Raises `StoreError` if it is damaged, or unpacks to an implausible size.
    """
    limit = max(_MAX_BYTES, _MAX_RATIO * len(packed))
    with file.open("wb") as out:
        for chunk in _decompress(packed):
            if out.tell() + len(chunk) > limit:
                raise StoreError(
                    f"the stored catalogue of {len(packed):,} bytes unpacks to more than "
                    f"{limit:,} bytes, so it is not a copy that this program wrote; publish "
                    "from the machine that has the catalogue, or put an older copy back"
                )
            out.write(chunk)


def is_catalogue_copy(first: bytes) -> bool:
    """Return whether a file with these first bytes is a copy that is not encrypted."""
    try:
        unpacked: bytes = brotli.Decompressor().process(first, output_buffer_limit=_CHUNK)
    except brotli.error:
        return False
    return unpacked.startswith(_SQLITE_MAGIC)


def _compress(file: Path) -> Iterator[bytes]:
    compressor = brotli.Compressor(quality=_QUALITY, lgwin=_WINDOW)
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield compressor.process(chunk)
    yield compressor.finish()


def _decompress(packed: bytes) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    try:
        for start in range(0, len(packed), _CHUNK):
            data = packed[start : start + _CHUNK]
            yield decompressor.process(data, output_buffer_limit=_CHUNK)
            while not decompressor.can_accept_more_data():
                yield decompressor.process(b"", output_buffer_limit=_CHUNK)
        while rest := decompressor.process(b"", output_buffer_limit=_CHUNK):
            yield rest
    except brotli.error:
        raise StoreError("the stored catalogue is damaged: it is not Brotli") from None
    if not decompressor.is_finished():
        raise StoreError("the stored catalogue is damaged: it ends too early")
