"""`config/*.yaml` and the environment -> one frozen, checked `Site`."""

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from feeds.config import definitions, feeds_yaml, validation
from feeds.config.feed_settings import Picture, Provider, Topic
from feeds.config.settings import LANGUAGE, PLACEHOLDER, SiteSettings
from feeds.config.site import Site
from feeds.config.source import ConfigSource, decode, override, read
from feeds.config.validation import EMAIL, TAG_URI
from feeds.errors import ConfigError
from feeds.util import media_types, urls
from feeds.util.text import slug


def load(root: Path, environ: Mapping[str, str], *, away: bool = False) -> Site:
    """The site described by the config folder `root`, with `FEEDS_*` variables on top.

    With `away` there need be no article folder. Raises `ConfigError`, which names file, line and
    key, for the first mistake found.
    """
    source = read(root / "site.yaml")
    if not isinstance(source.data, dict):
        raise ConfigError(source.file, "", "is not a mapping of settings; write 'key: value' lines")
    source = override(source, environ, SiteSettings)
    site = _checked(source, decode(source, source.data, SiteSettings), root, away)
    assets = site.assets_url or site.url
    topics = _topics(root, assets)
    topic_ids = {slug(name): topic.key for topic in topics for name in _topic_names(topic)}
    feeds, moves, retired = feeds_yaml.load_feeds(root, topic_ids)
    made = Site(
        settings=site,
        root=root,
        topics={topic.key: topic for topic in topics},
        topic_ids=topic_ids,
        providers=_providers(root, assets),
        feeds=feeds,
        moves=moves,
        retired=retired,
    )
    definitions.check(made)
    return made


def _checked(source: ConfigSource, site: SiteSettings, root: Path, away: bool) -> SiteSettings:
    """The settings with URLs made canonical, checked beyond their types."""
    if not TAG_URI.fullmatch(site.id) and not _is_uuid(site.id):
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
    if site.link == "permalink" and not site.permalink:
        raise source.error(("link",), "'permalink' needs the setting permalink, a URL pattern")
    _check_permalink(source, site)
    if not (folder := root / site.articles.folder).is_dir() and not away:
        raise source.error(("articles", "folder"), f"{str(folder)!r} is not a folder")
    _check_author(source, site)
    _check_media_types(source, site)
    _check_http(source, site)
    validation.check_destination(source, site)
    feeds_yaml.interval_seconds(source, ("ping_delay",), site.ping_delay, "0s", "10m")
    made: dict[str, Any] = {"url": _base(source, "url", site.url), "hub": _hub(source, site.hub)}
    for key in ("feeds_url", "assets_url"):
        if value := getattr(site, key):
            made[key] = _base(source, key, value)
    for key in ("icon", "logo"):
        if value := getattr(site, key):
            made[key] = _url(source, (key,), value)
    articles = msgspec.structs.replace(site.articles, scan_every=_scan_every(source, site))
    return msgspec.structs.replace(site, articles=articles, **made)


def _scan_every(source: ConfigSource, site: SiteSettings) -> int | None:
    """How often all files are looked at, in seconds; None if it is not said."""
    value = site.articles.scan_every
    if value is None:
        return None
    return feeds_yaml.interval_seconds(source, ("articles", "scan_every"), value, "1s", "1d")


def _check_author(source: ConfigSource, site: SiteSettings) -> None:
    if site.author and site.author.url:
        _url(source, ("author", "url"), site.author.url)
    email = site.author and site.author.email
    if email and not EMAIL.fullmatch(email):
        raise source.error(("author", "email"), f"{email!r} is not an e-mail address")


def _hub(source: ConfigSource, hub: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
    """The hub or hubs with their URLs made canonical."""
    if hub is None or isinstance(hub, str):
        return _url(source, ("hub",), hub) if hub else None
    made = tuple(_url(source, ("hub", index), url) for index, url in enumerate(hub))
    for index, url in enumerate(made):
        if url in made[:index]:
            raise source.error(("hub", index), f"{url!r} stands there twice; remove one")
    return made


def _check_media_types(source: ConfigSource, site: SiteSettings) -> None:
    for extension, value in site.media_types.items():
        at = ("media_types", extension)
        if not re.fullmatch(r"[a-z0-9]+", extension):
            said = f"{extension!r} is not a file extension; write it small and without a dot"
            raise source.error(at, said)
        if not media_types.MEDIA_TYPE.fullmatch(value):
            raise source.error(at, f"{value!r} is not a media type such as audio/mpeg")


def _check_http(source: ConfigSource, site: SiteSettings) -> None:
    if site.http.hsts is not None:
        feeds_yaml.interval_seconds(source, ("http", "hsts"), site.http.hsts, "0s", "3650d")


def _check_permalink(source: ConfigSource, site: SiteSettings) -> None:
    for name in PLACEHOLDER.findall(site.permalink or ""):
        if name not in ("path", "name", "category", "year", "month", "day"):
            known = f"{{{name}}} is not known; see docs/reference/settings.md"
            raise source.error(("permalink",), known)
    if site.permalink:
        _url(source, ("permalink",), PLACEHOLDER.sub("x", site.permalink))


def _base(source: ConfigSource, key: str, value: str) -> str:
    """A URL below which others lie, ending in `/`."""
    url = _url(source, (key,), value)
    if "?" in url or "#" in url:
        said = f"{value!r} has a query or a fragment; nothing can lie below it"
        raise source.error((key,), said)
    return url.rstrip("/") + "/"


def _url(
    source: ConfigSource, at: tuple[str | int, ...], value: str, base: str | None = None
) -> str:
    """An absolute URL; with `base`, also a path that begins with `/`."""
    try:
        return urls.in_site(value, base) if base else urls.absolute(value)
    except urls.BadURLError as error:
        raise source.error(at, str(error)) from None


def _check_pictures(
    source: ConfigSource,
    at: tuple[str | int, ...],
    pictures: tuple[Picture, ...],
    base: str,
) -> None:
    for index, picture in enumerate(pictures):
        _url(source, (*at, "images", index, "url"), picture.url, base)


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value.removeprefix("urn:uuid:"))
    except ValueError:
        return False
    return True


def _listed(root: Path, name: str) -> list[tuple[ConfigSource, Any, tuple[int, ...]]]:
    """Every mapping of `NAME.yaml` (a list) and of the files in the folder `NAME/`."""
    found: list[tuple[ConfigSource, Any, tuple[int, ...]]] = []
    if (root / f"{name}.yaml").exists():
        source = read(root / f"{name}.yaml")
        if not isinstance(source.data or [], list):
            raise ConfigError(source.file, "", f"is not a list of {name}")
        found += [(source, each, (index,)) for index, each in enumerate(source.data or [])]
    for file in sorted((root / name).glob("*")):
        if file.suffix in (".yaml", ".yml", ".md") and not file.name.startswith("."):
            source = read(file)
            found.append((source, source.data, ()))
    return found


def _topic_names(topic: Topic) -> tuple[str, ...]:
    return tuple(name for name in (topic.id, topic.name, topic.shortname) if name)


def _topics(root: Path, assets: str) -> tuple[Topic, ...]:
    topics: list[Topic] = []
    seen: dict[str, str] = {}
    for source, data, at in _listed(root, "topics"):
        topic = decode(source, data, Topic, at)
        _check_pictures(source, at, topic.images, assets)
        for name in {slug(name) for name in _topic_names(topic)}:
            if name in seen:
                raise source.error((*at, "name"), f"{name!r} is a topic of {seen[name]} already")
            seen[name] = source.file
        topics.append(topic)
    return tuple(topics)


def _providers(root: Path, assets: str) -> dict[str, Provider]:
    """The providers by folded name; where several share a domain, it means the first."""
    providers: dict[str, Provider] = {}
    domains: dict[str, Provider] = {}
    for source, data, at in _listed(root, "providers"):
        said = decode(source, data, Provider, at)
        _check_pictures(source, at, said.images, assets)
        links = {
            key: _url(source, (*at, key), value)
            for key in ("url", "feed")
            if (value := getattr(said, key))
        }
        provider = msgspec.structs.replace(said, **links)
        for name in {name.casefold() for name in (provider.name, *provider.other_names)}:
            if name in providers:
                raise source.error((*at, "name"), f"{name!r} is the name of a provider already")
            providers[name] = provider
        domains.setdefault((provider.domain or provider.name).casefold(), provider)
    return {**domains, **providers}
