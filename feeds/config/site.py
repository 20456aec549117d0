"""One publication: its checked settings, and values derived from them. No I/O."""

import uuid
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from feeds.config.feed_settings import Provider, Topic
from feeds.config.settings import GuardSettings, SiteSettings
from feeds.model.document import Caching
from feeds.model.entry import Entry
from feeds.model.selection import Facts, Selection, TermField
from feeds.presets import registry
from feeds.presets.preset import Preset
from feeds.presets.reading import Options
from feeds.util.dates import interval
from feeds.util.folder_names import folder_names
from feeds.util.text import slug

# Prefix of files meant for the operator; hosts must not serve them.
PRIVATE = ".feeds-"
# The guard never stops a run that removes this many entries or documents, or fewer.
_ALWAYS_REMOVABLE = 20


class FeedSpec(msgspec.Struct, frozen=True):
    """A feed or family with all defaults resolved.

    A family has feeds for terms of at least `least` entries. `where` is its file and key.
    """

    path: str
    title: str
    description: str | None
    each: tuple[TermField, ...]
    least: int
    selection: Selection
    order: Literal["date", "heat"]
    size: int
    caching: Caching
    history: int
    where: str


class Redirect(msgspec.Struct, frozen=True):
    """The new location of an old path, or the fact that it is gone.

    `source` is a path below `feeds_url`, without outer slashes. A placeholder in it stands for a
    segment or a part of one. `target` is the path of a document, or a URL, with the same
    placeholders; None if the path is gone. `status` is the HTTP status to answer with.
    """

    source: str
    target: str | None
    status: int


class Site(msgspec.Struct, frozen=True, dict=True):
    """The checked settings of one publication.

    `root` is the config folder. `topics` are by key, `topic_ids` are the keys by the slugs of all
    names, `providers` are by folded name. `retired` are the folded paths of feeds that feeds.yaml
    redirects or lists as gone.
    """

    settings: SiteSettings
    root: Path
    topics: dict[str, Topic]
    topic_ids: dict[str, str]
    providers: dict[str, Provider]
    feeds: tuple[FeedSpec, ...]
    redirects: tuple[Redirect, ...] = msgspec.field(name="moves", default=())
    retired: frozenset[str] = frozenset()
    people: dict[str, dict[str, Any]] = {}

    @cached_property
    def preset(self) -> Preset:
        """The rules by which the articles are read."""
        settings, articles = self.settings, self.settings.articles
        pattern = settings.permalink
        return registry.make(
            articles.preset,
            Options(
                url=settings.url,
                zone=self.zone,
                language=settings.language,
                permalink={"*": pattern} if isinstance(pattern, str) else pattern or {},
                permalink_zone=settings.permalink_zone,
                fields={
                    ours: (names,) if isinstance(names, str) else names
                    for ours, names in articles.fields.items()
                },
                defaults={
                    folder: defaults.values
                    for folder, defaults in articles.defaults.items()
                    if defaults.values
                },
                people=self.people,
                rules=articles.rules,
                ids=settings.ids,
                names=folder_names(self.folder),
            ),
        )

    @cached_property
    def extensions(self) -> tuple[str, ...]:
        """The extensions of article files."""
        return self.settings.articles.extensions or self.preset.extensions

    @cached_property
    def folder(self) -> Path:
        """The article folder."""
        return self.root / self.settings.articles.folder

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of dates without one."""
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def feeds_url(self) -> str:
        """The URL below which the feeds are served; ends in `/`."""
        return self.settings.feeds_url or self.settings.url

    @cached_property
    def assets_url(self) -> str:
        """The base URL of paths in articles that begin with `/`; ends in `/`."""
        return self.settings.assets_url or self.settings.url

    @cached_property
    def hsts(self) -> int:
        """The seconds during which browsers must use https only; 0 to send no such header."""
        return 0 if self.settings.http.hsts is None else interval(self.settings.http.hsts)

    @cached_property
    def host(self) -> str:
        """The host of `feeds_url`, with the port unless it is the default one."""
        return urlsplit(self.feeds_url).netloc

    @cached_property
    def mount(self) -> str:
        """The path of `feeds_url`, decoded; begins and ends in `/`."""
        return unquote(urlsplit(self.feeds_url).path) or "/"

    @cached_property
    def hubs(self) -> tuple[str, ...]:
        """The URLs of all WebSub hubs, in order."""
        hub = self.settings.hub
        return (hub,) if isinstance(hub, str) else hub or ()

    @cached_property
    def ping_delay(self) -> int:
        """The seconds between a change and the notification of hubs."""
        return interval(self.settings.ping_delay)

    @cached_property
    def catalogue(self) -> str:
        """The catalogue as an SQLAlchemy URL."""
        value = self.settings.catalogue
        if "://" in value:
            return value
        from sqlalchemy import URL  # slow to import, and not needed by every command

        file = (self.root / value).absolute()
        return URL.create("sqlite", database=str(file)).render_as_string()

    def lock_file(self, name: str) -> Path:
        """A lock file on this machine: next to the catalogue file, else in the config folder."""
        from sqlalchemy import make_url

        url = make_url(self.catalogue)
        file = url.database if url.get_backend_name() == "sqlite" else None
        return Path(f"{file or self.root / 'catalogue'}-{name}.lock")

    def topic_id(self, name: str) -> str:
        """The key of the topic that an article or a setting calls `name`."""
        key = slug(name)
        return self.topic_ids.get(key, key)

    def topic_name(self, name: str) -> str:
        """The name in the site's files of the topic that an article calls `name`."""
        topic = self.topics.get(self.topic_id(name))
        return topic.name if topic else name

    def with_parents(self, key: str) -> tuple[str, ...]:
        """The key of the topic, followed by its ancestors if `inherit_topics` is set."""
        keys = [key]
        while self.settings.inherit_topics and (topic := self.topics.get(keys[-1])):
            parent = self.topic_id(topic.parent) if topic.parent else ""
            if not parent or parent in keys:
                break
            keys.append(parent)
        return tuple(keys)

    def new_id(self, path: str) -> str:
        """A new id for the article at `path`: a tag URI (RFC 4151) or a version 5 UUID."""
        base = self.settings.id
        if not base.startswith("tag:"):
            return uuid.uuid5(uuid.UUID(base.removeprefix("urn:uuid:")), path).urn
        return f"{base}{'' if base.endswith((':', '/')) else '/'}{path}"

    def facts(self, entry: Entry) -> Facts:
        """The facts that selections test: terms as slugs; topics include inherited parents."""
        topics = {key for name in entry.topics for key in self.with_parents(self.topic_id(name))}
        return Facts(
            published=entry.published,
            folder=entry.path.rpartition("/")[0],
            topics=frozenset(topics),
            category=slug(entry.category) if entry.category else None,
            type=slug(entry.type) if entry.type else None,
            provider=entry.provider.key if entry.provider else None,
            language=slug(entry.language or self.settings.language),
            quality=entry.quality,
            heat=entry.heat,
        )

    def withdrawal_limit(self, total: int) -> int:
        """How many of `total` published entries or documents the guard lets a run remove.

        This is `guard.withdrawn` percent of them, rounded down, or 20 if that is more.
        """
        return max(_ALWAYS_REMOVABLE, total * self.limits.withdrawn // 100)

    @property
    def limits(self) -> GuardSettings:
        """The limits of the guard."""
        guard = self.settings.guard
        if isinstance(guard, int):
            return GuardSettings(withdrawn=guard, lost=max(guard, GuardSettings().lost))
        return guard
