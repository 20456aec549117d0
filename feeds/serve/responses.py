"""A document that is ready to be sent, and the answer to a request for it. Pure; no I/O."""

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
# So many spellings of Accept-Encoding, of so many characters at most, are remembered for each.
_SPELLINGS = 64
_SPELLING = 100
# Bytes that a document takes besides its bodies: headers, and what is remembered.
_OVERHEAD = 4_000


class EncodedResponse:
    """A document in one coding: the body, and what stands before it."""

    __slots__ = ("body", "coding", "etag", "headers", "not_modified_headers")

    def __init__(self, body: bytes, name: str, etag: str, said: Headers) -> None:
        self.body, self.coding, self.etag = body, name, etag
        coded = [("Content-Encoding", name)] if name != IDENTITY else []
        self.not_modified_headers: Headers = [("ETag", etag), *said[1:]]
        self.headers: Headers = [
            said[0],
            ("Content-Length", str(len(body))),
            *coded,
            *self.not_modified_headers,
        ]


class CachedResponse:
    """A document with its codings, each made when it is first asked for.

    `variants` are by the Accept-Encoding that they answer, `known` the If-None-Match that need
    no thought. From `soon` on, in seconds since 1970, its freshness depends on the time;
    from `until` on it is another document. `used` says that it was sent since somebody looked.
    Threads make codings at any time: what goes through them goes through a copy.
    """

    __slots__ = (
        "_coded",
        "_said",
        "base",
        "document",
        "dynamic_from",
        "label",
        "matching_etags",
        "until",
        "used",
        "variants",
    )  # fmt: skip

    def __init__(self, made: Document, site: Site, label: tuple[str, str] = ("", "")) -> None:
        self.document, self.label = made, label
        self.base = made.etag.strip('"')
        self.until = self.dynamic_from = float("inf")
        if made.until is not None:
            self.until = made.until.timestamp()
            ages = (made.caching.max_age, made.caching.cdn_max_age or 0)
            self.dynamic_from = self.until - max(ages) - made.caching.stale_while_revalidate
        self._said = headers.document_headers(made, site)
        plain = EncodedResponse(made.body, IDENTITY, made.etag, self._said)
        self._coded: dict[str, EncodedResponse | None] = {IDENTITY: plain}
        self.variants: dict[str | None, EncodedResponse] = {None: plain}
        tags = [f"{self.base}{suffix}" for suffix in ("", *(f"-{name}" for name in CODINGS))]
        self.matching_etags = frozenset(f'{mark}"{tag}"' for tag in tags for mark in ("", "W/"))
        self.used = False

    @property
    def size(self) -> int:
        """About how many bytes it takes, with all codings that were made."""
        return _OVERHEAD + sum(len(each.body) for each in list(self._coded.values()) if each)

    @property
    def codings(self) -> list[str]:
        """The codings that were made."""
        return [name for name in list(self._coded) if name != IDENTITY]

    def variant(self, accepted: str | None) -> EncodedResponse:
        """What answers an Accept-Encoding."""
        found = self.variants.get(accepted)
        if found is None:
            available = list(CODINGS)
            while (found := self.coded(name := negotiation.choose(accepted, available))) is None:
                available.remove(name)
            if len(self.variants) < _SPELLINGS and len(accepted or "") <= _SPELLING:
                self.variants[accepted] = found
        return found

    def coded(self, name: str) -> EncodedResponse | None:
        """The document in a coding, None where that would not shrink it."""
        if name not in self._coded:
            body = compression.encode(self.document.body, name)
            tag = f'"{self.base}-{name}"'
            self._coded[name] = EncodedResponse(body, name, tag, self._said) if body else None
        return self._coded[name]

    def is_not_modified(self, environ: Environ) -> bool:
        """Whether the client has the document already (RFC 9110 §13)."""
        tags, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
        if not self.document.is_dated:
            since = None
        if tags is None and since is None:
            return False
        updated = int(self.document.updated.timestamp())
        return conditional.not_modified(tags, since, self.base, updated)

    def timed(self, said: Headers, now: float) -> Headers:
        """Headers of a variant with the freshness that the document has at a time."""
        left = headers.remaining_seconds(self.document, now)
        fresh = dict(headers.caching_headers(self.document.caching, left))
        return [(name, fresh.get(name, value)) for name, value in said]


def send(
    ready: CachedResponse, environ: Environ, start_response: StartResponse, now: float
) -> list[bytes]:
    """Send a document to who asked for it by GET or HEAD, or 304 to who has it.

    `now` is in seconds since 1970.
    """
    ready.used = True
    environ[FEED] = ready.label
    accepted = environ.get("HTTP_ACCEPT_ENCODING")
    variant = ready.variants.get(accepted) or ready.variant(accepted)
    same = environ.get("HTTP_IF_NONE_MATCH") in ready.matching_etags or ready.is_not_modified(
        environ
    )
    said = variant.not_modified_headers if same else variant.headers
    start_response(
        NOT_MODIFIED if same else OK,
        [*said] if now < ready.dynamic_from else ready.timed(said, now),
    )
    return [] if same or environ["REQUEST_METHOD"] == "HEAD" else [variant.body]
