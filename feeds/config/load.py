"""Loads the config folder and the environment into one frozen, checked `Site`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from feeds.config import definitions, feeds_yaml, validation
from feeds.config.feed_settings import Picture, Provider, Topic
from feeds.config.settings import SiteSettings
from feeds.config.site import Site
from feeds.config.source import ConfigSource, Keys, decode, override, read
from feeds.errors import ConfigError
from feeds.util.text import slug

# Names of the config folder, in the order in which they are looked for.
FOLDERS = ("config", "feeds", "_feeds", "feeds-config")


def default_folder() -> Path:
    """Return the config folder below the current folder: the first that has a site.yaml."""
    paths = (Path(name) for name in FOLDERS)
    return next((path for path in paths if (path / "site.yaml").is_file()), Path(FOLDERS[0]))


def load(root: Path, environ: Mapping[str, str], *, away: bool = False) -> Site:
    """Load the site from the config folder `root`, with `FEEDS_*` variables taking precedence.

    With `away`, the article folder need not exist. Raises `ConfigError` for the first mistake
    found, with its file, line and key.
    """
    source = read(root / "site.yaml")
    if not isinstance(source.data, dict):
        raise ConfigError(source.file, "", "is not a mapping of settings; write 'key: value' lines")
    source = override(source, environ, SiteSettings)
    settings = decode(source, source.data, SiteSettings)
    settings = validation.validate_site(source, settings, root, away=away)
    assets = settings.assets_url or settings.url
    topics = _load_topics(root, assets)
    topic_ids = {slug(name): topic.key for topic in topics for name in _names_of(topic)}
    feeds, redirects, retired = feeds_yaml.load_feeds(root, topic_ids)
    site = Site(
        settings=settings,
        root=root,
        topics={topic.key: topic for topic in topics},
        topic_ids=topic_ids,
        providers=_load_providers(root, assets),
        feeds=feeds,
        redirects=redirects,
        retired=retired,
        people=_load_people(source, settings, root),
    )
    definitions.check_paths(site)
    return site


def _load_people(
    source: ConfigSource, settings: SiteSettings, root: Path
) -> dict[str, dict[str, Any]]:
    """The authors by key, from the file that `articles.authors_file` names."""
    name = settings.articles.authors_file
    if not name:
        return {}
    data = read(root / name).data
    if isinstance(data, dict) and isinstance(inner := data.get("authors"), dict):
        data = inner  # MkDocs Material
    if isinstance(data, list):
        data = {str(item.get("id") or item.get("key") or item.get("name")): item
                for item in data if isinstance(item, dict)}  # fmt: skip
    if not isinstance(data, dict):
        at = ("articles", "authors_file")
        raise source.error(at, f"{name!r} has no authors by key; write 'jane: {{name: Jane}}'")
    return {
        str(key): {"name": value} if isinstance(value, str) else value
        for key, value in data.items()
        if isinstance(value, dict | str)
    }


class _Item(NamedTuple):
    """One topic or provider as written: its file, its keys in the file, and its data."""

    source: ConfigSource
    at: Keys
    data: Any


def _items(root: Path, name: str) -> list[_Item]:
    """Every item of the list in `NAME.yaml`, and of the files in the folder `NAME/`."""
    items: list[_Item] = []
    if (root / f"{name}.yaml").exists():
        source = read(root / f"{name}.yaml")
        if not isinstance(source.data or [], list):
            raise ConfigError(source.file, "", f"is not a list of {name}")
        items += [_Item(source, (index,), data) for index, data in enumerate(source.data or [])]
    for file in sorted((root / name).glob("*")):
        if file.suffix in (".yaml", ".yml", ".md") and not file.name.startswith("."):
            source = read(file)
            items.append(_Item(source, (), source.data))
    return [item._replace(data=_with_pictures(item.data)) for item in items]


def _with_pictures(data: Any) -> Any:
    """The data of an item in which a plain URL among `images` is a mapping."""
    if not isinstance(data, Mapping) or not isinstance(images := data.get("images"), list):
        return data
    pictures = [{"url": image} if isinstance(image, str) else image for image in images]
    return {**data, "images": pictures}


def _check_pictures(item: _Item, pictures: tuple[Picture, ...], assets: str) -> None:
    for index, picture in enumerate(pictures):
        item.source.url((*item.at, "images", index, "url"), picture.url, assets)


def _names_of(topic: Topic) -> tuple[str, ...]:
    return tuple(name for name in (topic.id, topic.name, topic.shortname) if name)


def _load_topics(root: Path, assets: str) -> tuple[Topic, ...]:
    topics: list[Topic] = []
    files: dict[str, str] = {}
    for item in _items(root, "topics"):
        source, at, data = item
        topic = decode(source, data, Topic, at)
        _check_pictures(item, topic.images, assets)
        for name in {slug(name) for name in _names_of(topic)}:
            if name in files:
                raise source.error((*at, "name"), f"{name!r} is already a topic of {files[name]}")
            files[name] = source.file
        topics.append(topic)
    return tuple(topics)


def _load_providers(root: Path, assets: str) -> dict[str, Provider]:
    """The providers by folded name, and by domain; the first one gets a shared domain."""
    providers: dict[str, Provider] = {}
    domains: dict[str, Provider] = {}
    for item in _items(root, "providers"):
        source, at, data = item
        provider = decode(source, data, Provider, at)
        _check_pictures(item, provider.images, assets)
        links = {
            key: source.url((*at, key), value)
            for key in ("url", "feed")
            if (value := getattr(provider, key))
        }
        provider = msgspec.structs.replace(provider, **links)
        for name in {name.casefold() for name in (provider.name, *provider.other_names)}:
            if name in providers:
                raise source.error((*at, "name"), f"{name!r} is already the name of a provider")
            providers[name] = provider
        domains.setdefault((provider.domain or provider.name).casefold(), provider)
    return {**domains, **providers}
