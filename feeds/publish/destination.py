"""Where a site is published to, held by one: its lock, and the record of what is there."""

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds.config.settings import UploadSettings
from feeds.config.site import PRIVATE, Site
from feeds.errors import (
    BusyError,
    StoreError,
)
from feeds.export.hosts.registry import HOSTS
from feeds.publish.lease import CLOCK_KEY, KEY, Lease
from feeds.publish.object_store import ObjectStore, Version
from feeds.publish.record import Record, after_move
from feeds.util import private_files

# The folder of the state, below the feeds; and the record in it.
STATE = ".feeds-state"
RECORD = "published.json"
_LOCK = "lock"
_OURS = (RECORD, KEY, CLOCK_KEY, _LOCK)
# What the record of a folder has as its URL: the folder may be another on each machine.
_FOLDER = "file:"
# The files of a state in a folder, that its owner alone may read.
_PRIVATE = (RECORD, _LOCK, "told.json", "catalogue-*")
# What was done is noted in the record at least every so many seconds, so that after a run that was
# killed not everything is done again.
RECORD_INTERVAL = 20

_log = logging.getLogger("feeds")


class Destination:
    """Where the objects are, and where the state is. `objects` is None for a folder of files.

    `site` is the id of the site, `url` what messages call the place, and `former` where the state
    was if it was not set: what is there still is moved.
    """

    def __init__(
        self,
        site: str,
        url: str,
        objects: ObjectStore | None,
        state: ObjectStore,
        former: ObjectStore | None,
        *,
        lock: bool = True,
    ) -> None:
        self.url, self.objects, self.state, self.former = url, objects, state, former
        self._site, self._lock = site, lock

    def paths(self) -> list[str]:
        """The paths of all that is there, whoever wrote it."""
        return (self.objects or ObjectStore(self.url)).list_keys()

    def read_record(self) -> Record:
        """The record as it is now, without holding anything."""
        record = self._read(self.state)
        if record is None and self.former:
            record = self._read(self.former)
        return record[0] if record else self._ours(Record())

    @contextmanager
    def locked(self, patience: float) -> Iterator["LockedDestination"]:
        """Hold the place. Raises `BusyError` if another does for longer, and `StoreError`."""
        with self._locked(self.state, patience) as lease:
            found = self._read(self.state)
            record, version = found or (self._ours(Record()), None)
            held = LockedDestination(self, record, version, lease, is_new=found is None)
            if self.former and RECORD in self.former.list_keys():
                with self._locked(self.former, patience):
                    self._move(self.former, held)
            yield held

    @contextmanager
    def _locked(self, state: ObjectStore, patience: float) -> Iterator[Lease | None]:
        if state.is_folder:
            with _file_lock(state, patience):
                yield None
            return
        taken: AbstractContextManager[Lease | None]
        taken = Lease(state, patience) if self._lock else nullcontext()
        with taken as lease:
            yield lease

    def _move(self, former: ObjectStore, held: "LockedDestination") -> None:
        """Move the state from where it was. It is deleted there once it is here, and only then.

        Raises `StoreError` where another memory is there, which may be the newer one.
        """
        if (found := self._read(former)) is None:
            return  # another has, meanwhile
        names = [name for name in former.list_keys() if name not in _OURS]
        if held.is_new:
            for name in names:
                held.check_lock()
                _copy(former, self.state, name)
            held.write_record(found[0])
            held.is_new = False
        elif found[0].catalogue not in (None, held.record.catalogue):
            raise StoreError(
                f"both {former.url} and {self.state.url} hold a memory, and not the same: each may "
                "know what the other does not. Look which one was written last, put it into "
                f"{self.state.url}, and delete {former.url}"
            )
        for name in (*names, RECORD):
            held.check_lock()
            former.delete(name)
        _log.warning("the state was moved from %s to %s", former.url, self.state.url)

    def _read(self, state: ObjectStore) -> tuple[Record, Version] | None:
        found = state.get(RECORD)
        if found is None:
            return None
        try:
            return self._ours(msgspec.json.decode(found.body, type=Record)), found.version
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{state.url}/{RECORD} cannot be read: {error}. If another program wrote it, "
                "name another place (upload.state); if it is damaged, put an older version back"
            ) from error

    def _ours(self, record: Record) -> Record:
        """The record as that of this site in this store. Raises `StoreError` if it is another's."""
        if record.site not in ("", self._site):
            raise StoreError(
                f"{self.state.url} is the state of another site, {record.site}; name another place "
                "in site.yaml. Has the id of this site changed, put it back"
            )
        url = self.objects.url if self.objects else _FOLDER
        if record.url not in ("", url):
            record = after_move(record)
        return msgspec.structs.replace(record, site=self._site, url=url)


class LockedDestination:
    """A place that is held: what is published there may be changed.

    `is_new` says whether no record was there when it was taken.
    """

    def __init__(
        self,
        place: Destination,
        record: Record,
        version: Version | None,
        lease: Lease | None,
        *,
        is_new: bool,
    ) -> None:
        self.destination, self.record, self.is_new = place, record, is_new
        self._version, self._lease = version, lease
        self._written = time.monotonic()

    @property
    def state(self) -> ObjectStore:
        """Where the state is."""
        return self.destination.state

    def check_lock(self) -> None:
        """Raise `StoreError` unless the place is surely held still."""
        if self._lease:
            self._lease.check()

    def seconds_since_write(self) -> float:
        """Seconds since the record was read or written."""
        return time.monotonic() - self._written

    def write_record(self, record: Record) -> None:
        """Write the record. Raises `StoreError`, also where another wrote it meanwhile."""
        body = msgspec.json.encode(record, order="deterministic")
        self.check_lock()
        if self._lease is None:
            self.state.put(RECORD, body)
        else:
            self._version = self._replaced(body)
        self.record, self._written = record, time.monotonic()

    def _replaced(self, body: bytes) -> Version:
        if self._version is None:
            version = self.state.create(RECORD, body)
        else:
            version = self.state.replace(RECORD, body, self._version)
        if version is None:
            found = self.state.get(RECORD)
            if found is None or found.body != body:
                said = f"{self.state.url}/{RECORD} was changed by another meanwhile; run it again"
                raise StoreError(said)
            version = found.version  # the answer to our own request was lost
        return version


def store_destination(site: str, settings: UploadSettings) -> Destination:
    """The place that the settings name."""
    objects = ObjectStore(settings.url, settings.endpoint, settings.region)
    usual = ObjectStore(f"{objects.url}/{STATE}", settings.endpoint, settings.region)
    state = ObjectStore(settings.state or usual.url, settings.endpoint, settings.region)
    former = None if state.url == usual.url else usual
    return Destination(site, objects.url, objects, state, former, lock=settings.lock)


def folder_destination(site: str, folder: Path, state: Path | None) -> Destination:
    """A folder that others serve or carry on: the export itself is what is published."""
    usual = folder / STATE
    made = ObjectStore.in_folder(state or usual)
    former = ObjectStore.in_folder(usual) if state and usual.is_dir() else None
    return Destination(site, folder.absolute().as_uri(), None, made, former)


def _copy(source: ObjectStore, target: ObjectStore, name: str) -> None:
    """Copy an object, also a large one; it may be gone."""
    found = source.get(name)
    if found is None:
        return
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(found.body)
            file.flush()
            target.put(name, Path(file.name))
    except OSError as error:
        raise StoreError(f"{source.url}/{name} cannot be copied: {error.strerror}") from error


@contextmanager
def _file_lock(state: ObjectStore, patience: float) -> Iterator[None]:
    lock = FileLock(state.folder / _LOCK, timeout=patience, mode=0o600)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock)
        except Timeout:
            raise BusyError(f"{state.folder} is being published to; wait for its end") from None
        except OSError as error:
            raise StoreError(
                f"{state.folder} cannot be locked: {error.filename or _LOCK}: {error.strerror}; "
                "let the user that publishes write there"
            ) from error
        private_files.keep(file for name in _PRIVATE for file in state.folder.glob(name))
        yield


def destination_of(site: Site, folder: Path) -> Destination:
    """Where the site is published to: its store, or the folder of the export itself.

    Raises `StoreError` where the state would lie where all can read it.
    """
    upload = site.settings.upload
    if upload:
        return store_destination(site.settings.id, upload)
    named = site.settings.export.state
    state = site.root / named if named else None
    if state and _is_public(state.resolve(), folder.resolve(), site):
        raise StoreError(
            f"{state} (export.state) lies in {folder}, where all can read it, and has articles "
            "that are yet to come; name a folder outside of it"
        )
    return folder_destination(site.settings.id, folder, state)


def _is_public(state: Path, folder: Path, site: Site) -> bool:
    if not state.is_relative_to(folder):
        return False
    first = state.relative_to(folder).parts[:1]
    hidden = bool(first) and first[0].startswith(PRIVATE)
    return not (hidden and HOSTS[site.settings.export.host].hides_private)
