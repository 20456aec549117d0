"""The settings of site.yaml, with their descriptions for docs/reference/settings.md. No I/O."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from feeds.presets.ids import IdRule
from feeds.presets.permalink import DateZone
from feeds.presets.registry import PresetName

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
HostName = Literal[
    "plain", "nginx", "caddy", "apache", "netlify", "cloudflare-pages", "github-pages", "s3"
]
Percentage = Annotated[int, Meta(ge=0, le=100)]
Positive = Annotated[int, Meta(gt=0)]
Text = Annotated[str, Meta(min_length=1)]


class SettingsModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all settings: frozen; an unknown key is an error.

    The text below a field describes it in docs/reference/settings.md (scripts/make_docs.py).
    """


class UploadSettings(SettingsModel, frozen=True):
    url: Text
    """The destination: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""
    endpoint: str | None = None
    """The URL of an S3-compatible store or of another Azure endpoint."""
    region: str | None = None
    """The region of an S3 bucket. The default is the environment variable `AWS_REGION`."""
    state: str | None = None
    """A private URL of the same kind, at which the memory is stored. Without it, it is not."""
    memory: bool = True
    """Whether to store the memory, from which machines without a catalogue restore it."""
    coding: Literal["identity", "gzip"] = "identity"
    """Store documents uncompressed, for CDNs that compress, or all of them as gzip."""
    parallel: Annotated[int, Meta(ge=1, le=64)] = 16
    """The number of objects to upload at the same time."""
    lock: bool = True
    """False for stores without conditional writes. Then never run two publishers at once."""


class PurgeSettings(SettingsModel, frozen=True):
    via: Literal["cloudflare", "fastly", "bunny", "cloudfront", "http"]
    """The kind of cache; `http` sends PURGE requests, as Varnish and nginx accept."""
    zone: str | None = None
    """The id of the Cloudflare zone, Fastly service, Bunny pull zone or CloudFront distribution."""
    servers: tuple[Text, ...] = ()
    """For `http`: the URLs of the cache servers. The default is the URL of the feeds."""
    by: Literal["url", "tag"] = "url"
    """Purge each changed URL, or feeds by their tags (needs `http.cache_tags`)."""
    soft: bool = False
    """For Fastly: mark documents as stale, to be served while a new copy is fetched."""

    @property
    def name(self) -> str:
        """A name that identifies this cache within the site."""
        return " ".join((self.via, *(part for part in (self.zone, *self.servers) if part)))


def split_by_server(settings: Iterable[PurgeSettings]) -> list[PurgeSettings]:
    """One `PurgeSettings` per cache that is purged separately: every server of `http` is one."""
    caches: list[PurgeSettings] = []
    for purge in settings:
        servers = [msgspec.structs.replace(purge, servers=(server,)) for server in purge.servers]
        caches += servers or [purge]
    return caches


class Author(SettingsModel, frozen=True):
    name: Text
    """The person or organisation that publishes the feeds."""
    url: str | None = None
    """Their home page."""
    email: str | None = None
    """Their email address, which is published (RSS `managingEditor`)."""


class Defaults(SettingsModel, frozen=True):
    category: str | None = None
    """The category of articles without one. The default is the name of the top folder."""
    type: str | None = None
    """The type of articles without one. The default is `article`."""
    values: dict[str, Any] = {}
    """Front matter that the articles of the folder have unless they state it themselves."""


class ArticleSettings(SettingsModel, frozen=True):
    folder: str = "articles"
    """The folder with the articles, relative to site.yaml."""
    preset: PresetName | None = None
    """The site generator whose front matter, URLs and dialect the articles have."""
    fields: dict[str, Text | tuple[Text, ...]] = {}
    """Names of front matter by their meaning: `{published: date, image: cover.image}`."""
    rules: dict[str, bool | int | str | tuple[str, ...]] = {}
    """Options of the generator that decide on URLs and bodies; see the preset."""
    authors_file: str | None = None
    """A YAML, JSON or TOML file with authors by key, relative to site.yaml."""
    extensions: tuple[Annotated[str, Meta(pattern=r"^\..")], ...] | None = None
    """Extensions of article files. The default is that of the preset: `.md`, `.markdown`, `.html`,
    `.htm`. HTML files have HTML bodies, all others Markdown."""
    include: tuple[str, ...] = ()
    """Patterns of the files to read, such as `_posts/*`. The default is all."""
    ignore: tuple[str, ...] = ()
    """Patterns of files and folders to ignore, such as `drafts` or `*/README.md`."""
    max_bytes: Positive = 2_000_000
    """The largest article file that is read, in bytes; larger ones are reported."""
    max_content: Positive = 1_000_000
    """The largest content, in bytes of HTML; the summary replaces larger content."""
    max_seconds: Positive = 10
    """The most CPU time for one article, in seconds; slower ones are reported."""
    max_memory: Annotated[int, Meta(ge=64, le=1_000_000)] = 1024
    """The most memory for one article, in MiB; larger ones are reported. Linux only."""
    trust: Literal["mtime", "content"] = "mtime"
    """How a build detects changed files: by size and time (fast), or by reading them."""
    watch: Literal["auto", "poll"] = "auto"
    """How a server detects changes: by file-system events, or by scanning all files (`poll`)."""
    scan_every: int | str | None = None
    """The time between scans: `90s`, `5m`. The default is 60 s, or 10 s with `poll`."""
    undated: Literal["git", "seen"] = "git"
    """The date of articles without one: that of their first commit (`git`), or the time of their
    files when they are read first (`seen`), as for files that are not committed."""
    defaults: dict[str, Defaults] = {}
    """Defaults for the articles of a folder, by folder (`_news`, `_learning/videos`)."""


class GuardSettings(SettingsModel, frozen=True):
    withdrawn: Percentage = 20
    """Of all entries, so many percent may be withdrawn in one build."""
    lost: Percentage = 50
    """Of a feed, so many percent may disappear that no newer entry replaces."""
    old: Percentage = 10
    """Of a feed, so many percent may be new to readers although they are over 30 days old."""
    twice: Percentage = 10
    """Of a feed, so many percent may be new and have the link of another entry."""
    undated: Percentage = 25
    """Of a feed, so many percent may be new and have no date of their own."""
    dates: Percentage = 10
    """Of a feed, so many percent may get a date that differs by over a day."""
    updated: Percentage = 50
    """Of a feed, so many percent may be marked as updated at once."""
    folder: Annotated[int, Meta(ge=0)] = 20
    """So many entries may be lost with a whole folder of articles."""
    size: Annotated[int, Meta(ge=0)] = 512
    """The size in KB beyond which a feed may not grow by more than a quarter at once."""


class PageSettings(SettingsModel, frozen=True):
    images: Literal["own", "all", "none"] = "own"
    """Which images HTML pages show: those on your own hosts, all, or none."""


class HTTPSettings(SettingsModel, frozen=True):
    canonical_host: bool = False
    """Redirect requests for another host name, or over http, to `feeds_url`."""
    hsts: int | str | None = None
    """How long browsers must use https only (`Strict-Transport-Security`): `365d`."""
    nosniff: bool = False
    """Forbid MIME sniffing for feeds as well. Safari then shows them as plain text."""
    cache_tags: Literal["Surrogate-Key", "Cache-Tag", "CDN-Tag", "xkey"] | None = None
    """The response header with the tags by which your CDN purges."""
    delta: bool = False
    """Send only new entries to readers that request it (RFC 3229, `A-IM: feed`)."""


class ExportSettings(SettingsModel, frozen=True):
    host: HostName = msgspec.field(name="for", default="plain")
    """The host that will serve the export; see [Static hosts](../guides/static-hosts.md)."""
    codings: tuple[Literal["br", "gzip"], ...] | None = None
    """The precompressed files to write. The default is those that the host can always send."""
    state: Text | None = None
    """For `feeds publish` without `upload`: a private folder in which to store the memory."""


class SiteSettings(SettingsModel, frozen=True):
    id: str
    """The prefix of all ids: a tag URI (`tag:example.org,2026:`) or a UUID. Never change it."""
    url: str
    """The publication's home page. Links that begin with `/` are resolved against it."""
    title: Text
    """The publication's name."""
    description: str = ""
    """One sentence about the publication, for feeds without a description."""
    language: str = "en"
    """The language of articles that do not name one: `en`, `pt-BR`."""
    timezone: str = "UTC"
    """The time zone of dates without one: `Europe/Vienna`."""
    author: Author | None = None
    """The publisher of the feeds. The default is the title."""
    rights: str | None = None
    """The copyright notice."""
    icon: str | None = None
    """The URL of a small square image, such as a favicon."""
    logo: str | None = None
    """The URL of a larger image, for feeds whose topic has none."""
    hub: str | tuple[str, ...] | None = None
    """The URL of a WebSub hub at which readers can subscribe, or a list of such URLs."""
    ping_delay: int | str = "1s"
    """How long after a change a server notifies the hubs: `0s`, `90s`, at most `10m`."""
    feeds_url: str | None = None
    """The URL below which the feeds are served. The default is `url`."""
    assets_url: str | None = None
    """The base URL of images and files whose paths begin with `/`. The default is `url`."""
    assets_folder: str | None = None
    """The folder of these files, relative to site.yaml, to measure the length of enclosures."""
    link: Literal["source", "permalink"] = "source"
    """The main link of entries: the original source, or your own page (`permalink`)."""
    permalink: str | dict[str, str] | None = None
    """The URL pattern of your own pages, such as `https://example.org/{category}/{name}/`, or
    patterns by folder, with `*` for all others. See [Permalinks](../guides/sites.md#permalinks)."""
    permalink_zone: DateZone | None = None
    """The time zone of dates in permalinks: `site`, `utc`, or `own`, the one of each date."""
    ids: IdRule = "own"
    """Whose form the ids of new articles have: `own`, the `link`, or that of a generator."""
    catalogue: str = "catalogue.sqlite"
    """The catalogue: a file, relative to site.yaml, or the URL of a database."""
    inherit_topics: bool = False
    """Whether entries of a topic also appear in the feeds of its parent topics."""
    guard: Percentage | GuardSettings = GuardSettings()
    """The changes that are too great to be intended. A number is `guard.withdrawn`,
    and `guard.lost` if that would be less."""
    related: Annotated[int, Meta(ge=0, le=50)] = 5
    """The number of items of related coverage that an entry shows, best first."""
    media_types: dict[str, str] = {}
    """Media types of further file extensions: `gpx: application/gpx+xml`."""
    articles: ArticleSettings = ArticleSettings()
    """The location of the articles, and how they are read."""
    http: HTTPSettings = HTTPSettings()
    """How the feeds are served."""
    pages: PageSettings = PageSettings()
    """The HTML pages of feeds."""
    export: ExportSettings = ExportSettings()
    """The output of `feeds export`."""
    upload: UploadSettings | None = None
    """The object storage to which the feeds are published."""
    purge: tuple[PurgeSettings, ...] = ()
    """The caches from which changed documents are purged."""
