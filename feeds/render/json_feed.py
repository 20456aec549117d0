"""JSON Feed 1.1, written directly: items, and the metadata of a feed. Pure; no I/O.

There is no fallback for JSON: feedgen does not write it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.archives import ArchivePosition
from feeds.model.entry import Enclosure, Entry, Person
from feeds.render.links import feed_links, feed_logo
from feeds.util import dates

T = TypeVar("T")

_JSON_FEED = "https://jsonfeed.org/version/1.1"


def json_head(feed: FeedDefinition, site: Site, position: ArchivePosition) -> bytes:
    """Return a feed document up to its first item.

    `feed_url` is the URL of the feed in its archive documents too, because they are its pages.
    """
    links = feed_links(feed, site, "json", position)
    settings, author = site.settings, site.settings.author
    person = {"name": author.name if author else settings.title, "url": author and author.url}
    members = {
        "version": _JSON_FEED,
        "title": feed.title,
        "home_page_url": settings.url,
        "feed_url": feed.url(site, "json"),
        "next_url": {link.rel: link.url for link in links}.get("prev-archive"),
        "description": feed.description,
        "icon": feed_logo(feed, site)[0] or settings.icon,
        "favicon": settings.icon,
        "authors": [_without_empty(person)],
        "language": settings.language,
        "hubs": [{"type": "WebSub", "url": link.url} for link in links if link.rel == "hub"],
    }
    return msgspec.json.encode(_without_empty(members)).removesuffix(b"}") + b',"items":[\n'


def json_item(entry: Entry, tags: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the item of an entry; `tags` are (scheme, term)."""
    return _without_empty(
        {
            "id": entry.id,
            "url": entry.link,
            "external_url": entry.via if entry.via != entry.link else None,
            "title": entry.title,
            "content_html": entry.content,
            "summary": entry.summary,
            "image": entry.images[0].url if entry.images else None,
            "date_published": dates.rfc3339(entry.published),
            "date_modified": dates.rfc3339(entry.updated),
            "authors": [_author(person) for person in entry.authors],
            "tags": list(dict.fromkeys(term for _, term in tags)),
            "language": entry.language,
            "attachments": [_attachment(enclosure) for enclosure in entry.enclosures],
            "_source": _source(entry),
        }
    )


def _author(person: Person) -> dict[str, str | None]:
    return _without_empty({"name": person.name, "url": person.url, "avatar": person.avatar})


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    return _without_empty(
        {
            "url": enclosure.url,
            "mime_type": enclosure.media_type,
            "title": enclosure.title,
            "size_in_bytes": enclosure.length,
            "duration_in_seconds": enclosure.duration,
        }
    )


def _source(entry: Entry) -> dict[str, str | None] | None:
    """Return the entry's provider. JSON Feed has no member for it, so this is an extension."""
    provider = entry.provider
    if provider is None:
        return None
    return _without_empty(
        {
            "about": "https://www.rfc-editor.org/rfc/rfc4287#section-4.2.11",
            "title": provider.name,
            "home_page_url": provider.home,
            "feed_url": provider.feed,
            "icon": provider.icon,
        }
    )


def _without_empty(members: Mapping[str, T]) -> dict[str, T]:
    return {name: value for name, value in members.items() if value}
