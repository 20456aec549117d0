"""The HTTP headers of documents, the same from the server and from static hosts. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Caching, Document, join_tags
from feeds.model.selection import All, Selection, Terms
from feeds.render.links import link_header

Headers = list[tuple[str, str]]

_METHODS = "GET, HEAD, OPTIONS"
# By default, browsers hide these response headers from scripts of other sites (Fetch §3.3.3).
_EXPOSED = "ETag, Last-Modified, Link, Retry-After"
CORS: Headers = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _EXPOSED),
]
ALLOW: Headers = [("Allow", _METHODS)]
PREFLIGHT: Headers = [
    *ALLOW,
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since, A-IM"),
    ("Access-Control-Max-Age", "86400"),
]
# Freshness lifetimes of redirects and of 410, in seconds. Permanent ones are bounded too, so that
# a mistake can be corrected.
_PERMANENT_SECONDS = 86_400
_TEMPORARY_SECONDS = 300
_GONE_SECONDS = 3_600
# Pages and feeds contain no scripts; images may be anywhere. Applies to a feed's stylesheet too.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src https: http: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Fastly and Cloudflare ignore cache tags beyond about this many bytes.
_TAG_BYTES = 16_000


def document_headers(document: Document, site: Site, now: float | None = None) -> Headers:
    """Return the headers of a 200 or 304 response, except those about length and coding.

    `now`, in seconds since 1970, bounds the freshness lifetime of a document that will change by
    time alone: no copy may be fresh once the next entry is due (RFC 9111 §4.2). It is None where
    the time of the response is unknown.
    """
    http, is_feed = site.settings.http, document.links != ()
    headers: Headers = [
        ("Content-Type", f"{document.media_type}; charset=utf-8"),
        *caching_headers(document.caching, remaining_seconds(document, now)),
        ("Vary", "Accept-Encoding"),
        *CORS,
    ]
    if document.is_dated:
        headers.append(("Last-Modified", http_date(document.updated)))
    if document.links:
        headers.append(("Link", link_header(document.links)))
    if http.nosniff or not is_feed:
        headers.append(("X-Content-Type-Options", "nosniff"))
    if document.media_type == "text/html":
        headers.append(("Referrer-Policy", "strict-origin-when-cross-origin"))
    if http.cache_tags and document.tags:
        tags = join_tags(http.cache_tags, document.tags, _TAG_BYTES)
        headers.append((http.cache_tags, tags))
    return [*headers, *common_headers(site)]


def common_headers(site: Site) -> Headers:
    """Return the headers of every response."""
    seconds = site.hsts
    hsts = [("Strict-Transport-Security", f"max-age={seconds}")] if seconds else []
    return [("Content-Security-Policy", _CSP), *hsts]


def redirect_caching(status: int) -> Headers:
    """Return Cache-Control for a redirect or a 410.

    Without it, caches may keep them for as long as they like (RFC 9110 §15.1, RFC 9111 §4.2.2).
    """
    if status == 410:
        seconds = _GONE_SECONDS
    else:
        seconds = _PERMANENT_SECONDS if status in (301, 308) else _TEMPORARY_SECONDS
    return [("Cache-Control", f"public, max-age={seconds}")]


def caching_headers(caching: Caching, remaining: int | None = None) -> Headers:
    """Return Cache-Control (RFC 9111, RFC 5861) and, if different, that for CDNs (RFC 9213).

    `remaining` bounds the freshness lifetime, in seconds. Never includes s-maxage or
    must-revalidate, which forbid caches to serve stale copies in an outage; never Expires.
    """
    directives = _directives(caching.max_age, caching, remaining)
    headers = [("Cache-Control", f"public, {directives}")]
    if caching.cdn_max_age is not None:
        directives = _directives(caching.cdn_max_age, caching, remaining)
        headers.append(("CDN-Cache-Control", f"public, {directives}"))
        headers.append(("Surrogate-Control", directives))
    return headers


def _directives(max_age: int, caching: Caching, remaining: int | None) -> str:
    revalidate = caching.stale_while_revalidate
    if remaining is not None and remaining < max_age + revalidate:
        max_age = min(max_age, remaining)
        revalidate = 0  # a copy must not be served once the next entry is due
    return (
        f"max-age={max_age}, stale-while-revalidate={revalidate}, "
        f"stale-if-error={caching.stale_if_error}"
    )


def remaining_seconds(document: Document, now: float | None) -> int | None:
    """Return the seconds from `now` until time alone changes the document, None if never."""
    if document.until is None or now is None:
        return None
    return max(0, int(document.until.timestamp() - now))


def http_date(moment: datetime) -> str:
    """Format a moment as an HTTP-date (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def feed_tags(feed: FeedDefinition, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the cache tags of a feed's documents: all, the feed, its topics, its entries.

    `ids` are short ids of the entries shown.
    """
    topics = [f"topic:{topic}" for topic in sorted(_topics(feed.selection))]
    return _cache_tags(["all", f"feed:{feed.path}", *topics], ids)


def archive_tags(path: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the cache tags of an archive document, which new entries of its feed do not affect."""
    return _cache_tags(["all", f"archive:{path}"], ids)


def _cache_tags(names: Sequence[str], ids: Sequence[str]) -> tuple[str, ...]:
    tags = (*names, *(f"entry:{id_}" for id_ in ids))
    return tuple(quote(tag, safe=":/").lower() for tag in tags)


def _topics(selection: Selection) -> set[str]:
    match selection:
        case Terms(field="topic", values=values):
            return set(values)
        case All(parts=parts):
            return set().union(*map(_topics, parts))
    return set()
