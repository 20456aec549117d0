"""JSON Feed items and envelopes. Pure; no I/O."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.archives import ArchivePosition
from feeds.model.entry import Enclosure, Entry, Person
from feeds.render.elements import Envelope
from feeds.render.links import feed_links, feed_logo
from feeds.util import dates

_JSON_FEED = "https://jsonfeed.org/version/1.1"


def json_envelope(feed: FeedDefinition, site: Site, place: ArchivePosition) -> Envelope:
    """JSON Feed 1.1; members without a value are left out.

    `feed_url` names the feed, in its archive documents too: they are pages of it.
    """
    found = feed_links(feed, site, "json", place)
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
        "icon": feed_logo(feed, site)[0] or settings.icon,
        "favicon": settings.icon,
        "authors": [{name: value for name, value in person.items() if value}],
        "language": settings.language,
        "hubs": hubs,
    }
    known = {name: value for name, value in members.items() if value}
    head = msgspec.json.encode(known).removesuffix(b"}") + b',"items":[\n'
    return Envelope(head, b",\n", b"\n]}\n")


def json_item(entry: Entry, tags: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The JSON Feed 1.1 item of an entry; members without a value are left out."""
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.link,
        "external_url": entry.via if entry.via != entry.link else None,
        "title": entry.title,
        "content_html": entry.content,
        "summary": entry.summary,
        "image": entry.images[0].url if entry.images else None,
        "date_published": dates.rfc3339(entry.published),
        "date_modified": dates.rfc3339(entry.updated),
        "authors": [_json_author(person) for person in entry.authors],
        "tags": list(dict.fromkeys(term for _, term in tags)),
        "language": entry.language,
        "attachments": [_json_attachment(file) for file in entry.enclosures],
        "_source": _json_source(entry),
    }
    return {name: value for name, value in item.items() if value}


def _json_author(person: Person) -> dict[str, str]:
    known = {"name": person.name, "url": person.url, "avatar": person.avatar}
    return {name: value for name, value in known.items() if value}


def _json_attachment(file: Enclosure) -> dict[str, Any]:
    known = {
        "url": file.url,
        "mime_type": file.media_type,
        "title": file.title,
        "size_in_bytes": file.length,
        "duration_in_seconds": file.duration,
    }
    return {name: value for name, value in known.items() if value}


def _json_source(entry: Entry) -> dict[str, str] | None:
    """Where the item comes from: JSON Feed has no word for it, so an extension member."""
    provider = entry.provider
    if provider is None:
        return None
    known = {
        "about": "https://www.rfc-editor.org/rfc/rfc4287#section-4.2.11",
        "title": provider.name,
        "home_page_url": provider.home,
        "feed_url": provider.feed,
        "icon": provider.icon,
    }
    return {name: value for name, value in known.items() if value}
