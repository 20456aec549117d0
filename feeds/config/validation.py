"""Checks of settings beyond their types."""

import re
from urllib.parse import unquote

from feeds.config.settings import (
    PurgeSettings,
    SiteSettings,
    UploadSettings,
    split_by_server,
)
from feeds.config.site import PRIVATE
from feeds.config.source import ConfigSource
from feeds.util import urls

_STORE = re.compile(r"(?:s3|gs|az)://[A-Za-z0-9][\w.-]*(?:/[^\s?#]*)?")


def check_destination(source: ConfigSource, site: SiteSettings) -> None:
    """Raise `ConfigError` for the first mistake in `upload` and `purge`."""
    if site.upload:
        _check_upload(source, site.upload)
    for index, purge in enumerate(site.purge):
        _check_purge(source, site, index, purge)
    _check_twice(source, site)


def _check_upload(source: ConfigSource, upload: UploadSettings) -> None:
    for key in ("url", "state"):
        if value := getattr(upload, key):
            _check_store(source, key, value)
    if upload.state:
        _check_state(source, upload.url.rstrip("/"), upload.state.rstrip("/"))
    if upload.endpoint:
        _check_url(source, ("upload", "endpoint"), upload.endpoint)
        if upload.url.startswith("gs:"):
            raise source.error(("upload", "endpoint"), "is for s3:// and az:// only; take it out")
    if upload.region and not upload.url.startswith("s3:"):
        raise source.error(("upload", "region"), "is for s3:// only; take it out")


def _check_store(source: ConfigSource, key: str, value: str) -> None:
    if not _STORE.fullmatch(value):
        said = f"{value!r} is not such as s3://bucket/prefix, gs://bucket or az://container"
        raise source.error(("upload", key), said)
    # Stores take such names as they are, and what stands between writes them otherwise.
    if {"", ".", ".."}.intersection(unquote(value).rstrip("/").split("/")[2:]):
        said = f"{value!r} has an empty part, or one of dots; write the place itself"
        raise source.error(("upload", key), said)


def _check_state(source: ConfigSource, url: str, state: str) -> None:
    if state[:3] != url[:3]:
        raise source.error(("upload", "state"), "is to be in the same kind of store as upload.url")
    if f"{url}/".startswith(f"{state}/"):
        said = "has the feeds in it (upload.url); name a place of its own, or take it out"
        raise source.error(("upload", "state"), said)
    if state.startswith(f"{url}/") and not state.startswith(f"{url}/{PRIVATE}"):
        said = (
            f"lies among the feeds, and is private; name a place outside of {url}, or, if nobody "
            f"else can read it, {url}/.feeds-state"
        )
        raise source.error(("upload", "state"), said)


def _check_purge(
    source: ConfigSource, site: SiteSettings, index: int, purge: PurgeSettings
) -> None:
    if purge.by == "tag" and (said := _untagged(site, purge)):
        raise source.error(("purge", index, "by"), said)
    if not purge.zone and _wants_zone(purge):
        said = f"is missing; {purge.via} needs the id of what to purge in"
        raise source.error(("purge", index, "zone"), said)
    for key, via in (("servers", "http"), ("soft", "fastly")):
        if getattr(purge, key) and purge.via != via:
            raise source.error(("purge", index, key), f"is for {via} only; take it out")
    if purge.zone and purge.via == "http":
        said = "is not for http, which is asked at its servers; take it out"
        raise source.error(("purge", index, "zone"), said)
    for number, server in enumerate(purge.servers):
        _check_url(source, ("purge", index, "servers", number), server)


def _untagged(site: SiteSettings, purge: PurgeSettings) -> str | None:
    """Why this cache cannot be purged by tag; None if it may be."""
    if not site.http.cache_tags:
        return "'tag' needs the setting http.cache_tags"
    if purge.via == "cloudfront":
        return "'tag' is not for cloudfront; write 'url'"
    if site.upload and site.upload.url.startswith("az:"):
        return "'tag' needs tags with the feeds, and Azure keeps none; write 'url'"
    return None


def _wants_zone(purge: PurgeSettings) -> bool:
    return purge.via in ("cloudflare", "cloudfront") or (
        purge.via in ("fastly", "bunny") and purge.by == "tag"
    )


def _check_twice(source: ConfigSource, site: SiteSettings) -> None:
    """Each cache is told once: what it has forgotten is noted by its name."""
    seen: dict[str, int] = {}
    for index, purge in enumerate(site.purge):
        for cache in split_by_server([purge]):
            if cache.name in seen:
                said = f"{cache.name!r} is purge[{seen[cache.name]}] already; remove one of the two"
                raise source.error(("purge", index), said)
            seen[cache.name] = index


def _check_url(source: ConfigSource, at: tuple[str | int, ...], value: str) -> None:
    try:
        urls.absolute(value)
    except urls.BadURLError as error:
        raise source.error(at, str(error)) from None


TAG_URI = re.compile(
    r"tag:(?P<authority>[a-z0-9.-]+|[A-Za-z0-9._-]+@[a-z0-9.-]+)"
    r",(?P<date>\d{4}(?:-\d{2}(?:-\d{2})?)?):[A-Za-z0-9._~!$&'()*+,;=@/?:-]*"
)
EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+")
