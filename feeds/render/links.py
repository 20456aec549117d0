"""The links of a feed: its own URL, hubs and archives, for bodies and HTTP headers. Pure."""

from collections.abc import Iterable

from feeds.config.definitions import FeedDefinition, feed_url
from feeds.config.site import Site
from feeds.model import archives
from feeds.model.archives import NO_ARCHIVES, ArchivePosition
from feeds.model.document import Format, Link
from feeds.util import urls


def feed_links(
    feed: FeedDefinition, site: Site, format_: Format, position: ArchivePosition = NO_ARCHIVES
) -> tuple[Link, ...]:
    """Return links to the document itself, its hubs (WebSub §4) and archives (RFC 5005 §4).

    Archives link to the feed instead of its hubs, because hubs distribute only the feed.
    Body and headers both use these links, so that they cannot differ.
    """

    def archive_url(number: int) -> str:
        return feed_url(archives.path(feed.path, number), site, format_)

    own = feed.url(site, format_)
    if position.number is None:
        links = [Link(own, "self"), *(Link(url, "hub") for url in site.hubs)]
    else:
        links = [Link(archive_url(position.number), "self"), Link(own, "current")]
    if position.previous:
        links.append(Link(archive_url(position.previous), "prev-archive"))
    if position.next:
        links.append(Link(archive_url(position.next), "next-archive"))
    return tuple(links)


def link_header(links: Iterable[Link]) -> str:
    """Return the value of the HTTP header `Link` (RFC 8288 §3)."""
    return ", ".join(f'<{link.url}>; rel="{link.rel}"' for link in links)


def feed_logo(feed: FeedDefinition, site: Site) -> tuple[str | None, int | None]:
    """Return the URL and width of the feed's picture: its topic's, else the site's."""
    if feed.picture:
        return urls.in_site(feed.picture.url, site.assets_url), feed.picture.width
    return site.settings.logo, None
