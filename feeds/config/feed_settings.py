"""The settings of feeds.yaml and of topic and provider files."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from feeds.config.settings import Positive, SettingsModel, Text
from feeds.util.text import slug

Generator = Literal[
    "common", "astro", "blogger", "docusaurus", "drupal", "eleventy", "gatsby", "ghost", "hexo",
    "hugo", "jekyll", "mkdocs", "pelican", "quarto", "tumblr", "wordpress", "zola",
]  # fmt: skip
FeedSize = Annotated[int, Meta(gt=0, le=1000)]
Depth = Annotated[int, Meta(ge=0, le=1_000_000)]


class _SharedModel(SettingsModel, frozen=True, forbid_unknown_fields=False):
    """Base of the contents of topic and provider files.

    Other tools read these files too, and define their own keys in them: those are ignored.
    """


class Picture(_SharedModel, frozen=True):
    url: str
    """The URL of the image, or a path below `assets_url` that begins with `/`."""
    width: Positive | None = None
    """The width in pixels."""
    height: Positive | None = None
    """The height in pixels."""
    title: str | None = None
    """A short description of the image."""


class Topic(_SharedModel, frozen=True):
    name: Text
    """The topic's name, as shown to readers and as articles can refer to it."""
    id: str | None = msgspec.field(name="_id", default=None)
    """The topic's id in URLs and selections. The default is the name. Never change it."""
    shortname: str | None = None
    """A second name that articles can use."""
    parent: str | None = None
    """The name of the parent topic (see `inherit_topics`)."""
    description: str | None = None
    """The description of the topic's feeds."""
    images: tuple[Picture, ...] = ()
    """Images, as mappings or plain URLs. The first is the logo of the topic's feeds."""

    @property
    def key(self) -> str:
        """The slug of the topic in paths and selections."""
        return slug(self.id or self.name)


class Provider(_SharedModel, frozen=True):
    name: Text
    """The provider's name, as in `provider.name` of articles."""
    domain: str | None = None
    """The domain that identifies the provider in articles without its name."""
    url: str | None = None
    """The provider's home page. The default is the domain that the article names."""
    feed: str | None = None
    """The URL of the provider's feed, which entries name as their source."""
    images: tuple[Picture, ...] = ()
    """Images, as mappings or plain URLs. The first is the icon for articles without one."""
    other_names: tuple[str, ...] = msgspec.field(name="otherNames", default=())
    """Other spellings of the name in articles."""


class FeedSettings(SettingsModel, frozen=True):
    path: str
    """The path without extension: `news` gives news.rss, news.atom and news.json."""
    title: Text | None = None
    """The feed's title. The default is the site's title and the names of `each`."""
    description: str | None = None
    """The feed's description. The default is that of the topic, or else of the site."""
    each: str | tuple[str, ...] = ()
    """Make one feed per topic, category, type, provider or language in use (a family)."""
    min: Positive = 1
    """The fewest entries for which a family makes a feed. A feed that exists stays."""
    select: dict[str, Any] = msgspec.field(default_factory=dict)
    """The entries of the feed; all if empty. See "Selections" below."""
    order: Literal["date", "heat"] | None = None
    """Newest or hottest first. The default is `defaults.order`."""
    size: FeedSize | None = None
    """The maximum number of entries. The default is `defaults.size`."""
    max_age: int | str | None = None
    """How long readers may cache the feed. The default is `defaults.max_age`."""
    stale_while_revalidate: int | str | None = None
    """How long caches may then serve a stale copy while they revalidate it; see `defaults`."""
    stale_if_error: int | str | None = None
    """How long caches may then serve a stale copy during an outage; see `defaults`."""
    cdn_max_age: int | str | None = None
    """How long a CDN may cache the feed. The default is `defaults.cdn_max_age`."""
    history: Depth | Literal["all"] | None = None
    """The number of archive documents of older entries. The default is `defaults.history`."""


class FeedDefaults(SettingsModel, frozen=True):
    order: Literal["date", "heat"] = "date"
    """`date`: newest first. `heat`: highest `heat` first."""
    size: FeedSize = 50
    """The maximum number of entries in a feed."""
    max_age: int | str = "30m"
    """How long readers may cache a feed: `90s`, `30m`, `5h`; from 1 minute to 5 hours."""
    stale_while_revalidate: int | str = "5m"
    """How long caches may then serve a stale copy while they revalidate it; up to a day."""
    stale_if_error: int | str = "7d"
    """How long caches may then serve a stale copy while the server is down; up to 30 days."""
    cdn_max_age: int | str | None = None
    """How long a CDN that you purge may cache a feed. The default is `max_age`."""
    history: Depth | Literal["all"] = 0
    """The number of archive documents of older entries for feeds by date, or `all`."""


class MoveSettings(SettingsModel, frozen=True):
    to: Text
    """The new location: a feed's path, with or without extension, or a URL."""
    status: Literal[301, 302, 307, 308] = 301
    """The HTTP status: 301 and 308 are permanent, 302 and 307 temporary."""


class FeedFile(SettingsModel, frozen=True):
    feeds: Annotated[tuple[FeedSettings, ...], Meta(min_length=1)]
    """The feeds, in the order in which they are listed on pages."""
    defaults: FeedDefaults = FeedDefaults()
    """Defaults for all feeds."""
    moved: dict[str, str | MoveSettings] = msgspec.field(default_factory=dict)
    """Redirects: old paths, each with its new location; see below."""
    gone: tuple[Text, ...] = ()
    """Old paths of feeds that are gone for good (410). Some readers then unsubscribe."""
    replaces: tuple[Generator, ...] = ("common",)
    """Systems whose feed addresses redirect to these feeds; see below."""
