"""Feed metadata as feedgen writes it, with our extensions. Pure; no I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator

from feeds.config.definitions import FeedDefinition
from feeds.config.settings import Author
from feeds.config.site import Site
from feeds.model.archives import NO_ARCHIVES, ArchivePosition
from feeds.model.document import MEDIA_TYPES, Format, Link
from feeds.render import feedgen_entry
from feeds.render.feedgen_entry import element
from feeds.render.links import feed_links, feed_logo
from feeds.util import media_types

_GENERATOR = "feed-publisher"
_DOCS = "https://www.rssboard.org/rss-specification"
_FH = "http://purl.org/syndication/history/1.0"
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "yearly": 31_536_000}
_SY = "http://purl.org/rss/1.0/modules/syndication/"
# RSS images are GIF, JPEG or PNG (RSS 2.0, image) and at most 144 pixels wide.
_RSS_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png"})
_RSS_IMAGE_WIDTH = 144


class _ChannelExtras(BaseExtension):  # type: ignore[misc]
    """What feedgen leaves out of an RSS channel, and line breaks for people who read feeds."""

    links: tuple[Link, ...] = ()
    creator: str | None = None
    image: bool = False
    archive: bool = False
    max_age: int

    def extend_ns(self) -> dict[str, str]:
        own = {"fh": _FH} if self.archive else {"sy": _SY}
        return {"dc": feedgen_entry.DC, "media": feedgen_entry.MEDIA, **own}

    def extend_rss(self, root: Any) -> Any:
        image = root[0].find("image")  # feedgen makes one of every Atom logo
        if image is not None and not self.image:
            root[0].remove(image)
        if self.creator:
            element(root[0], f"{{{feedgen_entry.DC}}}creator", self.creator)
        for link in self.links:
            if link.rel != "self":  # which feedgen writes
                kind = None if link.rel == "hub" else MEDIA_TYPES["rss"]
                element(
                    root[0], f"{{{feedgen_entry.ATOM}}}link", rel=link.rel, href=link.url, type=kind
                )
        if self.archive:
            element(root[0], f"{{{_FH}}}archive")
        else:
            # How often it changes, as max-age has it; feedgen's own extension misspells the names.
            period, frequency = _frequency(self.max_age)
            element(root[0], f"{{{_SY}}}updatePeriod", period)
            element(root[0], f"{{{_SY}}}updateFrequency", str(frequency))
        root[0][-1].tail = "\n"
        return root


def _frequency(max_age: int) -> tuple[str, int]:
    """How often in what period a feed changes that is fresh for so many seconds.

    Exactly, where one of the periods is a multiple of that.
    """
    for period, seconds in _PERIODS.items():
        if seconds % max_age == 0:
            return period, seconds // max_age
    return period, round(seconds / max_age)


class _FeedExtras(BaseExtension):  # type: ignore[misc]
    archive: bool = False

    def extend_ns(self) -> dict[str, str]:
        return {**feedgen_entry.ATOM_NAMESPACES, **({"fh": _FH} if self.archive else {})}

    def extend_atom(self, root: Any) -> Any:
        if self.archive:
            element(root, f"{{{_FH}}}archive")
        root[-1].tail = "\n"
        return root


def feedgen_feed(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    updated: datetime,
    newest: datetime | None,
    place: ArchivePosition = NO_ARCHIVES,
) -> FeedGenerator:
    """The feed as feedgen holds it, without entries."""
    settings = site.settings
    made = FeedGenerator()
    made.id(site.new_id(f"feeds:{quote(feed.path)}"))
    made.title(feed.title)
    made.subtitle(feed.description)
    made.description(feed.description)
    made.language(settings.language)
    made.updated(updated)
    made.generator(_GENERATOR)
    made.docs(_DOCS)
    if place.number is None:
        made.ttl(feed.caching.max_age // 60)
    made.rights(settings.rights)
    if newest:
        made.pubDate(newest)
    made.register_extension("channel", _ChannelExtras, atom=False)
    made.register_extension("feed", _FeedExtras, rss=False)
    made.channel.links = feed_links(feed, site, format_, place)
    made.channel.archive = made.feed.archive = place.number is not None
    made.channel.max_age = feed.caching.max_age
    _add_author(made, site)
    _add_links(made, made.channel.links, site, format_)
    _add_images(made, feed, site)
    return made


def _add_author(made: FeedGenerator, site: Site) -> None:
    """Atom's author, and RSS's: an address with a name (RSS 2.0), or dc:creator for a name."""
    author = site.settings.author or Author(name=site.settings.title)
    known = {"name": author.name, "uri": author.url, "email": author.email}
    made.author({name: value for name, value in known.items() if value})
    if author.email:
        made.managingEditor(f"{author.email} ({author.name})")
    else:
        made.channel.creator = author.name


def _add_links(made: FeedGenerator, known: Sequence[Link], site: Site, format_: Format) -> None:
    for link in known:
        kind = {} if link.rel == "hub" else {"type": MEDIA_TYPES[format_]}
        made.link(href=link.url, rel=link.rel, **kind)
    # Last, for feedgen makes the last link the RSS channel's.
    made.link(href=site.settings.url, rel="alternate", type="text/html")


def _add_images(made: FeedGenerator, feed: FeedDefinition, site: Site) -> None:
    if site.settings.icon:
        made.icon(site.settings.icon)
    logo, width = feed_logo(feed, site)
    if logo is None:
        return
    made.logo(logo)
    small = width is None or width <= _RSS_IMAGE_WIDTH
    if small and media_types.media_type(logo, site.settings.media_types) in _RSS_IMAGES:
        made.image(url=logo, title=feed.title, link=site.settings.url)
        made.channel.image = True
