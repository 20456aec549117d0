"""The requests that make caches forget what changed: one builder for each kind. Pure; no I/O."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import msgspec

from feeds.delivery import PurgeSettings

T = TypeVar("T")

# How much goes into one request. Cloudflare takes 30 URLs on every plan, and 100 tags; Fastly 256
# keys; CloudFront works on 3,000 paths at a time.
_CLOUDFLARE_URLS, _CLOUDFLARE_TAGS, _FASTLY_TAGS, _CLOUDFRONT_PATHS = 30, 100, 256, 1000
_CLOUDFLARE, _FASTLY, _BUNNY, _CLOUDFRONT = (
    "https://api.cloudflare.com",
    "https://api.fastly.com",
    "https://api.bunny.net",
    "https://cloudfront.amazonaws.com",
)
# The environment variables with what each needs to be let in.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "cloudflare": ("CLOUDFLARE_API_TOKEN",),
    "fastly": ("FASTLY_API_TOKEN",),
    "bunny": ("BUNNY_API_KEY",),
    "cloudfront": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "http": (),
}


class Stale(msgspec.Struct, frozen=True):
    """What caches may hold old copies of: URLs, each once, and tags, each once."""

    urls: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """One request. `good` are further statuses that mean that it is done."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    good: tuple[int, ...] = ()


def stale(purge: Mapping[str, str], base: str, by: str) -> Stale:
    """What to purge, given changed paths with their tags, for feeds below the URL `base`.

    By tag, what has none is purged by its URL.
    """
    urls = [
        url for path, tag in purge.items() if by == "url" or not tag for url in _urls(path, base)
    ]
    tags = [tag for tag in purge.values() if tag and by == "tag"]
    return Stale(tuple(dict.fromkeys(urls)), tuple(dict.fromkeys(tags)))


def _urls(path: str, base: str) -> Iterator[str]:
    yield f"{base}{quote(path)}"
    if path == "index.html" or path.endswith("/index.html"):
        yield f"{base}{quote(path.removesuffix('index.html'))}"


def requests(
    settings: PurgeSettings, what: Stale, environ: Mapping[str, str], base: str, now: datetime
) -> list[Request]:
    """All requests for one cache. `base` is the feeds' URL, `now` is when they are signed."""
    return _BUILDERS[settings.via](settings, what, environ, base, now)


def missing(settings: PurgeSettings, environ: Mapping[str, str]) -> list[str]:
    """The environment variables that are wanted and not set."""
    return [name for name in NEEDS[settings.via] if not environ.get(name)]


def _cloudflare(
    settings: PurgeSettings, what: Stale, environ: Mapping[str, str], _base: str, _now: datetime
) -> list[Request]:
    bodies = [{"files": part} for part in _parts(what.urls, _CLOUDFLARE_URLS)]
    bodies += [{"tags": part} for part in _parts(what.tags, _CLOUDFLARE_TAGS)]
    headers = _json({"Authorization": f"Bearer {environ['CLOUDFLARE_API_TOKEN']}"})
    url = f"{_CLOUDFLARE}/client/v4/zones/{settings.zone}/purge_cache"
    return [Request("POST", url, headers, msgspec.json.encode(body)) for body in bodies]


def _fastly(
    settings: PurgeSettings, what: Stale, environ: Mapping[str, str], _base: str, _now: datetime
) -> list[Request]:
    headers = {"Fastly-Key": environ["FASTLY_API_TOKEN"], "Accept": "application/json"}
    if settings.soft:
        headers["Fastly-Soft-Purge"] = "1"
    by_url = [
        Request("POST", f"{_FASTLY}/purge/{url.partition('://')[2]}", headers) for url in what.urls
    ]
    return by_url + [
        Request(
            "POST",
            f"{_FASTLY}/service/{settings.zone}/purge",
            _json(headers),
            msgspec.json.encode({"surrogate_keys": part}),
        )
        for part in _parts(what.tags, _FASTLY_TAGS)
    ]


def _bunny(
    settings: PurgeSettings, what: Stale, environ: Mapping[str, str], _base: str, _now: datetime
) -> list[Request]:
    headers = {"AccessKey": environ["BUNNY_API_KEY"], "Accept": "application/json"}
    # Without exactPath, a URL that ends in a slash stands for everything below it.
    how = "async=false&exactPath=true"
    by_url = [
        Request("POST", f"{_BUNNY}/purge?url={quote(url, safe='')}&{how}", headers)
        for url in what.urls
    ]
    at = f"{_BUNNY}/pullzone/{settings.zone}/purgeCache"
    return by_url + [
        Request("POST", at, _json(headers), msgspec.json.encode({"CacheTag": tag}))
        for tag in what.tags
    ]


def _cloudfront(
    settings: PurgeSettings, what: Stale, environ: Mapping[str, str], _base: str, now: datetime
) -> list[Request]:
    url = f"{_CLOUDFRONT}/2020-05-31/distribution/{settings.zone}/invalidation"
    made = []
    for part in _parts([urlsplit(each).path for each in what.urls], _CLOUDFRONT_PATHS):
        items = "".join(f"<Path>{escape(path)}</Path>" for path in part)
        batch = f"<Paths><Quantity>{len(part)}</Quantity><Items>{items}</Items></Paths>"
        # The same paths at another time are another invalidation.
        reference = hashlib.sha256(f"{now.isoformat()}{items}".encode()).hexdigest()[:32]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
            f"{batch}<CallerReference>{reference}</CallerReference></InvalidationBatch>"
        ).encode()
        headers = {"Content-Type": "application/xml"}
        request = Request("POST", url, headers, body)
        made.append(signed(request, environ, now, "us-east-1", "cloudfront"))
    return made


def _http(
    settings: PurgeSettings, what: Stale, _environ: Mapping[str, str], base: str, _now: datetime
) -> list[Request]:
    site = urlsplit(base)
    made = []
    for server in settings.servers or (f"{site.scheme}://{site.netloc}",):
        at, headers = server.rstrip("/"), {"Host": site.netloc}
        for url in what.urls:
            # What is not in the cache need not leave it: nginx's module answers 404 or 412 then.
            path = url.removeprefix(f"{site.scheme}://{site.netloc}")
            made.append(Request("PURGE", f"{at}{path}", headers, good=(404, 412)))
        made += [
            Request("PURGE", f"{at}{site.path}", {**headers, "xkey": " ".join(part)})
            for part in _parts(what.tags, _CLOUDFLARE_TAGS)
        ]
    return made


_Builder = Callable[[PurgeSettings, Stale, Mapping[str, str], str, datetime], list[Request]]
_BUILDERS: Mapping[str, _Builder] = {
    "cloudflare": _cloudflare,
    "fastly": _fastly,
    "bunny": _bunny,
    "cloudfront": _cloudfront,
    "http": _http,
}


def signed(
    request: Request, environ: Mapping[str, str], now: datetime, region: str, service: str
) -> Request:
    """The request with AWS Signature Version 4 in its headers.

    One request is no reason to bring AWS's library of 15 MB.
    """
    url, stamp = urlsplit(request.url), f"{now:%Y%m%dT%H%M%SZ}"
    headers = {**request.headers, "Host": url.netloc, "X-Amz-Date": stamp}
    if token := environ.get("AWS_SESSION_TOKEN"):
        headers["X-Amz-Security-Token"] = token
    canonical = {name.lower(): value for name, value in sorted(headers.items(), key=_lower)}
    names = ";".join(canonical)
    lines = "".join(f"{name}:{value}\n" for name, value in canonical.items())
    body = hashlib.sha256(request.body).hexdigest()
    asked = f"{request.method}\n{url.path}\n{url.query}\n{lines}\n{names}\n{body}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    told = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, told.encode(), "sha256").hex()
    credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return msgspec.structs.replace(request, headers=headers)


def _lower(item: tuple[str, str]) -> str:
    return item[0].lower()


def _json(headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Content-Type": "application/json"}


def _parts(items: Sequence[T], most: int) -> Iterable[Sequence[T]]:
    return [items[start : start + most] for start in range(0, len(items), most)]
