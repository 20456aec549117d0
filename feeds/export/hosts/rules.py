"""The rules for static hosts: redirects, and headers of documents by groups of paths. Pure.

The headers are those that the server sends (`feeds.render.headers`).
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
from feeds.export.hosts.redirects import RedirectRule, redirect_rules, unnamed
from feeds.export.manifest import Kind
from feeds.model import archives
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
# The regular expression of an archive's number.
NUMBER = "[1-9][0-9]*"


class HeaderGroup(msgspec.Struct, frozen=True):
    """The documents with one extension: they have one media type and the same headers.

    `name` is the path of the document if the group has only one, else None.
    """

    extension: str
    media_type: str
    headers: tuple[tuple[str, str], ...]
    kind: Kind
    name: str | None = None

    @property
    def has_links(self) -> bool:
        """Return whether its documents have a Link header, which differs between documents."""
        return self.kind == "feed"


class CachingOverride(msgspec.Struct, frozen=True):
    """Feeds with their pages, or archive documents, with other caching headers than most feeds.

    `source` is the path of a feed, or a pattern with placeholders; `feeds` are the paths of the
    feeds. The last placeholder of archive documents is a number, which only regular expressions
    can distinguish from other names.
    """

    source: str
    freshness: tuple[tuple[str, str], ...]
    feeds: tuple[str, ...]
    is_archives: bool = False

    @property
    def regex(self) -> str:
        """Return the regular expression that matches its decoded paths."""
        regex = unnamed(to_regex(self.source))
        if not self.is_archives:
            return regex
        return f"{regex.removesuffix(unnamed(to_regex('{number}')))}({NUMBER})"

    @property
    def is_pattern(self) -> bool:
        """Return whether the source has placeholders."""
        return PLACEHOLDER.search(self.source) is not None


class HostRules(msgspec.Struct, frozen=True):
    """The rules by which a static host serves a site.

    `names` are the paths of all documents. `caching_overrides` and `redirects` are in the order
    in which they must be tried.
    """

    site: Site
    names: frozenset[str]
    groups: tuple[HeaderGroup, ...]
    caching_overrides: tuple[CachingOverride, ...]
    redirects: tuple[RedirectRule, ...]

    @property
    def path(self) -> str:
        """The path of the feeds' URL, percent-encoded; `site.mount` is the same decoded.

        Raises `ExportError` if it has a `$`, which marks variables and groups in configurations.
        """
        if "$" in self.site.mount:
            raise ExportError(
                f"{self.site.feeds_url} has a $ in its path, which marks a variable in the "
                "configuration of hosts; set another feeds_url, or export with --for plain"
            )
        return quote(urlsplit(self.site.feeds_url).path or "/", safe="/%:@!&'()*+,;=~")

    @property
    def origin(self) -> str:
        """The feeds' URL without its path."""
        parts = urlsplit(self.site.feeds_url)
        return f"{parts.scheme}://{parts.netloc}"

    def links(self, own: str) -> str:
        """Return the Link header of the feed with the URL `own`."""
        hubs = (Link(hub, "hub") for hub in self.site.hubs)
        return link_header((Link(own, "self"), *hubs))

    def archive_links(self, own: str, feed: str) -> str:
        """Return the Link header of the archive document with the URL `own`.

        `feed` is the URL of its feed. A rule does not know which archive documents exist, so the
        header has no links to them.
        """
        return link_header((Link(own, "self"), Link(feed, "current")))

    @property
    def has_archives(self) -> bool:
        """Return whether any feed has archive documents."""
        return any(override.is_archives for override in self.caching_overrides)

    def groups_of(self, *kinds: Kind) -> Iterator[HeaderGroup]:
        """Return the groups of these kinds."""
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
    counts = Counter(feed.caching for feed in feeds)
    return counts.most_common(1)[0][0] if counts else opml.CACHING


def _groups(usual: Caching, site: Site) -> Iterator[HeaderGroup]:
    lists, css = opml.CACHING, stylesheets.document(stylesheets.PAGES_CSS)
    for format_ in FORMATS:
        yield _group(format_, MEDIA_TYPES[format_], usual, "feed", site)
    # The index page comes before all pages, because it has their extension.
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
    """Return a group of documents, with the headers that the server sends with each of them."""
    links = (Link("", "self"),) if kind == "feed" else ()
    sample = Document(
        body=b"", sha256="", updated=NEVER, media_type=media_type, caching=caching, links=links
    )
    sample_headers = headers.document_headers(sample, site)
    common = tuple(field for field in sample_headers if field[0] not in _PER_DOCUMENT)
    return HeaderGroup(extension, dict(sample_headers)["Content-Type"], common, kind, name)


def _caching_overrides(
    feeds: Sequence[FeedDefinition], usual: Caching, site: Site
) -> Iterator[CachingOverride]:
    """Yield the feeds and families with unusual caching, and the archives; single feeds first.

    The pattern of a family or of archives may match feeds outside of it: those are listed singly.
    """
    # That of the newest archive document, whose links still change: a rule does not know which
    # one that is.
    archive_caching = archives.caching(usual, ArchivePosition(number=1, newest=1))
    archive_patterns = _archive_patterns(feeds)
    archive_regexes = [re.compile(to_regex(source), re.IGNORECASE) for source in archive_patterns]
    families = [spec for spec in site.feeds if spec.each and spec.caching != usual]
    regexes = [(re.compile(to_regex(spec.path), re.IGNORECASE), spec) for spec in families]
    members: dict[str, list[str]] = {}
    for feed in feeds:
        spec = next((spec for regex, spec in regexes if regex.fullmatch(feed.path)), None)
        if spec is not None and spec.caching == feed.caching:
            members.setdefault(spec.path, []).append(feed.path)
        elif spec is not None or feed.caching != usual:
            overridden = [usual, *([spec.caching] if spec else [])]
            yield CachingOverride(feed.path, _freshness(feed.caching, overridden), (feed.path,))
        elif any(regex.fullmatch(feed.path) for regex in archive_regexes):
            yield CachingOverride(feed.path, _freshness(usual, [archive_caching]), (feed.path,))
    for spec in families:
        if spec.path in members:
            freshness = _freshness(spec.caching, [usual])
            yield CachingOverride(spec.path, freshness, tuple(members[spec.path]))
    for source in archive_patterns:
        yield CachingOverride(source, _freshness(archive_caching, [usual]), (), is_archives=True)


def _archive_patterns(feeds: Sequence[FeedDefinition]) -> list[str]:
    """Return the patterns of the paths of archive documents: one for each depth of folders."""
    depths = sorted({feed.path.count("/") + 1 for feed in feeds if feed.history})
    folders = ["/".join(f"{{folder{number}}}" for number in range(depth)) for depth in depths]
    return [f"{folder}/archive/{{number}}" for folder in folders]


def _freshness(caching: Caching, overridden: Iterable[Caching]) -> tuple[tuple[str, str], ...]:
    """Return the caching headers that replace those of the `overridden` rules.

    Not every host can remove a header. If an overridden rule sets headers for CDNs, these headers
    therefore repeat the general lifetime for CDNs.
    """
    if caching.cdn_max_age is None and any(rule.cdn_max_age is not None for rule in overridden):
        caching = msgspec.structs.replace(caching, cdn_max_age=caching.max_age)
    return tuple(headers.caching_headers(caching))


def with_freshness(
    base_headers: Iterable[tuple[str, str]], freshness: Iterable[tuple[str, str]]
) -> Headers:
    """Return the headers with those for caching replaced."""
    return [*freshness, *(field for field in base_headers if field[0] not in FRESHNESS)]
