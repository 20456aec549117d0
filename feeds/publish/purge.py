"""Asking caches to forget what changed, after it was uploaded."""

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
from feeds.publish import cdn, record
from feeds.publish.cdn import PurgeRequest, PurgeTargets
from feeds.publish.destination import RECORD_INTERVAL, LockedDestination
from feeds.publish.guard import mark_unfinished
from feeds.util.http import USER_AGENT, retry_after
from feeds.util.progress import Progress

_PARALLEL = 8
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
# So many seconds are waited, without anything done between, for a cache that has too much to do or
# says how long to wait, and for one that fails or is away.
_BUSY_SECONDS, _RETRY_SECONDS = 300, 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_FAULTS = (500, 502, 503, 504)
_SAID_BYTES = 300


class PurgeReport(msgspec.Struct, frozen=True):
    """What one cache was asked to forget, in how many requests."""

    cache: str
    urls: int
    tags: int
    requests: int


class _Retry(msgspec.Struct, frozen=True):
    """That a request is to be sent again, after so many `seconds` if the cache says so."""

    why: str
    seconds: int
    patience: float


def check(site: Site) -> None:
    """Check that each cache of the site can be purged as the settings say.

    Raises `ConfigError` if a cache is to be purged by tag and the host sends no tags, and
    `PurgeError` if an environment variable with credentials is missing.
    """
    host = site.settings.export.host
    for index, settings in enumerate(site.settings.purge):
        if settings.by == "tag" and not site.settings.upload and not HOSTS[host].sends_tags:
            raise ConfigError(
                str(site.root / "site.yaml"),
                f"purge[{index}].by",
                f"'tag' needs tags with the feeds, and {host} (export.for) sends none; write 'url'",
            )
        if lacking := cdn.missing_credentials(settings, os.environ):
            raise PurgeError(
                f"purging at {settings.via} needs the environment variable {lacking[0]}; set it, "
                "or take the cache out of purge in site.yaml"
            )


def purge_caches(
    site: Site, held: LockedDestination, progress: Progress
) -> tuple[PurgeReport, ...]:
    """Purge what changed at every cache of the site that has not forgotten it yet.

    What is done is noted as it goes on. One cache that does not purge keeps no other from it.
    Raises `PurgeError` with what each such cache says, and `StoreError`.
    """
    if not held.record.purge:
        return ()
    there = split_by_server(site.settings.purge)
    if not there:
        held.write_record(msgspec.structs.replace(held.record, purge={}, purged={}))
    names = [each.name for each in there]
    reports: list[PurgeReport] = []
    errors: list[PurgeError] = []
    for cache in there:
        try:
            reports.append(_purge(site, held, cache, names, progress))
        except PurgeError as error:
            errors.append(error)
    if errors:
        errors[0].more = tuple(map(str, errors[1:]))
        raise errors[0]
    return tuple(reports)


def _purge(
    site: Site,
    held: LockedDestination,
    cache: PurgeSettings,
    names: Sequence[str],
    progress: Progress,
) -> PurgeReport:
    base, pending = site.feeds_url, record.pending_purge(held.record, cache.name)
    what = cdn.purge_targets(pending, base, cache.by)
    made = cdn.purge_requests(cache, what, os.environ, base, datetime.now(UTC))
    done: list[PurgeTargets] = []

    def note() -> None:
        paths = cdn.purged_paths(pending, base, cache.by, done)
        held.write_record(record.after_purge(held.record, cache.name, paths, names))

    try:
        for request in send(cache.name, made, progress):
            done.append(request.targets)
            if held.seconds_since_write() > RECORD_INTERVAL:
                note()
    except BaseException:
        with suppress(StoreError):  # what went wrong first is what is to be told
            note()
        raise
    note()
    return PurgeReport(cache.name, len(what.urls), len(what.tags), len(made))


def send(cache: str, made: Sequence[PurgeRequest], progress: Progress) -> Iterator[PurgeRequest]:
    """Send requests, several at a time, and give each once it is done.

    What the cache is too busy for is sent again after a pause. Raises `PurgeError` for what it
    does not do, once the others of the same time are given.
    """
    left, waited, pauses = list(made), 0.0, 0
    with urllib3.PoolManager(maxsize=_PARALLEL) as http, ThreadPoolExecutor(_PARALLEL) as pool:
        while left:
            some, rest = left[:_PARALLEL], left[_PARALLEL:]
            answers = list(pool.map(partial(_sent, http, cache), some))
            if any(answer is None for answer in answers):
                waited, pauses = 0.0, 0
            yield from (each for each, answer in zip(some, answers, strict=True) if answer is None)
            if failed := next((each for each in answers if isinstance(each, PurgeError)), None):
                raise failed
            later = [each for each in answers if isinstance(each, _Retry)]
            left = [each for each, answer in zip(some, answers, strict=True) if answer] + rest
            progress(f"Purging at {cache}", len(made) - len(left), len(made))
            if later:
                waited += _pause(cache, later, waited, pauses, progress)
                pauses += 1


def _pause(
    cache: str, later: Sequence[_Retry], waited: float, pauses: int, progress: Progress
) -> float:
    """Wait as long as the cache asks for, or longer with each pause; returns for how long.

    Raises `PurgeError` where this is longer than it is worth.
    """
    asked, patience = max(each.seconds for each in later), max(each.patience for each in later)
    seconds = asked or min(_FIRST_PAUSE * 2**pauses, _LONGEST_PAUSE, patience - waited)
    if seconds <= 0 or waited + seconds > patience:
        wish = f"; it is to be asked again in {asked:,} seconds" if asked else ""
        raise PurgeError(f"{later[0].why}{wish}")
    started, said = time.monotonic(), f"{cache} is busy: waiting {seconds:,.0f} seconds"
    while (passed := time.monotonic() - started) < seconds:
        progress(said, int(passed), max(1, int(seconds)))
        time.sleep(min(1.0, seconds - passed))
    return seconds


def _sent(
    http: urllib3.PoolManager, cache: str, request: PurgeRequest
) -> _Retry | PurgeError | None:
    """Send one request once: None if it is done."""
    at = f"{cache} does not purge: {request.method} {request.url}"
    if request.service:
        request = cdn.sign(request, os.environ, datetime.now(UTC))
    try:
        answer = http.request(
            request.method,
            request.url,
            body=request.body or None,
            headers={"User-Agent": USER_AGENT, **request.headers},
            timeout=_TIMEOUT,
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:
        return _Retry(f"{at}: {error}", 0, _RETRY_SECONDS)
    if 200 <= answer.status < 300 or answer.status in request.accepted:
        return None
    said = " ".join(answer.data[:_SAID_BYTES].decode(errors="replace").split())
    why, seconds = f"{at}: {answer.status} {said}", retry_after(answer)
    if cdn.is_busy(answer.status, answer.data):
        return _Retry(why, seconds, _BUSY_SECONDS)
    if answer.status in _FAULTS:
        return _Retry(why, seconds, _BUSY_SECONDS if seconds else _RETRY_SECONDS)
    return PurgeError(why)


def purge(site: Site, held: LockedDestination, progress: Progress) -> tuple[PurgeReport, ...]:
    """Purge what was changed and not purged yet, and note that it was.

    Raises `UnfinishedError` if a cache does not.
    """
    with mark_unfinished():
        return purge_caches(site, held, progress)
