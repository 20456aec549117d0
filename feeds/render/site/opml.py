"""OPML 2.0 lists of feeds, of the whole site or a group, to subscribe to many at once. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lxml import etree

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Caching, Document, make_document
from feeds.render.elements import add_element
from feeds.render.site.groups import FeedGroup, grouped
from feeds.util.dates import NEVER, from_timestamp

NAME = "feeds.opml"
MEDIA_TYPE = "text/x-opml"
# Lists of feeds change with every new topic.
CACHING = Caching(max_age=300)


def document(
    feeds: Sequence[FeedDefinition],
    states: Mapping[str, FeedState],
    site: Site,
    group: FeedGroup | None = None,
) -> Document:
    """Every feed, in the order given, once: as Atom, which every reader of OPML knows.

    With a `group`, which is then that of all the feeds, it is named in the title.
    """
    root = etree.Element("opml", version="2.0")
    head = add_element(root, "head")
    title = site.settings.title
    add_element(head, "title", f"{title}: {group.title}" if group else title)
    body = add_element(root, "body")
    for folder in grouped(feeds).values():
        inner = folder.title and group is None
        parent = etree.SubElement(body, "outline", {"text": folder.title}) if inner else body
        for feed in folder.feeds:
            known = {
                "text": feed.title,
                "title": feed.title,
                "type": "rss",
                "xmlUrl": feed.url(site, "atom"),
                "htmlUrl": site.settings.url,
            }
            etree.SubElement(parent, "outline", known)
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return make_document(made, last_change(feeds, states), MEDIA_TYPE, CACHING)


def last_change(feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState]) -> datetime:
    """When any of the feeds last changed."""
    known = (states[feed.path].updated for feed in feeds if feed.path in states)
    newest = max(known, default=None)
    return NEVER if newest is None else from_timestamp(newest)
