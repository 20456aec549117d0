"""The files of a real site, and which of them each article depends on."""

import os
import posixpath
import zlib
from datetime import datetime
from pathlib import Path

from feeds.articles import folder, parser
from feeds.articles.assets import AssetFolder
from feeds.articles.site_files import Picture
from feeds.config.site import Site
from feeds.errors import ArticleError, ArticleFolderError
from feeds.util import dates, image_size

_MAX_INCLUDED = 200_000  # bytes
# The kinds of dependencies besides files of the assets folder, which have no mark.
LINK, _FILE, _BESIDE = "link:", "file:", "beside:"


class SiteFolder:
    """The folders of a site. What it reads is kept for as long as the folder is used: one build."""

    def __init__(self, site: Site, now: datetime = dates.EPOCH) -> None:
        self.site, self._now = site, now
        self.assets = AssetFolder(site)
        self._articles = site.folder.resolve()
        self._root = _root(site)
        self._links: dict[str, str | None] = {}
        self._marks: dict[str, int] = {}
        self._names: dict[str, list[str]] | None = None

    def mark(self, dependency: str) -> int:
        """Return a number that changes with what a dependency says; 0 if there is no such file."""
        if dependency.startswith(LINK):
            path = dependency.removeprefix(LINK)
            if path not in self._marks:
                self._marks[path] = zlib.crc32(self._bytes(self._articles, path) or b"")
            return self._marks[path]
        if dependency.startswith(_FILE):
            return zlib.crc32(self._bytes(self._root, dependency.removeprefix(_FILE)) or b"")
        if dependency.startswith(_BESIDE):
            return self.length(dependency.removeprefix(_BESIDE)) or 0
        return self.assets.size(dependency) or 0

    def length(self, path: str) -> int | None:
        """Return the size in bytes of a file below the article folder."""
        file = _below(self._articles, path)
        try:
            return (file.stat().st_size or None) if file and file.is_file() else None
        except OSError:
            return None

    def picture(self, path: str) -> Picture | None:
        """Return the sizes of a file below the article folder."""
        length = self.length(path)
        file = _below(self._articles, path)
        if length is None or file is None:
            return None
        try:
            with file.open("rb") as stream:
                size = image_size.read(stream)
        except OSError:
            size = None
        return Picture(length, *(size or (None, None)))

    def link(self, path: str) -> tuple[str | None, list[str]]:
        """Return the URL of an article, and the files that it was looked for in."""
        tried: list[str] = []
        for candidate in self._candidates(path):
            tried.append(candidate)
            url = self._link(candidate)
            if url is not None:
                return url, tried
        return None, tried

    def _candidates(self, path: str) -> list[str]:
        endings = self.site.extensions
        if path.lower().endswith(endings):
            return [path]
        stems = (path, f"{path}/index", f"{path}/_index")
        return [f"{stem}{ending}" for stem in stems for ending in endings]

    def _link(self, path: str) -> str | None:
        if path not in self._links:
            self._links[path] = self._read_link(path)
        return self._links[path]

    def _read_link(self, path: str) -> str | None:
        content = self._bytes(self._articles, path)
        if content is None:
            return None
        if (page := self.site.preset.page_at(path)) is not None:
            return page
        return parser.link(path, content, self.site, self._now)

    def find(self, name: str) -> str | None:
        """Return the only article whose path without extension ends in a name."""
        if self._names is None:
            self._names = {}
            for path in self._paths():
                stem = posixpath.splitext(path)[0].removesuffix("/index")
                self._names.setdefault(posixpath.basename(stem), []).append(path)
        paths = [
            path
            for path in self._names.get(posixpath.basename(name), ())
            if f"/{posixpath.splitext(path)[0].removesuffix('/index')}".endswith(f"/{name}")
        ]
        return paths[0] if len(paths) == 1 else None

    def _paths(self) -> list[str]:
        try:
            return sorted(folder.scan(self.site).files)
        except ArticleFolderError:
            return []

    def included(self, path: str, near: str) -> tuple[str | None, list[str]]:
        """Return the text of a file that an article includes, and the files it was looked for in.

        It is below the article's folder, or any folder between that and the site's root.
        """
        folder_of = Path(self._articles, near).parent
        tried = []
        while folder_of.is_relative_to(self._root):
            below = posixpath.join(folder_of.relative_to(self._root).as_posix(), path.lstrip("/"))
            below = posixpath.normpath(below)
            tried.append(below)
            content = self._bytes(self._root, below, _MAX_INCLUDED)
            if content is not None:
                try:
                    return content.decode("utf-8"), tried
                except UnicodeDecodeError:
                    return None, tried
            folder_of = folder_of.parent
        return None, tried

    def _bytes(self, root: Path, path: str, most: int | None = None) -> bytes | None:
        file = _below(root, path)
        most = most or self.site.settings.articles.max_bytes
        try:
            if file is None or not file.is_file() or file.stat().st_size > most:
                return None
            return file.read_bytes()
        except (OSError, ArticleError):
            return None


class ArticleFiles:
    """The files of a site as one article uses them; `marks` are what it depends on."""

    def __init__(self, site_folder: SiteFolder) -> None:
        self._folder = site_folder
        self.marks: dict[str, int] = {}

    def size(self, path: str) -> int | None:
        """Return the size in bytes of a file below the assets folder; None if unknown."""
        size = self._folder.assets.size(path)
        self.marks[path] = size or 0
        return size

    def beside(self, path: str) -> Picture | None:
        """Return the sizes of a file below the article folder; None if there is none."""
        picture = self._folder.picture(path)
        self.marks[_BESIDE + path] = picture.length if picture else 0
        return picture

    def read(self, path: str, near: str) -> str | None:
        """Return the text of a file that the article at `near` includes; None if there is none."""
        text, tried = self._folder.included(path, near)
        self._note(_FILE, tried)
        return text

    def link(self, path: str) -> str | None:
        """Return the URL of the article at a path below the article folder; None if unknown."""
        url, tried = self._folder.link(path)
        self._note(LINK, tried)
        return url

    def find(self, name: str) -> str | None:
        """Return the path of the only article whose name or path ends so, without extension."""
        return self._folder.find(name)

    def _note(self, kind: str, paths: list[str]) -> None:
        for path in paths:
            self.marks[kind + path] = self._folder.mark(kind + path)


def _root(site: Site) -> Path:
    """Return the folder below which files may be included: the site's, as far as is known."""
    articles, config = site.folder.resolve(), site.root.resolve()
    try:
        common = Path(os.path.commonpath([articles, config]))
    except ValueError:
        return articles
    return common if common in (config, config.parent) else articles


def _below(root: Path, path: str) -> Path | None:
    """Return a file below a folder; None if the path leads out of it, or to a hidden file."""
    try:
        file = Path(root, path).resolve()
    except (OSError, ValueError):
        return None
    if not file.is_relative_to(root) or any(
        part.startswith(".") for part in file.relative_to(root).parts
    ):
        return None
    return file
