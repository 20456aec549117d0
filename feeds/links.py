"""The links of a feed for WebSub: itself and its hubs, for its body and its HTTP headers. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from feeds.definitions import FeedDefinition
from feeds.fragment import Format
from feeds.site import Site


class Link(msgspec.Struct, frozen=True):
    """A link: an absolute ASCII URL, and what it is to the feed."""

    url: str
    rel: Literal["self", "hub"]


def links(feed: FeedDefinition, site: Site, format_: Format) -> tuple[Link, ...]:
    """The feed's own URL in this format, and every hub, in order (WebSub §4).

    Body and headers both take them from here, so that they cannot differ.
    """
    hubs = (Link(url, "hub") for url in site.hubs)
    return (Link(feed.url(site, format_), "self"), *hubs)


def header(links: Iterable[Link]) -> str:
    """The value of the HTTP header `Link` (RFC 8288 §3)."""
    return ", ".join(f'<{link.url}>; rel="{link.rel}"' for link in links)
