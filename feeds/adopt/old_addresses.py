"""Finds which feed of this site answers at the address of an old feed."""

from datetime import datetime
from urllib.parse import unquote, urlsplit

import msgspec

from feeds.catalogue.transaction import ReadTransaction
from feeds.config import redirects
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import FORMATS
from feeds.old_feeds.documents import OldDocument
from feeds.render import feed_documents


class Answer(msgspec.Struct, frozen=True):
    """The feed that readers of an old feed get, None if there is none; and the advice for it."""

    feed: FeedDefinition | None
    advice: str = ""


def answering(document: OldDocument, site: Site, tx: ReadTransaction, now: datetime) -> Answer:
    """Return the feed that answers at the old address, else the one with most of its items."""
    feeds = feed_documents.all_feeds(site, tx, now)
    path = unquote(urlsplit(document.address).path)
    name = path.removeprefix(site.mount).strip("/")
    if name and path.startswith(site.mount):
        answer = _resolved(name, site, feeds)
        if answer:
            return Answer(answer)
    old = {item.id for item in document.items}
    shown = {
        feed_path: len(old & {entry.id for entry in tx.feeds.shown(feed, now)})
        for feed_path, feed in feeds.items()
    }
    best = max(shown, key=lambda feed_path: shown[feed_path], default=None)
    if best is None or not shown[best]:
        return Answer(None, "no feed of this site has any of its items")
    return Answer(feeds[best], _advice(document, name, path, best, site))


def _resolved(name: str, site: Site, feeds: dict[str, FeedDefinition]) -> FeedDefinition | None:
    """Return the feed that has this address or to which it redirects."""
    documents = {f"{path}.{ending}": path for path in feeds for ending in FORMATS}

    def exists(wanted: str) -> str | None:
        return wanted if wanted in documents else None

    if name in documents:
        return feeds[documents[name]]
    resolution = redirects.resolve(name, site, exists)
    path = documents.get(resolution.location or "") if resolution else None
    return feeds[path] if path else None


def _advice(document: OldDocument, name: str, path: str, feed: str, site: Site) -> str:
    if not document.address:
        return "its address is unknown; name its URL to see which feed answers there"
    target = f"{feed}.{document.format}"
    if path.startswith(site.mount):
        return f"add to feeds.yaml, below moved: {name}: {target}"
    return f"have {document.address} redirect (301) to {site.feeds_url.rstrip('/')}/{target}"
