"""The documents that a server hands out, kept until the catalogue or the time changes them."""

import threading
import time
from datetime import datetime

import msgspec

from feeds import documents, opml, pages
from feeds.build import clock
from feeds.catalogue.store import Catalogue, FeedState, Reader
from feeds.definitions import FeedDefinition
from feeds.document import Document
from feeds.fragment import FORMATS, Format
from feeds.selection import timed
from feeds.site import Site

# How long the catalogue's revision is believed, in seconds: so old may a change be and unseen.
_BELIEVED = 0.2
# How many feeds are kept ready, in all formats: about 200 KB each.
_KEPT = 200


class _State(msgspec.Struct):
    """What belongs to one revision of the catalogue, and until when it holds."""

    revision: str
    until: datetime | None
    feeds: dict[str, FeedDefinition]
    states: dict[str, FeedState]
    pages: dict[str, Document] = {}
    documents: dict[str, dict[Format, Document]] = {}


class Shelf:
    """Documents of one site by URL path, for any number of threads.

    Every method raises `CatalogueError` if the catalogue cannot be read.
    """

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._site, self._catalogue = site, catalogue
        self._state: _State | None = None
        self._looked = float("-inf")
        self._loading = threading.Lock()
        self._keeping = threading.Lock()

    def get(self, name: str) -> Document | None:
        """The document at a URL path below the feeds' URL; None if there is none."""
        state = self._current()
        path, _, extension = name.rpartition(".")
        for format_ in FORMATS:
            if extension == format_ and path in state.feeds:
                return self._documents(path, state)[format_]
        return self._page(name, state)

    def ready(self) -> bool:
        """Whether a build has been made."""
        with self._catalogue.read() as reader:
            return reader.meta("revision") != "0"

    def _documents(self, path: str, state: _State) -> dict[Format, Document]:
        with self._keeping:
            made = state.documents.pop(path, None)
            if made is not None:
                state.documents[path] = made  # the newest in use stand last
                return made
        feed = state.feeds[path]
        with self._catalogue.read() as reader:
            made = documents.fetch(feed, self._site, reader, clock())
            unchanged = reader.meta("revision") == state.revision
        if unchanged and not timed(feed.selection):
            with self._keeping:
                state.documents[path] = made
                while len(state.documents) > _KEPT:
                    del state.documents[next(iter(state.documents))]
        return made

    def _page(self, name: str, state: _State) -> Document | None:
        make = {pages.INDEX: pages.index, opml.NAME: opml.document}.get(name)
        if make is None:
            return None
        if name not in state.pages:
            state.pages[name] = make(list(state.feeds.values()), state.states, self._site)
        return state.pages[name]

    def _current(self) -> _State:
        """The state of the catalogue's newest revision.

        While one thread loads it the others go on with the one before.
        """
        state, now = self._state, clock()
        due = state is not None and state.until is not None and now >= state.until
        if state and not due and time.monotonic() - self._looked <= _BELIEVED:
            return state
        if not self._loading.acquire(blocking=state is None) and state:
            return state
        try:
            with self._catalogue.read() as reader:
                state = self._state
                if state is None or due or reader.meta("revision") != state.revision:
                    self._state = state = self._loaded(reader, now)
            self._looked = time.monotonic()
        finally:
            self._loading.release()
        return state

    def _loaded(self, reader: Reader, now: datetime) -> _State:
        return _State(
            revision=reader.meta("revision"),
            until=reader.next_due(now),
            feeds=documents.every(self._site, reader, now),
            states=reader.feed_states(),
        )
