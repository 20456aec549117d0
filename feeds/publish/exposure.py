"""Checks, through public URLs, that readers cannot download the memory kept with a site."""

import secrets
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import msgspec
import urllib3

from feeds.config.site import Site
from feeds.errors import StoreError
from feeds.publish.catalogue_copy import is_catalogue_copy
from feeds.publish.destination import RECORD, LockedDestination

_TIMEOUT = urllib3.Timeout(connect=5, read=10)
# Enough bytes of a response to recognise the record or a copy of a catalogue.
_SAMPLE_BYTES = 65_536


def check(site: Site, destination: LockedDestination) -> str | None:
    """Check, before a copy is written, that a reader could not download the memory.

    A probe is written next to the copies, requested without credentials, and deleted.
    Returns a warning if there was no response, else None. Raises `StoreError` if it is readable.
    """
    store_url = destination.destination.url
    base = public_url(site.feeds_url, store_url, destination.state.url)
    if site.settings.upload is None or base is None:
        return None
    token = secrets.token_hex(16)
    probe = f"catalogue-probe-{token[:8]}"
    destination.state.put(probe, token.encode())
    try:
        with urllib3.PoolManager() as http:
            for name in (probe, *_stored_names(destination)):
                url = f"{base}{quote(name)}"
                try:
                    sample = _read_sample(http, url)
                except urllib3.exceptions.HTTPError as error:
                    return f"Could not check whether anyone can read {url}: {error}"
                if _is_private(sample, destination, token):
                    raise StoreError(
                        f"anyone can read {url.removesuffix(probe)}, the location of the memory, "
                        "which contains articles that are not yet published or were withdrawn. "
                        "Nothing that readers see was changed. Set upload.state to a private "
                        f"bucket; a memory in {store_url}/.feeds-state is then moved there. Or "
                        "deny access to that folder to everyone but the publisher. Then purge it "
                        "from your CDN's cache"
                    )
    finally:
        destination.state.delete(probe)
    return None


def _stored_names(destination: LockedDestination) -> tuple[str, ...]:
    """Return the names of the objects of the memory that an earlier publish wrote."""
    copy = destination.record.catalogue
    return () if copy is None or copy.sealed else (RECORD, copy.key)


def _is_private(sample: bytes, destination: LockedDestination, token: str) -> bool:
    # Some hosts answer 200 to any request, so the content decides.
    record_start = msgspec.json.encode({"site": destination.record.site})[:-1]
    return sample == token.encode() or sample.startswith(record_start) or is_catalogue_copy(sample)


def public_url(feeds_url: str, url: str, state_url: str) -> str | None:
    """Return the public URL, ending in `/`, of the objects below `state_url` in the store.

    `feeds_url` is the public URL of the location `url` in the store. Returns None if it does not
    determine the public URL of `state_url`.
    """
    kind, bucket, *prefix = _parts(url)
    state_kind, state_bucket, *folders = _parts(state_url)
    if (kind, bucket) != (state_kind, state_bucket):
        return None
    mount = unquote(urlsplit(feeds_url).path).strip("/").split("/")
    if folders[: len(prefix)] == prefix:
        base, rest = feeds_url, folders[len(prefix) :]
    elif mount[-len(prefix) :] == prefix:  # the host serves the bucket, or a folder above the feeds
        base, rest = feeds_url.rstrip("/").rsplit("/", len(prefix))[0] + "/", folders
    else:
        return None
    return base + "".join(f"{quote(folder)}/" for folder in rest)


def _parts(url: str) -> Iterator[str]:
    kind, _, path = url.rstrip("/").partition("://")
    yield kind
    yield from path.split("/")


def _read_sample(http: urllib3.PoolManager, url: str) -> bytes:
    """Return the first bytes of a successful response; empty for any other status."""
    response = http.request(
        "GET",
        url,
        headers={
            "User-Agent": "feed-publisher",
            "Range": f"bytes=0-{_SAMPLE_BYTES - 1}",
            "Accept-Encoding": "identity",
        },
        timeout=_TIMEOUT,
        retries=urllib3.Retry(0, redirect=3, raise_on_redirect=False),
        preload_content=False,
    )
    try:
        return response.read(_SAMPLE_BYTES) if response.status in (200, 206) else b""
    finally:
        response.close()
