"""Decides which entries take over which ids and dates. Pure; no I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from feeds.model.entry import Entry
from feeds.old_feeds.documents import OldDocument, OldItem
from feeds.old_feeds.matching import EntryIndex, Match


def newest_items(documents: Iterable[OldDocument]) -> list[OldItem]:
    """Return the items of all documents, each id once: its latest state, with no part lost."""
    items: dict[str, OldItem] = {}
    for document in documents:
        for item in document.items:
            key = item.id or item.link
            known = items.get(key)
            items[key] = _merged(known, item) if known else item
    return list(items.values())


def _merged(first: OldItem, second: OldItem) -> OldItem:
    newer, older = (second, first) if _age(second) > _age(first) else (first, second)
    return msgspec.structs.replace(
        newer,
        link=newer.link or older.link,
        title=newer.title or older.title,
        published=newer.published or older.published,
        updated=newer.updated or older.updated,
        permalink=newer.permalink or older.permalink,
    )


def _age(item: OldItem) -> float:
    moment = item.updated or item.published
    return moment.timestamp() if moment else 0.0


def match_items(
    items: Sequence[OldItem], entries: Sequence[Entry], now: datetime, holders: Mapping[str, str]
) -> list[Match]:
    """Return the match of each item; those that would be guesses are doubtful.

    `holders` maps ids to the paths of all entries that have them, withdrawn ones included.
    """
    index = EntryIndex(entries)
    matches = [_checked(index.find(item), now, holders) for item in items]
    claims = Counter(match.entry.path for match in matches if match.entry)
    return [
        _doubtful(match, f"{match.entry.path} is the article of several items")
        if match.entry and claims[match.entry.path] > 1 and match.item.id != match.entry.id
        else match
        for match in matches
    ]


def _checked(match: Match, now: datetime, holders: Mapping[str, str]) -> Match:
    item, entry = match.item, match.entry
    if entry is None:
        return match
    if not item.id:
        return _doubtful(match, "has no id")
    holder = holders.get(item.id)
    if holder is not None and holder != entry.path:
        return _doubtful(match, f"{holder} has its id already")
    if item.published and item.published > now:
        return _doubtful(match, f"its date {item.published:%Y-%m-%d} lies in the future")
    return match


def _doubtful(match: Match, reason: str) -> Match:
    return msgspec.structs.replace(match, entry=None, reason=reason, doubtful=True)


def adopted_entry(item: OldItem, entry: Entry, now: datetime) -> Entry:
    """Return the entry with the id and dates of an item; a date that the item lacks stays."""
    published = (item.published or entry.published).replace(microsecond=0)
    updated = item.updated
    if updated is None:
        updated = published if entry.updated == entry.published else entry.updated
    return msgspec.structs.replace(
        entry,
        id=item.id,
        permalink_id=item.permalink,
        published=published,
        updated=max(published, min(updated.replace(microsecond=0), now)),
    )
