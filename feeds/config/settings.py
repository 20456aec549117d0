"""Every key of the YAML files, with its text for docs/reference/settings.md. No I/O."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
HostName = Literal[
    "plain", "nginx", "caddy", "apache", "netlify", "cloudflare-pages", "github-pages", "s3"
]
Positive = Annotated[int, Meta(gt=0)]
Text = Annotated[str, Meta(min_length=1)]


class UploadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Text
    """Where to: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""
    endpoint: str | None = None
    """The URL of an S3-compatible store or another Azure endpoint. Without this, the usual one."""
    region: str | None = None
    """The region of an S3 bucket. Without this, that of the environment (`AWS_REGION`)."""
    state: str | None = None
    """Where the memory is kept: such a URL that nobody else can read. Without this, nowhere."""
    memory: bool = True
    """Whether it is kept at all, for machines that have no catalogue."""
    coding: Literal["identity", "gzip"] = "identity"
    """How documents are stored: as they are, for CDNs that compress, or all of them as gzip."""
    parallel: Annotated[int, Meta(ge=1, le=64)] = 16
    """How many objects are uploaded at a time."""
    lock: bool = True
    """False for stores without conditional writes; then see to it that one publishes at a time."""


class PurgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    via: Literal["cloudflare", "fastly", "bunny", "cloudfront", "http"]
    """Which cache; `http` is a plain PURGE, as Varnish and nginx take it."""
    zone: str | None = None
    """The id of the Cloudflare zone, Fastly service, Bunny pull zone or CloudFront distribution."""
    servers: tuple[Text, ...] = ()
    """For `http`: the URLs of the cache servers. Without this, the feeds' own URL is asked."""
    by: Literal["url", "tag"] = "url"
    """Purge every changed URL, or feeds by their tag (needs `http.cache_tags`)."""
    soft: bool = False
    """For Fastly: mark as stale, so that it is served while a new copy is fetched."""

    @property
    def name(self) -> str:
        """What tells this cache from others of the site, whatever else is set."""
        return " ".join((self.via, *(part for part in (self.zone, *self.servers) if part)))


def split_by_server(settings: Iterable[PurgeSettings]) -> list[PurgeSettings]:
    """The caches, each of which forgets by itself: every server of `http` is one."""
    made: list[PurgeSettings] = []
    for each in settings:
        alone = [msgspec.structs.replace(each, servers=(server,)) for server in each.servers]
        made += alone or [each]
    return made


class SettingsModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all settings: frozen, and a key that is not declared is an error.

    The text below a field describes it in docs/reference/settings.md (scripts/make_docs.py).
    """


class Author(SettingsModel, frozen=True):
    name: Text
    """The person or organisation that stands behind the feeds."""
    url: str | None = None
    """Their web page."""
    email: str | None = None
    """Their e-mail address. It is published (RSS `managingEditor`)."""


class Defaults(SettingsModel, frozen=True):
    category: str | None = None
    """The category of articles that name none. Without this, the name of the first folder."""
    type: str | None = None
    """The type of articles that name none. Without this, `article`."""


class ArticleSettings(SettingsModel, frozen=True):
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


class PageSettings(SettingsModel, frozen=True):
    images: Literal["own", "all", "none"] = "own"
    """Which entries' images pages show: those on hosts of your own, all, or none."""


class HTTPSettings(SettingsModel, frozen=True):
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


class ExportSettings(SettingsModel, frozen=True):
    host: HostName = msgspec.field(name="for", default="plain")
    """The host that an export is for; see [Static hosts](../guides/static-hosts.md)."""
    codings: tuple[Literal["br", "gzip"], ...] | None = None
    """Which precompressed files it has. Without this, those that the host always can send."""
    state: Text | None = None
    """For `feeds publish` without `upload`: a folder that keeps the memory, which is private."""


class SiteSettings(SettingsModel, frozen=True):
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
