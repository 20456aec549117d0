"""One entry in one format, as bytes: an RSS item, an Atom entry, a JSON Feed item. Pure; no I/O.

A fragment depends on its entry (and the site settings it uses) alone, so one serves every feed.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import msgspec
from feedgen.entry import FeedEntry
from lxml import etree

from feeds import dates, direct, mending
from feeds.entry import Enclosure, Entry, Person
from feeds.errors import RenderError
from feeds.site import Site

Format = Literal["rss", "atom", "json"]
FORMATS: tuple[Format, ...] = ("rss", "atom", "json")

# Raised with any change to what becomes of the same article: to what it says as an entry
# (feeds.article, body, composed, attachments, attribution, ...) as to how that is rendered.
# tests/test_golden.py tells when that was forgotten.
VERSION = 4


def render(entry: Entry, site: Site) -> dict[Format, bytes]:
    """The entry's fragment in every format.

    RSS 2.0 with its Best Practices Profile, RFC 4287, JSON Feed 1.1. The XML fragments end in a
    newline. Raises `RenderError` for an entry that feedgen refuses.
    """
    tags = categories(entry, site)
    try:
        rss, atom = direct.write(entry, tags)
    except direct.UnusualError:
        rss, atom = by_feedgen(entry, site)
    return {"rss": rss, "atom": atom, "json": msgspec.json.encode(_json_item(entry, tags))}


def by_feedgen(entry: Entry, site: Site) -> tuple[bytes, bytes]:
    """The RSS item and the Atom entry of any entry, as feedgen writes them.

    What `feeds.direct` writes is held to this. Raises `RenderError`.
    """
    try:
        made = feedgen_entry(entry, site)
        rss, atom = _cut(_RSS, made.rss_entry()), _cut(_ATOM, made.atom_entry())
    except ValueError as error:
        raise RenderError(entry.id, str(error)) from error
    return mending.plain_references(rss), atom


def feedgen_entry(entry: Entry, site: Site) -> FeedEntry:
    """The entry as feedgen holds it, with our extension for what feedgen lacks."""
    made = FeedEntry()
    made.id(entry.id)
    made.title(entry.title)
    made.link(href=entry.link)
    made.published(entry.published)
    made.updated(entry.updated)
    if entry.summary:
        made.summary(entry.summary)
        made.description(escape(entry.summary, quote=False))
    made.content(entry.content, type="html")
    if entry.authors:
        made.author([_feedgen_author(person) for person in entry.authors])
    if tags := categories(entry, site):
        made.category([{"term": term, "scheme": scheme} for scheme, term in tags])
    if entry.provider and (source := entry.provider.feed or entry.provider.home):
        made.source(source, entry.provider.name)
    made.register_extension("extras", mending.EntryExtras)
    made.extras.entry = entry
    return made


def categories(entry: Entry, site: Site) -> list[tuple[str, str]]:
    """(scheme, term) of each category: topics, then the category, then the type."""
    base = site.settings.url
    topics = dict.fromkeys(site.topic_name(topic) for topic in entry.topics)
    tags = [(f"{base}topics", topic) for topic in topics]
    if entry.category:
        tags.append((f"{base}categories", entry.category))
    if entry.type:
        tags.append((f"{base}types", entry.type))
    return tags


def _feedgen_author(person: Person) -> dict[str, str]:
    return {"name": person.name, "uri": person.url} if person.url else {"name": person.name}


class _Frame:
    """An otherwise empty document, in which an element is serialised as in a whole feed."""

    def __init__(self, root: Any, parent: Any) -> None:
        self.root, self.parent = root, parent
        parent.text = ""
        empty = etree.tostring(root, encoding="UTF-8")
        self.after = len(empty) - empty.rindex(b"</" + parent.tag.encode())
        self.before = len(empty) - self.after


def _frame(
    name: str, namespaces: Mapping[str, str], child: str | None, **attributes: str
) -> _Frame:
    root = etree.Element(name, attributes, nsmap=dict(namespaces))
    return _Frame(root, etree.SubElement(root, child) if child else root)


_RSS = _frame("rss", mending.RSS_NAMESPACES, "channel", version="2.0")
_ATOM = _frame("feed", mending.ATOM_NAMESPACES, None, xmlns=mending.ATOM)


def _cut(frame: _Frame, node: Any) -> bytes:
    frame.parent.append(node)
    whole: bytes = etree.tostring(frame.root, encoding="UTF-8")
    frame.parent.remove(node)
    return whole[frame.before : -frame.after]


def _json_item(entry: Entry, tags: Sequence[tuple[str, str]]) -> dict[str, Any]:
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
