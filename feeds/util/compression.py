"""Content codings: the compressed bytes of a body, and the names of their files."""

from collections.abc import Mapping

import brotli
import deflate

# By preference where a client likes several alike: brotli is the smaller one.
CODINGS = ("br", "gzip")
IDENTITY = "identity"

# Past these levels a few bytes less cost many times the time. Equal bodies give equal bytes:
# libdeflate's gzip header holds neither time nor name.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 9


def encode(body: bytes, coding: str) -> bytes | None:
    """The body in a coding, None where that would not shrink it."""
    if coding == "br":
        made = bytes(brotli.compress(body, quality=_BROTLI_QUALITY))
    else:
        made = bytes(deflate.gzip_compress(body, _GZIP_LEVEL))
    return made if len(made) < len(body) else None


GZIP, BROTLI = "gzip", "br"
SUFFIXES: Mapping[str, str] = {GZIP: ".gz", BROTLI: ".br"}
