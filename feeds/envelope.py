"""What stands around a feed's fragments in each format: its metadata, and the end. Pure; no I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator

from feeds import history, media, mending, urls
from feeds.definitions import FeedDefinition
from feeds.fragment import Format
from feeds.history import ALONE, Place
from feeds.keys import Author
from feeds.links import Link, links
from feeds.mending import element
from feeds.site import Site

MEDIA_TYPES: dict[Format, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
# What browsers show feeds with, in the folder of all feeds.
STYLESHEET = "feed.css"
# Raised with any change of the bytes of the same feed's envelope, so that exports write it anew.
# The dates of feeds do not move by it: subscribers are shown nothing new.
VERSION = 3
_GENERATOR = "feed-publisher"
_DOCS = "https://www.rssboard.org/rss-specification"
_FH = "http://purl.org/syndication/history/1.0"
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "yearly": 31_536_000}
_SY = "http://purl.org/rss/1.0/modules/syndication/"
_JSON_FEED = "https://jsonfeed.org/version/1.1"
# RSS images are GIF, JPEG or PNG (RSS 2.0, image) and at most 144 pixels wide.
_RSS_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png"})
_RSS_IMAGE_WIDTH = 144


class Envelope(msgspec.Struct, frozen=True):
    """The bytes before the first fragment, between fragments, and after the last."""

    head: bytes
    between: bytes
    tail: bytes


class _ChannelExtras(BaseExtension):  # type: ignore[misc]
    """What feedgen leaves out of an RSS channel, and line breaks for people who read feeds."""

    links: tuple[Link, ...] = ()
    creator: str | None = None
    image: bool = False
    archive: bool = False
    max_age: int

    def extend_ns(self) -> dict[str, str]:
        own = {"fh": _FH} if self.archive else {"sy": _SY}
        return {"dc": mending.DC, "media": mending.MEDIA, **own}

    def extend_rss(self, root: Any) -> Any:
        image = root[0].find("image")  # feedgen makes one of every Atom logo
        if image is not None and not self.image:
            root[0].remove(image)
        if self.creator:
            element(root[0], f"{{{mending.DC}}}creator", self.creator)
        for link in self.links:
            if link.rel != "self":  # which feedgen writes
                kind = None if link.rel == "hub" else MEDIA_TYPES["rss"]
                element(root[0], f"{{{mending.ATOM}}}link", rel=link.rel, href=link.url, type=kind)
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
        return {**mending.ATOM_NAMESPACES, **({"fh": _FH} if self.archive else {})}

    def extend_atom(self, root: Any) -> Any:
        if self.archive:
            element(root, f"{{{_FH}}}archive")
        root[-1].tail = "\n"
        return root


def make(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    updated: datetime,
    newest: datetime | None,
    place: Place = ALONE,
) -> Envelope:
    """The envelope of a feed in one format, or of an archive document of it.

    `updated` is the newest change of what the feed shows (RFC 4287 §4.2.15, never the clock),
    `newest` the date of its newest entry.
    """
    if format_ == "json":
        return _json(feed, site, place)
    generator = feedgen_feed(feed, site, format_, updated, newest, place)
    if format_ == "rss":
        whole, end = mending.plain_references(generator.rss_str()), b"</channel></rss>"
    else:
        whole, end = generator.atom_str(), b"</feed>"
    declaration, rest = whole.removesuffix(end).split(b"\n", 1)
    path = feed.path if place.number is None else history.path(feed.path, place.number)
    look = f'<?xml-stylesheet type="text/css" href="{stylesheet(path)}"?>'
    return Envelope(b"\n".join((declaration, look.encode(), rest)), b"", end + b"\n")


def stylesheet(path: str) -> str:
    """The reference to the feeds' stylesheet from the document at `path` (xml-stylesheet, §3.1).

    Relative, so that it holds wherever the documents are looked at.
    """
    return f"{'../' * path.count('/')}{STYLESHEET}"


def feedgen_feed(
    feed: FeedDefinition,
    site: Site,
    format_: Format,
    updated: datetime,
    newest: datetime | None,
    place: Place = ALONE,
) -> FeedGenerator:
    """The feed as feedgen holds it, without entries."""
    settings = site.settings
    made = FeedGenerator()
    made.id(site.mint(f"feeds:{quote(feed.path)}"))
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
    made.channel.links = links(feed, site, format_, place)
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
    logo, width = _logo(feed, site)
    if logo is None:
        return
    made.logo(logo)
    small = width is None or width <= _RSS_IMAGE_WIDTH
    if small and media.media_type(logo, site.settings.media_types) in _RSS_IMAGES:
        made.image(url=logo, title=feed.title, link=site.settings.url)
        made.channel.image = True


def _logo(feed: FeedDefinition, site: Site) -> tuple[str | None, int | None]:
    """The feed's picture and its width: the topic's own, else the site's."""
    if feed.picture:
        return urls.in_site(feed.picture.url, site.assets_url), feed.picture.width
    return site.settings.logo, None


def _json(feed: FeedDefinition, site: Site, place: Place) -> Envelope:
    """JSON Feed 1.1; members without a value are left out.

    `feed_url` names the feed, in its archive documents too: they are pages of it.
    """
    found = links(feed, site, "json", place)
    older = {link.rel: link.url for link in found}.get("prev-archive")
    settings, author = site.settings, site.settings.author
    person = {"name": author.name if author else settings.title, "url": author and author.url}
    hubs = [{"type": "WebSub", "url": link.url} for link in found if link.rel == "hub"]
    members = {
        "version": _JSON_FEED,
        "title": feed.title,
        "home_page_url": settings.url,
        "feed_url": feed.url(site, "json"),
        "next_url": older,
        "description": feed.description,
        "icon": _logo(feed, site)[0] or settings.icon,
        "favicon": settings.icon,
        "authors": [{name: value for name, value in person.items() if value}],
        "language": settings.language,
        "hubs": hubs,
    }
    known = {name: value for name, value in members.items() if value}
    head = msgspec.json.encode(known).removesuffix(b"}") + b',"items":[\n'
    return Envelope(head, b",\n", b"\n]}\n")
