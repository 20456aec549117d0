"""OPML 2.0 lists of the feeds of a site or group, for subscribing to all of them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lxml import etree

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Caching, Document, make_document
from feeds.render.elements import add_element
from feeds.render.site.groups import FeedGroup, group_by_folder
from feeds.util.dates import NEVER, from_timestamp

NAME = "feeds.opml"
MEDIA_TYPE = "text/x-opml"
# Short, because a new topic changes the lists of feeds.
CACHING = Caching(max_age=300)


def document(
    feeds: Sequence[FeedDefinition],
    states: Mapping[str, FeedState],
    site: Site,
    group: FeedGroup | None = None,
) -> Document:
    """Return the list of feeds, in the order given, each once with the URL of its Atom format.

    `group` is the group that all of them are in, for the title of the list; None for the site.
    """
    root = etree.Element("opml", version="2.0")
    head = add_element(root, "head")
    title = site.settings.title
    add_element(head, "title", f"{title}: {group.title}" if group else title)
    body = add_element(root, "body")
    for inner in group_by_folder(feeds).values():
        is_nested = inner.title and group is None
        parent = etree.SubElement(body, "outline", {"text": inner.title}) if is_nested else body
        for feed in inner.feeds:
            attributes = {
                "text": feed.title,
                "title": feed.title,
                "type": "rss",
                "xmlUrl": feed.url(site, "atom"),
                "htmlUrl": site.settings.url,
            }
            etree.SubElement(parent, "outline", attributes)
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return make_document(xml, last_change(feeds, states), MEDIA_TYPE, CACHING)


def last_change(feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState]) -> datetime:
    """Return when any of the feeds last changed, `NEVER` if none has a state."""
    times = (states[feed.path].updated for feed in feeds if feed.path in states)
    newest = max(times, default=None)
    return NEVER if newest is None else from_timestamp(newest)
