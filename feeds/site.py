"""The settings of one publication as frozen structs, and what follows from them. No I/O."""

import re
import uuid
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from feeds.selection import Selection, TermField
from feeds.text import slug

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")

Positive = Annotated[int, Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all settings: frozen, and a key that is not declared is an error."""


class Author(Settings, frozen=True):
    """Who stands behind the feeds. `email` is published as RSS's managingEditor if given."""

    name: str
    url: str | None = None
    email: str | None = None


class Defaults(Settings, frozen=True):
    """What articles below a folder are, where they do not say so themselves."""

    category: str | None = None
    type: str | None = None


class ArticleSettings(Settings, frozen=True):
    """Where the articles are and how they are read. `folder` counts from the config folder."""

    folder: str = "articles"
    extensions: tuple[str, ...] = (".md", ".markdown", ".html", ".htm")
    ignore: tuple[str, ...] = ()
    max_bytes: Positive = 2_000_000
    trust: Literal["mtime", "content"] = "mtime"
    defaults: dict[str, Defaults] = {}


class Picture(Settings, frozen=True):
    """An image of a topic, a provider or the site; sizes in pixels."""

    url: str
    width: Positive | None = None
    height: Positive | None = None
    title: str | None = None


class Topic(Settings, frozen=True):
    """A topic. `services` and `taxonomy` are accepted from other tools' files, and unused."""

    name: str
    id: str | None = msgspec.field(name="_id", default=None)
    shortname: str | None = None
    parent: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    images: tuple[Picture, ...] = ()
    services: dict[str, Any] = {}
    taxonomy: str | None = None

    @property
    def key(self) -> str:
        """The slug that stands for the topic in paths and selections."""
        return slug(self.id or self.name)


class Provider(Settings, frozen=True):
    """A source of articles: what its articles do not say themselves, above all its feed's URL."""

    name: str
    id: str | None = msgspec.field(name="_id", default=None)
    domain: str | None = None
    url: str | None = None
    feed: str | None = None
    description: str | None = None
    images: tuple[Picture, ...] = ()
    other_names: tuple[str, ...] = msgspec.field(name="otherNames", default=())
    taxonomy: str | None = None


class FeedSettings(Settings, frozen=True):
    """One feed, or with `each` one family of feeds, as feeds.yaml says it."""

    path: str
    title: str | None = None
    description: str | None = None
    each: str | tuple[str, ...] = ()
    select: dict[str, Any] = {}
    order: Literal["date", "heat"] | None = None
    size: Annotated[int, Meta(gt=0, le=1000)] | None = None
    max_age: int | str | None = None


class FeedDefaults(Settings, frozen=True):
    """What feeds.yaml's feeds have in common. `max_age` is a duration."""

    order: Literal["date", "heat"] = "date"
    size: Annotated[int, Meta(gt=0, le=1000)] = 50
    max_age: int | str = "30m"


class FeedFile(Settings, frozen=True):
    feeds: tuple[FeedSettings, ...]
    defaults: FeedDefaults = FeedDefaults()


class SiteSettings(Settings, frozen=True):
    """site.yaml, key by key; docs/settings.md is made of this."""

    id: str
    url: str
    title: str
    description: str = ""
    language: str = "en"
    timezone: str = "UTC"
    author: Author | None = None
    rights: str | None = None
    icon: str | None = None
    logo: str | None = None
    hub: str | None = None
    feeds_url: str | None = None
    assets_url: str | None = None
    assets_folder: str | None = None
    link: Literal["source", "permalink"] = "source"
    permalink: str | None = None
    catalogue: str = "catalogue.sqlite"
    inherit_topics: bool = False
    guard: Annotated[int, Meta(ge=0, le=100)] = 20
    related: Annotated[int, Meta(ge=0, le=50)] = 5
    media_types: dict[str, str] = {}
    articles: ArticleSettings = ArticleSettings()


class FeedSpec(msgspec.Struct, frozen=True):
    """A feed or family with everything resolved; `where` says which file and line defined it."""

    path: str
    title: str
    description: str | None
    each: tuple[TermField, ...]
    selection: Selection
    order: Literal["date", "heat"]
    size: int
    max_age: int
    where: str


class Site(msgspec.Struct, frozen=True, dict=True):
    """The settings of one publication, checked together.

    `root` is the config folder; `topics` by key, `providers` by folded name.
    """

    settings: SiteSettings
    root: Path
    topics: dict[str, Topic]
    topic_ids: dict[str, str]
    providers: dict[str, Provider]
    feeds: tuple[FeedSpec, ...]

    @property
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
    def catalogue(self) -> str:
        """The catalogue as an SQLAlchemy URL."""
        value = self.settings.catalogue
        return value if "://" in value else f"sqlite:///{(self.root / value).absolute()}"

    def topic_id(self, name: str) -> str:
        """The slug of the topic that an article or a setting calls `name`."""
        made = slug(name)
        return self.topic_ids.get(made, made)

    def with_parents(self, key: str) -> tuple[str, ...]:
        """The topic and, where topics inherit, all that it belongs to."""
        line = [key]
        while self.settings.inherit_topics and (topic := self.topics.get(line[-1])):
            parent = self.topic_id(topic.parent) if topic.parent else ""
            if not parent or parent in line:
                break
            line.append(parent)
        return tuple(line)

    def mint(self, path: str) -> str:
        """A new id for what lives at `path`: below a tag: URI (RFC 4151) or a UUID namespace."""
        base = self.settings.id
        if not base.startswith("tag:"):
            return uuid.uuid5(uuid.UUID(base.removeprefix("urn:uuid:")), path).urn
        return f"{base}{'' if base.endswith((':', '/')) else '/'}{path}"
