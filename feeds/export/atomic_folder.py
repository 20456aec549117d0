"""The folder that an export writes: each file is the old one or the new one, whatever happens."""

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

# Files are written in this folder and moved into their places.
PARTS = ".feeds-export.parts"
# Files written at a time: a disk makes sure of many together in less time than of each in turn.
_WRITERS = 16
_SECOND = 1_000_000_000
# Seconds that a file's time may be ahead: files that change twice in a second, and clocks that
# differ.
_AHEAD = 300


def check_target(site: Site, target: Path) -> None:
    """Raise `ExportError` where an export must not be: all in its folder may be public."""
    articles, resolved = site.folder.resolve(), target.resolve()
    if resolved == articles or articles in resolved.parents:
        raise ExportError(f"{target} lies in the article folder {site.folder}; name another folder")
    private = {
        articles: f"the article folder {site.folder}",
        site.root.resolve(): f"the config folder {site.root}",
        site.lock_file("export").parent.resolve(): "the catalogue",
    }
    for folder, name in private.items():
        if resolved == folder or resolved in folder.parents:
            raise ExportError(
                f"{target} is or holds {name}, and readers may get all that lies in the folder of "
                "an export; name another folder, such as one of its own beside or below it"
            )
    if resolved.exists() and not resolved.is_dir():
        raise ExportError(f"{target} is not a folder; name another")


class AtomicFolder:
    """A folder whose files are replaced whole: written beside, made sure of, and moved.

    After `settle` all that was written, in threads or not, is on the disk, in its place.
    Use it in a `with` statement; raises `OSError`.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._root_text = root, str(root)
        self._pool = ThreadPoolExecutor(_WRITERS)
        self._writing: deque[Future[None]] = deque()
        self._touched: set[Path] = set()

    def __enter__(self) -> "AtomicFolder":
        shutil.rmtree(self._root / PARTS, ignore_errors=True)  # of an export that was killed
        (self._root / PARTS).mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self._root / PARTS, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where a file is."""
        return self._root / name

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, None if there is none."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, name: str) -> int | None:
        """The size of a file in bytes, None if it cannot be had."""
        try:
            return os.stat(f"{self._root_text}/{name}").st_size  # noqa: PTH116 - there are thousands
        except OSError:
            return None

    def has_all(self, files: Mapping[str, File]) -> bool:
        """Whether there are all these files, as far as their sizes can tell."""
        return all(self.size(name) == file.size for name, file in files.items())

    def exists(self, name: str) -> bool:
        """Whether anything is there under this name."""
        return os.path.lexists(self._root / name)

    def mtime(self, name: str) -> int | None:
        """The time of a file, in whole seconds; None if there is none."""
        try:
            return (self._root / name).stat().st_mtime_ns // _SECOND
        except FileNotFoundError:
            return None

    def submit(self, task: Callable[[], None]) -> None:
        """Do work that writes files, in a thread, as soon as one is free."""
        self._writing.append(self._pool.submit(task))
        self._wait(2 * _WRITERS)

    def wait(self) -> None:
        """Wait until everything is in its place. Raises what the work in threads raised."""
        self._wait(0)

    def note_written(self, names: Iterable[str]) -> None:
        """Take note of what another process has written here, for `settle`."""
        folders = {name.rpartition("/")[0] for name in names}  # far fewer
        for folder in folders - {""}:
            path = self._root / folder
            self._touched.update((path, *_parents(path, self._root)))
        self._touched.add(self._root)

    def sync(self) -> None:
        """The same, and see to it that it stays there if the power fails."""
        self.wait()
        for folder in self._touched:
            if folder.is_dir():
                _fsync_folder(folder)
        self._touched.clear()

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that are empty then."""
        for name in names:
            file = self._root / name
            file.unlink(missing_ok=True)
            self._touched.add(file.parent)
            for folder in _parents(file, self._root):
                try:
                    folder.rmdir()
                except OSError:
                    break  # not empty: other files live there
                self._touched.add(folder.parent)

    def _wait(self, limit: int) -> None:
        """Wait until at most so much work is under way."""
        while len(self._writing) > limit:
            self._writing.popleft().result()

    def write(self, name: str, body: bytes, ns: int | None = None) -> None:
        """Write a file; its time is `ns`, in nanoseconds, or now."""
        final = self._root / name
        # Of this process alone, for one whose starter was killed may not have ended yet.
        part = self._root / PARTS / f"{os.getpid()}-{hashlib.sha256(name.encode()).hexdigest()}"
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            if ns is not None:
                os.utime(file.fileno(), ns=(ns, ns))
            os.fsync(file.fileno())
        for folder in reversed([*_parents(final, self._root)]):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                self._touched.add(folder.parent)
        part.replace(final)
        self._touched.add(final.parent)


def mtime_second(updated: datetime, before: int | None, now: datetime) -> int:
    """The second that a file with new bytes gets, `before` being that of the old bytes.

    It is the document's Last-Modified. Servers make ETags of time and size, and a size may be the
    same again: so that no two states of a file ever share a tag, time only goes forward, but from
    what a clock that was wrong has dated ahead of `now`: a Last-Modified must not lie in the
    future (RFC 9110 §8.8.2.1).
    """
    second = int(updated.timestamp())
    if before is None or before > now.timestamp() + _AHEAD:
        return second
    return max(second, before + 1)


def mtime_ns(second: int, sha256: str) -> int:
    """A time in that second, in nanoseconds: made of the bytes, for servers that look closely."""
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
