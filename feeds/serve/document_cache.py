"""The documents that a server sends, built on request and cached until they change."""

import threading
from datetime import datetime

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.site import Site
from feeds.errors import CatalogueError, DamageError
from feeds.model.document import FORMATS, Document
from feeds.render import feed_documents
from feeds.render.site import groups, pages
from feeds.serve import conditional, delta
from feeds.serve.clock_cache import ClockCache
from feeds.serve.damaged_documents import DamagedDocuments
from feeds.serve.delta import Delta, DeltaHistory
from feeds.serve.outage import Outage
from feeds.serve.responses import CachedResponse
from feeds.serve.snapshot import DocumentKey, Snapshot, require_build
from feeds.util.progress import clock


class DocumentCache:
    """The documents of one site by path, for any number of threads.

    All of `responses` belong to `snapshot`. Only a `Refresher` moves the cache to another
    snapshot, and holds `lock` meanwhile.
    """

    def __init__(
        self, site: Site, catalogue: Catalogue, responses: ClockCache[DocumentKey] | None = None
    ) -> None:
        self.site, self.catalogue = site, catalogue
        self.responses = ClockCache[DocumentKey](site.mount) if responses is None else responses
        self.snapshot: Snapshot | None = None
        self.clock = clock
        self.outage = Outage(clock)
        self.damaged = DamagedDocuments(site, catalogue)
        self.lock = threading.Lock()
        self._history = DeltaHistory()

    def get(self, name: str) -> CachedResponse | None:
        """Return the document at a path below the feeds' URL, or None if there is none.

        Raises `CatalogueError` if it is not cached and the catalogue cannot be read.
        """
        cached = self.responses.get(name)
        if cached and (self.outage.error or self.clock().timestamp() < cached.expires):
            return cached
        key = self._current().key(name)
        if key is None:
            return None
        with self.lock:
            error = self.outage.error  # begun while this thread waited for the lock
            if error and cached is None:
                raise error
            response = self.responses.get(name)
            if response and response is not cached:
                return response  # built by another thread meanwhile
            try:
                return self.build(key).get(name)
            except CatalogueError as failure:
                self.note(failure, key)
                if cached is None:
                    raise
                return cached

    def canonical_name(self, name: str) -> str | None:
        """Return the path of the document that `name` differs from in case only, or None."""
        return self._current().canonical_name(name)

    def delta(self, name: str, if_none_match: str) -> Delta | None:
        """Return the changes to a feed since a version in If-None-Match (RFC 3229).

        None if that version is unknown, or if the whole feed must be sent.
        """
        snapshot = self._current()
        key = snapshot.key(name)
        version = self._history.find(name, conditional.tags(if_none_match))
        if key is None or key.kind != "feed" or key in self.damaged or version is None:
            return None
        feed, now = snapshot.feeds[key.name], self.clock()
        with self.catalogue.read() as reader:
            if not self.is_current(reader, snapshot):  # the whole feed is of this snapshot
                return None
            now = reader.meta.display_time(now)
            view = feed_documents.view_feed(
                feed, self.site, reader, now, reader.feeds.state(feed.path)
            )
            entries = delta.new_entries(version.entries, view.shown, feed)
            if entries is None:
                return None
            only = {entry.seq for entry in entries}
            documents = feed_documents.render_view(feed, self.site, reader, view, only)
        format_ = next(extension for extension in FORMATS if name.endswith(f".{extension}"))
        response = CachedResponse(documents[format_], self.site, (feed.path, format_))
        return Delta(response, version.base)

    def note(self, error: CatalogueError, key: DocumentKey | None = None) -> None:
        """Note that the catalogue cannot be read, or that one document is damaged."""
        if key is not None and isinstance(error, DamageError):
            self.damaged.add(error, key)
            return
        if key is not None:
            self.outage.failed = key
        if self.outage.error is None:
            self.damaged.add(error)
        self.outage.begin(error, len(self.responses))

    def is_current(self, reader: ReadTransaction, snapshot: Snapshot) -> bool:
        """Return whether the reader sees the revision that a snapshot was read from."""
        revision = (self.catalogue.identity, reader.meta.revision())
        return revision == (snapshot.catalogue, snapshot.revision)

    def build(self, key: DocumentKey) -> dict[str, CachedResponse]:
        """Build documents by path, and cache them if the snapshot is current. Needs the lock."""
        snapshot, now = self.snapshot, self.clock()
        if snapshot is None or key not in snapshot:
            return {}
        with self.catalogue.read() as reader:
            responses = self.build_from(key, snapshot, reader, reader.meta.display_time(now))
            is_current = self.is_current(reader, snapshot)
        self.damaged.discard(key)
        if is_current:
            self.responses.put({key: responses})
        return responses

    def build_from(
        self, key: DocumentKey, snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, CachedResponse]:
        """Build documents by path; keep unchanged responses, and the encodings of changed ones."""
        responses = {}
        for name, document in self._documents(key, snapshot, reader, now).items():
            cached = self.responses.get(name)
            if cached and cached.document == document:
                responses[name] = cached
                continue
            is_of_feed = key.kind in ("feed", "page")
            label = (key.name, name.rpartition(".")[2]) if is_of_feed else ("", "")
            responses[name] = CachedResponse(document, self.site, label)
            for coding in cached.codings if cached else ():
                responses[name].encode(coding)
        return responses

    def _current(self) -> Snapshot:
        if error := self.outage.error:
            raise error
        if self.snapshot is None:
            with self.lock, self.catalogue.read() as reader:
                require_build(reader)
                now = reader.meta.display_time(self.clock())
                self.snapshot = Snapshot.read(self.site, self.catalogue.identity, reader, now)
        return self.snapshot

    def _documents(
        self, key: DocumentKey, snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, Document]:
        match key.kind:
            case "site":
                # The index page is served at the folder's URL only.
                name = "" if key.name == pages.INDEX else key.name
                return {name: snapshot.factories[key.name]()}
            case "archive":
                return self._archive(key, snapshot, reader, now)
            case "page":
                feed = snapshot.feeds[key.name]
                beside = groups.neighbours(feed, snapshot.groups, self.site)
                verify = self.damaged.must_verify(reader, feed)
                page = feed_documents.render_page(
                    feed, self.site, reader, now, beside, verify=verify
                )
                return {pages.page_path(feed): page}
            case "feed":
                return self._feed(key, snapshot, reader, now)

    def _archive(
        self, key: DocumentKey, snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, Document]:
        numbered = snapshot.archive(key.name)
        archive = reader.archives.find(*numbered) if numbered else None
        if archive is None:
            return {}
        verify = self.damaged.must_verify(reader)
        documents = feed_documents.render_archive(archive, self.site, reader, now, verify=verify)
        return {f"{key.name}.{format_}": document for format_, document in documents.items()}

    def _feed(
        self, key: DocumentKey, snapshot: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, Document]:
        feed = snapshot.feeds[key.name]
        verify = self.damaged.must_verify(reader, feed)
        before = reader.feeds.state(feed.path)
        view = feed_documents.view_feed(feed, self.site, reader, now, before, verify=verify)
        rendered = feed_documents.render_view(feed, self.site, reader, view)
        documents = {f"{feed.path}.{format_}": rendered[format_] for format_ in rendered}
        if self.site.settings.http.delta:
            self._history.add(documents, view.shown)
        return documents
