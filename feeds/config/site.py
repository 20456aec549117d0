"""One publication: its settings as frozen structs, and what follows from them. No I/O."""

import uuid
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from feeds.config.feed_settings import Provider, Topic
from feeds.config.settings import SiteSettings
from feeds.model.document import Caching
from feeds.model.entry import Entry
from feeds.model.selection import Facts, Selection, TermField
from feeds.util.dates import interval
from feeds.util.text import slug

# Prefix of files meant for the operator; hosts must not serve them.
PRIVATE = ".feeds-"
# The guard never stops a run that removes this many entries or documents, or fewer.
_ALWAYS_REMOVABLE = 20


class FeedSpec(msgspec.Struct, frozen=True):
    """A feed or family with everything resolved; `where` says which file and line defined it."""

    path: str
    title: str
    description: str | None
    each: tuple[TermField, ...]
    selection: Selection
    order: Literal["date", "heat"]
    size: int
    caching: Caching
    history: int
    where: str


class Redirect(msgspec.Struct, frozen=True):
    """What is said of an old path: where its document is now, or that it is gone.

    `source` is a path below the feeds' URL, without the outer `/`, and may hold placeholders for
    one segment or a part of it; `target` a document's path or a URL, with those placeholders, or
    None where nothing will be again. `status` is that of the answer.
    """

    source: str
    target: str | None
    status: int


class Site(msgspec.Struct, frozen=True, dict=True):
    """The settings of one publication, checked together.

    `root` is the config folder; `topics` by key, `providers` by folded name; `retired` are the
    folded paths of feeds of families that feeds.yaml says are moved or gone.
    """

    settings: SiteSettings
    root: Path
    topics: dict[str, Topic]
    topic_ids: dict[str, str]
    providers: dict[str, Provider]
    feeds: tuple[FeedSpec, ...]
    moves: tuple[Redirect, ...] = ()
    retired: frozenset[str] = frozenset()

    @cached_property
    def folder(self) -> Path:
        """The article folder."""
        return self.root / self.settings.articles.folder

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which dates without one are read."""
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def feeds_url(self) -> str:
        """The URL below which the feeds are served; ends in `/`."""
        return self.settings.feeds_url or self.settings.url

    @cached_property
    def assets_url(self) -> str:
        """The URL below which `/…` references of articles lie; ends in `/`."""
        return self.settings.assets_url or self.settings.url

    @cached_property
    def hsts(self) -> int:
        """For how many seconds browsers may use nothing but https; 0 says nothing of it."""
        return 0 if self.settings.http.hsts is None else interval(self.settings.http.hsts)

    @cached_property
    def host(self) -> str:
        """The host, and port if it is not the usual one, of `feeds_url`."""
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
        """Seconds between a change and its ping."""
        return interval(self.settings.ping_delay)

    @cached_property
    def catalogue(self) -> str:
        """The catalogue as an SQLAlchemy URL."""
        value = self.settings.catalogue
        if "://" in value:
            return value
        from sqlalchemy import URL  # here, for commands that need no catalogue start sooner

        file = (self.root / value).absolute()
        return URL.create("sqlite", database=str(file)).render_as_string()

    def lock_file(self, name: str) -> Path:
        """A lock of this machine: beside the catalogue's file, else in the config folder."""
        from sqlalchemy import make_url

        url = make_url(self.catalogue)
        file = url.database if url.get_backend_name() == "sqlite" else None
        return Path(f"{file or self.root / 'catalogue'}-{name}.lock")

    def topic_id(self, name: str) -> str:
        """The slug of the topic that an article or a setting calls `name`."""
        made = slug(name)
        return self.topic_ids.get(made, made)

    def topic_name(self, name: str) -> str:
        """What the site's files call the topic that an article calls `name`."""
        topic = self.topics.get(self.topic_id(name))
        return topic.name if topic else name

    def with_parents(self, key: str) -> tuple[str, ...]:
        """The topic and, where topics inherit, all that it belongs to."""
        line = [key]
        while self.settings.inherit_topics and (topic := self.topics.get(line[-1])):
            parent = self.topic_id(topic.parent) if topic.parent else ""
            if not parent or parent in line:
                break
            line.append(parent)
        return tuple(line)

    def new_id(self, path: str) -> str:
        """A new id for what lives at `path`: below a tag: URI (RFC 4151) or a UUID namespace."""
        base = self.settings.id
        if not base.startswith("tag:"):
            return uuid.uuid5(uuid.UUID(base.removeprefix("urn:uuid:")), path).urn
        return f"{base}{'' if base.endswith((':', '/')) else '/'}{path}"

    def facts(self, entry: Entry) -> Facts:
        """The facts that selections test: terms as slugs; topics include inherited parents."""
        topics = {key for name in entry.topics for key in self.with_parents(self.topic_id(name))}
        return Facts(
            published=entry.published,
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

        This is `guard` percent of them, rounded down, or 20 if that is more.
        """
        return max(_ALWAYS_REMOVABLE, total * self.settings.guard // 100)
