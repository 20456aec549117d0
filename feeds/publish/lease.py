"""The lock of a place: one publishes at a time, on whatever machine.

It is one object that says who holds it. Who holds it writes it anew again and again; one that
stays as it is for `SECONDS` was left by a machine that died, and may be taken. No machine's clock
is compared with another's: the store itself says when the lock was written, and what time it is
now. Stores need conditional writes (If-None-Match and If-Match, RFC 9110 §13.1) for it.
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
# By so much the clocks of a store's own machines may differ.
_STORE_CLOCKS = 30.0
# What is written to learn what time it is in the store.
CLOCK_KEY = "clock"

# What stores answer to conditions that they do not know, such as Backblaze B2.
_REFUSED = "NotImplemented"


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, since when; `token` is empty if nobody does. `beat` makes it another."""

    token: str = ""
    host: str = ""
    since: str = ""
    beat: int = 0


def _seconds() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine is suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease:
    """Holds the lock while it is entered: a context manager.

    Raises `BusyError` if another holds it for longer than `patience` seconds.
    """

    def __init__(self, objects: ObjectStore, patience: float) -> None:
        self._objects, self._patience = objects, patience
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._me = Holder(secrets.token_hex(8), platform.node(), since)
        self._version: Version = {}
        self._until = 0.0
        self._lost = False
        self._end = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        try:
            self._take()
            ignored = self._objects.create(KEY, self._signed()) is not None
        except StoreError as error:
            if _REFUSED not in str(error):
                raise
            raise StoreError(self._unlockable()) from error
        if ignored:
            raise StoreError(self._unlockable())
        self._beating.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        self._beating.join()
        if not self._lost:
            with suppress(StoreError):  # a lock that is left is free again after a while
                self._objects.replace(KEY, msgspec.json.encode(Holder()), self._version)

    def check(self) -> None:
        """Raise `StoreError` unless the lock is surely held for as long as a request may take."""
        if self._lost or _seconds() > self._until - SECONDS / 2:
            raise StoreError(
                f"the lock {self._objects.url}/{KEY} is lost: the store did not answer for too "
                "long, or another took it"
            )

    def _take(self) -> None:
        started = since = _seconds()
        seen: Version | None = None
        before = 0.0
        while True:
            found = self._objects.get(KEY)
            if found is None or found.version != seen:
                seen, since = found.version if found else None, _seconds()
                before = self._age(found) if found and self._is_anothers(found) else 0.0
            still = _seconds() - since
            left = max(0.0, min(SECONDS - still, SECONDS + _STORE_CLOCKS - before - still))
            if self._taken(found, free=not left):
                return
            if _seconds() - started >= self._patience:
                raise BusyError(self._busy(found, before + still, left))
            time.sleep(min(1.0, SECONDS / 10))

    def _taken(self, found: StoredObject | None, *, free: bool) -> bool:
        asked = _seconds()
        if found is None:
            version = self._objects.create(KEY, self._signed())
        elif self._holder(found).token == self._me.token:
            version = found.version  # the answer to our own request was lost
        elif free or not self._is_anothers(found):
            version = self._objects.replace(KEY, self._signed(), found.version)
        else:
            return False
        if version is None:
            return False
        self._version, self._until = version, asked + SECONDS
        return True

    def _is_anothers(self, found: StoredObject) -> bool:
        return self._holder(found).token not in ("", self._me.token)

    def _age(self, found: StoredObject) -> float:
        """The seconds since the lock was written, by the clock of the store."""
        self._objects.put(CLOCK_KEY, b"")
        clock = self._objects.get(CLOCK_KEY)
        return (clock.modified - found.modified).total_seconds() if clock else 0.0

    def _unlockable(self) -> str:
        return (
            f"{self._objects.url} has no conditional writes, so that two could publish at once; "
            "set upload.lock to false and see to it that they do not"
        )

    def _signed(self) -> bytes:
        self._me = msgspec.structs.replace(self._me, beat=self._me.beat + 1)
        return msgspec.json.encode(self._me)

    def _beat(self) -> None:
        while not self._lost and not self._end.wait(SECONDS / 6):
            try:
                self._renew()
            except FeedsError:
                continue  # `check` sees to it that this ends before the lock is another's

    def _renew(self) -> None:
        asked = _seconds()
        version = self._objects.replace(KEY, self._signed(), self._version)
        if version is None:
            found = self._objects.get(KEY)
            if found is None or self._holder(found).token != self._me.token:
                self._lost = True
                return
            version = found.version  # the answer to an earlier request was lost
        self._version, self._until = version, asked + SECONDS

    def _holder(self, found: StoredObject) -> Holder:
        try:
            return msgspec.json.decode(found.body, type=Holder)
        except msgspec.DecodeError as error:
            said = f"{self._objects.url}/{KEY} is no lock: {error}; delete it"
            raise StoreError(said) from error

    def _busy(self, found: StoredObject | None, age: float, left: float) -> str:
        who = self._holder(found) if found else Holder()
        return (
            f"{self._objects.url} is being published to by {who.host or 'another'} since "
            f"{who.since or 'just now'}, which said so {age:,.0f} seconds ago; wait for its end. "
            f"If it died, the lock is free in {left:,.0f} seconds"
        )
