"""Checks of site.yaml beyond the types of its values."""

import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import msgspec

from feeds.config.settings import (
    LANGUAGE,
    PurgeSettings,
    SiteSettings,
    UploadSettings,
    split_by_server,
)
from feeds.config.site import PRIVATE
from feeds.config.source import ConfigSource
from feeds.presets import permalink, registry
from feeds.presets.vocabulary import FIELD_NAMES
from feeds.util import media_types

# RFC 4151: an authority (a host name or an email address), a date, and a specific part.
_TAG_URI = re.compile(
    r"tag:(?P<authority>[a-z0-9.-]+|[A-Za-z0-9._-]+@[a-z0-9.-]+)"
    r",(?P<date>\d{4}(?:-\d{2}(?:-\d{2})?)?):[A-Za-z0-9._~!$&'()*+,;=@/?:-]*"
)
_EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+")
_STORE = re.compile(r"(?:s3|gs|az)://[A-Za-z0-9][\w.-]*(?:/[^\s?#]*)?")


def validate_site(
    source: ConfigSource, site: SiteSettings, root: Path, *, away: bool
) -> SiteSettings:
    """Return the settings with canonical URLs. Raises `ConfigError` for the first mistake.

    With `away`, the article folder need not exist below `root`.
    """
    _check_identity(source, site)
    _check_links(source, site)
    _check_preset(source, site)
    if not (folder := root / site.articles.folder).is_dir() and not away:
        raise source.error(("articles", "folder"), f"{str(folder)!r} is not a folder")
    _check_author(source, site)
    _check_media_types(source, site)
    if site.http.hsts is not None:
        source.interval(("http", "hsts"), site.http.hsts, ("0s", "3650d"))
    _check_destination(source, site)
    source.interval(("ping_delay",), site.ping_delay, ("0s", "10m"))
    scan_every = site.articles.scan_every
    if scan_every is not None:
        scan_every = source.interval(("articles", "scan_every"), scan_every, ("1s", "1d"))
    articles = msgspec.structs.replace(site.articles, scan_every=scan_every)
    return msgspec.structs.replace(site, articles=articles, **_canonical_urls(source, site))


def _check_identity(source: ConfigSource, site: SiteSettings) -> None:
    if not _TAG_URI.fullmatch(site.id) and not _is_uuid(site.id):
        raise source.error(
            ("id",), f"{site.id!r} is neither a tag URI such as tag:example.org,2026: nor a UUID"
        )
    if not LANGUAGE.fullmatch(site.language):
        raise source.error(("language",), f"{site.language!r} is not a language tag such as en-GB")
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):
        raise source.error(
            ("timezone",), f"{site.timezone!r} is not a time zone such as Europe/Vienna"
        ) from None


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value.removeprefix("urn:uuid:"))
    except ValueError:
        return False
    return True


def _check_links(source: ConfigSource, site: SiteSettings) -> None:
    if site.link == "permalink" and not site.permalink:
        raise source.error(("link",), "'permalink' needs the setting permalink, a URL pattern")
    patterns: dict[tuple[str, ...], str] = (
        {("permalink",): site.permalink}
        if isinstance(site.permalink, str)
        else {("permalink", folder): value for folder, value in (site.permalink or {}).items()}
    )
    for at, pattern in patterns.items():
        if mistake := permalink.mistake(pattern):
            raise source.error(at, f"{pattern!r}: {mistake}")
        plain = permalink.PLACEHOLDER.sub("x", pattern)
        if not plain.startswith("/") or site.articles.preset is None:
            source.url(at, plain)


def _check_preset(source: ConfigSource, site: SiteSettings) -> None:
    articles = site.articles
    for name in articles.fields:
        if name not in FIELD_NAMES:
            known = ", ".join(sorted(FIELD_NAMES))
            raise source.error(("articles", "fields", name), f"is not known; use {known}")
    preset = registry.preset_class(articles.preset)
    rules = preset.rules
    for name, value in articles.rules.items():
        at = ("articles", "rules", name)
        if name not in rules:
            known = ", ".join(sorted(rules)) or "none"
            raise source.error(at, f"is not a rule of this preset; it has {known}")
        if type(value) is not type(rules[name]):
            raise source.error(at, f"{value!r} is not like {rules[name]!r}, the default")
        if mistake := preset.rule_mistake(name, value):
            raise source.error(at, mistake)


def _check_author(source: ConfigSource, site: SiteSettings) -> None:
    if site.author and site.author.url:
        source.url(("author", "url"), site.author.url)
    email = site.author and site.author.email
    if email and not _EMAIL.fullmatch(email):
        raise source.error(("author", "email"), f"{email!r} is not an email address")


def _check_media_types(source: ConfigSource, site: SiteSettings) -> None:
    for extension, value in site.media_types.items():
        at = ("media_types", extension)
        if not re.fullmatch(r"[a-z0-9]+", extension):
            message = f"{extension!r} is not a file extension in lower case and without a dot"
            raise source.error(at, message)
        if not media_types.MEDIA_TYPE.fullmatch(value):
            raise source.error(at, f"{value!r} is not a media type such as audio/mpeg")


def _canonical_urls(source: ConfigSource, site: SiteSettings) -> dict[str, Any]:
    """The settings that are URLs, in canonical form."""
    canonical: dict[str, Any] = {
        "url": _base_url(source, "url", site.url),
        "hub": _hubs(source, site.hub),
    }
    for key in ("feeds_url", "assets_url"):
        if value := getattr(site, key):
            canonical[key] = _base_url(source, key, value)
    for key in ("icon", "logo"):
        if value := getattr(site, key):
            canonical[key] = source.url((key,), value)
    return canonical


def _base_url(source: ConfigSource, key: str, value: str) -> str:
    """A URL that other URLs extend; ends in `/`."""
    url = source.url((key,), value)
    if "?" in url or "#" in url:
        message = f"{value!r} has a query or a fragment, so no URL can lie below it"
        raise source.error((key,), message)
    return url.rstrip("/") + "/"


def _hubs(source: ConfigSource, hub: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
    if hub is None or isinstance(hub, str):
        return source.url(("hub",), hub) if hub else None
    canonical = tuple(source.url(("hub", index), url) for index, url in enumerate(hub))
    for index, url in enumerate(canonical):
        if url in canonical[:index]:
            raise source.error(("hub", index), f"{url!r} is listed twice; remove one")
    return canonical


def _check_destination(source: ConfigSource, site: SiteSettings) -> None:
    if site.upload:
        _check_upload(source, site.upload)
    for index, purge in enumerate(site.purge):
        _check_purge(source, site, index, purge)
    _check_distinct_caches(source, site)


def _check_upload(source: ConfigSource, upload: UploadSettings) -> None:
    for key in ("url", "state"):
        if value := getattr(upload, key):
            _check_store_url(source, key, value)
    if upload.state:
        _check_state(source, upload.url.rstrip("/"), upload.state.rstrip("/"))
    if upload.endpoint:
        source.url(("upload", "endpoint"), upload.endpoint)
        if upload.url.startswith("gs:"):
            raise source.error(("upload", "endpoint"), "is for s3:// and az:// only; remove it")
    if upload.region and not upload.url.startswith("s3:"):
        raise source.error(("upload", "region"), "is for s3:// only; remove it")


def _check_store_url(source: ConfigSource, key: str, value: str) -> None:
    if not _STORE.fullmatch(value):
        message = (
            f"{value!r} is not a URL such as s3://bucket/prefix, gs://bucket or az://container"
        )
        raise source.error(("upload", key), message)
    # Stores keep such names as they are, but HTTP clients and proxies normalise them.
    if {"", ".", ".."}.intersection(unquote(value).rstrip("/").split("/")[2:]):
        message = f"{value!r} has an empty, '.' or '..' segment; write the path without it"
        raise source.error(("upload", key), message)


def _check_state(source: ConfigSource, url: str, state: str) -> None:
    if state[:3] != url[:3]:
        raise source.error(("upload", "state"), "must be in the same kind of store as upload.url")
    if f"{url}/".startswith(f"{state}/"):
        message = "contains the feeds (upload.url); use a separate location, or remove this setting"
        raise source.error(("upload", "state"), message)
    if state.startswith(f"{url}/") and not state.startswith(f"{url}/{PRIVATE}"):
        message = (
            f"lies among the public feeds, but is private; use a location outside of {url} or, if "
            f"your host does not serve it, {url}/.feeds-state"
        )
        raise source.error(("upload", "state"), message)


def _check_purge(
    source: ConfigSource, site: SiteSettings, index: int, purge: PurgeSettings
) -> None:
    if purge.by == "tag" and (reason := _why_not_by_tag(site, purge)):
        raise source.error(("purge", index, "by"), reason)
    if not purge.zone and _needs_zone(purge):
        message = f"is missing; {purge.via} needs the id of its zone, service or distribution"
        raise source.error(("purge", index, "zone"), message)
    for key, via in (("servers", "http"), ("soft", "fastly")):
        if getattr(purge, key) and purge.via != via:
            raise source.error(("purge", index, key), f"is for {via} only; remove it")
    if purge.zone and purge.via == "http":
        message = "is not for http, which sends requests to its servers; remove it"
        raise source.error(("purge", index, "zone"), message)
    for number, server in enumerate(purge.servers):
        source.url(("purge", index, "servers", number), server)


def _why_not_by_tag(site: SiteSettings, purge: PurgeSettings) -> str | None:
    """The reason why this cache cannot be purged by tag; None if it can."""
    if not site.http.cache_tags:
        return "'tag' needs the setting http.cache_tags"
    if purge.via == "cloudfront":
        return "'tag' is not supported by cloudfront; write 'url'"
    if site.upload and site.upload.url.startswith("az:"):
        return "'tag' needs responses with tags, and Azure stores none; write 'url'"
    return None


def _needs_zone(purge: PurgeSettings) -> bool:
    return purge.via in ("cloudflare", "cloudfront") or (
        purge.via in ("fastly", "bunny") and purge.by == "tag"
    )


def _check_distinct_caches(source: ConfigSource, site: SiteSettings) -> None:
    """Reject a cache that is listed twice, because purges are recorded by its name."""
    first: dict[str, int] = {}
    for index, purge in enumerate(site.purge):
        for cache in split_by_server([purge]):
            if cache.name in first:
                message = f"{cache.name!r} is already purge[{first[cache.name]}]; remove one"
                raise source.error(("purge", index), message)
            first[cache.name] = index
