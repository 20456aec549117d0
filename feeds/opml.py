"""The OPML 2.0 list of all feeds, to subscribe to many at once. Pure; no I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lxml import etree

from feeds.catalogue.store import FeedState, moment
from feeds.dates import NEVER
from feeds.definitions import FeedDefinition
from feeds.document import Document, make
from feeds.mending import element
from feeds.site import Caching, Site

NAME = "feeds.opml"
MEDIA_TYPE = "text/x-opml"
# Lists of feeds change with every new topic.
CACHING = Caching(max_age=300)


def document(
    feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState], site: Site
) -> Document:
    """Every feed, in the order given, once: as Atom, which every reader of OPML knows."""
    updated = last_change(states)
    root = etree.Element("opml", version="2.0")
    head = element(root, "head")
    element(head, "title", site.settings.title)
    body = element(root, "body")
    for group, members in grouped(feeds).items():
        parent = etree.SubElement(body, "outline", {"text": group}) if group else body
        for feed in members:
            known = {
                "text": feed.title,
                "title": feed.title,
                "type": "rss",
                "xmlUrl": feed.url(site, "atom"),
                "htmlUrl": site.settings.url,
            }
            etree.SubElement(parent, "outline", known)
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return make(made, updated, MEDIA_TYPE, CACHING)


def grouped(feeds: Sequence[FeedDefinition]) -> dict[str, list[FeedDefinition]]:
    """The feeds by the folder of their path, which is what a family has in common."""
    groups: dict[str, list[FeedDefinition]] = {}
    for feed in feeds:
        folder = feed.path.rpartition("/")[0].replace("/", " / ").capitalize()
        groups.setdefault(folder, []).append(feed)
    return groups


def last_change(states: Mapping[str, FeedState]) -> datetime:
    """When any feed last changed."""
    newest = max((state.updated for state in states.values()), default=None)
    return NEVER if newest is None else moment(newest)
