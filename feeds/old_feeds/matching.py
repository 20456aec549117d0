"""Finds the entries of the items of old feeds. Pure; no I/O."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from html import unescape
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from feeds.model.entry import Entry
from feeds.old_feeds.documents import OldDocument, OldItem

_INDEXES = ("index.html", "index.htm", "index.php")
# Parameters that count visitors and never select a page.
_TRACKING = ("utm_", "fbclid", "gclid", "mc_cid", "mc_eid", "ref", "source")


class Match(msgspec.Struct, frozen=True):
    """The entry of an item; None with a `reason` if there is none, or if several may be it."""

    item: OldItem
    entry: Entry | None
    reason: str = ""
    doubtful: bool = False


class EntryIndex:
    """Entries by id, URL, and title and day; each kind of key is tried only after those before."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._kinds = [_Keys(keys) for keys in (_ids, _links, _folded_links, _paths, _titles)]
        for entry in entries:
            for kind in self._kinds:
                kind.add(entry)

    def find(self, item: OldItem) -> Match:
        """Return the match of an item. An ambiguous key is never resolved by a weaker one."""
        for kind in self._kinds:
            entries = kind.find(item)
            if len(entries) == 1:
                return Match(item, entries[0])
            if entries:
                paths = ", ".join(sorted(entry.path for entry in entries)[:3])
                return Match(item, None, f"may be any of {paths}", doubtful=True)
        return Match(item, None, "no entry has its URL, or its title and day")


def pairs_of(document: OldDocument, entries: Iterable[Entry]) -> list[tuple[OldItem, Entry | None]]:
    """Return the items of an old feed, each with the entry of the same article if there is one."""
    index = EntryIndex(entries)
    return [(item, index.find(item).entry) for item in document.items]


def fold(link: str) -> str:
    """Return a URL without the parts in which two URLs of one page may differ.

    These are the scheme, `www.`, the trailing slash, `index.html`, `.html`, tracking parameters,
    percent-encoding, the fragment and case.
    """
    parts = urlsplit(link)
    query = [(name, value) for name, value in parse_qsl(parts.query) if not _is_tracking(name)]
    text = f"{parts.netloc.removeprefix('www.')}{_folded_path(parts.path)}"
    return (f"{text}?{urlencode(query)}" if query else text).casefold()


def _is_tracking(name: str) -> bool:
    return name.startswith(_TRACKING[0]) or name in _TRACKING[1:]


def _folded_path(path: str) -> str:
    path = unquote(path)
    for name in _INDEXES:
        path = path.removesuffix(f"/{name}")
    return path.rstrip("/").removesuffix(".html").removesuffix(".htm")


class _Keys:
    """Entries by one kind of key."""

    def __init__(self, keys: "Callable[[Entry | OldItem], Iterator[Hashable]]") -> None:
        self._keys = keys
        self._entries: dict[Hashable, dict[str, Entry]] = {}

    def add(self, entry: Entry) -> None:
        for key in self._keys(entry):
            self._entries.setdefault(key, {})[entry.path] = entry

    def find(self, item: OldItem) -> list[Entry]:
        for key in self._keys(item):
            if entries := self._entries.get(key):
                return list(entries.values())
        return []


def _ids(source: Entry | OldItem) -> Iterator[Hashable]:
    if source.id:
        yield source.id


def _links(source: Entry | OldItem) -> Iterator[str]:
    """Yield the URLs of an entry, or of an item; its id may be one."""
    addresses: tuple[str | None, ...] = (source.link, source.id)
    if isinstance(source, Entry):
        addresses = (source.link, source.via, *source.aliases)
    yield from (address for address in addresses if address and _is_address(address))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.netloc) or text.startswith("/")


def _folded_links(source: Entry | OldItem) -> Iterator[Hashable]:
    yield from map(fold, _links(source))


def _paths(source: Entry | OldItem) -> Iterator[Hashable]:
    """Yield the paths of URLs, because sites move to other hosts. A home page is no article."""
    for address in _links(source):
        parts = urlsplit(fold(address))
        path = parts.path if address.startswith("/") else fold(address).partition("/")[2]
        if path.strip("/"):
            yield path.strip("/")


def _titles(source: Entry | OldItem) -> Iterator[Hashable]:
    if source.title and source.published:
        yield unescape(source.title).casefold(), f"{source.published:%Y-%m-%d}"
