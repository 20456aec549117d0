"""The requests that make caches forget what changed: one builder for each kind. Pure; no I/O."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import msgspec

from feeds.config.settings import PurgeSettings

# How much goes into one request. Cloudflare takes 100 URLs or tags on every plan, Fastly 256 keys;
# CloudFront works on 3,000 paths at a time.
_CLOUDFLARE_MOST, _FASTLY_MOST, _CLOUDFRONT_MOST, _HTTP_MOST = 100, 256, 1000, 100
# So many URLs are purged one by one, and for more all below the feeds' URL at once, where that
# spares money or an hour: 1,000 paths a month are free at CloudFront, and Bunny takes 300 a minute.
_MANY = 1000
# What CloudFront says, with 400, when it has as much to do as it takes.
_FULL = (b"TooManyInvalidationsInProgress", b"<Code>Throttling")
_CLOUDFLARE, _FASTLY, _BUNNY, _CLOUDFRONT = (
    "https://api.cloudflare.com",
    "https://api.fastly.com",
    "https://api.bunny.net",
    "https://cloudfront.amazonaws.com",
)
# The environment variables with what each needs to be let in.
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "cloudflare": ("CLOUDFLARE_API_TOKEN",),
    "fastly": ("FASTLY_API_TOKEN",),
    "bunny": ("BUNNY_API_KEY",),
    "cloudfront": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "http": (),
}


class PurgeTargets(msgspec.Struct, frozen=True):
    """What caches may hold old copies of: URLs, each once, and tags, each once."""

    urls: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class PurgeRequest(msgspec.Struct, frozen=True):
    """One request, and what is forgotten once it is done.

    `good` are further statuses that mean that it is done; `service` is that of AWS for which it is
    yet to be signed, when it is sent (`signed`).
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    accepted: tuple[int, ...] = ()
    service: str = ""
    targets: PurgeTargets = PurgeTargets()


def purge_targets(purge: Mapping[str, str], base: str, by: str) -> PurgeTargets:
    """What to purge, given changed paths with their tags, for feeds below the URL `base`.

    By tag, what has none is purged by its URL.
    """
    each = [_of(path, tag, base, by) for path, tag in purge.items()]
    urls = dict.fromkeys(url for one in each for url in one.urls)
    return PurgeTargets(tuple(urls), tuple(dict.fromkeys(tag for one in each for tag in one.tags)))


def purged_paths(
    purge: Mapping[str, str], base: str, by: str, done: Iterable[PurgeTargets]
) -> list[str]:
    """The changed paths of which no cache holds an old copy any more once `done` is."""
    parts = list(done)
    urls, tags = (
        {each for one in parts for each in one.urls},
        {t for one in parts for t in one.tags},
    )
    whole = ((path, _of(path, tag, base, by)) for path, tag in purge.items())
    return [
        path for path, what in whole if urls.issuperset(what.urls) and tags.issuperset(what.tags)
    ]


def _of(path: str, tag: str, base: str, by: str) -> PurgeTargets:
    return (
        PurgeTargets(tags=(tag,))
        if tag and by == "tag"
        else PurgeTargets(urls=tuple(_urls(path, base)))
    )


def _urls(path: str, base: str) -> Iterator[str]:
    yield f"{base}{quote(path)}"
    if path == "index.html" or path.endswith("/index.html"):
        yield f"{base}{quote(path.removesuffix('index.html'))}"


def purge_requests(
    settings: PurgeSettings,
    what: PurgeTargets,
    environ: Mapping[str, str],
    base: str,
    now: datetime,
) -> list[PurgeRequest]:
    """All requests for one cache. `base` is the feeds' URL, `now` is in the name of each."""
    return _BUILDERS[settings.via](settings, what, environ, base, now)


def is_busy(status: int, body: bytes) -> bool:
    """Whether an answer says that the cache has too much to do, and is to be asked again."""
    return status == 429 or (status == 400 and any(each in body for each in _FULL))


def missing_credentials(settings: PurgeSettings, environ: Mapping[str, str]) -> list[str]:
    """The environment variables that are wanted and not set."""
    return [name for name in CREDENTIALS[settings.via] if not environ.get(name)]


def _cloudflare(
    settings: PurgeSettings,
    what: PurgeTargets,
    environ: Mapping[str, str],
    _base: str,
    _now: datetime,
) -> list[PurgeRequest]:
    headers = _json({"Authorization": f"Bearer {environ['CLOUDFLARE_API_TOKEN']}"})
    url = f"{_CLOUDFLARE}/client/v4/zones/{settings.zone}/purge_cache"
    said = [
        *(({"files": each.urls}, each) for each in _by_url(what, _CLOUDFLARE_MOST)),
        *(({"tags": each.tags}, each) for each in _by_tag(what, _CLOUDFLARE_MOST)),
    ]
    return [
        PurgeRequest("POST", url, headers, msgspec.json.encode(body), targets=each)
        for body, each in said
    ]


def _fastly(
    settings: PurgeSettings,
    what: PurgeTargets,
    environ: Mapping[str, str],
    _base: str,
    _now: datetime,
) -> list[PurgeRequest]:
    headers = {"Fastly-Key": environ["FASTLY_API_TOKEN"], "Accept": "application/json"}
    if settings.soft:
        headers["Fastly-Soft-Purge"] = "1"
    by_url = [
        PurgeRequest(
            "POST", f"{_FASTLY}/purge/{each.urls[0].partition('://')[2]}", headers, targets=each
        )
        for each in _by_url(what, 1)
    ]
    return by_url + [
        PurgeRequest(
            "POST",
            f"{_FASTLY}/service/{settings.zone}/purge",
            _json(headers),
            msgspec.json.encode({"surrogate_keys": each.tags}),
            targets=each,
        )
        for each in _by_tag(what, _FASTLY_MOST)
    ]


def _bunny(
    settings: PurgeSettings,
    what: PurgeTargets,
    environ: Mapping[str, str],
    base: str,
    _now: datetime,
) -> list[PurgeRequest]:
    headers = {"AccessKey": environ["BUNNY_API_KEY"], "Accept": "application/json"}
    by_url = [(each.urls[0], each) for each in _by_url(what, 1)]
    if len(by_url) > _MANY:
        by_url = [(f"{base}*", PurgeTargets(what.urls))]
    # Without exactPath, a URL that ends in a slash stands for everything below it.
    how = "async=false&exactPath=true"
    made = [
        PurgeRequest(
            "POST", f"{_BUNNY}/purge?url={quote(url, safe='')}&{how}", headers, targets=each
        )
        for url, each in by_url
    ]
    at = f"{_BUNNY}/pullzone/{settings.zone}/purgeCache"
    return made + [
        PurgeRequest(
            "POST",
            at,
            _json(headers),
            msgspec.json.encode({"CacheTag": each.tags[0]}),
            targets=each,
        )
        for each in _by_tag(what, 1)
    ]


def _cloudfront(
    settings: PurgeSettings,
    what: PurgeTargets,
    _environ: Mapping[str, str],
    base: str,
    now: datetime,
) -> list[PurgeRequest]:
    url = f"{_CLOUDFRONT}/2020-05-31/distribution/{settings.zone}/invalidation"
    parts = [
        ([urlsplit(one).path for one in each.urls], each)
        for each in _by_url(what, _CLOUDFRONT_MOST)
    ]
    if len(what.urls) > _MANY:
        parts = [([f"{urlsplit(base).path}*"], PurgeTargets(what.urls))]
    made = []
    for paths, each in parts:
        items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
        batch = f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
        # The same paths at another time are another invalidation; asked again, it is the same.
        reference = hashlib.sha256(f"{now.isoformat()}{items}".encode()).hexdigest()[:32]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
            f"{batch}<CallerReference>{reference}</CallerReference></InvalidationBatch>"
        ).encode()
        headers = {"Content-Type": "application/xml"}
        made.append(PurgeRequest("POST", url, headers, body, service="cloudfront", targets=each))
    return made


def _http(
    settings: PurgeSettings,
    what: PurgeTargets,
    _environ: Mapping[str, str],
    base: str,
    _now: datetime,
) -> list[PurgeRequest]:
    site = urlsplit(base)
    origin, headers = f"{site.scheme}://{site.netloc}", {"Host": site.netloc}
    at = settings.servers[0].rstrip("/") if settings.servers else origin
    # What is not in the cache need not leave it: nginx's module answers 404 or 412 then.
    by_url = [
        PurgeRequest(
            "PURGE",
            f"{at}{each.urls[0].removeprefix(origin)}",
            headers,
            accepted=(404, 412),
            targets=each,
        )
        for each in _by_url(what, 1)
    ]
    return by_url + [
        PurgeRequest(
            "PURGE", f"{at}{site.path}", {**headers, "xkey": " ".join(each.tags)}, targets=each
        )
        for each in _by_tag(what, _HTTP_MOST)
    ]


_Builder = Callable[
    [PurgeSettings, PurgeTargets, Mapping[str, str], str, datetime], list[PurgeRequest]
]
_BUILDERS: Mapping[str, _Builder] = {
    "cloudflare": _cloudflare,
    "fastly": _fastly,
    "bunny": _bunny,
    "cloudfront": _cloudfront,
    "http": _http,
}


def sign(
    request: PurgeRequest, environ: Mapping[str, str], now: datetime, region: str = "us-east-1"
) -> PurgeRequest:
    """The request with AWS Signature Version 4 for its service in its headers.

    It is good for minutes only, so that a request is signed when it is sent.
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
    scope = f"{stamp[:8]}/{region}/{request.service}/aws4_request"
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


def _by_url(what: PurgeTargets, most: int) -> Iterator[PurgeTargets]:
    return (PurgeTargets(urls=part) for part in _parts(what.urls, most))


def _by_tag(what: PurgeTargets, most: int) -> Iterator[PurgeTargets]:
    return (PurgeTargets(tags=part) for part in _parts(what.tags, most))


def _parts(items: tuple[str, ...], most: int) -> Iterator[tuple[str, ...]]:
    return (items[start : start + most] for start in range(0, len(items), most))
