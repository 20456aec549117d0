"""The destination of a site: its objects, the state kept with them, and the lock on both."""

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
from feeds.errors import BusyError, StoreError
from feeds.export.hosts.registry import HOSTS
from feeds.publish.lease import CLOCK_KEY, KEY, Lease
from feeds.publish.object_store import ObjectStore, Version
from feeds.publish.record import Record, after_move
from feeds.util import private_files

# The default folder of the state, below the feeds; and the record in it.
STATE = ".feeds-state"
RECORD = "published.json"
_LOCK = "lock"
_OWN_FILES = (RECORD, KEY, CLOCK_KEY, _LOCK)
# The URL in the record of a folder, whose path may differ between machines.
_FOLDER_URL = "file:"
# The files of a state in a folder that only their owner may read.
_PRIVATE = (RECORD, _LOCK, "told.json", "catalogue-*")
# Seconds between updates of the record, so that a killed run does not have to be repeated whole.
RECORD_INTERVAL = 20

_log = logging.getLogger("feeds")


class Destination:
    """A destination: its objects and its state. `objects` is None for a folder of files.

    `site` is the id of the site and `url` the name of the destination in messages. `former` is the
    default location of the state; a state that is still there is moved. `lock` is False if the
    store is not to be locked.
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
        """Return the paths of all objects there, whoever wrote them."""
        return (self.objects or ObjectStore(self.url)).list_keys()

    def read_record(self) -> Record:
        """Read the current record without a lock."""
        record = self._read(self.state)
        if record is None and self.former:
            record = self._read(self.former)
        return record[0] if record else self._own_record(Record())

    @contextmanager
    def locked(self, patience: float) -> Iterator["LockedDestination"]:
        """Lock the destination, and move the state if its setting has changed.

        Raises `BusyError` if another process holds the lock for longer than `patience` seconds, and
        `StoreError`.
        """
        with self._locked(self.state, patience) as lease:
            stored = self._read(self.state)
            record, version = stored or (self._own_record(Record()), None)
            destination = LockedDestination(self, record, version, lease, is_new=stored is None)
            if self.former and RECORD in self.former.list_keys():
                with self._locked(self.former, patience):
                    self._move(self.former, destination)
            yield destination

    @contextmanager
    def _locked(self, state: ObjectStore, patience: float) -> Iterator[Lease | None]:
        if state.is_folder:
            with _file_lock(state, patience):
                yield None
            return
        lock: AbstractContextManager[Lease | None]
        lock = Lease(state, patience) if self._lock else nullcontext()
        with lock as lease:
            yield lease

    def _move(self, former: ObjectStore, destination: "LockedDestination") -> None:
        """Move the state from its former location, deleting it there once the copy is complete.

        Raises `StoreError` if both locations have a memory, because either may be the newer one.
        """
        if (stored := self._read(former)) is None:
            return  # moved by another process meanwhile
        names = [name for name in former.list_keys() if name not in _OWN_FILES]
        if destination.is_new:
            for name in names:
                destination.check_lock()
                _copy(former, self.state, name)
            destination.write_record(stored[0])
            destination.is_new = False
        elif stored[0].catalogue not in (None, destination.record.catalogue):
            raise StoreError(
                f"{former.url} and {self.state.url} each hold a memory, and the two differ: each "
                "may have entries that the other lacks. Find the one that was written last, put it "
                f"into {self.state.url}, and delete {former.url}"
            )
        for name in (*names, RECORD):
            destination.check_lock()
            former.delete(name)
        _log.warning("the state was moved from %s to %s", former.url, self.state.url)

    def _read(self, state: ObjectStore) -> tuple[Record, Version] | None:
        stored = state.get(RECORD)
        if stored is None:
            return None
        try:
            record = msgspec.json.decode(stored.body, type=Record)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{state.url}/{RECORD} cannot be read: {error}. If another program wrote it, set "
                "upload.state to another location; if it is damaged, restore an older version"
            ) from error
        return self._own_record(record), stored.version

    def _own_record(self, record: Record) -> Record:
        """Return the record with the site and URL of this destination.

        Raises `StoreError` if it belongs to another site.
        """
        if record.site not in ("", self._site):
            raise StoreError(
                f"{self.state.url} is the state of another site, {record.site}; set another "
                "location in site.yaml, or, if the id of this site has changed, change it back"
            )
        url = self.objects.url if self.objects else _FOLDER_URL
        if record.url not in ("", url):
            record = after_move(record)
        return msgspec.structs.replace(record, site=self._site, url=url)


class LockedDestination:
    """A destination whose lock is held, so that its objects and its record may be changed.

    `is_new` is True if there was no record when it was locked.
    """

    def __init__(
        self,
        destination: Destination,
        record: Record,
        version: Version | None,
        lease: Lease | None,
        *,
        is_new: bool,
    ) -> None:
        self.destination, self.record, self.is_new = destination, record, is_new
        self._version, self._lease = version, lease
        self._written = time.monotonic()

    @property
    def state(self) -> ObjectStore:
        """The location of the state."""
        return self.destination.state

    def check_lock(self) -> None:
        """Raise `StoreError` unless the lock is certain to be held."""
        if self._lease:
            self._lease.check()

    def seconds_since_write(self) -> float:
        """Return the seconds since the record was read or written."""
        return time.monotonic() - self._written

    def write_record(self, record: Record) -> None:
        """Write the record. Raises `StoreError`, also if another process has changed it."""
        body = msgspec.json.encode(record, order="deterministic")
        self.check_lock()
        if self._lease is None:
            self.state.put(RECORD, body)
        else:
            self._version = self._replace(body)
        self.record, self._written = record, time.monotonic()

    def _replace(self, body: bytes) -> Version:
        if self._version is None:
            version = self.state.create(RECORD, body)
        else:
            version = self.state.replace(RECORD, body, self._version)
        if version is None:
            stored = self.state.get(RECORD)
            if stored is None or stored.body != body:
                raise StoreError(
                    f"{self.state.url}/{RECORD} was changed by another process; run this again"
                )
            version = stored.version  # only the response to our own request was lost
        return version


def destination_of(site: Site, folder: Path) -> Destination:
    """Return the destination of the site: its store, or the folder of the export itself.

    Raises `StoreError` if readers could fetch the state.
    """
    upload = site.settings.upload
    if upload:
        return _store_destination(site.settings.id, upload)
    setting = site.settings.export.state
    state = site.root / setting if setting else None
    if state and _is_public(state.resolve(), folder.resolve(), site):
        raise StoreError(
            f"{state} (export.state) is inside {folder}, where anyone can read it, but contains "
            "articles that are not yet published; set it to a folder outside"
        )
    return _folder_destination(site.settings.id, folder, state)


def _store_destination(site: str, settings: UploadSettings) -> Destination:
    objects = ObjectStore(settings.url, settings.endpoint, settings.region)
    default = ObjectStore(f"{objects.url}/{STATE}", settings.endpoint, settings.region)
    state = ObjectStore(settings.state or default.url, settings.endpoint, settings.region)
    former = None if state.url == default.url else default
    return Destination(site, objects.url, objects, state, former, lock=settings.lock)


def _folder_destination(site: str, folder: Path, state: Path | None) -> Destination:
    default = folder / STATE
    former = ObjectStore.in_folder(default) if state and default.is_dir() else None
    store = ObjectStore.in_folder(state or default)
    return Destination(site, folder.absolute().as_uri(), None, store, former)


def _is_public(state: Path, folder: Path, site: Site) -> bool:
    if not state.is_relative_to(folder):
        return False
    first = state.relative_to(folder).parts[:1]
    is_private = bool(first) and first[0].startswith(PRIVATE)
    return not (is_private and HOSTS[site.settings.export.host].hides_private)


def _copy(source: ObjectStore, target: ObjectStore, name: str) -> None:
    """Copy an object of any size, if it exists."""
    stored = source.get(name)
    if stored is None:
        return
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(stored.body)
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
            raise BusyError(
                f"another process is publishing to {state.folder}; try again when it has finished"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{state.folder} cannot be locked: {error.filename or _LOCK}: {error.strerror}; "
                "allow the user that publishes to write there"
            ) from error
        private_files.keep(file for name in _PRIVATE for file in state.folder.glob(name))
        yield
