"""The links of a feed: itself, its hubs and its history, for body and HTTP headers. Pure."""

from collections.abc import Iterable

from feeds.config.definitions import FeedDefinition, feed_url
from feeds.config.site import Site
from feeds.model import archives
from feeds.model.archives import NO_ARCHIVES, ArchivePosition
from feeds.model.document import Format, Link
from feeds.util import urls


def feed_links(
    feed: FeedDefinition, site: Site, format_: Format, place: ArchivePosition = NO_ARCHIVES
) -> tuple[Link, ...]:
    """The document's own URL, the hubs of the feed (WebSub §4), and its archives (RFC 5005 §4).

    Hubs tell of the subscription document, so that archives name that instead. Body and headers
    both take them from here, so that they cannot differ.
    """

    def archive(number: int) -> str:
        return feed_url(archives.path(feed.path, number), site, format_)

    own = feed.url(site, format_)
    if place.number is None:
        found = [Link(own, "self"), *(Link(url, "hub") for url in site.hubs)]
    else:
        found = [Link(archive(place.number), "self"), Link(own, "current")]
    if place.previous:
        found.append(Link(archive(place.previous), "prev-archive"))
    if place.next:
        found.append(Link(archive(place.next), "next-archive"))
    return tuple(found)


def header(links: Iterable[Link]) -> str:
    """The value of the HTTP header `Link` (RFC 8288 §3)."""
    return ", ".join(f'<{link.url}>; rel="{link.rel}"' for link in links)


def feed_logo(feed: FeedDefinition, site: Site) -> tuple[str | None, int | None]:
    """The feed's picture and its width: the topic's own, else the site's."""
    if feed.picture:
        return urls.in_site(feed.picture.url, site.assets_url), feed.picture.width
    return site.settings.logo, None
