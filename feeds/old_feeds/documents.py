"""Reads feeds of other tools (RSS, RDF, Atom, JSON Feed), and exports of WordPress and Ghost."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec
from dateutil import parser as dateutil
from lxml import etree

from feeds.errors import FeedsError
from feeds.model.document import Format
from feeds.util.text import one_line

_MAX_BYTES = 100_000_000
_UNKNOWN = "is neither RSS nor Atom nor JSON Feed, nor an export of WordPress or Ghost"
# Names that built sites give to their main feed, the most usual first.
NAMES = (
    "feed.xml", "atom.xml", "rss.xml", "index.xml", "feed.atom", "feed.rss", "rss", "feed.json",
    "feed/feed.xml", "feed/index.xml", "blog/feed.xml", "blog/rss.xml", "blog/atom.xml",
    "feed_rss_created.xml", "feed_rss_updated.xml", "feed_json_created.json", "index.rss",
    "feeds/all.atom.xml", "feeds/all.rss.xml", "feeds/atom.xml", "feeds/rss.xml", "posts/index.xml",
    "rss/index.xml", "atom/index.xml", "blog/index.xml",
)  # fmt: skip


class OldItem(msgspec.Struct, frozen=True):
    """One item of an old feed; dates are None if it has none.

    `permalink` is True if the id of an RSS item is a URL that is declared to be a permalink, by
    `isPermaLink` or by its absence.
    """

    id: str
    link: str
    title: str
    published: datetime | None
    updated: datetime | None = None
    permalink: bool = False


class OldDocument(msgspec.Struct, frozen=True):
    """An old feed; `address` is its own URL, if it names one.

    `is_export` is True for an export of WordPress or Ghost, which no reader polls.
    """

    name: str
    format: Format
    title: str
    address: str
    items: tuple[OldItem, ...]
    is_export: bool = False


class OldDocumentError(FeedsError):
    """A file is not a feed."""


def read(path: Path) -> OldDocument:
    """Return the feed or export in a file. Raises `OldDocumentError`."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise OldDocumentError(f"{path}: has more than {_MAX_BYTES:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise OldDocumentError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(str(path), content)


def parse(source: str, content: bytes) -> OldDocument:
    """Return the feed or export in `content`, read from `source`. Raises `OldDocumentError`."""
    name = source.rstrip("/").rpartition("/")[2]
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        return _json(source, name, content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=True)
    root = etree.fromstring(content, parser) if content.strip() else None
    kind = "" if root is None else _local(root)
    if root is not None and kind == "feed":
        return _atom(name, root)
    if root is not None and kind in ("rss", "RDF"):
        return _rss(name, root)
    raise OldDocumentError(f"{source}: {_UNKNOWN}")


def _json(source: str, name: str, content: bytes) -> OldDocument:
    try:
        data: Any = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise OldDocumentError(f"{source}: is not valid JSON: {error}") from error
    if isinstance(data, dict) and (posts := _ghost_posts(data)) is not None:
        return OldDocument(name, "rss", "", "", tuple(map(_ghost_item, posts)), is_export=True)
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        raise OldDocumentError(f"{source}: {_UNKNOWN}")
    items = tuple(
        OldItem(
            id=str(item.get("id", "")),
            link=str(item.get("url") or item.get("external_url") or ""),
            title=one_line(str(item.get("title") or "")),
            published=_moment(item.get("date_published")),
            updated=_moment(item.get("date_modified")),
        )
        for item in data["items"]
        if isinstance(item, dict)
    )
    title, address = one_line(str(data.get("title") or "")), str(data.get("feed_url") or "")
    return OldDocument(name, "json", title, address, items)


def _ghost_posts(data: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the published posts of a Ghost export; None if it is none."""
    database = data.get("db")
    content = database[0] if isinstance(database, list) and database else data
    tables = content.get("data") if isinstance(content, dict) else None
    posts = tables.get("posts") if isinstance(tables, dict) else None
    if not isinstance(posts, list):
        return None
    return [
        post
        for post in posts
        if isinstance(post, dict)
        and post.get("status") == "published"
        and post.get("type", "post") == "post"
    ]


def _ghost_item(post: dict[str, Any]) -> OldItem:
    """Return a post as Ghost's RSS has it: its guid is the post's id, of 24 hexadecimal digits."""
    return OldItem(
        id=str(post.get("id") or post.get("uuid") or ""),
        link=f"/{post.get('slug') or ''}/",
        title=one_line(str(post.get("title") or "")),
        published=_moment(post.get("published_at")),
        updated=_moment(post.get("updated_at")),
    )


def _atom(name: str, root: etree._Element) -> OldDocument:
    items = tuple(
        OldItem(
            id=_text(entry, "id"),
            link=_atom_link(entry, "alternate"),
            title=_text(entry, "title"),
            published=_moment(_text(entry, "published", "issued") or _text(entry, "updated")),
            updated=_moment(_text(entry, "updated", "modified")),
        )
        for entry in _children(root, "entry")
    )
    return OldDocument(name, "atom", _text(root, "title"), _atom_link(root, "self"), items)


def _rss(name: str, root: etree._Element) -> OldDocument:
    channel = next(_children(root, "channel"), root)
    holder = channel if _local(root) == "rss" else root
    if _text(channel, "wxr_version"):
        posts = tuple(_wordpress_item(item) for item in _children(holder, "item") if _is_post(item))
        return OldDocument(name, "rss", _text(channel, "title"), "", posts, is_export=True)
    items = tuple(
        OldItem(
            id=_text(item, "guid") or _about(item) or _text(item, "link"),
            link=_text(item, "link") or _text(item, "guid"),
            title=_text(item, "title"),
            published=_moment(_text(item, "pubDate", "date")),
            updated=_moment(_text(item, "updated", "modified")),
            permalink=_is_permalink(item),
        )
        for item in _children(holder, "item")
    )
    return OldDocument(name, "rss", _text(channel, "title"), _atom_link(channel, "self"), items)


def _is_post(item: etree._Element) -> bool:
    return _text(item, "status") == "publish" and _text(item, "post_type") in ("", "post")


def _wordpress_item(item: etree._Element) -> OldItem:
    return OldItem(
        id=_text(item, "guid") or _text(item, "link"),
        link=_text(item, "link"),
        title=_text(item, "title"),
        published=_moment(_text(item, "post_date_gmt")) or _moment(_text(item, "pubDate")),
        updated=_moment(_text(item, "post_modified_gmt")),
        permalink=_is_permalink(item),
    )


def _is_permalink(item: etree._Element) -> bool:
    guid = next(_children(item, "guid"), None)
    if guid is None or guid.get("isPermaLink", "true").strip().lower() != "true":
        return False
    return "://" in _text(item, "guid")


def _about(item: etree._Element) -> str:
    return str(item.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about", ""))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    yield from (child for child in element if _local(child) in names)


def _text(element: etree._Element, *names: str) -> str:
    """Return the text of the first child of one of these names."""
    child = next((child for name in names for child in _children(element, name)), None)
    return one_line("".join(map(str, child.itertext()))) if child is not None else ""


def _atom_link(element: etree._Element, relation: str) -> str:
    """Return the target of an Atom link; that without a relation is the alternate one."""
    for link in _children(element, "link"):
        if link.get("href") and link.get("rel", "alternate") == relation:
            return str(link.get("href"))
    return ""


def _moment(value: object) -> datetime | None:
    text = str(value) if value else ""
    for parse in (parsedate_to_datetime, dateutil.isoparse, dateutil.parse):
        try:
            moment = parse(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return None
