"""Where a site is published to, held by one: its lock, and the record of what is there."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds import uploads
from feeds.delivery import UploadSettings
from feeds.errors import BusyError, StoreError
from feeds.lease import Lease
from feeds.objects import Objects, Version
from feeds.uploads import Record

# The folder of the state, below the feeds; and the record in it.
STATE = ".feeds-state"
RECORD = "published.json"
_LOCK = "lock"
# What the record of a folder has as its URL: the folder may be another on each machine.
_FOLDER = "file:"
# What was done is noted in the record at least every so many seconds, so that after a run that was
# killed not everything is done again.
NOTED = 20


class Place:
    """Where the objects are, and where the state is. `objects` is None for a folder of files.

    `site` is the id of the site, `url` what messages call the place.
    """

    def __init__(
        self, site: str, url: str, objects: Objects | None, state: Objects, *, lock: bool = True
    ) -> None:
        self.url, self.objects, self.state = url, objects, state
        self._site, self._lock = site, lock

    def read(self) -> Record:
        """The record as it is now, without holding anything."""
        return self._read()[0]

    @contextmanager
    def held(self, patience: float) -> Iterator["Held"]:
        """Hold the place. Raises `BusyError` if another does for longer, and `StoreError`."""
        with self._locked(patience) as lease:
            record, version = self._read()
            yield Held(self, record, version, lease)

    @contextmanager
    def _locked(self, patience: float) -> Iterator[Lease | None]:
        if self.state.is_folder:
            with _file_lock(self.state, patience):
                yield None
            return
        taken: AbstractContextManager[Lease | None]
        taken = Lease(self.state, patience) if self._lock else nullcontext()
        with taken as lease:
            yield lease

    def _read(self) -> tuple[Record, Version | None]:
        found = self.state.get(RECORD)
        if found is None:
            return self._ours(Record()), None
        try:
            return self._ours(msgspec.json.decode(found.body, type=Record)), found.version
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{self.state.url}/{RECORD} cannot be read: {error}. If another program wrote it, "
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
            record = uploads.moved(record)
        return msgspec.structs.replace(record, site=self._site, url=url)


class Held:
    """A place that is held: what is published there may be changed."""

    def __init__(
        self, place: Place, record: Record, version: Version | None, lease: Lease | None
    ) -> None:
        self.place, self.record = place, record
        self._version, self._lease = version, lease
        self._written = time.monotonic()

    @property
    def state(self) -> Objects:
        """Where the state is."""
        return self.place.state

    def check(self) -> None:
        """Raise `StoreError` unless the place is surely held still."""
        if self._lease:
            self._lease.check()

    def age(self) -> float:
        """Seconds since the record was read or written."""
        return time.monotonic() - self._written

    def write(self, record: Record) -> None:
        """Write the record. Raises `StoreError`, also where another wrote it meanwhile."""
        body = msgspec.json.encode(record, order="deterministic")
        self.check()
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


def of_store(site: str, settings: UploadSettings) -> Place:
    """The place that the settings name."""
    objects = Objects(settings.url, settings.endpoint, settings.region)
    state = settings.state or f"{objects.url}/{STATE}"
    kept = Objects(state, settings.endpoint, settings.region)
    return Place(site, objects.url, objects, kept, lock=settings.lock)


def of_folder(site: str, folder: Path, state: Path) -> Place:
    """A folder that others serve or carry on: the export itself is what is published."""
    return Place(site, folder.absolute().as_uri(), None, Objects.in_folder(state))


@contextmanager
def _file_lock(state: Objects, patience: float) -> Iterator[None]:
    lock = FileLock(state.folder / _LOCK, timeout=patience)
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
        yield
