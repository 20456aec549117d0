"""Content codings: the compressed bytes of a body, and the names of their files."""

from collections.abc import Mapping

import brotli
import deflate

# In order of preference for clients that accept both alike: brotli output is smaller.
CODINGS = ("br", "gzip")
IDENTITY = "identity"

# Higher levels save a few bytes at many times the cost. Equal bodies give equal bytes, because
# libdeflate's gzip header contains neither a time nor a name.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 9


def encode(body: bytes, coding: str) -> bytes | None:
    """Return the body in a content coding; None if that would not make it smaller."""
    if coding == "br":
        encoded = bytes(brotli.compress(body, quality=_BROTLI_QUALITY))
    else:
        encoded = bytes(deflate.gzip_compress(body, _GZIP_LEVEL))
    return encoded if len(encoded) < len(body) else None


GZIP, BROTLI = "gzip", "br"
SUFFIXES: Mapping[str, str] = {GZIP: ".gz", BROTLI: ".br"}
