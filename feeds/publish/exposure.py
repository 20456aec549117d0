"""Asking as anybody could, through `feeds_url`, for the memory that is kept where a site is."""

from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import msgspec
import urllib3

from feeds.config.site import Site
from feeds.errors import StoreError
from feeds.publish import memory
from feeds.publish.destination import RECORD, LockedDestination
from feeds.util.http import USER_AGENT

_TIMEOUT = urllib3.Timeout(connect=5, read=10)
# So much of an answer shows what it is.
_FIRST_BYTES = 65_536


def check(site: Site, held: LockedDestination) -> str | None:
    """Raise `StoreError` where anybody who asks gets the memory, unless it is encrypted.

    Returns what the user is to know where no answer came.
    """
    upload, saved = site.settings.upload, held.record.catalogue
    if upload is None or saved is None or saved.sealed:
        return None
    base = readers_find(site.feeds_url, held.place.url, held.state.url)
    if base is None:
        return None
    # What the record begins with. A host may answer 200 for whatever it is asked.
    record = msgspec.json.encode({"site": held.record.site})[:-1]
    with urllib3.PoolManager() as http:
        for name in (RECORD, saved.key):
            url = f"{base}{quote(name)}"
            try:
                first = _first_bytes(http, url)
            except urllib3.exceptions.HTTPError as error:
                return f"Whether anybody can read {url} could not be asked: {error}"
            if first.startswith(record) or memory.is_copy(first):
                raise StoreError(
                    f"anybody can read {url}, and with it articles that are yet to come or were "
                    "withdrawn. Nothing that readers see was changed. Let upload.state name a "
                    f"private bucket, and the memory is moved there if it is in {held.place.url}"
                    "/.feeds-state; or deny that folder to all but who publishes. Then empty your "
                    "CDN's cache of it"
                )
    return None


def readers_find(feeds_url: str, url: str, place: str) -> str | None:
    """The URL at which readers find a place in the store of `url`; ends in `/`.

    None where the path of `feeds_url` does not say that they find it at all.
    """
    kind, bucket, *prefix = _parts(url)
    place_kind, place_bucket, *folders = _parts(place)
    if (kind, bucket) != (place_kind, place_bucket):
        return None
    mount = unquote(urlsplit(feeds_url).path).strip("/").split("/")
    if folders[: len(prefix)] == prefix:
        base, rest = feeds_url, folders[len(prefix) :]
    elif mount[-len(prefix) :] == prefix:  # the whole bucket, or a part of it, is below the host
        base, rest = feeds_url.rstrip("/").rsplit("/", len(prefix))[0] + "/", folders
    else:
        return None
    return base + "".join(f"{quote(folder)}/" for folder in rest)


def _parts(url: str) -> Iterator[str]:
    kind, _, path = url.rstrip("/").partition("://")
    yield kind
    yield from path.split("/")


def _first_bytes(http: urllib3.PoolManager, url: str) -> bytes:
    """The first bytes of a good answer; empty if it is none."""
    answer = http.request(
        "GET",
        url,
        headers={
            "User-Agent": USER_AGENT,
            "Range": f"bytes=0-{_FIRST_BYTES - 1}",
            "Accept-Encoding": "identity",
        },
        timeout=_TIMEOUT,
        retries=urllib3.Retry(0, redirect=3, raise_on_redirect=False),
        preload_content=False,
    )
    try:
        return answer.read(_FIRST_BYTES) if answer.status in (200, 206) else b""
    finally:
        answer.close()
