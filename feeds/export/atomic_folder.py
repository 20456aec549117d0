"""A folder whose files are replaced atomically and flushed to the disk."""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export.manifest import File

# Files are written in this folder and then renamed to their final paths.
PARTS = ".feeds-export.parts"
# Files written at a time: a disk flushes many files together faster than one after the other.
_WRITERS = 16
_SECOND = 1_000_000_000
# Seconds that a modification time may be ahead of the clock, because of files that change twice
# in a second and of clocks that differ.
_AHEAD = 300


def check_target(site: Site, target: Path) -> None:
    """Raise `ExportError` if `target` holds private files: an export's folder may be public."""
    articles, resolved = site.folder.resolve(), target.resolve()
    if resolved == articles or articles in resolved.parents:
        raise ExportError(f"{target} is in the article folder {site.folder}; choose another folder")
    private = {
        articles: f"the article folder {site.folder}",
        site.root.resolve(): f"the config folder {site.root}",
        site.lock_file("export").parent.resolve(): "the catalogue",
    }
    for folder, name in private.items():
        if resolved == folder or resolved in folder.parents:
            raise ExportError(
                f"{target} is or contains {name}, but readers can fetch everything in the folder "
                "of an export; choose a separate folder, next to it or below it"
            )
    if resolved.exists() and not resolved.is_dir():
        raise ExportError(f"{target} is not a folder; choose another path")


class AtomicFolder:
    """A folder whose files are replaced atomically: written elsewhere, flushed, and renamed.

    After `sync` all files, including those written in threads, are in place and on the disk.
    Use it in a `with` statement. Its methods raise `OSError`.
    """

    def __init__(self, root: Path) -> None:
        self.root, self._root_text = root, str(root)
        self._pool = ThreadPoolExecutor(_WRITERS)
        self._writing: deque[Future[None]] = deque()
        self._touched: set[Path] = set()

    def __enter__(self) -> "AtomicFolder":
        shutil.rmtree(self.root / PARTS, ignore_errors=True)  # left by an export that was killed
        (self.root / PARTS).mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self.root / PARTS, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self.root / name

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file; None if it does not exist."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None if it cannot be read."""
        try:
            return os.stat(f"{self._root_text}/{name}").st_size  # noqa: PTH116 - there are thousands
        except OSError:
            return None

    def has_all(self, files: Mapping[str, File]) -> bool:
        """Return whether all these files exist and have the recorded size."""
        return all(self.size(name) == file.size for name, file in files.items())

    def exists(self, name: str) -> bool:
        """Return whether a file, folder or link of this name exists."""
        return os.path.lexists(self.root / name)

    def mtime(self, name: str) -> int | None:
        """Return the modification time of a file in whole seconds; None if it does not exist."""
        try:
            return (self.root / name).stat().st_mtime_ns // _SECOND
        except FileNotFoundError:
            return None

    def submit(self, task: Callable[[], None]) -> None:
        """Run a task that writes files in a thread, as soon as one is free."""
        self._writing.append(self._pool.submit(task))
        self._wait(2 * _WRITERS)

    def wait(self) -> None:
        """Wait until all files are in place. Raises the errors of the tasks."""
        self._wait(0)

    def note_written(self, names: Iterable[str]) -> None:
        """Record files that another process has written here, for `sync`."""
        folders = {name.rpartition("/")[0] for name in names}  # far fewer than files
        for folder in folders - {""}:
            path = self.root / folder
            self._touched.update((path, *_parents(path, self.root)))
        self._touched.add(self.root)

    def sync(self) -> None:
        """Wait like `wait`, and flush the folders, so that the files survive a power failure."""
        self.wait()
        for folder in self._touched:
            if folder.is_dir():
                _fsync_folder(folder)
        self._touched.clear()

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that become empty."""
        for name in names:
            file = self.root / name
            file.unlink(missing_ok=True)
            self._touched.add(file.parent)
            for folder in _parents(file, self.root):
                try:
                    folder.rmdir()
                except OSError:
                    break  # not empty
                self._touched.add(folder.parent)

    def _wait(self, limit: int) -> None:
        """Wait until at most `limit` tasks are running or queued."""
        while len(self._writing) > limit:
            self._writing.popleft().result()

    def write(self, name: str, body: bytes, ns: int | None = None) -> None:
        """Write a file with the modification time `ns`, in nanoseconds, or the current time."""
        final = self.root / name
        # The name holds the process id, because a worker of a killed export may still be running.
        part = self.root / PARTS / f"{os.getpid()}-{hashlib.sha256(name.encode()).hexdigest()}"
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            if ns is not None:
                os.utime(file.fileno(), ns=(ns, ns))
            os.fsync(file.fileno())
        for folder in reversed([*_parents(final, self.root)]):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                self._touched.add(folder.parent)
        part.replace(final)
        self._touched.add(final.parent)


def mtime_second(updated: datetime, before: int | None, now: datetime) -> int:
    """Return the modification time of a changed file in seconds; `before` is the old one.

    Static servers send it as Last-Modified, and derive the ETag from time and size. The size may
    stay the same, so the time always advances, and no two states of a file share an ETag. The
    exception is a `before` that a wrong clock set ahead of `now`, because a Last-Modified must not
    lie in the future (RFC 9110 §8.8.2.1).
    """
    second = int(updated.timestamp())
    if before is None or before > now.timestamp() + _AHEAD:
        return second
    return max(second, before + 1)


def mtime_ns(second: int, sha256: str) -> int:
    """Return a time in that second, in nanoseconds, with a fraction derived from the hash."""
    return second * _SECOND + int(sha256[:8], 16) % 1_000_000 * 1000


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parents(file: Path, top: Path) -> Iterator[Path]:
    for folder in file.parents:
        if folder == top:
            return
        yield folder
