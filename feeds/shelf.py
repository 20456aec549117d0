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
    documents: dict[str, dict[Format, Document]]


class Shelf:
    """Documents of one site by URL path, for any number of threads.

    Every method raises `CatalogueError` if the catalogue cannot be read.
    """

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self.site = site
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._looked = float("-inf")

    def get(self, name: str) -> Document | None:
        """The document at a URL path below the feeds' URL; None if there is none."""
        path, dot, format_ = name.rpartition(".")
        state = self._current()
        if format_ not in FORMATS or path not in state.feeds or not dot:
            return self._page(name, state)
        made = state.documents.get(path)
        if made is None:
            feed = state.feeds[path]
            with self._catalogue.read() as reader:
                made = documents.fetch(feed, self.site, reader, clock())
                unchanged = reader.meta("revision") == state.revision
            if unchanged and not timed(feed.selection):
                with self._lock:
                    while len(state.documents) >= _KEPT:
                        del state.documents[next(iter(state.documents))]
                    state.documents[path] = made
        return made[format_]

    def ready(self) -> bool:
        """Whether a build has been made."""
        with self._catalogue.read() as reader:
            return reader.meta("revision") != "0"

    def _page(self, name: str, state: _State) -> Document | None:
        if name not in (pages.INDEX, opml.NAME):
            return None
        with self._catalogue.read() as reader:
            states: dict[str, FeedState] = reader.feed_states()
        make = pages.index if name == pages.INDEX else opml.document
        return make(list(state.feeds.values()), states, self.site)

    def _current(self) -> _State:
        """The state of the catalogue's newest revision."""
        with self._lock:
            now = clock()
            state = self._state
            due = state is not None and state.until is not None and now >= state.until
            if state is None or due or time.monotonic() - self._looked > _BELIEVED:
                with self._catalogue.read() as reader:
                    if state is None or due or reader.meta("revision") != state.revision:
                        self._state = state = self._loaded(reader, now)
                self._looked = time.monotonic()
            return state

    def _loaded(self, reader: Reader, now: datetime) -> _State:
        feeds = documents.every(self.site, reader, now)
        return _State(reader.meta("revision"), reader.next_due(now), feeds, {})
