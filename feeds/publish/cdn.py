"""Builds the purge requests of each kind of cache. Pure; no I/O."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import msgspec

from feeds.config.settings import PurgeSettings

# URLs or tags in one request. Cloudflare accepts 100 of either on every plan, Fastly 256 keys;
# CloudFront processes 3,000 paths at a time.
_CLOUDFLARE_BATCH, _FASTLY_BATCH, _CLOUDFRONT_BATCH, _HTTP_BATCH = 100, 256, 1000, 100
# Above this many URLs, everything below the feeds' URL is purged at once where single purges cost
# money or an hour: CloudFront has 1,000 free paths a month, and Bunny accepts 300 URLs a minute.
_MAX_SINGLE_URLS = 1000
# Error codes of CloudFront, with status 400, for too many invalidations at once.
_THROTTLED = (b"TooManyInvalidationsInProgress", b"<Code>Throttling")
_CLOUDFLARE = "https://api.cloudflare.com"
_FASTLY = "https://api.fastly.com"
_BUNNY = "https://api.bunny.net"
_CLOUDFRONT = "https://cloudfront.amazonaws.com"
# The environment variables with the credentials for each.
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "cloudflare": ("CLOUDFLARE_API_TOKEN",),
    "fastly": ("FASTLY_API_TOKEN",),
    "bunny": ("BUNNY_API_KEY",),
    "cloudfront": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "http": (),
}


class PurgeTargets(msgspec.Struct, frozen=True):
    """URLs and cache tags to purge, without duplicates."""

    urls: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class PurgeRequest(msgspec.Struct, frozen=True):
    """One HTTP request, and the targets that it purges.

    `accepted` are statuses besides 2xx that mean success. `service` is the AWS service for which
    the request must be signed when it is sent (`aws_signature`), or empty.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    accepted: tuple[int, ...] = ()
    service: str = ""
    targets: PurgeTargets = PurgeTargets()


def purge_targets(purge: Mapping[str, str], base: str, by: str) -> PurgeTargets:
    """Return the targets for changed paths with their tags, for feeds below the URL `base`.

    If `by` is "tag", paths without a tag are purged by URL.
    """
    return _merged([_targets(path, tag, base, by) for path, tag in purge.items()])


def purged_paths(
    purge: Mapping[str, str], base: str, by: str, done: Iterable[PurgeTargets]
) -> list[str]:
    """Return the changed paths that are purged completely once the targets `done` are."""
    purged = _merged(list(done))
    urls, tags = set(purged.urls), set(purged.tags)
    targets = {path: _targets(path, tag, base, by) for path, tag in purge.items()}
    return [
        path
        for path, part in targets.items()
        if urls.issuperset(part.urls) and tags.issuperset(part.tags)
    ]


def _merged(parts: Sequence[PurgeTargets]) -> PurgeTargets:
    """Return the targets of all parts, each once."""
    urls = dict.fromkeys(url for part in parts for url in part.urls)
    tags = dict.fromkeys(tag for part in parts for tag in part.tags)
    return PurgeTargets(tuple(urls), tuple(tags))


def _targets(path: str, tag: str, base: str, by: str) -> PurgeTargets:
    if tag and by == "tag":
        return PurgeTargets(tags=(tag,))
    return PurgeTargets(urls=tuple(_urls(path, base)))


def _urls(path: str, base: str) -> Iterator[str]:
    yield f"{base}{quote(path)}"
    if path == "index.html" or path.endswith("/index.html"):
        yield f"{base}{quote(path.removesuffix('index.html'))}"


def purge_requests(
    settings: PurgeSettings,
    targets: PurgeTargets,
    environ: Mapping[str, str],
    base: str,
    now: datetime,
) -> list[PurgeRequest]:
    """Return all requests for one cache.

    `base` is the URL of the feeds; `now` distinguishes repeated CloudFront invalidations.
    """
    return _BUILDERS[settings.via](_Purge(settings, targets, environ, base, now))


def is_busy(status: int, body: bytes) -> bool:
    """Return whether a response means that the cache is overloaded: try again later."""
    return status == 429 or (status == 400 and any(code in body for code in _THROTTLED))


def missing_credentials(settings: PurgeSettings, environ: Mapping[str, str]) -> list[str]:
    """Return the required environment variables that are not set."""
    return [name for name in CREDENTIALS[settings.via] if not environ.get(name)]


class _Purge(msgspec.Struct, frozen=True):
    """The parameters of `purge_requests`."""

    settings: PurgeSettings
    targets: PurgeTargets
    environ: Mapping[str, str]
    base: str
    now: datetime


def _cloudflare(purge: _Purge) -> list[PurgeRequest]:
    headers = _json({"Authorization": f"Bearer {purge.environ['CLOUDFLARE_API_TOKEN']}"})
    url = f"{_CLOUDFLARE}/client/v4/zones/{purge.settings.zone}/purge_cache"
    batches = [
        *(({"files": part.urls}, part) for part in _by_url(purge.targets, _CLOUDFLARE_BATCH)),
        *(({"tags": part.tags}, part) for part in _by_tag(purge.targets, _CLOUDFLARE_BATCH)),
    ]
    return [
        PurgeRequest("POST", url, headers, msgspec.json.encode(body), targets=part)
        for body, part in batches
    ]


def _fastly(purge: _Purge) -> list[PurgeRequest]:
    headers = {"Fastly-Key": purge.environ["FASTLY_API_TOKEN"], "Accept": "application/json"}
    if purge.settings.soft:
        headers["Fastly-Soft-Purge"] = "1"
    by_url = [
        PurgeRequest(
            "POST", f"{_FASTLY}/purge/{part.urls[0].partition('://')[2]}", headers, targets=part
        )
        for part in _by_url(purge.targets, 1)
    ]
    return by_url + [
        PurgeRequest(
            "POST",
            f"{_FASTLY}/service/{purge.settings.zone}/purge",
            _json(headers),
            msgspec.json.encode({"surrogate_keys": part.tags}),
            targets=part,
        )
        for part in _by_tag(purge.targets, _FASTLY_BATCH)
    ]


def _bunny(purge: _Purge) -> list[PurgeRequest]:
    headers = {"AccessKey": purge.environ["BUNNY_API_KEY"], "Accept": "application/json"}
    by_url = [(part.urls[0], part) for part in _by_url(purge.targets, 1)]
    if len(by_url) > _MAX_SINGLE_URLS:
        by_url = [(f"{purge.base}*", PurgeTargets(purge.targets.urls))]
    # Without exactPath, a URL with a final slash purges everything below it.
    options = "async=false&exactPath=true"
    requests = [
        PurgeRequest(
            "POST", f"{_BUNNY}/purge?url={quote(url, safe='')}&{options}", headers, targets=part
        )
        for url, part in by_url
    ]
    tag_url = f"{_BUNNY}/pullzone/{purge.settings.zone}/purgeCache"
    return requests + [
        PurgeRequest(
            "POST",
            tag_url,
            _json(headers),
            msgspec.json.encode({"CacheTag": part.tags[0]}),
            targets=part,
        )
        for part in _by_tag(purge.targets, 1)
    ]


def _cloudfront(purge: _Purge) -> list[PurgeRequest]:
    api_url = f"{_CLOUDFRONT}/2020-05-31/distribution/{purge.settings.zone}/invalidation"
    parts = [
        ([urlsplit(url).path for url in part.urls], part)
        for part in _by_url(purge.targets, _CLOUDFRONT_BATCH)
    ]
    if len(purge.targets.urls) > _MAX_SINGLE_URLS:
        parts = [([f"{urlsplit(purge.base).path}*"], PurgeTargets(purge.targets.urls))]
    requests = []
    for paths, part in parts:
        items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
        batch = f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
        # Retries are the same invalidation; the same paths at another time are a new one.
        reference = hashlib.sha256(f"{purge.now.isoformat()}{items}".encode()).hexdigest()[:32]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
            f"{batch}<CallerReference>{reference}</CallerReference></InvalidationBatch>"
        ).encode()
        headers = {"Content-Type": "application/xml"}
        requests.append(
            PurgeRequest("POST", api_url, headers, body, service="cloudfront", targets=part)
        )
    return requests


def _http(purge: _Purge) -> list[PurgeRequest]:
    site = urlsplit(purge.base)
    origin, headers = f"{site.scheme}://{site.netloc}", {"Host": site.netloc}
    server = purge.settings.servers[0].rstrip("/") if purge.settings.servers else origin
    # 404 and 412: the URL is not cached, in responses of nginx's modules.
    by_url = [
        PurgeRequest(
            "PURGE",
            f"{server}{part.urls[0].removeprefix(origin)}",
            headers,
            accepted=(404, 412),
            targets=part,
        )
        for part in _by_url(purge.targets, 1)
    ]
    return by_url + [
        PurgeRequest(
            "PURGE", f"{server}{site.path}", {**headers, "xkey": " ".join(part.tags)}, targets=part
        )
        for part in _by_tag(purge.targets, _HTTP_BATCH)
    ]


_BUILDERS: Mapping[str, Callable[[_Purge], list[PurgeRequest]]] = {
    "cloudflare": _cloudflare,
    "fastly": _fastly,
    "bunny": _bunny,
    "cloudfront": _cloudfront,
    "http": _http,
}


def _json(headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Content-Type": "application/json"}


def _by_url(targets: PurgeTargets, size: int) -> Iterator[PurgeTargets]:
    return (PurgeTargets(urls=part) for part in _parts(targets.urls, size))


def _by_tag(targets: PurgeTargets, size: int) -> Iterator[PurgeTargets]:
    return (PurgeTargets(tags=part) for part in _parts(targets.tags, size))


def _parts(items: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    return (items[start : start + size] for start in range(0, len(items), size))
