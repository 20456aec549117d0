"""Keeps the ids and dates that entries took over from another system (`feeds adopt`)."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from feeds.articles.parser import Article
from feeds.catalogue.adopted import AdoptedEntry
from feeds.catalogue.transaction import WriteTransaction
from feeds.model.entry import Entry
from feeds.util.dates import from_timestamp


class Adopter(Protocol):
    """Changes ids and dates of entries in the transaction of a build."""

    def choose(self, tx: WriteTransaction) -> Mapping[int, Entry]:
        """Return the entries to store in place of those with these keys.

        Called after the articles were read, and before the feeds are updated.
        """
        ...

    def finish(self, tx: WriteTransaction) -> None:
        """Look at the feeds after the change. An exception undoes the whole build."""
        ...


def with_adopted(article: Article, adopted: AdoptedEntry | None) -> Article:
    """Return an article that keeps the adopted date, unless its author has changed the date."""
    entry = article.entry
    if entry is None or adopted is None:
        return article
    published, updated = entry.published, entry.updated
    if int(published.timestamp()) == adopted.authored:
        published = from_timestamp(adopted.published)
        updated = published if updated == entry.published else max(updated, published)
    entry = msgspec.structs.replace(
        entry, published=published, updated=updated, permalink_id=adopted.permalink
    )
    return msgspec.structs.replace(article, entry=entry)
