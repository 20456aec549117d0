"""Asking caches to forget what changed, after it was uploaded."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import urllib3

from feeds import purges
from feeds.delivery import PurgeSettings
from feeds.errors import PurgeError
from feeds.ingest import Progress
from feeds.purges import Request
from feeds.site import Site

_PARALLEL = 8
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
# Waits 0, 1, 2, 4, 8, 16 s, or what the cache asks for, up to a minute.
_RETRIES = urllib3.Retry(
    total=6,
    backoff_factor=0.5,
    backoff_max=30,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
    redirect=False,
    retry_after_max=60,
)
_SAID_BYTES = 300


class PurgeReport(msgspec.Struct, frozen=True):
    """What one cache was asked to forget, in how many requests."""

    via: str
    urls: int
    tags: int
    requests: int


def check(site: Site) -> None:
    """Raise `PurgeError` if the environment lacks what a cache of the site asks for."""
    for settings in site.settings.purge:
        if lacking := purges.missing(settings, os.environ):
            raise PurgeError(
                f"purging at {settings.via} needs the environment variable {lacking[0]}; set it, "
                "or take the cache out of purge in site.yaml"
            )


def purge(site: Site, paths: dict[str, str], progress: Progress) -> tuple[PurgeReport, ...]:
    """Purge changed paths, each with its tag, at every cache of the site.

    Raises `PurgeError` for the first that does not.
    """
    return tuple(_purge(site, settings, paths, progress) for settings in site.settings.purge)


def _purge(
    site: Site, settings: PurgeSettings, paths: dict[str, str], progress: Progress
) -> PurgeReport:
    what = purges.stale(paths, site.feeds_url, settings.by)
    made = purges.requests(settings, what, os.environ, site.feeds_url, datetime.now(UTC))
    send(settings.via, made, progress)
    return PurgeReport(settings.via, len(what.urls), len(what.tags), len(made))


def send(via: str, made: Sequence[Request], progress: Progress) -> None:
    """Send requests, tried again with pauses. Raises `PurgeError` for the first that fails."""
    with (
        urllib3.PoolManager(maxsize=_PARALLEL, block=True) as http,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        try:
            for done, _ in enumerate(pool.map(lambda each: _send(http, via, each), made), 1):
                progress(f"Purging at {via}", done, len(made))
        except PurgeError:
            pool.shutdown(cancel_futures=True)
            raise


def _send(http: urllib3.PoolManager, via: str, request: Request) -> None:
    at = f"{via} does not purge: {request.method} {request.url}"
    try:
        answer = http.request(
            request.method,
            request.url,
            body=request.body or None,
            headers={"User-Agent": "feed-publisher", **request.headers},
            timeout=_TIMEOUT,
            retries=_RETRIES,
        )
    except urllib3.exceptions.HTTPError as error:
        raise PurgeError(f"{at}: {error}") from error
    if not 200 <= answer.status < 300 and answer.status not in request.good:
        said = " ".join(answer.data[:_SAID_BYTES].decode(errors="replace").split())
        raise PurgeError(f"{at}: {answer.status} {said}")
