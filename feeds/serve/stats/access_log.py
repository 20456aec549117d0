"""The server's own access log: one JSON object a line, written by a thread of its own."""

import hashlib
import logging
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.util import Finalize
from typing import Literal
from urllib.parse import quote

import msgspec

from feeds.errors import LogError
from feeds.serve.stats.middleware import Answered
from feeds.util.daemon import DaemonLoop

_log = logging.getLogger("feeds")

Client = Literal["hash", "address", "none"]

# So many lines wait for the disk at most; what comes on top is lost, and counted.
_MOST_WAITING = 20_000
# Seconds between two writes, and between two looks at whether the file was moved away.
_PAUSE = 0.3
_LOOK = 1.0
_PATIENCE = 5.0  # seconds for the last write
# Writes of whole lines that are no longer than this stay whole, in a pipe too (POSIX PIPE_BUF).
_PIPE_BATCH = 4096
_FILE_BATCH = 1 << 20
_LONGEST_TEXT = 1000  # characters of what a client sends
_SAFE = "/:@!$&'()*+,;=~"
_QUERY_SAFE = f"{_SAFE}?%[]"


class Line(msgspec.Struct, omit_defaults=True, frozen=True):
    """One line of the log, as docs/guides/monitoring.md explains it."""

    time: str
    """When the request came: RFC 3339, UTC, with milliseconds."""
    method: str
    """`GET`, `HEAD`, …"""
    path: str
    """The path that was asked for, percent-encoded, with its query."""
    status: int
    """The status of the answer."""
    bytes: int
    """The length of the answer's body."""
    ms: float
    """How long the answer took, in milliseconds."""
    feed: str = ""
    """The path of the feed that was answered with."""
    format: str = ""
    """`rss`, `atom` or `json`; `html` is the feed's page."""
    coding: str = ""
    """The content coding: `gzip`, `br`, …"""
    user_agent: str = ""
    """What the client calls itself; left out if that is not ASCII, see below."""
    referer: str = ""
    """The page that led the client here."""
    client: str = ""
    """Tells clients of one day apart, see below."""


class AccessLog:
    """Writes lines to a file, or to standard output if `target` is `-`.

    `client` says what is told of a client's address: a hash that is another one every day, made
    with `key`, which processes that write one log share; the address; or nothing. `lost` is
    told how many lines could not be written. Several processes may write to one file.
    Raises `LogError` if the file cannot be opened.
    """

    def __init__(
        self,
        target: str,
        client: Client = "hash",
        key: bytes = b"",
        lost: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._target, self._client, self._key, self._lost_told = target, client, key, lost
        self._waiting: deque[Answered] = deque()
        self._lost, self._counting = 0, threading.Lock()
        self._torn = False
        self._day, self._day_key = -1, b""
        self._file = _opened(target)
        self._batch = _FILE_BATCH if stat.S_ISREG(os.fstat(self._file).st_mode) else _PIPE_BATCH
        self._looked = time.monotonic()
        fault = "the access log failed; going on"
        self._loop = DaemonLoop(
            "feeds-access-log", self._flush, fault, pause=_PAUSE, retry=_PAUSE, at_end=self._flush
        )

    def start(self) -> None:
        """Begin to write; what waits when the process ends is written then."""
        self._loop.start()
        Finalize(None, self.close, exitpriority=10)

    def put(self, answered: Answered) -> None:
        """Have a request written; never waits."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(answered)
        else:
            self._lose(1)

    def close(self) -> None:
        """Write what waits, and end."""
        if self._loop.stopping.is_set():
            return
        self._loop.stop(_PATIENCE)
        if not self._loop.is_alive:  # else the disk still has it
            os.close(self._file)

    def _flush(self) -> None:
        if time.monotonic() - self._looked >= _LOOK:
            self._reopen_if_moved()
            self._looked = time.monotonic()
        try:
            self._write_waiting()
        finally:
            self._tell_lost()

    def _write_waiting(self) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for batch in batches([self._encoded(each) for each in waiting], self._batch):
            self._write(batch)

    def _write(self, batch: bytes) -> None:
        """One write of whole lines; a line that was cut off, on a full disk, is ended later."""
        data = b"\n" + batch if self._torn else batch
        try:
            written = os.write(self._file, data)
        except OSError as error:
            _log.error("%s: %s; lines of the access log are lost", self._target, error.strerror)
            self._lose(batch.count(b"\n"))
            return
        rest = data[written:]
        self._lose(rest.count(b"\n"))
        self._torn = bool(rest) and not data[:written].endswith(b"\n")

    def _lose(self, lines: int) -> None:
        with self._counting:
            self._lost += lines

    def _tell_lost(self) -> None:
        with self._counting:
            lost, self._lost = self._lost, 0
        if lost:
            self._lost_told(lost)
            _log.warning("%s: %d lines of the access log were lost", self._target, lost)

    def _reopen_if_moved(self) -> None:
        """Open the file anew if it was moved or deleted, as logrotate does."""
        if self._target == "-":
            return
        now = os.fstat(self._file)
        try:
            there = os.stat(self._target)  # noqa: PTH116 - the same call as below
            if (there.st_dev, there.st_ino) == (now.st_dev, now.st_ino):
                return
        except OSError:
            pass  # moved, and not there again
        try:
            file = _opened(self._target)
        except LogError as error:
            _log.error("%s; writing to the file that was moved", error)
            return
        os.close(self._file)
        self._file, self._torn = file, False

    def _encoded(self, answered: Answered) -> bytes:
        """The line; JSON has no line breaks but the last, whatever the client sent."""
        at = datetime.fromtimestamp(answered.time, UTC).isoformat(timespec="milliseconds")
        path = quote(answered.path.encode("latin-1", "replace"), _SAFE)
        query = quote(answered.query.encode("latin-1", "replace"), _QUERY_SAFE)
        line = Line(
            time=at.replace("+00:00", "Z"),
            method=_text(answered.method),
            path=f"{path}?{query}"[:_LONGEST_TEXT] if query else path[:_LONGEST_TEXT],
            status=answered.status,
            bytes=answered.bytes,
            ms=round(answered.seconds * 1000, 3),
            feed=answered.feed,
            format=answered.format,
            coding=answered.coding,
            user_agent=_text(answered.agent),
            referer=_text(answered.referer),
            client=self._told(answered),
        )
        return msgspec.json.encode(line) + b"\n"

    def _told(self, answered: Answered) -> str:
        """What the line says of the client's address."""
        if self._client == "hash" and answered.address:
            day = int(answered.time // 86_400)
            if day != self._day:
                self._day = day
                self._day_key = hashlib.blake2b(str(day).encode(), key=self._key).digest()
            address = answered.address.encode("utf-8", "replace")
            return hashlib.blake2b(address, digest_size=9, key=self._day_key).hexdigest()
        return answered.address if self._client == "address" else ""


def batches(lines: Sequence[bytes], longest: int) -> Iterator[bytes]:
    """The lines joined, none cut, at most `longest` bytes where a line alone is not longer."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and size + len(line) > longest:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)


def _text(header: str) -> str:
    """The text of a header: WSGI has its bytes as Latin-1."""
    return header[:_LONGEST_TEXT].encode("latin-1", "replace").decode("utf-8", "replace")


def _opened(target: str) -> int:
    if target == "-":
        return os.dup(1)
    try:
        return os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise LogError(f"{target}: cannot be written: {error.strerror}") from error
