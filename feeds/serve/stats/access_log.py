"""The server's access log: one JSON object per line, written by a separate thread."""

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

# Lines that may wait for the disk; further ones are lost, and counted.
_MAX_PENDING = 20_000
# Seconds between two writes, and between two checks whether the file was moved.
_PAUSE = 0.3
_CHECK_SECONDS = 1.0
_CLOSE_SECONDS = 5.0  # for the last write
# Writes up to this size are atomic, in pipes too (POSIX PIPE_BUF).
_PIPE_BATCH = 4096
_FILE_BATCH = 1 << 20
_MAX_TEXT = 1000  # characters of a value from a client
_SAFE = "/:@!$&'()*+,;=~"
_QUERY_SAFE = f"{_SAFE}?%[]"


class Line(msgspec.Struct, omit_defaults=True, frozen=True):
    """One line of the log, as docs/guides/monitoring.md explains it."""

    time: str
    """When the request arrived: RFC 3339, UTC, with milliseconds."""
    method: str
    """`GET`, `HEAD`, …"""
    path: str
    """The requested path, percent-encoded, with its query."""
    status: int
    """The status of the answer."""
    bytes: int
    """The length of the answer's body."""
    ms: float
    """The duration of the answer, in milliseconds."""
    feed: str = ""
    """The path of the feed that was sent."""
    format: str = ""
    """`rss`, `atom` or `json`; `html` is the feed's page."""
    coding: str = ""
    """The content coding: `gzip`, `br`, …"""
    user_agent: str = ""
    """The User-Agent of the client; left out if it is not ASCII, see below."""
    referer: str = ""
    """The page that linked here."""
    client: str = ""
    """Distinguishes the clients of one day, see below."""


class AccessLog:
    """Writes lines to a file, or to standard output if `target` is `-`.

    `client` selects how client addresses are logged: as a daily changing hash, keyed with `key`,
    which all processes of one log share; as they are; or not at all. `lost` is called with the
    number of lines that could not be written. Several processes may write to one file. Raises
    `LogError` if the file cannot be opened.
    """

    def __init__(
        self,
        target: str,
        client: Client = "hash",
        key: bytes = b"",
        lost: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._target, self._client, self._key, self._report_lost = target, client, key, lost
        self._pending: deque[Answered] = deque()
        self._lost, self._lost_lock = 0, threading.Lock()
        self._torn = False
        self._day, self._day_key = -1, b""
        self._file = _open(target)
        self._batch = _FILE_BATCH if stat.S_ISREG(os.fstat(self._file).st_mode) else _PIPE_BATCH
        self._checked = time.monotonic()
        fault = "the access log failed; going on"
        self._loop = DaemonLoop(
            "feeds-access-log", self._flush, fault, pause=_PAUSE, retry=_PAUSE, at_end=self._flush
        )

    def start(self) -> None:
        """Start to write; pending lines are written when the process ends."""
        self._loop.start()
        Finalize(None, self.close, exitpriority=10)

    def put(self, answered: Answered) -> None:
        """Queue a request to be written; never blocks."""
        if len(self._pending) < _MAX_PENDING:
            self._pending.append(answered)
        else:
            self._lose(1)

    def close(self) -> None:
        """Write the pending lines, and stop."""
        if self._loop.stopping.is_set():
            return
        self._loop.stop(_CLOSE_SECONDS)
        if not self._loop.is_alive:  # else the thread is still writing to it
            os.close(self._file)

    def _flush(self) -> None:
        if time.monotonic() - self._checked >= _CHECK_SECONDS:
            self._reopen_if_moved()
            self._checked = time.monotonic()
        try:
            self._write_pending()
        finally:
            self._note_lost()

    def _write_pending(self) -> None:
        requests = [self._pending.popleft() for _ in range(len(self._pending))]
        for batch in batches([self._encode(request) for request in requests], self._batch):
            self._write(batch)

    def _write(self, batch: bytes) -> None:
        """Write whole lines at once; a line cut off by a full disk is terminated later."""
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
        with self._lost_lock:
            self._lost += lines

    def _note_lost(self) -> None:
        with self._lost_lock:
            lost, self._lost = self._lost, 0
        if lost:
            self._report_lost(lost)
            _log.warning("%s: %d lines of the access log were lost", self._target, lost)

    def _reopen_if_moved(self) -> None:
        """Open a new file if this one was moved or deleted, as logrotate does."""
        if self._target == "-":
            return
        opened = os.fstat(self._file)
        try:
            current = os.stat(self._target)  # noqa: PTH116 - the same call as below
            if (current.st_dev, current.st_ino) == (opened.st_dev, opened.st_ino):
                return
        except OSError:
            pass  # moved or deleted
        try:
            file = _open(self._target)
        except LogError as error:
            _log.error("%s; still writing to the moved file", error)
            return
        os.close(self._file)
        self._file, self._torn = file, False

    def _encode(self, answered: Answered) -> bytes:
        """Return the line; JSON escapes any line breaks that the client sent."""
        at = datetime.fromtimestamp(answered.time, UTC).isoformat(timespec="milliseconds")
        path = quote(answered.path.encode("latin-1", "replace"), _SAFE)
        query = quote(answered.query.encode("latin-1", "replace"), _QUERY_SAFE)
        line = Line(
            time=at.replace("+00:00", "Z"),
            method=_text(answered.method),
            path=f"{path}?{query}"[:_MAX_TEXT] if query else path[:_MAX_TEXT],
            status=answered.status,
            bytes=answered.bytes,
            ms=round(answered.seconds * 1000, 3),
            feed=answered.feed,
            format=answered.format,
            coding=answered.coding,
            user_agent=_text(answered.agent),
            referer=_text(answered.referer),
            client=self._client_id(answered),
        )
        return msgspec.json.encode(line) + b"\n"

    def _client_id(self, answered: Answered) -> str:
        """Return the logged form of the client's address."""
        if self._client == "hash" and answered.address:
            day = int(answered.time // 86_400)
            if day != self._day:
                self._day = day
                self._day_key = hashlib.blake2b(str(day).encode(), key=self._key).digest()
            address = answered.address.encode("utf-8", "replace")
            return hashlib.blake2b(address, digest_size=9, key=self._day_key).hexdigest()
        return answered.address if self._client == "address" else ""


def batches(lines: Sequence[bytes], longest: int) -> Iterator[bytes]:
    """Yield joined whole lines of up to `longest` bytes; a longer line is a separate batch."""
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
    """Decode a header; WSGI decodes its bytes as Latin-1."""
    return header[:_MAX_TEXT].encode("latin-1", "replace").decode("utf-8", "replace")


def _open(target: str) -> int:
    if target == "-":
        return os.dup(1)
    try:
        return os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise LogError(f"{target}: cannot be written: {error.strerror}") from error
