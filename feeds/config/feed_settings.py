"""The settings of feeds.yaml and of topic and provider files."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from feeds.config.settings import Positive, SettingsModel, Text
from feeds.util.text import slug

Generator = Literal[
    "common", "blogger", "drupal", "ghost", "hugo", "jekyll", "pelican", "tumblr", "wordpress"
]
FeedSize = Annotated[int, Meta(gt=0, le=1000)]
Depth = Annotated[int, Meta(ge=0, le=1_000_000)]


class Picture(SettingsModel, frozen=True):
    url: str
    """The image's URL, or a path that begins with `/` and lies below `assets_url`."""
    width: Positive | None = None
    """In pixels."""
    height: Positive | None = None
    """In pixels."""
    title: str | None = None
    """What the image shows."""


class Topic(SettingsModel, frozen=True):
    name: Text
    """The topic as people read it, and as articles may write it."""
    id: str | None = msgspec.field(name="_id", default=None)
    """Stands for the topic in URLs and selections; the name, if not given. Never change it."""
    shortname: str | None = None
    """A second name, that articles may use too."""
    parent: str | None = None
    """The name of the topic that this one belongs to (see `inherit_topics`)."""
    description: str | None = None
    """The description of the topic's feeds."""
    keywords: tuple[str, ...] = ()
    """Accepted from other tools' files; not used."""
    hashtags: tuple[str, ...] = ()
    """Accepted from other tools' files; not used."""
    images: tuple[Picture, ...] = ()
    """The first one is the logo of the topic's feeds."""
    services: dict[str, Any] = msgspec.field(default_factory=dict)
    """Accepted from other tools' files; not used."""
    taxonomy: str | None = None
    """Accepted from other tools' files; not used."""

    @property
    def key(self) -> str:
        """The slug that stands for the topic in paths and selections."""
        return slug(self.id or self.name)


class Provider(SettingsModel, frozen=True):
    name: Text
    """The name that articles give as `provider.name`."""
    id: str | None = msgspec.field(name="_id", default=None)
    """Accepted from other tools' files; not used."""
    domain: str | None = None
    """Finds this provider for articles that give a domain and no name."""
    url: str | None = None
    """Its home page. Without this, the domain that the article gives."""
    feed: str | None = None
    """The URL of its own feed: entries name it as their source."""
    description: str | None = None
    """For you; not published."""
    images: tuple[Picture, ...] = ()
    """The first one is its icon, for articles that give none."""
    other_names: tuple[str, ...] = msgspec.field(name="otherNames", default=())
    """Other spellings of the name in articles."""
    taxonomy: str | None = None
    """Accepted from other tools' files; not used."""


class FeedSettings(SettingsModel, frozen=True):
    path: str
    """Where the feed is, without extension: `news` makes news.rss, news.atom, news.json."""
    title: Text | None = None
    """The feed's title. Without this, the site's title and the names of `each`."""
    description: str | None = None
    """What the feed brings. Without this, that of the topic, else of the site."""
    each: str | tuple[str, ...] = ()
    """Makes a family: one feed for each topic, category, type, provider or language in use."""
    select: dict[str, Any] = msgspec.field(default_factory=dict)
    """What belongs in the feed; everything, if empty. See "Selections" below."""
    order: Literal["date", "heat"] | None = None
    """Newest or hottest first. Without this, that of `defaults`."""
    size: FeedSize | None = None
    """The most entries that the feed shows. Without this, that of `defaults`."""
    max_age: int | str | None = None
    """How long readers may keep a copy. Without this, that of `defaults`."""
    stale_while_revalidate: int | str | None = None
    """For how long after that caches may serve it while they ask. Without this, as `defaults`."""
    stale_if_error: int | str | None = None
    """For how long after that caches may serve it in an outage. Without this, as `defaults`."""
    cdn_max_age: int | str | None = None
    """How long a CDN may keep a copy. Without this, that of `defaults`."""
    history: Depth | Literal["all"] | None = None
    """How many archive documents of older entries it has. Without this, that of `defaults`."""


class FeedDefaults(SettingsModel, frozen=True):
    order: Literal["date", "heat"] = "date"
    """`date`: newest first. `heat`: highest `heat` first."""
    size: FeedSize = 50
    """The most entries that a feed shows."""
    max_age: int | str = "30m"
    """How long readers may keep a copy: `90s`, `30m`, `5h`; from 1 minute to 5 hours."""
    stale_while_revalidate: int | str = "5m"
    """For how long after that caches may serve it while they ask for a new one."""
    stale_if_error: int | str = "7d"
    """For how long after that caches may serve it while this server is down."""
    cdn_max_age: int | str | None = None
    """How long a CDN that you purge may keep a copy. Without this, as readers do."""
    history: Depth | Literal["all"] = 0
    """How many archive documents of older entries feeds by date have: a number, or `all`."""


class MoveSettings(SettingsModel, frozen=True):
    to: Text
    """Where to: a feed's path, with or without extension, or a URL."""
    status: Literal[301, 302, 307, 308] = 301
    """301 and 308 say that it is for ever, 302 and 307 that it is for now."""


class FeedFile(SettingsModel, frozen=True):
    feeds: Annotated[tuple[FeedSettings, ...], Meta(min_length=1)]
    """The feeds, in the order in which they are listed."""
    defaults: FeedDefaults = FeedDefaults()
    """What all feeds have in common."""
    moved: dict[str, str | MoveSettings] = msgspec.field(default_factory=dict)
    """Old paths, and where what was there is now; see below."""
    gone: tuple[Text, ...] = ()
    """Old paths at which nothing will ever be again (410). Readers give such a feed up."""
    replaces: tuple[Generator, ...] = ("common",)
    """Systems whose feed addresses lead to the feeds here; see below."""
