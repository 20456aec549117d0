"""A document cached in its content encodings, and the answer to a request for it. No I/O."""

from collections.abc import Callable
from typing import Any

from feeds.config.site import Site
from feeds.model.document import Document
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.serve import conditional, negotiation
from feeds.serve.stats.middleware import FEED
from feeds.util import compression
from feeds.util.compression import CODINGS, IDENTITY

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

OK, NOT_MODIFIED = "200 OK", "304 Not Modified"
# Accept-Encoding values remembered for each document, and the longest one that is.
_MAX_ACCEPT_VALUES = 64
_MAX_ACCEPT_LENGTH = 100
# Estimated bytes of a document besides its bodies: headers and remembered values.
_OVERHEAD = 4_000


class EncodedResponse:
    """A document in one content encoding: the body, and the headers of a 200 and of a 304."""

    __slots__ = ("body", "coding", "etag", "headers", "not_modified_headers")

    def __init__(self, body: bytes, coding: str, etag: str, document_headers: Headers) -> None:
        self.body, self.coding, self.etag = body, coding, etag
        content_type, *others = document_headers
        encoding = [("Content-Encoding", coding)] if coding != IDENTITY else []
        self.not_modified_headers: Headers = [("ETag", etag), *others]
        self.headers: Headers = [
            content_type,
            ("Content-Length", str(len(body))),
            *encoding,
            *self.not_modified_headers,
        ]


class CachedResponse:
    """A document in its content encodings, each created when it is first requested.

    `variants` maps values of Accept-Encoding to the response, and `matching_etags` holds the
    values of If-None-Match that match without parsing. `expires` is when time alone makes it
    another document, and `dynamic_from` when its freshness starts to depend on the time of the
    request, both in seconds since 1970. `used` is set when it is sent, and cleared by the cache.
    Other threads add encodings at any time, so iterate over copies only.
    """

    __slots__ = (
        "_encodings",
        "_headers",
        "base",
        "document",
        "dynamic_from",
        "expires",
        "label",
        "matching_etags",
        "used",
        "variants",
    )  # fmt: skip

    def __init__(self, document: Document, site: Site, label: tuple[str, str] = ("", "")) -> None:
        self.document, self.label = document, label
        self.base = document.etag.strip('"')
        self.expires = self.dynamic_from = float("inf")
        if document.until is not None:
            caching = document.caching
            self.expires = document.until.timestamp()
            longest = max(caching.max_age, caching.cdn_max_age or 0)
            self.dynamic_from = self.expires - longest - caching.stale_while_revalidate
        self._headers = headers.document_headers(document, site)
        plain = EncodedResponse(document.body, IDENTITY, document.etag, self._headers)
        self._encodings: dict[str, EncodedResponse | None] = {IDENTITY: plain}
        self.variants: dict[str | None, EncodedResponse] = {None: plain}
        tags = [f"{self.base}{suffix}" for suffix in ("", *(f"-{name}" for name in CODINGS))]
        self.matching_etags = frozenset(f'{mark}"{tag}"' for tag in tags for mark in ("", "W/"))
        self.used = False

    @property
    def size(self) -> int:
        """Approximate size in bytes, including all encodings created so far."""
        return _OVERHEAD + sum(
            len(response.body) for response in list(self._encodings.values()) if response
        )

    @property
    def codings(self) -> list[str]:
        """The encodings created so far, without identity."""
        return [name for name in list(self._encodings) if name != IDENTITY]

    def variant(self, accepted: str | None) -> EncodedResponse:
        """Return the variant to send for this Accept-Encoding."""
        variant = self.variants.get(accepted)
        if variant is None:
            available = list(CODINGS)
            while (variant := self.encode(name := negotiation.choose(accepted, available))) is None:
                available.remove(name)
            if (
                len(self.variants) < _MAX_ACCEPT_VALUES
                and len(accepted or "") <= _MAX_ACCEPT_LENGTH
            ):
                self.variants[accepted] = variant
        return variant

    def encode(self, coding: str) -> EncodedResponse | None:
        """Return the document in this encoding, or None if that would not make it smaller."""
        if coding not in self._encodings:
            body = compression.encode(self.document.body, coding)
            etag = f'"{self.base}-{coding}"'
            encoded = EncodedResponse(body, coding, etag, self._headers) if body else None
            self._encodings[coding] = encoded
        return self._encodings[coding]

    def is_not_modified(self, environ: Environ) -> bool:
        """Return whether the client's copy is current (RFC 9110 §13)."""
        tags, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
        if not self.document.is_dated:
            since = None
        if tags is None and since is None:
            return False
        updated = int(self.document.updated.timestamp())
        return conditional.not_modified(tags, since, self.base, updated)

    def refreshed(self, variant_headers: Headers, now: float) -> Headers:
        """Return the headers with the freshness that the document has at this time."""
        left = headers.remaining_seconds(self.document, now)
        fresh = dict(headers.caching_headers(self.document.caching, left))
        return [(name, fresh.get(name, value)) for name, value in variant_headers]


def respond(
    cached: CachedResponse, environ: Environ, now: float
) -> tuple[str, Headers, list[bytes]]:
    """Answer a GET or HEAD with the document, or with 304 if the client's copy is current.

    `now` is in seconds since 1970. Returns the status line, the headers and the body.
    """
    cached.used = True
    environ[FEED] = cached.label
    accepted = environ.get("HTTP_ACCEPT_ENCODING")
    variant = cached.variants.get(accepted) or cached.variant(accepted)
    not_modified = environ.get(
        "HTTP_IF_NONE_MATCH"
    ) in cached.matching_etags or cached.is_not_modified(environ)
    fields = variant.not_modified_headers if not_modified else variant.headers
    return (
        NOT_MODIFIED if not_modified else OK,
        [*fields] if now < cached.dynamic_from else cached.refreshed(fields, now),
        [] if not_modified or environ["REQUEST_METHOD"] == "HEAD" else [variant.body],
    )
