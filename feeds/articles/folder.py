"""The article folder: which files there are, and the bytes of one of them."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fnmatch import translate
from pathlib import Path

import msgspec

from feeds.config.site import Site
from feeds.errors import ArticleError, ArticleFolderError, Problem

_TRIES = 3
# File times are no finer than this: a file written so shortly before it was read may change
# again without its time showing it.
_GRAIN_NS = 20_000_000
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# Folders in folders that are walked.
_DEPTH = 100


class Stat(msgspec.Struct, frozen=True, gc=False):
    """Size in bytes and modification time in nanoseconds of a file."""

    size: int
    mtime_ns: int


class Scan(msgspec.Struct, frozen=True):
    """Every article file by path (below the folder, `/` between its parts), and what is not one.

    `linked` is whether there are symbolic links, so that a file may have several paths.
    """

    files: dict[str, Stat]
    problems: tuple[Problem, ...]
    linked: bool = False

    def lines(self) -> list[str]:
        """One line for each file, with how it looks: quicker to compare than the files."""
        return [f"{path} {each.size} {each.mtime_ns}" for path, each in self.files.items()]


def digest(lines: Iterable[str]) -> str:
    """A hash of the lines of a scan: another order has another one."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def scan(site: Site) -> Scan:
    """Walk the article folder once.

    Links that lead out of the folder, names that are not UTF-8 and what cannot be read are
    problems. Raises `SourceError` if the folder is missing, unreadable or has no article.
    """
    _check(site.folder)
    walker = _Walker(site)
    walker.walk(str(site.folder), "")
    if not walker.files:
        wanted = ", ".join(site.settings.articles.extensions)
        raise ArticleFolderError(
            f"the article folder {site.folder} has no article ({wanted}); check its path"
        )
    return walker.found()


def scan_paths(site: Site, paths: Iterable[str]) -> Scan | None:
    """What a walk would find at these paths, and below those of them that are folders.

    None where there are links, for then a change at one path may be one at others. Raises
    `SourceError` if the article folder is missing or unreadable.
    """
    _check(site.folder)
    walker = _Walker(site)
    for path in paths:
        walker.look(path)
    return None if walker.linked else walker.found()


def _check(root: Path) -> None:
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        raise ArticleFolderError(
            f"the article folder {root} cannot be read: {error.strerror}"
        ) from error


class _Walker:
    def __init__(self, site: Site) -> None:
        self.files: dict[str, Stat] = {}
        self.problems: list[Problem] = []
        self.linked = False
        self._folder = str(site.folder)
        self._root = os.path.realpath(site.folder)
        self._extensions = tuple(site.settings.articles.extensions)
        self._ignored = _matcher(site.settings.articles.ignore)
        self._entered: set[str] = set()

    def found(self) -> Scan:
        return Scan(self.files, tuple(sorted(self.problems)), self.linked)

    def walk(self, folder: str, below: str) -> None:
        real = os.path.realpath(folder)
        if real in self._entered:
            return  # a link to a folder that has been walked
        self._entered.add(real)
        if below.count("/") > _DEPTH:
            self._refuse(below, f"lies more than {_DEPTH} folders deep; move it up")
            return
        for name in sorted(self._take_files(folder, below)):
            try:
                self._take(Path(folder, name), below + name)
            except OSError as error:
                said = f"cannot be read: {error.strerror}; check its permissions"
                self._refuse(below + name, said)

    def _take_files(self, folder: str, below: str) -> list[str]:
        """Take the plain files of a folder, which are most of what there is; the rest by name."""
        rest: list[str] = []
        try:
            # By its descriptor, or every look at a file would begin at the root of all folders.
            opened = os.open(folder, _FOLDER) if os.scandir in os.supports_fd else None
            try:
                with os.scandir(folder if opened is None else opened) as entries:
                    rest.extend(self._not_plain(entries, below))
            finally:
                if opened is not None:
                    os.close(opened)
        except OSError as error:
            self._refuse(below, f"folder cannot be read: {error.strerror}; check its permissions")
        return rest

    def _not_plain(self, entries: Iterable[os.DirEntry[str]], below: str) -> Iterator[str]:
        """The names of those that are no plain files; the others are taken on the way."""
        files, ignored, extensions = self.files, self._ignored, self._extensions
        for found in entries:
            name = found.name
            path = below + name
            if name[0] == "." or (ignored and ignored(path)):
                continue
            if not (path.isascii() and found.is_file(follow_symlinks=False)):
                yield name
            elif name.endswith(extensions):
                try:
                    seen = found.stat()
                except OSError as error:
                    self._refuse(path, f"cannot be read: {error.strerror}; check its permissions")
                else:
                    files[path] = Stat(seen.st_size, seen.st_mtime_ns)

    def look(self, path: str) -> None:
        """Take what is at one path, if the folders above it are walked at all."""
        parts, above = path.split("/"), ""
        for number, name in enumerate(parts, 1):
            at = above + name
            if name.startswith(".") or (self._ignored and self._ignored(at)):
                return
            try:
                found = os.lstat(f"{self._folder}/{at}")
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                self._refuse(at, f"cannot be read: {error.strerror}; check its permissions")
                return
            self.linked = self.linked or stat.S_ISLNK(found.st_mode)
            above = f"{at}/"
            if number == len(parts):
                self._take_found(found, path)

    def _take_found(self, found: os.stat_result, path: str) -> None:
        if stat.S_ISDIR(found.st_mode):
            self.walk(f"{self._folder}/{path}", f"{path}/")
        elif stat.S_ISREG(found.st_mode) and path.endswith(self._extensions):
            self.files[path] = Stat(found.st_size, found.st_mtime_ns)

    def _take(self, file: Path, path: str) -> None:
        """Take what is no plain file, or one whose name may not be text."""
        linked, found = file.is_symlink(), None
        with suppress(FileNotFoundError):
            found = file.stat()
        is_folder = found is not None and stat.S_ISDIR(found.st_mode)
        if not is_folder and not path.endswith(self._extensions):
            return
        self.linked = self.linked or linked
        if not _is_utf8(path):
            self._refuse(path, "name is not UTF-8; rename the file")
        elif linked and not self._inside(file):
            self._refuse(path, "is a link that leads out of the article folder; copy the file")
        elif is_folder:
            self.walk(str(file), path + "/")
        elif found is None:
            self._refuse(path, "is a link to nothing; mend or remove it")
        elif stat.S_ISREG(found.st_mode):
            self.files[path] = Stat(found.st_size, found.st_mtime_ns)

    def _inside(self, path: Path) -> bool:
        return (os.path.realpath(path) + os.sep).startswith(self._root.rstrip(os.sep) + os.sep)

    def _refuse(self, path: str, message: str) -> None:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        self.problems.append(Problem(shown or ".", 1, "", message, fatal=True))


def _is_utf8(path: str) -> bool:
    return path.isascii() or not any("\udc80" <= character <= "\udcff" for character in path)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """Whether a path, of a file or a folder, is one that glob patterns leave out; None of none."""
    if not patterns:
        return None
    joined = re.compile("|".join(translate(pattern.rstrip("/")) for pattern in patterns))
    return lambda path: joined.match(path) is not None


def read(root: Path, path: str, max_bytes: int) -> tuple[bytes, Stat]:
    """The bytes of an article and how the file looked while they were read.

    A file that may change again unnoticed gets the size -1, to be read at the next build too.

    Raises `ArticleError` for a file that is too large, unreadable, gone, or changed all the
    while that it was read.
    """
    file_name = f"{root}/{path}"
    try:
        for _ in range(_TRIES):
            with open(file_name, "rb", buffering=0) as file:  # noqa: PTH123 - twice as fast
                before = os.fstat(file.fileno())
                if before.st_size > max_bytes:
                    raise _error(
                        path, f"has {before.st_size:,} bytes; at most {max_bytes:,} are read"
                    )
                content = file.read(before.st_size + 1)
                after = os.fstat(file.fileno())
            if (before.st_mtime_ns, len(content)) == (after.st_mtime_ns, after.st_size):
                fresh = time.time_ns() - after.st_mtime_ns < _GRAIN_NS
                return content, Stat(-1 if fresh else after.st_size, after.st_mtime_ns)
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}; check the file") from error
    raise _error(path, "kept changing while it was read; it is read again at the next build")


def _error(path: str, message: str) -> ArticleError:
    return ArticleError(Problem(path, 1, "", message, fatal=True))
