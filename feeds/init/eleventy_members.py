"""The articles of an Eleventy site: the members of a collection of tags or globs."""

import posixpath
from collections.abc import Mapping

from feeds.init import eleventy_data
from feeds.init.eleventy_config import Collection
from feeds.init.eleventy_data import Sources

# Names of the collection of articles, the likeliest first.
LIKELY = ("posts", "post", "blog", "blogposts", "blogPosts", "articles", "article", "news",
          "writing", "entries", "notes")  # fmt: skip


class Members:
    """The collection that feeds show, and its articles. `folder` is the input folder."""

    def __init__(
        self, sources: Sources, collections: Mapping[str, Collection], shown: list[str], folder: str
    ) -> None:
        self._sources, self._collections, self._folder = sources, collections, folder
        self.collection, self.paths = "", list[str]()
        for name in dict.fromkeys([*shown, *LIKELY]):
            if name and (paths := self._members(name)):
                self.collection, self.paths = name, paths
                break

    @property
    def tag(self) -> str:
        """The tag that makes the collection; empty if globs make it."""
        collection = self._collections.get(self.collection)
        if collection is None:
            return self.collection if self.collection != "all" else ""
        return collection.tags[0] if collection.tags and not collection.globs else ""

    @property
    def include(self) -> tuple[str, ...]:
        """Patterns of the articles below the input folder; none for all files."""
        collection = self._collections.get(self.collection)
        if collection is not None and collection.globs:
            used = [
                glob
                for glob in self._globs(collection)
                if eleventy_data.matching(self._sources, [glob]) and not _is_in_drafts(glob)
            ]
            patterns = (glob.replace("**/", "*").replace("**", "*") for glob in used)
            return tuple(dict.fromkeys(patterns))
        tops: dict[str, list[str]] = {}
        for path in self.paths:
            tops.setdefault(path.partition("/")[0], []).append(posixpath.dirname(path))
        if any("" in folders for folders in tops.values()):
            return tuple(self.paths) if len(self.paths) == 1 else ()
        return tuple(f"{posixpath.commonpath(folders)}/*" for folders in sorted(tops.values()))

    def has_articles(self, folder: str) -> bool:
        """Return whether data of a folder or of a file are of an article."""
        return folder == "*" or any(
            path.startswith(f"{folder}/") or path == folder for path in self.paths
        )

    def _members(self, name: str) -> list[str]:
        if name == "all":
            return list(self._sources.articles)
        collection = self._collections.get(name)
        if collection is None:
            return self._tagged(name)
        paths = eleventy_data.matching(self._sources, self._globs(collection))
        for tag in collection.tags:
            paths += self._tagged(tag)
        return [path for path in dict.fromkeys(paths) if not _is_in_drafts(path)]

    def _tagged(self, name: str) -> list[str]:
        paths = self._sources.articles
        return [path for path in paths if name in self._sources.merged(path)["tags"]]

    def _globs(self, collection: Collection) -> list[str]:
        return [below(glob, self._folder) for glob in collection.globs]


def below(glob: str, folder: str) -> str:
    """Return a path or glob from the root of the site as one below the input folder."""
    name = glob.removeprefix("./").lstrip("/")
    return name if folder == "." else posixpath.relpath(name, folder)


def _is_in_drafts(path: str) -> bool:
    return any(part.lower().lstrip("_") == "drafts" for part in path.split("/")[:-1])
