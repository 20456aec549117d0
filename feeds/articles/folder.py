"""Scans the article folder, and reads article files."""

import hashlib
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fnmatch import translate
from pathlib import Path

import msgspec

from feeds.articles import unread_documents
from feeds.articles.bundles import Bundles
from feeds.config.site import Site
from feeds.errors import ArticleError, ArticleFolderError, Problem

_TRIES = 3
# The resolution of file times: a file modified this shortly before it was read may change again
# without getting another time.
_GRAIN_NS = 20_000_000
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# The maximum nesting of folders.
_DEPTH = 100


class Stat(msgspec.Struct, frozen=True, gc=False):
    """The size of a file in bytes, and its modification time in nanoseconds."""

    size: int
    mtime_ns: int


class Scan(msgspec.Struct, frozen=True):
    """The article files by path (relative to the article folder, with `/`), and problems.

    `linked` is True if there are symbolic links, so one file may have several paths.
    """

    files: dict[str, Stat]
    problems: tuple[Problem, ...]
    linked: bool = False

    def lines(self) -> list[str]:
        """Return one line for each file with its path, size and time, for fast comparison."""
        return [f"{path} {stat.size} {stat.mtime_ns}" for path, stat in self.files.items()]


def digest(lines: Iterable[str]) -> str:
    """Return a hash of the lines of a scan, which depends on their order."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def scan(site: Site) -> Scan:
    """Scan the whole article folder.

    Links out of the folder, names that are not UTF-8 and unreadable files are reported as
    problems. Raises `ArticleFolderError` if the folder is missing, unreadable or has no article,
    and `MissingPackageError` if its articles need a package that is not installed.
    """
    _check(site.folder)
    walker = _Walker(site)
    walker.walk(str(site.folder), "")
    if not walker.files:
        wanted = ", ".join(site.extensions)
        others = "".join(f"; {count} × {name}" for name, count in count_unread(site).items())
        raise ArticleFolderError(
            f"the article folder {site.folder} has no article ({wanted}); check its path{others}"
        )
    return walker.result()


def scan_paths(site: Site, paths: Iterable[str]) -> Scan | None:
    """Scan only these paths, and everything below those that are folders.

    Returns None if a change at one path may affect others: if there are links, or if the file makes
    its folder one article. Raises `ArticleFolderError` if the article folder is missing or
    unreadable, and `MissingPackageError` if an article needs a package that is not installed.
    """
    _check(site.folder)
    walker = _Walker(site)
    for path in paths:
        if walker.bundles.is_index(path):
            return None
        walker.add_path(path)
    return None if walker.linked else walker.result()


def _check(root: Path) -> None:
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        raise ArticleFolderError(
            f"the article folder {root} cannot be read: {error.strerror}"
        ) from error


def count_unread(site: Site) -> Counter[str]:
    """Count the documents in the article folder that are not read, by reason."""
    ignored = _matcher(site.settings.articles.ignore)
    included = _matcher(site.settings.articles.include)
    unread: Counter[str] = Counter()
    for parent, folders, names in os.walk(site.folder):
        below = os.path.relpath(parent, site.folder).replace(os.sep, "/") + "/"
        below = "" if below == "./" else below
        folders[:] = [name for name in folders if name[0] != "." and name != "node_modules"]
        for name in names:
            extension = os.path.splitext(name)[1].lower()  # noqa: PTH122
            if not unread_documents.is_document(extension) or name[0] == ".":
                continue
            if not name.endswith(site.extensions):
                unread[unread_documents.reason(extension)] += 1
            elif _is_below(below + name, ignored):
                unread["ignored (articles.ignore)"] += 1
            elif included is not None and not included(below + name):
                unread["not included (articles.include)"] += 1
    return unread


def _is_below(path: str, matches: Callable[[str], bool] | None) -> bool:
    """Return whether a pattern matches the path or one of its folders."""
    if matches is None:
        return False
    parts = path.split("/")
    return any(matches("/".join(parts[:length])) for length in range(1, len(parts) + 1))


class _Walker:
    def __init__(self, site: Site) -> None:
        self.files: dict[str, Stat] = {}
        self.problems: list[Problem] = []
        self.linked = False
        self._folder = str(site.folder)
        self._root = os.path.realpath(site.folder)
        self._extensions = site.extensions
        self._ignored = _matcher(site.settings.articles.ignore)
        self._included = _matcher(site.settings.articles.include)
        self._entered: set[str] = set()
        names, has_bundles = site.preset.options.names, site.preset.has_leaf_bundles
        self.bundles = Bundles(names, self._is_article, enabled=has_bundles)

    def result(self) -> Scan:
        unread_documents.check_packages(self.files)
        return Scan(self.files, tuple(sorted(self.problems)), self.linked)

    def walk(self, folder: str, below: str) -> None:
        real = os.path.realpath(folder)
        if real in self._entered:
            return  # a link to a folder that has been scanned
        self._entered.add(real)
        if below.count("/") > _DEPTH:
            self._refuse(below, f"lies more than {_DEPTH} folders deep; move it up")
            return
        for name in sorted(self._add_plain_files(folder, below)):
            try:
                self._add(Path(folder, name), below + name)
            except OSError as error:
                message = f"cannot be read: {error.strerror}; check its permissions"
                self._refuse(below + name, message)

    def _add_plain_files(self, folder: str, below: str) -> list[str]:
        """Add the plain files of a folder; return the names of its other entries."""
        rest: list[str] = []
        try:
            # By file descriptor: the kernel resolves names relative to the folder, not from `/`.
            opened = os.open(folder, _FOLDER) if os.scandir in os.supports_fd else None
            try:
                with os.scandir(folder if opened is None else opened) as entries:
                    rest.extend(self._other_names(entries, below))
            finally:
                if opened is not None:
                    os.close(opened)
        except OSError as error:
            self._refuse(below, f"folder cannot be read: {error.strerror}; check its permissions")
        return [] if self.bundles.keep_index(self.files, below) else rest

    def _other_names(self, entries: Iterable[os.DirEntry[str]], below: str) -> Iterator[str]:
        """Add the plain files among the entries; yield the names of the other entries."""
        files, ignored = self.files, self._ignored
        for entry in entries:
            name = entry.name
            path = below + name
            if name[0] == "." or (ignored and ignored(path)):
                continue
            if not (path.isascii() and entry.is_file(follow_symlinks=False)):
                yield name
            elif self._is_article(path):
                try:
                    status = entry.stat()
                except OSError as error:
                    self._refuse(path, f"cannot be read: {error.strerror}; check its permissions")
                else:
                    files[path] = Stat(status.st_size, status.st_mtime_ns)

    def add_path(self, path: str) -> None:
        """Add the file or folder at one path, unless the path or a parent folder is ignored."""
        if self.bundles.contain(path):
            return
        parts, above = path.split("/"), ""
        for number, name in enumerate(parts, 1):
            current = above + name
            if name.startswith(".") or (self._ignored and self._ignored(current)):
                return
            try:
                status = os.lstat(f"{self._folder}/{current}")
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                self._refuse(current, f"cannot be read: {error.strerror}; check its permissions")
                return
            self.linked = self.linked or stat.S_ISLNK(status.st_mode)
            above = f"{current}/"
            if number == len(parts):
                self._add_stat(status, path)

    def _add_stat(self, status: os.stat_result, path: str) -> None:
        if stat.S_ISDIR(status.st_mode):
            self.walk(f"{self._folder}/{path}", f"{path}/")
        elif stat.S_ISREG(status.st_mode) and self._is_article(path):
            self.files[path] = Stat(status.st_size, status.st_mtime_ns)

    def _add(self, file: Path, path: str) -> None:
        """Add a folder, a link, or a file whose name may not be UTF-8."""
        linked, status = file.is_symlink(), None
        with suppress(FileNotFoundError):
            status = file.stat()
        is_folder = status is not None and stat.S_ISDIR(status.st_mode)
        if not is_folder and not self._is_article(path):
            return
        self.linked = self.linked or linked
        if not _is_utf8(path):
            self._refuse(path, "name is not UTF-8; rename the file")
        elif linked and not self._inside(file):
            self._refuse(path, "is a link that leads out of the article folder; copy the file")
        elif is_folder:
            self.walk(str(file), path + "/")
        elif status is None:
            self._refuse(path, "is a link to nothing; correct or remove it")
        elif stat.S_ISREG(status.st_mode):
            self.files[path] = Stat(status.st_size, status.st_mtime_ns)

    def _is_article(self, path: str) -> bool:
        included = self._included
        return path.endswith(self._extensions) and (included is None or included(path))

    def _inside(self, path: Path) -> bool:
        return (os.path.realpath(path) + os.sep).startswith(self._root.rstrip(os.sep) + os.sep)

    def _refuse(self, path: str, message: str) -> None:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        self.problems.append(Problem(shown or ".", 1, "", message, fatal=True))


def _is_utf8(path: str) -> bool:
    return path.isascii() or not any("\udc80" <= character <= "\udcff" for character in path)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """Return a function that tests paths against glob patterns; None without patterns."""
    if not patterns:
        return None
    joined = re.compile("|".join(translate(pattern.rstrip("/")) for pattern in patterns))
    return lambda path: joined.match(path) is not None


def read(root: Path, path: str, max_bytes: int) -> tuple[bytes, Stat]:
    """Read an article file; return its bytes, with size and time as of then.

    The size is -1 if the file may change again without getting another time; the next build then
    reads it again. Raises `ArticleError` if the file is too large, unreadable or missing, or
    keeps changing while it is read.
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
    raise _error(path, "kept changing while it was read; the next build reads it again")


def _error(path: str, message: str) -> ArticleError:
    return ArticleError(Problem(path, 1, "", message, fatal=True))
