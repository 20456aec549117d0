"""Purges changed documents from caches, after they were uploaded."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import msgspec
import urllib3

from feeds.config.settings import PurgeSettings, split_by_server
from feeds.config.site import Site
from feeds.errors import ConfigError, PurgeError, StoreError
from feeds.export.hosts.registry import HOSTS
from feeds.publish import aws_signature, cdn, record
from feeds.publish.cdn import PurgeRequest
from feeds.publish.destination import RECORD_INTERVAL, LockedDestination
from feeds.publish.guard import mark_unfinished
from feeds.util.http import retry_after
from feeds.util.progress import Progress

_PARALLEL = 8
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
# Seconds without any successful request after which to give up: on a cache that is overloaded or
# sends Retry-After, and on one that fails or is unreachable.
_BUSY_SECONDS, _RETRY_SECONDS = 300, 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_TRANSIENT_STATUSES = (500, 502, 503, 504)
# Bytes of a response that are read, and that are shown in a message.
_READ_BYTES, _MESSAGE_BYTES = 65_536, 300


class PurgeReport(msgspec.Struct, frozen=True):
    """The number of URLs and tags purged from one cache, and of requests."""

    cache: str
    urls: int
    tags: int
    requests: int


class _Retry(msgspec.Struct, frozen=True):
    """The outcome of a request that is to be sent again.

    `seconds` is when, if the cache says so, else 0. `patience` is how long to go on trying.
    """

    reason: str
    seconds: int
    patience: float


def check(site: Site) -> None:
    """Check that each cache of the site can be purged as the settings say.

    Raises `ConfigError` if a cache is to be purged by tag and the host sends no tags, and
    `PurgeError` if an environment variable with credentials is missing.
    """
    host = site.settings.export.host
    for index, cache in enumerate(site.settings.purge):
        if cache.by == "tag" and not site.settings.upload and not HOSTS[host].sends_tags:
            raise ConfigError(
                str(site.root / "site.yaml"),
                f"purge[{index}].by",
                f"'tag' needs tags with the feeds, and {host} (export.for) sends none; write 'url'",
            )
        if missing := cdn.missing_credentials(cache, os.environ):
            raise PurgeError(
                f"purging at {cache.via} needs the environment variable {missing[0]}; set it, or "
                "remove the cache from purge in site.yaml"
            )


def purge(
    site: Site, destination: LockedDestination, progress: Progress
) -> tuple[PurgeReport, ...]:
    """Purge every cache of the site of the changed documents that it has not purged yet.

    Progress is recorded. An error at one cache does not keep the next ones from being purged.
    Raises `UnfinishedError` with the message of each cache that failed.
    """
    with mark_unfinished():
        if not destination.record.purge:
            return ()
        caches = split_by_server(site.settings.purge)
        if not caches:
            unpurged = msgspec.structs.replace(destination.record, purge={}, purged={})
            destination.write_record(unpurged)
        reports: list[PurgeReport] = []
        errors: list[PurgeError] = []
        for cache in caches:
            try:
                reports.append(_CachePurge(site, destination, cache).run(progress))
            except PurgeError as error:
                errors.append(error)
        if errors:
            errors[0].more = tuple(map(str, errors[1:]))
            raise errors[0]
        return tuple(reports)


class _CachePurge:
    """The purge of one cache, recorded as it progresses."""

    def __init__(self, site: Site, destination: LockedDestination, cache: PurgeSettings) -> None:
        self._site, self._destination, self._cache = site, destination, cache
        self._pending = record.pending_purge(destination.record, cache.name)
        self._done: list[PurgeRequest] = []

    def run(self, progress: Progress) -> PurgeReport:
        """Send all requests. Raises `PurgeError` and `StoreError`."""
        cache, base = self._cache, self._site.feeds_url
        targets = cdn.purge_targets(self._pending, base, cache.by)
        requests = cdn.purge_requests(cache, targets, os.environ, base, datetime.now(UTC))
        try:
            for request in send(cache.name, requests, progress):
                self._done.append(request)
                if self._destination.seconds_since_write() > RECORD_INTERVAL:
                    self._write_record()
        except BaseException:
            with suppress(StoreError):  # report the first error
                self._write_record()
            raise
        self._write_record()
        return PurgeReport(cache.name, len(targets.urls), len(targets.tags), len(requests))

    def _write_record(self) -> None:
        cache = self._cache
        done = [request.targets for request in self._done]
        paths = cdn.purged_paths(self._pending, self._site.feeds_url, cache.by, done)
        names = [other.name for other in split_by_server(self._site.settings.purge)]
        current = self._destination.record
        self._destination.write_record(record.after_purge(current, cache.name, paths, names))


def send(
    cache: str, requests: Sequence[PurgeRequest], progress: Progress
) -> Iterator[PurgeRequest]:
    """Send requests, several at a time, and yield each when it has succeeded.

    Requests that the cache is too busy for are sent again after a pause. Raises `PurgeError` for
    one that fails, after yielding those that were sent with it and succeeded.
    """
    left, waited, pauses = list(requests), 0.0, 0
    with urllib3.PoolManager(maxsize=_PARALLEL) as http, ThreadPoolExecutor(_PARALLEL) as pool:
        while left:
            batch, rest = left[:_PARALLEL], left[_PARALLEL:]
            outcomes = list(pool.map(partial(_send_once, http, cache), batch))
            pairs = list(zip(batch, outcomes, strict=True))
            if None in outcomes:
                waited, pauses = 0.0, 0
            yield from (request for request, outcome in pairs if outcome is None)
            if failed := next((out for out in outcomes if isinstance(out, PurgeError)), None):
                raise failed
            retries = [outcome for outcome in outcomes if isinstance(outcome, _Retry)]
            left = [request for request, outcome in pairs if outcome] + rest
            progress(f"Purging at {cache}", len(requests) - len(left), len(requests))
            if retries:
                waited += _pause(cache, retries, waited, pauses, progress)
                pauses += 1


def _pause(
    cache: str, retries: Sequence[_Retry], waited: float, pauses: int, progress: Progress
) -> float:
    """Wait as long as the cache asks for, or longer with each pause; return the seconds.

    Raises `PurgeError` if that would exceed the patience.
    """
    requested = max(retry.seconds for retry in retries)
    patience = max(retry.patience for retry in retries)
    seconds = requested or min(_FIRST_PAUSE * 2**pauses, _LONGEST_PAUSE, patience - waited)
    if seconds <= 0 or waited + seconds > patience:
        advice = f"; the cache asks to retry in {requested:,} seconds" if requested else ""
        raise PurgeError(f"{retries[0].reason}{advice}")
    started, message = time.monotonic(), f"{cache} is busy: waiting {seconds:,.0f} seconds"
    while (passed := time.monotonic() - started) < seconds:
        progress(message, int(passed), max(1, int(seconds)))
        time.sleep(min(1.0, seconds - passed))
    return seconds


def _send_once(
    http: urllib3.PoolManager, cache: str, request: PurgeRequest
) -> _Retry | PurgeError | None:
    """Send one request once; None if it succeeded."""
    label = f"{cache} does not purge: {request.method} {request.url}"
    if request.service:
        request = aws_signature.sign(request, os.environ, datetime.now(UTC))
    try:
        response = http.request(
            request.method,
            request.url,
            body=request.body or None,
            headers={"User-Agent": "feed-publisher", **request.headers},
            timeout=_TIMEOUT,
            retries=False,
            preload_content=False,
        )
        body = _read(response)
    except urllib3.exceptions.HTTPError as error:
        return _Retry(f"{label}: {error}", 0, _RETRY_SECONDS)
    if 200 <= response.status < 300 or response.status in request.accepted:
        return None
    excerpt = " ".join(body[:_MESSAGE_BYTES].decode(errors="replace").split())
    reason, seconds = f"{label}: {response.status} {excerpt}", retry_after(response)
    if cdn.is_busy(response.status, body):
        return _Retry(reason, seconds, _BUSY_SECONDS)
    if response.status in _TRANSIENT_STATUSES:
        return _Retry(reason, seconds, _BUSY_SECONDS if seconds else _RETRY_SECONDS)
    return PurgeError(reason)


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Read the beginning of a response; a connection with unread bytes is closed."""
    try:
        return response.read(_READ_BYTES)
    finally:
        response.close()
