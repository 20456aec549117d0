"""The links of a feed: itself, its hubs and its history, for body and HTTP headers. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from feeds import history
from feeds.definitions import FeedDefinition, feed_url
from feeds.fragment import Format
from feeds.history import ALONE, Place
from feeds.site import Site


class Link(msgspec.Struct, frozen=True):
    """A link: an absolute ASCII URL, and what it is to the feed."""

    url: str
    rel: Literal["self", "hub", "current", "prev-archive", "next-archive"]


def links(
    feed: FeedDefinition, site: Site, format_: Format, place: Place = ALONE
) -> tuple[Link, ...]:
    """The document's own URL, the hubs of the feed (WebSub §4), and its archives (RFC 5005 §4).

    Hubs tell of the subscription document, so that archives name that instead. Body and headers
    both take them from here, so that they cannot differ.
    """

    def archive(number: int) -> str:
        return feed_url(history.path(feed.path, number), site, format_)

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
