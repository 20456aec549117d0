"""Feed metadata of RSS and Atom, written by feedgen with extensions. Pure; no I/O.

Unlike entries (`rss`, `atom`), feed metadata has no fast path.
"""

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
from feeds.render.elements import (
    ATOM,
    ATOM_NAMESPACES,
    DC,
    HISTORY,
    MEDIA,
    SYNDICATION,
    add_element,
)
from feeds.render.feedgen_entry import patch_feedgen_dates
from feeds.render.links import feed_links, feed_logo
from feeds.util import media_types

_GENERATOR = "feed-publisher"
_DOCS = "https://www.rssboard.org/rss-specification"
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "yearly": 31_536_000}
# RSS images are GIF, JPEG or PNG (RSS 2.0, image) and at most 144 pixels wide.
_RSS_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png"})
_RSS_IMAGE_WIDTH = 144

patch_feedgen_dates()


class _ChannelExtension(BaseExtension):  # type: ignore[misc]
    """Adds the elements that feedgen omits from an RSS channel, and a final line break."""

    links: tuple[Link, ...] = ()
    creator: str | None = None
    image: bool = False
    archive: bool = False
    max_age: int

    def extend_ns(self) -> dict[str, str]:
        own = {"fh": HISTORY} if self.archive else {"sy": SYNDICATION}
        return {"dc": DC, "media": MEDIA, **own}

    def extend_rss(self, root: Any) -> Any:
        channel = root[0]
        image = channel.find("image")  # feedgen writes one for every Atom logo
        if image is not None and not self.image:
            channel.remove(image)
        if self.creator:
            add_element(channel, f"{{{DC}}}creator", self.creator)
        for link in self.links:
            if link.rel != "self":  # feedgen writes the link to itself
                type_ = None if link.rel == "hub" else MEDIA_TYPES["rss"]
                add_element(channel, f"{{{ATOM}}}link", rel=link.rel, href=link.url, type=type_)
        if self.archive:
            add_element(channel, f"{{{HISTORY}}}archive")
        else:
            # feedgen's own extension for these misspells their names.
            period, frequency = _update_frequency(self.max_age)
            add_element(channel, f"{{{SYNDICATION}}}updatePeriod", period)
            add_element(channel, f"{{{SYNDICATION}}}updateFrequency", str(frequency))
        channel[-1].tail = "\n"
        return root


def _update_frequency(max_age: int) -> tuple[str, int]:
    """Return `sy:updatePeriod` and `sy:updateFrequency` for a freshness lifetime in seconds.

    They are exact if a period is a multiple of `max_age`.
    """
    for period, seconds in _PERIODS.items():
        if seconds % max_age == 0:
            return period, seconds // max_age
    return period, round(seconds / max_age)


class _FeedExtension(BaseExtension):  # type: ignore[misc]
    """Adds `fh:archive` to the Atom feed of an archive document, and a final line break."""

    archive: bool = False

    def extend_ns(self) -> dict[str, str]:
        return {**ATOM_NAMESPACES, **({"fh": HISTORY} if self.archive else {})}

    def extend_atom(self, root: Any) -> Any:
        if self.archive:
            add_element(root, f"{{{HISTORY}}}archive")
        root[-1].tail = "\n"
        return root


def build_feedgen_feed(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    updated: datetime,
    newest: datetime | None,
    position: ArchivePosition = NO_ARCHIVES,
) -> FeedGenerator:
    """Return feedgen's object for the feed, without entries (for dates see `DocumentInfo`)."""
    settings, is_archive = site.settings, position.number is not None
    generator = FeedGenerator()
    generator.id(site.new_id(f"feeds:{quote(feed.path)}"))
    generator.title(feed.title)
    generator.subtitle(feed.description)
    generator.description(feed.description)
    generator.language(settings.language)
    generator.updated(updated)
    generator.generator(_GENERATOR)
    generator.docs(_DOCS)
    if not is_archive:
        generator.ttl(feed.caching.max_age // 60)
    generator.rights(settings.rights)
    if newest:
        generator.pubDate(newest)
    generator.register_extension("channel", _ChannelExtension, atom=False)
    generator.register_extension("feed", _FeedExtension, rss=False)
    links = generator.channel.links = feed_links(feed, site, format_, position)
    generator.channel.archive = generator.feed.archive = is_archive
    generator.channel.max_age = feed.caching.max_age
    _set_author(generator, site)
    _set_links(generator, links, site, format_)
    _set_images(generator, feed, site)
    return generator


def _set_author(generator: FeedGenerator, site: Site) -> None:
    """Set Atom's author, and RSS's: an e-mail address with a name, else `dc:creator`."""
    author = site.settings.author or Author(name=site.settings.title)
    person = {"name": author.name, "uri": author.url, "email": author.email}
    generator.author({name: value for name, value in person.items() if value})
    if author.email:
        generator.managingEditor(f"{author.email} ({author.name})")
    else:
        generator.channel.creator = author.name


def _set_links(
    generator: FeedGenerator, links: Sequence[Link], site: Site, format_: Format
) -> None:
    for link in links:
        type_ = {} if link.rel == "hub" else {"type": MEDIA_TYPES[format_]}
        generator.link(href=link.url, rel=link.rel, **type_)
    # Last, because feedgen uses the last link as the RSS channel's.
    generator.link(href=site.settings.url, rel="alternate", type="text/html")


def _set_images(generator: FeedGenerator, feed: FeedDefinition, site: Site) -> None:
    if site.settings.icon:
        generator.icon(site.settings.icon)
    logo, width = feed_logo(feed, site)
    if logo is None:
        return
    generator.logo(logo)
    is_small = width is None or width <= _RSS_IMAGE_WIDTH
    if is_small and media_types.media_type(logo, site.settings.media_types) in _RSS_IMAGES:
        generator.image(url=logo, title=feed.title, link=site.settings.url)
        generator.channel.image = True
