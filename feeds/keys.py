"""What can be set: every key of the YAML files, with its text for docs/settings.md. No I/O."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from feeds.delivery import PurgeSettings, UploadSettings
from feeds.text import slug

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")

System = Literal[
    "common", "blogger", "drupal", "ghost", "hugo", "jekyll", "pelican", "tumblr", "wordpress"
]
HostName = Literal[
    "plain", "nginx", "caddy", "apache", "netlify", "cloudflare-pages", "github-pages", "s3"
]
Positive = Annotated[int, Meta(gt=0)]
Text = Annotated[str, Meta(min_length=1)]
FeedSize = Annotated[int, Meta(gt=0, le=1000)]
Depth = Annotated[int, Meta(ge=0, le=1_000_000)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all settings: frozen, and a key that is not declared is an error.

    The text below a field describes it in docs/settings.md (scripts/make_docs.py).
    """


class Author(Settings, frozen=True):
    name: Text
    """The person or organisation that stands behind the feeds."""
    url: str | None = None
    """Their web page."""
    email: str | None = None
    """Their e-mail address. It is published (RSS `managingEditor`)."""


class Defaults(Settings, frozen=True):
    category: str | None = None
    """The category of articles that name none. Without this, the name of the first folder."""
    type: str | None = None
    """The type of articles that name none. Without this, `article`."""


class ArticleSettings(Settings, frozen=True):
    folder: str = "articles"
    """The folder of the articles, from the folder of site.yaml."""
    extensions: tuple[Annotated[str, Meta(pattern=r"^\..")], ...] = (
        ".md",
        ".markdown",
        ".html",
        ".htm",
    )
    """Which files are articles. `.html` and `.htm` have HTML bodies, all others Markdown."""
    ignore: tuple[str, ...] = ()
    """Files and folders to leave out: patterns such as `drafts` or `*/README.md`."""
    max_bytes: Positive = 2_000_000
    """Larger files are reported and not read."""
    max_content: Positive = 1_000_000
    """Larger content, in bytes of HTML, is reported, and the summary takes its place."""
    max_seconds: Positive = 10
    """Seconds of processor time for one article: what takes longer is reported."""
    max_memory: Annotated[int, Meta(ge=64, le=1_000_000)] = 1024
    """MiB of memory for one article: what needs more is reported. Linux only."""
    trust: Literal["mtime", "content"] = "mtime"
    """How a build finds what changed: by size and time of the file (fast), or by reading it."""
    watch: Literal["auto", "poll"] = "auto"
    """How a server hears of changes: from the file system, or by looking at all files (`poll`)."""
    scan_every: int | str | None = None
    """How often it looks at all files: `90s`, `5m`. Without this, 60 s, or 10 s with `poll`."""
    defaults: dict[str, Defaults] = {}
    """By folder (`_news`, `_learning/videos`): what its articles are if they do not say."""


class PageSettings(Settings, frozen=True):
    images: Literal["own", "all", "none"] = "own"
    """Which entries' images pages show: those on hosts of your own, all, or none."""


class Picture(Settings, frozen=True):
    url: str
    """The image's URL, or a path that begins with `/` and lies below `assets_url`."""
    width: Positive | None = None
    """In pixels."""
    height: Positive | None = None
    """In pixels."""
    title: str | None = None
    """What the image shows."""


class Topic(Settings, frozen=True):
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
    services: dict[str, Any] = {}
    """Accepted from other tools' files; not used."""
    taxonomy: str | None = None
    """Accepted from other tools' files; not used."""

    @property
    def key(self) -> str:
        """The slug that stands for the topic in paths and selections."""
        return slug(self.id or self.name)


class Provider(Settings, frozen=True):
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


class FeedSettings(Settings, frozen=True):
    path: str
    """Where the feed is, without extension: `news` makes news.rss, news.atom, news.json."""
    title: Text | None = None
    """The feed's title. Without this, the site's title and the names of `each`."""
    description: str | None = None
    """What the feed brings. Without this, that of the topic, else of the site."""
    each: str | tuple[str, ...] = ()
    """Makes a family: one feed for each topic, category, type, provider or language in use."""
    select: dict[str, Any] = {}
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


class FeedDefaults(Settings, frozen=True):
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


class MoveSettings(Settings, frozen=True):
    to: Text
    """Where to: a feed's path, with or without extension, or a URL."""
    status: Literal[301, 302, 307, 308] = 301
    """301 and 308 say that it is for ever, 302 and 307 that it is for now."""


class FeedFile(Settings, frozen=True):
    feeds: Annotated[tuple[FeedSettings, ...], Meta(min_length=1)]
    """The feeds, in the order in which they are listed."""
    defaults: FeedDefaults = FeedDefaults()
    """What all feeds have in common."""
    moved: dict[str, str | MoveSettings] = {}
    """Old paths, and where what was there is now; see below."""
    gone: tuple[Text, ...] = ()
    """Old paths at which nothing will ever be again (410). Readers give such a feed up."""
    replaces: tuple[System, ...] = ("common",)
    """Systems whose feed addresses lead to the feeds here; see below."""


class HTTPSettings(Settings, frozen=True):
    canonical_host: bool = False
    """Redirect who asks under another host name, or by http, to `feeds_url`'s."""
    hsts: int | str | None = None
    """For how long browsers may use nothing but https (Strict-Transport-Security): `365d`."""
    nosniff: bool = False
    """Forbid browsers to guess the type of feeds too. Safari then shows them as text."""
    cache_tags: Literal["Surrogate-Key", "Cache-Tag", "CDN-Tag", "xkey"] | None = None
    """The header with the tags by which your CDN purges."""
    delta: bool = False
    """Send readers that ask for it only what is new (RFC 3229, `A-IM: feed`)."""


class ExportSettings(Settings, frozen=True):
    host: HostName = msgspec.field(name="for", default="plain")
    """The host that an export is for; see [hosting.md](hosting.md)."""
    codings: tuple[Literal["br", "gzip"], ...] | None = None
    """Which precompressed files it has. Without this, those that the host always can send."""
    state: Text | None = None
    """For `feeds publish` without `upload`: a folder that keeps the memory, which is private."""


class SiteSettings(Settings, frozen=True):
    id: str
    """What all ids begin with: a tag URI (`tag:example.org,2026:`) or a UUID. Never change it."""
    url: str
    """The publication's home page. Links in articles that begin with `/` lie below it."""
    title: Text
    """The publication's name."""
    description: str = ""
    """One sentence about it, for feeds that have no description of their own."""
    language: str = "en"
    """The language of the articles: `en`, `pt-BR`."""
    timezone: str = "UTC"
    """For dates without a time zone: `Europe/Vienna`."""
    author: Author | None = None
    """Who stands behind the feeds. Without this, the title."""
    rights: str | None = None
    """The copyright line."""
    icon: str | None = None
    """URL of a small square image, such as a favicon."""
    logo: str | None = None
    """URL of a larger image, for feeds whose topic has none."""
    hub: str | tuple[str, ...] | None = None
    """URL of a WebSub hub that readers may subscribe at, or a list of such URLs."""
    ping_delay: int | str = "1s"
    """How long after a change a running server tells the hubs: `0s`, `90s`, at most `10m`."""
    feeds_url: str | None = None
    """The URL below which the feeds are. Without this, `url`."""
    assets_url: str | None = None
    """The URL below which images and files that begin with `/` are. Without this, `url`."""
    assets_folder: str | None = None
    """The folder with those files, from the folder of site.yaml: gives enclosures their length."""
    link: Literal["source", "permalink"] = "source"
    """Where entries link to first: what they were made from, or your own page (`permalink`)."""
    permalink: str | None = None
    """Pattern of your own pages' URLs, with {path} {name} {category} {year} {month} {day}."""
    catalogue: str = "catalogue.sqlite"
    """The catalogue: a file, from the folder of site.yaml, or the URL of a database."""
    inherit_topics: bool = False
    """Whether entries of a topic are also in the feeds of the topic's parent."""
    guard: Annotated[int, Meta(ge=0, le=100)] = 20
    """A build that would withdraw more than this share of all entries, in percent, stops."""
    related: Annotated[int, Meta(ge=0, le=50)] = 5
    """How many items of related coverage an entry shows, the best first."""
    media_types: dict[str, str] = {}
    """Media types of further file extensions: `gpx: application/gpx+xml`."""
    articles: ArticleSettings = ArticleSettings()
    """Where the articles are and how they are read."""
    http: HTTPSettings = HTTPSettings()
    """How the feeds are served."""
    pages: PageSettings = PageSettings()
    """What the HTML pages of feeds show."""
    export: ExportSettings = ExportSettings()
    """What `feeds export` writes."""
    upload: UploadSettings | None = None
    """The object storage that the feeds are published to."""
    purge: tuple[PurgeSettings, ...] = ()
    """The caches that are to forget what changed."""
