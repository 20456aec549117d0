"""`config/*.yaml` and the environment -> one frozen, checked `Site`."""

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from feeds import settings, urls
from feeds.errors import ConfigError
from feeds.selection import TERM_FIELDS, TermField, duration
from feeds.selection import parse as parse_selection
from feeds.site import (
    LANGUAGE,
    PLACEHOLDER,
    FeedDefaults,
    FeedFile,
    FeedSettings,
    FeedSpec,
    Provider,
    Site,
    SiteSettings,
    Topic,
)
from feeds.text import slug
from feeds.yamltext import YAMLTextError
from feeds.yamltext import parse as parse_yaml

TAG_URI = re.compile(
    r"tag:(?P<authority>[a-z0-9.-]+|[A-Za-z0-9._-]+@[a-z0-9.-]+)"
    r",(?P<date>\d{4}(?:-\d{2}(?:-\d{2})?)?):[A-Za-z0-9._~!$&'()*+,;=@/?:-]*"
)
FEED_PATH = re.compile(r"[\w{}~-][\w.{}~-]*(/[\w{}~-][\w.{}~-]*)*")
RESERVED = frozenset({"healthz", "readyz", "index", "feeds"})


def load(root: Path, environ: Mapping[str, str]) -> Site:
    """The site described by the config folder `root`, with `FEEDS_*` variables on top.

    Raises `ConfigError`, which names file, line and key, for the first mistake found.
    """
    source = settings.read(root / "site.yaml")
    if not isinstance(source.data, dict):
        raise ConfigError(source.file, "", "is not a mapping of settings; write 'key: value' lines")
    source = _overridden(source, environ)
    site = _checked(source, settings.decode(source, source.data, SiteSettings), root)
    topics = _topics(root)
    topic_ids = {slug(name): topic.key for topic in topics for name in _topic_names(topic)}
    return Site(
        settings=site,
        root=root,
        topics={topic.key: topic for topic in topics},
        topic_ids=topic_ids,
        providers=_providers(root),
        feeds=_feeds(root, topic_ids),
    )


def _overridden(source: settings.Source, environ: Mapping[str, str]) -> settings.Source:
    """The settings with `FEEDS_TITLE`, `FEEDS_ARTICLES__FOLDER` and the like put over them."""
    data = dict(source.data)
    known_complaint = _complaint(data)
    for name, text in sorted(environ.items()):
        if not name.startswith("FEEDS_") or name == "FEEDS_CONFIG":
            continue
        if name.startswith(("FEEDS_PORT", "FEEDS_SERVICE_")):
            continue  # Kubernetes sets these for a service that is called feeds
        keys = name.removeprefix("FEEDS_").lower().split("__")
        if keys[0] not in SiteSettings.__struct_fields__:
            raise ConfigError(name, "", f"{text!r}: there is no setting {keys[0]}; unset it")
        try:
            _put(data, keys, text, name)
        except YAMLTextError as error:
            raise ConfigError(name, "", f"{text!r} {error}") from None
        complaint = _complaint(data)
        if complaint and complaint != known_complaint:
            raise ConfigError(name, ".".join(keys), f"{text!r}: {complaint}")
        known_complaint = complaint
    return settings.Source(source.file, source.text, data)


def _complaint(data: dict[str, Any]) -> str | None:
    try:
        msgspec.convert(data, SiteSettings)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _put(data: dict[str, Any], keys: list[str], text: str, name: str) -> None:
    for key in keys[:-1]:
        below = data.get(key) or {}
        if not isinstance(below, dict):
            raise ConfigError(name, key, "has no settings below it")
        data[key] = dict(below)
        data = data[key]
    value = parse_yaml(text)
    data[keys[-1]] = value if isinstance(value, bool | int | list | dict) else text


def _checked(source: settings.Source, site: SiteSettings, root: Path) -> SiteSettings:
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
    _check_folder(source, site, root)
    made: dict[str, str | None] = {}
    for key in ("url", "feeds_url", "assets_url"):
        if value := getattr(site, key):
            made[key] = _url(source, key, value).rstrip("/") + "/"
    for key in ("icon", "logo", "hub"):
        if value := getattr(site, key):
            made[key] = _url(source, key, value)
    return msgspec.structs.replace(site, **made)


def _check_permalink(source: settings.Source, site: SiteSettings) -> None:
    for name in PLACEHOLDER.findall(site.permalink or ""):
        if name not in ("path", "name", "category", "year", "month", "day"):
            raise source.error(("permalink",), f"{{{name}}} is not known; see docs/settings.md")
    if site.permalink:
        _url(source, "permalink", PLACEHOLDER.sub("x", site.permalink))


def _check_folder(source: settings.Source, site: SiteSettings, root: Path) -> None:
    folder = root / site.articles.folder
    if not folder.is_dir():
        raise source.error(("articles", "folder"), f"{str(folder)!r} is not a folder")


def _url(source: settings.Source, key: str, value: str) -> str:
    try:
        return urls.absolute(value)
    except urls.BadURLError as error:
        raise source.error((key,), str(error)) from None


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value.removeprefix("urn:uuid:"))
    except ValueError:
        return False
    return True


def _listed(root: Path, name: str) -> list[tuple[settings.Source, Any, tuple[int, ...]]]:
    """Every mapping of `NAME.yaml` (a list) and of the files in the folder `NAME/`."""
    found: list[tuple[settings.Source, Any, tuple[int, ...]]] = []
    if (root / f"{name}.yaml").exists():
        source = settings.read(root / f"{name}.yaml")
        if not isinstance(source.data or [], list):
            raise ConfigError(source.file, "", f"is not a list of {name}")
        found += [(source, each, (index,)) for index, each in enumerate(source.data or [])]
    for file in sorted((root / name).glob("*")):
        if file.suffix in (".yaml", ".yml", ".md"):
            source = settings.read(file)
            found.append((source, source.data, ()))
    return found


def _topic_names(topic: Topic) -> tuple[str, ...]:
    return tuple(name for name in (topic.id, topic.name, topic.shortname) if name)


def _topics(root: Path) -> tuple[Topic, ...]:
    topics: list[Topic] = []
    seen: dict[str, str] = {}
    for source, data, at in _listed(root, "topics"):
        topic = settings.decode(source, data, Topic, at)
        for name in {slug(name) for name in _topic_names(topic)}:
            if name in seen:
                raise source.error((*at, "name"), f"{name!r} is a topic of {seen[name]} already")
            seen[name] = source.file
        topics.append(topic)
    return tuple(topics)


def _providers(root: Path) -> dict[str, Provider]:
    providers: dict[str, Provider] = {}
    for source, data, at in _listed(root, "providers"):
        provider = settings.decode(source, data, Provider, at)
        for key in ("url", "feed"):
            if value := getattr(provider, key):
                try:
                    urls.absolute(value)
                except urls.BadURLError as error:
                    raise source.error((*at, key), str(error)) from None
        for name in (provider.name, *provider.other_names, provider.domain or provider.name):
            providers.setdefault(name.casefold(), provider)
    return providers


def _feeds(root: Path, topic_ids: Mapping[str, str]) -> tuple[FeedSpec, ...]:
    source = settings.read(root / "feeds.yaml")
    file = settings.decode(source, source.data, FeedFile)
    specs = tuple(
        _feed(source, index, feed, file.defaults, topic_ids)
        for index, feed in enumerate(file.feeds)
    )
    taken: dict[str, int] = {}
    for index, spec in enumerate(specs):
        if spec.path in taken:
            raise source.error(
                ("feeds", index, "path"),
                f"{spec.path!r} is the path of feeds[{taken[spec.path]}] already",
            )
        taken[spec.path] = index
    return specs


def _feed(
    source: settings.Source,
    index: int,
    feed: FeedSettings,
    defaults: FeedDefaults,
    topic_ids: Mapping[str, str],
) -> FeedSpec:
    at = ("feeds", index)
    each = _each(source, at, feed)
    _check_patterns(source, at, feed, each)
    try:
        selection = parse_selection(feed.select, topic_ids)
    except ValueError as error:
        key, _, message = str(error).partition(": ")
        raise source.error((*at, *key.split(".")), message) from None
    named = " – ".join(("{site}", *(f"{{{field}}}" for field in each)))
    return FeedSpec(
        path=feed.path,
        title=named if feed.title is None else feed.title,
        description=feed.description,
        each=each,
        selection=selection,
        order=feed.order or defaults.order,
        size=feed.size or defaults.size,
        max_age=_max_age(source, at, defaults.max_age if feed.max_age is None else feed.max_age),
        where=f"{source.file}: feeds[{index}]",
    )


def _each(
    source: settings.Source, at: tuple[str | int, ...], feed: FeedSettings
) -> tuple[TermField, ...]:
    listed = (feed.each,) if isinstance(feed.each, str) else feed.each
    known = tuple(field for field in TERM_FIELDS if field in listed)
    for field in listed:
        if field not in known or listed.count(field) > 1:
            names = ", ".join(TERM_FIELDS)
            raise source.error((*at, "each"), f"{field!r} is not one of {names}, once")
    return tuple(sorted(known, key=listed.index))


def _check_patterns(
    source: settings.Source,
    at: tuple[str | int, ...],
    feed: FeedSettings,
    each: tuple[TermField, ...],
) -> None:
    if not FEED_PATH.fullmatch(feed.path) or feed.path in RESERVED:
        raise source.error(
            (*at, "path"), f"{feed.path!r} cannot be a feed's path; write for example news/all"
        )
    patterns = {"path": feed.path, "title": feed.title, "description": feed.description}
    for key, value in patterns.items():
        for name in PLACEHOLDER.findall(value or ""):
            if name not in each and (name != "site" or key == "path"):
                said = f"{value!r}: {{{name}}} is not among this feed's 'each'"
                raise source.error((*at, key), said)
    for field in each:
        if f"{{{field}}}" not in feed.path:
            said = f"{feed.path!r} must hold {{{field}}}, or its feeds would clash"
            raise source.error((*at, "path"), said)


def _max_age(source: settings.Source, at: tuple[str | int, ...], value: int | str) -> int:
    try:
        seconds = duration(value)
    except ValueError as error:
        raise source.error((*at, "max_age"), str(error)) from None
    if not 60 <= seconds <= 18_000:
        said = f"{value!r} is not between 1m and 5h, which is what readers honour"
        raise source.error((*at, "max_age"), said)
    return seconds
