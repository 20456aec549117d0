"""The lock of a destination in an object store: one process publishes at a time, on any machine.

The lock is an object that names its holder, who rewrites it regularly. If it stays unchanged for
`SECONDS`, its holder has died and it may be taken. Clocks of machines are never compared: the store
itself provides both the time of the last write and the current time. The store must support
conditional writes (If-None-Match and If-Match, RFC 9110 §13.1).
"""

import platform
import secrets
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from feeds.errors import BusyError, FeedsError, StoreError
from feeds.publish.object_store import ObjectStore, StoredObject, Version

KEY = "lock.json"
SECONDS = 120.0
# Seconds by which the clocks of a store's own machines may differ.
_STORE_CLOCKS = 30.0
# Written to learn the time in the store.
CLOCK_KEY = "clock"

# The error code of stores without conditional writes, such as Backblaze B2.
_UNSUPPORTED = "NotImplemented"


class Holder(msgspec.Struct, frozen=True):
    """The content of the lock. `token` is empty if it is free; `beat` counts the writes."""

    token: str = ""
    host: str = ""
    since: str = ""
    beat: int = 0


def _seconds() -> float:
    """Return the seconds of a clock that is never set, and runs while the machine is suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease:
    """A context manager that holds the lock.

    Entering it raises `BusyError` if another process holds the lock for longer than `patience`
    seconds, and `StoreError`.
    """

    def __init__(self, objects: ObjectStore, patience: float) -> None:
        self._objects, self._patience = objects, patience
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._holder = Holder(secrets.token_hex(8), platform.node(), since)
        self._version: Version = {}
        self._until = 0.0
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_regularly, daemon=True)

    def __enter__(self) -> Self:
        try:
            self._take()
            # The lock exists now, so this fails unless the store ignores conditions.
            ignores_conditions = self._objects.create(KEY, self._next_content()) is not None
        except StoreError as error:
            if _UNSUPPORTED not in str(error):
                raise
            raise StoreError(self._unsupported_message()) from error
        if ignores_conditions:
            raise StoreError(self._unsupported_message())
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if not self._lost:
            with suppress(StoreError):  # an abandoned lock expires
                self._objects.replace(KEY, msgspec.json.encode(Holder()), self._version)

    def check(self) -> None:
        """Raise `StoreError` unless the lock is certain to be held until a request has ended."""
        if self._lost or _seconds() > self._until - SECONDS / 2:
            raise StoreError(
                f"the lock {self._objects.url}/{KEY} is lost: the store did not answer for too "
                "long, or another process took it"
            )

    def _take(self) -> None:
        started = unchanged_since = _seconds()
        seen: Version | None = None
        age = 0.0  # of the lock when it was first seen, by the clock of the store
        while True:
            stored = self._objects.get(KEY)
            if stored is None or stored.version != seen:
                seen, unchanged_since = stored.version if stored else None, _seconds()
                age = self._age(stored) if stored and self._is_foreign(stored) else 0.0
            unchanged = _seconds() - unchanged_since
            left = max(0.0, min(SECONDS - unchanged, SECONDS + _STORE_CLOCKS - age - unchanged))
            if self._try_take(stored, free=not left):
                return
            if _seconds() - started >= self._patience:
                raise BusyError(self._busy_message(stored, age + unchanged, left))
            time.sleep(min(1.0, SECONDS / 10))

    def _try_take(self, stored: StoredObject | None, *, free: bool) -> bool:
        requested = _seconds()
        if stored is None:
            version = self._objects.create(KEY, self._next_content())
        elif self._read_holder(stored).token == self._holder.token:
            version = stored.version  # only the response to our own request was lost
        elif free or not self._is_foreign(stored):
            version = self._objects.replace(KEY, self._next_content(), stored.version)
        else:
            return False
        if version is None:
            return False
        self._version, self._until = version, requested + SECONDS
        return True

    def _is_foreign(self, stored: StoredObject) -> bool:
        return self._read_holder(stored).token not in ("", self._holder.token)

    def _age(self, stored: StoredObject) -> float:
        """Return the seconds since the lock was written, by the clock of the store."""
        self._objects.put(CLOCK_KEY, b"")
        clock = self._objects.get(CLOCK_KEY)
        return (clock.modified - stored.modified).total_seconds() if clock else 0.0

    def _unsupported_message(self) -> str:
        return (
            f"{self._objects.url} has no conditional writes, so two processes could publish at "
            "once; set upload.lock to false, and make sure by other means that they do not"
        )

    def _next_content(self) -> bytes:
        self._holder = msgspec.structs.replace(self._holder, beat=self._holder.beat + 1)
        return msgspec.json.encode(self._holder)

    def _renew_regularly(self) -> None:
        while not self._lost and not self._ended.wait(SECONDS / 6):
            try:
                self._renew()
            except FeedsError:
                continue  # `check` fails before another process can take the lock

    def _renew(self) -> None:
        requested = _seconds()
        version = self._objects.replace(KEY, self._next_content(), self._version)
        if version is None:
            stored = self._objects.get(KEY)
            if stored is None or self._read_holder(stored).token != self._holder.token:
                self._lost = True
                return
            version = stored.version  # only the response to an earlier request was lost
        self._version, self._until = version, requested + SECONDS

    def _read_holder(self, stored: StoredObject) -> Holder:
        try:
            return msgspec.json.decode(stored.body, type=Holder)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{self._objects.url}/{KEY} is not a lock: {error}; delete it"
            ) from error

    def _busy_message(self, stored: StoredObject | None, age: float, left: float) -> str:
        holder = self._read_holder(stored) if stored else Holder()
        return (
            f"{holder.host or 'another machine'} has been publishing to {self._objects.url} since "
            f"{holder.since or 'just now'}, and confirmed it {age:,.0f} seconds ago; try again "
            f"when it has finished. If it died, the lock expires in {left:,.0f} seconds"
        )
