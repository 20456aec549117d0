"""The headers that go with a document: one place for the server and for static hosts. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Caching, Document
from feeds.model.selection import All, Selection, Terms
from feeds.render import links

Headers = list[tuple[str, str]]

_METHODS = "GET, HEAD, OPTIONS"
# Browsers let scripts of other sites read and send these only where they are told (Fetch).
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
# Seconds for which the answers about old addresses may be kept: they are for years, but not all
# mistakes are to last so long.
_MOVED_SECONDS = 86_400
_MOVED_FOR_NOW_SECONDS = 300
_GONE_SECONDS = 3_600
# Pages and feeds bring no scripts; pictures may be anywhere. It governs a feed's stylesheet too.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src https: http: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Fastly ignores what stands behind so many bytes of tags, Cloudflare too.
_TAG_BYTES = 16_000
_SEPARATORS = {"Surrogate-Key": " ", "xkey": " ", "Cache-Tag": ",", "CDN-Tag": ","}


def document_headers(made: Document, site: Site, now: float | None = None) -> Headers:
    """What a 200 of the document carries, and a 304 with it, but for its length and coding.

    `now` in seconds since 1970 bounds the freshness of what will change by time alone (RFC 9111
    §4.2: no copy may be fresh once the next entry is due); None is for who cannot know the time.
    """
    http, feed = site.settings.http, made.links != ()
    said: Headers = [
        ("Content-Type", f"{made.media_type}; charset=utf-8"),
        *freshness(made.caching, left(made, now)),
        ("Vary", "Accept-Encoding"),
        *CORS,
    ]
    if made.is_dated:
        said.append(("Last-Modified", http_date(made.updated)))
    if made.links:
        said.append(("Link", links.header(made.links)))
    if http.nosniff or not feed:
        said.append(("X-Content-Type-Options", "nosniff"))
    if made.media_type == "text/html":
        said.append(("Referrer-Policy", "strict-origin-when-cross-origin"))
    if http.cache_tags and made.tags:
        said.append((http.cache_tags, _joined(made.tags, _SEPARATORS[http.cache_tags])))
    return [*said, *common_headers(site)]


def common_headers(site: Site) -> Headers:
    """What every answer carries."""
    seconds = site.hsts
    hsts = [("Strict-Transport-Security", f"max-age={seconds}")] if seconds else []
    return [("Content-Security-Policy", _CSP), *hsts]


def redirect_caching(status: int) -> Headers:
    """What a redirect or a 410 carries besides, for RFC 9110 §15 lets them be kept for ever."""
    forever = _MOVED_SECONDS if status in (301, 308) else _MOVED_FOR_NOW_SECONDS
    seconds = _GONE_SECONDS if status == 410 else forever
    return [("Cache-Control", f"public, max-age={seconds}")]


def freshness(caching: Caching, left: int | None = None) -> Headers:
    """Cache-Control and, where CDNs are told otherwise, theirs (RFC 9111, RFC 5861, RFC 9213).

    Never s-maxage or must-revalidate, which forbid to serve stale copies in an outage; never
    Expires. `left` bounds it, in seconds.
    """
    said = [("Cache-Control", f"public, {_ages(caching.max_age, caching, left)}")]
    if caching.cdn_max_age is not None:
        ages = _ages(caching.cdn_max_age, caching, left)
        said += [("CDN-Cache-Control", f"public, {ages}"), ("Surrogate-Control", ages)]
    return said


def _ages(max_age: int, caching: Caching, left: int | None) -> str:
    revalidate = caching.stale_while_revalidate
    if left is not None and left < max_age + revalidate:
        max_age = min(max_age, left)
        revalidate = 0  # what is due must not be kept back by who has the old copy
    return (
        f"max-age={max_age}, stale-while-revalidate={revalidate}, "
        f"stale-if-error={caching.stale_if_error}"
    )


def left(made: Document, now: float | None) -> int | None:
    """For how many seconds a document holds at a time; None if it is not bounded by time."""
    if made.until is None or now is None:
        return None
    return max(0, int(made.until.timestamp() - now))


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def tags(feed: FeedDefinition, ids: Sequence[str]) -> tuple[str, ...]:
    """What a CDN may purge a feed's documents by: everything, the feed, its topics, its entries.

    `ids` are the catalogue's short names of the entries shown.
    """
    topics = [f"topic:{topic}" for topic in sorted(_topics(feed.selection))]
    return _tags(["all", f"feed:{feed.path}", *topics], ids)


def archive_tags(path: str, ids: Sequence[str]) -> tuple[str, ...]:
    """The same of an archive document, which has nothing to do with what is new in its feed."""
    return _tags(["all", f"archive:{path}"], ids)


def _tags(names: Sequence[str], ids: Sequence[str]) -> tuple[str, ...]:
    known = (*names, *(f"entry:{each}" for each in ids))
    return tuple(quote(name, safe=":/").lower() for name in known)


def _topics(selection: Selection) -> set[str]:
    match selection:
        case Terms(field="topic", values=values):
            return set(values)
        case All(parts=parts):
            return set().union(*map(_topics, parts))
    return set()


def _joined(known: Sequence[str], separator: str) -> str:
    made = ""
    for tag in known:
        longer = f"{made}{separator}{tag}" if made else tag
        if len(longer) > _TAG_BYTES:
            break
        made = longer
    return made
