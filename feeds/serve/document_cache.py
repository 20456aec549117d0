"""The documents that a server hands out, ready until the catalogue or the time changes them."""

import logging
import threading
import time
from datetime import datetime

from feeds.build import sidecar
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.site import Site
from feeds.errors import CatalogueError, DamageError
from feeds.model import archives as history
from feeds.model.document import FORMATS, Document
from feeds.render import feed_documents
from feeds.render.site import documents, groups, pages
from feeds.serve import conditional, delta
from feeds.serve.clock_cache import ClockCache
from feeds.serve.damaged_documents import DamagedDocuments
from feeds.serve.delta import Delta, DeltaHistory
from feeds.serve.responses import CachedResponse
from feeds.serve.snapshot import DocumentKey, Snapshot
from feeds.util.daemon import DaemonLoop
from feeds.util.progress import clock

_log = logging.getLogger("feeds")

# So many feeds are made anew at once when they change; others are, when they are asked for.
_AT_ONCE = 50
# Seconds between two lines of the log about one outage.
_REMIND = 60
# Seconds between two looks at the catalogue: so old may a change be and unseen.
_EVERY = 0.025
# Seconds after which it is read though it shows no sign of change: it may have been damaged.
_SURE = 1.0
# Seconds of rest after a fault that nobody foresaw.
_PAUSE = 1


class DocumentCache:
    """Documents of one site by path, for any number of threads.

    `room` holds those that can be sent at once. `refresh` is called regularly by one thread:
    then, and only then, what is ready changes to what the catalogue says now, all at once.
    """

    def __init__(
        self, site: Site, catalogue: Catalogue, room: ClockCache[DocumentKey] | None = None
    ) -> None:
        self.room: ClockCache[DocumentKey] = ClockCache(site.mount) if room is None else room
        self._site, self._catalogue = site, catalogue
        self._state: Snapshot | None = None
        self._stamp: object = None
        self._suspect: DocumentKey | None = None
        self._sure, self._looked = float("-inf"), clock()
        self._making = threading.Lock()
        self._fault: CatalogueError | None = None
        self._since = self._told = clock()
        fault = "refreshing what is served failed; trying again"
        self._loop = DaemonLoop("feeds-refresh", self.refresh, fault, pause=_EVERY, retry=_PAUSE)
        self._past = DeltaHistory()
        self._sound = DamagedDocuments(site, catalogue)

    def start(self) -> None:
        """Refresh now, and regularly in a thread."""
        self.refresh()
        self._loop.start()

    def stop(self) -> None:
        self._loop.request_stop()

    def get(self, name: str) -> CachedResponse | None:
        """The document at a path below the feeds' URL; None if there is none.

        Raises `CatalogueError` where it is not ready and the catalogue cannot be read.
        """
        kept = self.room.get(name)
        if kept and (self._fault or clock().timestamp() < kept.until):
            return kept
        state = self._current()
        unit = state.unit(name)
        if unit is None:
            return None
        with self._making:
            fault = self._fault  # noted while this waited for another's attempt
            if fault and kept is None:
                raise fault
            again = self.room.get(name)
            if again and again is not kept:
                return again  # made by another thread meanwhile
            try:
                return self._make(unit).get(name)
            except DamageError as error:  # of this unit alone
                self._sound.note(error, unit)
                if kept is None:
                    raise
                return kept
            except CatalogueError as error:
                self._suspect = unit
                self._note(error)
                if kept is None:
                    raise
                return kept

    def canonical_name(self, name: str) -> str | None:
        """The document that a path means, whatever its capitals; None if there is none."""
        return self._current().canonical_name(name)

    def delta(self, name: str, if_none_match: str) -> Delta | None:
        """What is new in a document since a state that an If-None-Match names (RFC 3229).

        None where that is not known, or the whole document is to be sent.
        """
        state = self._current()
        unit = state.unit(name)
        before = self._past.find(name, conditional.tags(if_none_match))
        if unit is None or unit.kind != "feed" or before is None:
            return None
        feed, now = state.feeds[unit.name], clock()
        with self._catalogue.read() as reader:
            now = reader.meta.display_time(now)
            seen = feed_documents.view_feed(
                feed, self._site, reader, now, reader.feeds.state(feed.path)
            )
            fresh = delta.since(before.told, seen.shown, feed)
            if fresh is None:
                return None
            only = {each.seq for each in fresh}
            made = feed_documents.render_view(feed, self._site, reader, seen, only)
            whole = feed_documents.render_view(feed, self._site, reader, seen)
        format_ = next(each for each in FORMATS if name.endswith(f".{each}"))
        ready = CachedResponse(made[format_], self._site, (feed.path, format_))
        return Delta(ready, whole[format_].etag.strip('"'), before.base)

    def refresh(self) -> None:
        """Bring what is ready up to date, if the catalogue or the time changed it.

        An outage is noted and told to the log; what is ready stays.
        """
        try:
            stamp, passed = self._catalogue.change_token(), time.monotonic() - self._sure
            if stamp != self._stamp or passed > _SURE or self._fault or self._is_due(self._state):
                with self._making:
                    self._renew()
                    if self._suspect:
                        self._make(self._suspect)
                    self._suspect = None
                self._stamp, self._sure, self._looked = stamp, time.monotonic(), clock()
        except CatalogueError as error:
            self._note(error)
            return
        if self._fault:
            _log.warning("the catalogue can be read again, after %s", clock() - self._since)
            self._fault = None

    def status(self) -> tuple[bool, str]:
        """Whether anything can be served, and what is to be said of it."""
        fault = self._fault
        if fault is None:
            why = sidecar.read_stale(self._site)
            return True, f"stale: {self._state} is served; {why}" if why else "ready"
        if self._state is None or not self.room:
            return False, str(fault)
        return True, f"stale: {self._served()}, as of {clock() - self._looked} ago"

    def _note(self, error: CatalogueError) -> None:
        now = clock()
        if self._fault is None:
            self._since = now
            self._sound.note(error)
        if self._fault is None or (now - self._told).total_seconds() >= _REMIND:
            _log.error("%s; %s, as of %s ago", error, self._served(), now - self._looked)
            self._told = now
        self._fault = error

    def _served(self) -> str:
        return f"{len(self.room)} documents are served as they were"

    def _current(self) -> Snapshot:
        if fault := self._fault:
            raise fault
        if self._state is None:
            with self._making:
                self._renew()
        if self._state is None:
            raise CatalogueError("the catalogue was never read")
        return self._state

    def _is_due(self, state: Snapshot | None) -> bool:
        return state is not None and state.until is not None and clock() >= state.until

    def _make(self, unit: DocumentKey) -> dict[str, CachedResponse]:
        """Make a unit that is not ready, or no longer holds; it is kept if it is of our state."""
        state, now = self._state, clock()
        if state is None or not state.holds(unit):
            return {}
        with self._catalogue.read() as reader:
            now = reader.meta.display_time(now)
            made = self._made(unit, state, reader, now)
            current = self._is_of(reader, state)
        self._sound.whole(unit)
        if current:
            self.room.put({unit: made})
        return made

    def _renew(self) -> None:
        """Load what the catalogue says now, and make anew what changed of what is ready.

        Feeds first, and all at once; what lists them follows. The state is set only when no
        document of an earlier one is left, so that what fails halfway is done again.
        """
        before, now = self._state, clock()
        with self._catalogue.read() as reader:
            if reader.meta.revision() == 0:
                raise CatalogueError("the catalogue is new: no build was made yet")
            if before and self._is_of(reader, before) and not self._is_due(before):
                return
            now = reader.meta.display_time(now)
            state = self._loaded(reader, now, before)
            changed = self._changed(before, state, reader, now) if before else []
            wanted = [unit for unit in changed if state.holds(unit) and self.room.in_use(unit)]
            fresh = {}
            for unit in [each for each in wanted[:_AT_ONCE] if each.kind != "site"]:
                try:
                    fresh[unit] = self._made(unit, state, reader, now)
                    self._sound.whole(unit)
                except DamageError as error:  # it stays as it was
                    self._sound.note(error, unit)
        lists = [unit for unit in wanted[:_AT_ONCE] if unit.kind == "site"]
        self.room.put(fresh)
        gone = set(changed) - set(fresh) - set(lists)
        self.room.drop(each for each in gone if each not in self._sound or not state.holds(each))
        listing = {unit: self._made(unit, state, reader, now) for unit in lists}
        self.room.drop(lists)
        self._state = state
        self.room.put(listing)  # after it, because whoever reads a list asks for what is new

    def _is_of(self, reader: ReadTransaction, state: Snapshot) -> bool:
        """Whether what is read is what a state was loaded from."""
        at = (self._catalogue.identity, reader.meta.revision())
        return at == (state.catalogue, state.revision)

    def _loaded(self, reader: ReadTransaction, now: datetime, before: Snapshot | None) -> Snapshot:
        feeds_revision = reader.meta.feeds_revision()
        if (
            before
            and before.catalogue == self._catalogue.identity
            and before.feeds_revision == feeds_revision
            and not self._is_due(before)
        ):
            feeds, grouped, folded = before.feeds, before.groups, before.folded
        else:
            feeds = feed_documents.all_feeds(self._site, reader, now)
            grouped = groups.group_by_folder(feeds.values())
            folded = {path.casefold(): path for path in feeds}
        keeps = any(feed.history for feed in feeds.values())
        archives = reader.archives.newest_numbers() if keeps else {}
        states = reader.feeds.states()
        return Snapshot(
            catalogue=self._catalogue.identity,
            revision=reader.meta.revision(),
            changed=max((each.updated for each in states.values()), default=0),
            feeds_revision=feeds_revision,
            until=reader.feeds.next_publication(now),
            feeds=feeds,
            groups=grouped,
            makers=documents.site_documents(list(feeds.values()), states, self._site),
            folded=folded,
            archives=archives,
        )

    def _changed(
        self, before: Snapshot, state: Snapshot, reader: ReadTransaction, now: datetime
    ) -> list[DocumentKey]:
        """The units that are ready and may be others now."""
        if before.catalogue != state.catalogue or before.revision > state.revision:
            return self.room.units()  # another catalogue was put in the place of the one before
        touched = set(reader.feeds.changed_since(before.revision))
        touched |= {history.path(*at) for at in reader.archives.changed_since(before.revision)}

        def is_changed(unit: DocumentKey) -> bool:
            return (
                unit.name in touched
                or unit in self._sound
                or state.differs(before, unit)
                or self.room.until(unit) <= now.timestamp()
            )

        return [unit for unit in self.room.units() if is_changed(unit)]

    def _made(
        self, unit: DocumentKey, state: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, CachedResponse]:
        """The documents of a unit by path, in the codings in which they were sent before."""
        ready = {}
        for name, made in self._documents(unit, state, reader, now).items():
            of_feed = unit.kind in ("feed", "page")
            label = (unit.name, name.rpartition(".")[2]) if of_feed else ("", "")
            before = self.room.get(name)
            if before and before.document == made:
                ready[name] = before
                continue
            ready[name] = CachedResponse(made, self._site, label)
            for coding in before.codings if before else ():
                ready[name].coded(coding)
        return ready

    def _documents(
        self, unit: DocumentKey, state: Snapshot, reader: ReadTransaction, now: datetime
    ) -> dict[str, Document]:
        if unit.kind == "site":
            # The index page has the folder's own URL, and no other.
            name = "" if unit.name == pages.INDEX else unit.name
            return {name: state.makers[unit.name]()}
        if unit.kind == "archive":
            at = state.archive(unit.name)
            archive = reader.archives.find(*at) if at else None
            sound = self._sound.checks(reader)
            made = archive and feed_documents.render_archive(
                archive, self._site, reader, now, verify=sound
            )
            return {f"{unit.name}.{format_}": each for format_, each in (made or {}).items()}
        feed = state.feeds[unit.name]
        checked = self._sound.checks(reader, feed)
        if unit.kind == "page":
            beside = groups.neighbours(feed, state.groups, self._site)
            page = feed_documents.render_page(feed, self._site, reader, now, beside, verify=checked)
            return {pages.page_path(feed): page}
        before = reader.feeds.state(feed.path)
        seen = feed_documents.view_feed(feed, self._site, reader, now, before, verify=checked)
        named = {
            f"{feed.path}.{format_}": each
            for format_, each in feed_documents.render_view(feed, self._site, reader, seen).items()
        }
        if self._site.settings.http.delta:
            self._past.note(named, seen.shown)
        return named
