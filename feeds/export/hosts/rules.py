"""What a static host is to be told: the headers of its documents, by groups of paths. Pure.

The headers are those of `feeds.render.headers`, as the server sends them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, urlsplit

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.redirects import to_regex
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export.hosts.redirects import RedirectRule, redirect_rules
from feeds.export.manifest import Kind
from feeds.model import archives as history
from feeds.model.archives import ArchivePosition
from feeds.model.document import FORMATS, MEDIA_TYPES, Caching, Document, Link
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.render.links import link_header
from feeds.render.site import opml, pages, stylesheets
from feeds.util.dates import NEVER

# Headers that differ from one document to the next.
_PER_DOCUMENT = ("Last-Modified", "Link")
FRESHNESS = ("Cache-Control", "CDN-Cache-Control", "Surrogate-Control")
NOT_FOUND = pages.NOT_FOUND
# The regular expression of an archive's number.
NUMBER = "[1-9][0-9]*"


class HeaderGroup(msgspec.Struct, frozen=True):
    """Documents with one media type and the same headers: all with this extension.

    `name` is the path of the only document of the group, None where there are others.
    """

    extension: str
    media_type: str
    headers: tuple[tuple[str, str], ...]
    kind: Kind
    name: str | None = None

    @property
    def linked(self) -> bool:
        """Whether its documents have a Link header, which differs from one to the next."""
        return self.kind == "feed"


class CachingOverride(msgspec.Struct, frozen=True):
    """Feeds, their pages, or archives, whose copies are kept for another time than most are.

    `source` is a feed's path, or the pattern of a family with placeholders; `feeds` are the paths.
    The last placeholder of archives is a number, which only expressions can say.
    """

    source: str
    freshness: tuple[tuple[str, str], ...]
    feeds: tuple[str, ...]
    is_archives: bool = False

    @property
    def regex(self) -> str:
        """Return the regular expression of its decoded paths."""
        fits = re.sub(r"\?P<\w+>", "", to_regex(self.source))
        if not self.is_archives:
            return fits
        return f"{fits.removesuffix(to_regex('{number}').replace('?P<number>', ''))}({NUMBER})"

    @property
    def is_pattern(self) -> bool:
        """Return whether it applies to a family."""
        return PLACEHOLDER.search(self.source) is not None


class HostRules(msgspec.Struct, frozen=True):
    """The rules by which a static host serves a site.

    `deviations` and `old` are in the order in which they are to be tried.
    """

    site: Site
    names: frozenset[str]
    groups: tuple[HeaderGroup, ...]
    caching_overrides: tuple[CachingOverride, ...]
    redirects: tuple[RedirectRule, ...]

    @property
    def path(self) -> str:
        """The path of the feeds' URL, percent-encoded; `site.mount` is the same decoded.

        Raises `ExportError` if it has a `$`, which hosts have for variables and groups.
        """
        if "$" in self.site.mount:
            raise ExportError(
                f"{self.site.feeds_url} has a $ in its path, which hosts take for a variable; "
                "set another feeds_url, or export for plain"
            )
        return quote(urlsplit(self.site.feeds_url).path or "/", safe="/%:@!&'()*+,;=~")

    @property
    def origin(self) -> str:
        """The feeds' URL without its path."""
        parts = urlsplit(self.site.feeds_url)
        return f"{parts.scheme}://{parts.netloc}"

    def links(self, own: str) -> str:
        """The Link header of a feed whose URL is `own`."""
        hubs = (Link(hub, "hub") for hub in self.site.hubs)
        return link_header((Link(own, "self"), *hubs))

    def archive_links(self, own: str, feed: str) -> str:
        """The Link header of an archive whose URL is `own`, of the feed whose URL is `feed`.

        A rule does not know which archives there are, so that it leads to no other.
        """
        return link_header((Link(own, "self"), Link(feed, "current")))

    @property
    def has_archives(self) -> bool:
        """Return whether a feed has a history."""
        return any(override.is_archives for override in self.caching_overrides)

    def groups_of(self, *kinds: Kind) -> Iterator[HeaderGroup]:
        """The groups of these kinds."""
        return (group for group in self.groups if group.kind in kinds)


def build_rules(feeds: Sequence[FeedDefinition], names: Iterable[str], site: Site) -> HostRules:
    """Return the rules of a site with these feeds, and documents at these paths."""
    paths = frozenset(names)
    usual = _usual_caching(feeds)
    return HostRules(
        site=site,
        names=paths,
        groups=tuple(_groups(usual, site)),
        caching_overrides=tuple(_caching_overrides(feeds, usual, site)),
        redirects=redirect_rules(site, paths),
    )


def _usual_caching(feeds: Sequence[FeedDefinition]) -> Caching:
    """Return the most common caching of the feeds."""
    counted = Counter(feed.caching for feed in feeds)
    return counted.most_common(1)[0][0] if counted else opml.CACHING


def _groups(usual: Caching, site: Site) -> Iterator[HeaderGroup]:
    lists, css = opml.CACHING, stylesheets.document(stylesheets.PAGES_CSS)
    for format_ in FORMATS:
        yield _group(format_, MEDIA_TYPES[format_], usual, "feed", site)
    # The index page before all pages: it is one of them.
    yield _group("html", pages.MEDIA_TYPE, lists, "list", site, pages.INDEX)
    yield _group("html", pages.MEDIA_TYPE, usual, "page", site)
    yield _group("opml", opml.MEDIA_TYPE, lists, "list", site)
    yield _group("css", css.media_type, css.caching, "asset", site)


def _group(
    extension: str,
    media_type: str,
    caching: Caching,
    kind: Kind,
    site: Site,
    name: str | None = None,
) -> HeaderGroup:
    """The group of documents like this one, with what the server says of each of them."""
    links = (Link("", "self"),) if kind == "feed" else ()
    sample = Document(
        body=b"", sha256="", updated=NEVER, media_type=media_type, caching=caching, links=links
    )
    sample_headers = headers.document_headers(sample, site)
    common = tuple(each for each in sample_headers if each[0] not in _PER_DOCUMENT)
    return HeaderGroup(extension, dict(sample_headers)["Content-Type"], common, kind, name)


def _caching_overrides(
    feeds: Sequence[FeedDefinition], usual: Caching, site: Site
) -> Iterator[CachingOverride]:
    """Families and feeds with another caching, and archives; those told by name first.

    A family's pattern, or that of archives, may fit feeds of others: those are told by name too.
    """
    # As long as the newest one, which leads to the next: a rule does not know which that is.
    archive_caching = history.caching(usual, ArchivePosition(number=1, newest=1))
    archives = _archive_patterns(feeds)
    like_archives = [re.compile(to_regex(pattern), re.IGNORECASE) for pattern in archives]
    families = [spec for spec in site.feeds if spec.each and spec.caching != usual]
    fitting = [(re.compile(to_regex(spec.path), re.IGNORECASE), spec) for spec in families]
    members: dict[str, list[str]] = {}
    for feed in feeds:
        spec = next((spec for fits, spec in fitting if fits.fullmatch(feed.path)), None)
        if spec is not None and spec.caching == feed.caching:
            members.setdefault(spec.path, []).append(feed.path)
        elif spec is not None or feed.caching != usual:
            below = [usual, *([spec.caching] if spec else [])]
            yield CachingOverride(feed.path, _freshness(feed.caching, below), (feed.path,))
        elif any(fits.fullmatch(feed.path) for fits in like_archives):
            yield CachingOverride(feed.path, _freshness(usual, [archive_caching]), (feed.path,))
    for spec in families:
        if spec.path in members:
            freshness = _freshness(spec.caching, [usual])
            yield CachingOverride(spec.path, freshness, tuple(members[spec.path]))
    for source in archives:
        yield CachingOverride(source, _freshness(archive_caching, [usual]), (), is_archives=True)


def _archive_patterns(feeds: Sequence[FeedDefinition]) -> list[str]:
    """The patterns of archives' paths: one for each depth of folders."""
    depths = sorted({feed.path.count("/") + 1 for feed in feeds if feed.history})
    folders = ["/".join(f"{{folder{number}}}" for number in range(depth)) for depth in depths]
    return [f"{folder}/archive/{{number}}" for folder in folders]


def _freshness(caching: Caching, below: Iterable[Caching]) -> tuple[tuple[str, str], ...]:
    """The headers that replace those of others: not every host can take a header off.

    So where those tell CDNs something of their own, this says to CDNs what it says to all.
    """
    if caching.cdn_max_age is None and any(each.cdn_max_age is not None for each in below):
        caching = msgspec.structs.replace(caching, cdn_max_age=caching.max_age)
    return tuple(headers.caching_headers(caching))


def with_freshness(
    base_headers: Iterable[tuple[str, str]], freshness: Iterable[tuple[str, str]]
) -> Headers:
    """Return the headers with their freshness replaced."""
    return [*freshness, *(each for each in base_headers if each[0] not in FRESHNESS)]
