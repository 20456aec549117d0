"""The URLs of Hugo's pages, by its settings (resources/page/page_paths.go). No I/O."""

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from feeds.presets import hugo_permalinks, permalink, slugs
from feeds.presets.permalink import PageFacts
from feeds.util import urls


class Place(NamedTuple):
    """Where a page lies: the key of its language, the folders of the language, and the path.

    The path is below these folders, without extension and language; a bundle has that of its
    folder.
    """

    language: str
    root: tuple[str, ...]
    path: str


class Urls:
    """The rules of one site."""

    def __init__(self, rule: Mapping[str, Any]) -> None:
        self._rule = rule
        languages = [item.partition("=") for item in rule["languages"]]
        self._languages = frozenset(name.lower() for name, _, _ in languages)
        self._roots = {folder.strip("/"): name.lower() for name, _, folder in languages if folder}
        self._default = str(rule["defaultContentLanguage"]).lower()
        self._ugly = frozenset(rule["uglyURLs"])

    def place(self, path: str) -> Place:
        """Return where the page of a file lies; without languages, its language is empty."""
        language, root, rest = self._below_root(path)
        folder, _, file = rest.rpartition("/")
        stem = file.rpartition(".")[0]
        name, _, suffix = stem.rpartition(".")
        if name and suffix.lower() in self._languages:
            stem, language = name, suffix.lower()
        elif name and suffix.lower() == self._default:
            stem = name
        if stem.lower() == "index" and folder:
            folder, _, stem = folder.rpartition("/")
        return Place(language, root, f"{folder}/{stem}" if folder else stem)

    def _below_root(self, path: str) -> tuple[str, tuple[str, ...], str]:
        root = path.rpartition("/")[0]
        while root:
            if root in self._roots:
                return self._roots[root], tuple(root.split("/")), path[len(root) + 1 :]
            root = root.rpartition("/")[0]
        return self._default if self._languages else "", (), path

    def pattern(self, patterns: Mapping[str, str], place: Place) -> str | None:
        """Return the pattern of the deepest folder; `/` is the top only, `*` any other folder.

        Patterns may be by folder of all languages, or of one.
        """
        folder = place.path
        while folder:
            full = "/".join([*place.root, folder])
            if found := patterns.get(full) or patterns.get(folder):
                return found
            folder = folder.rpartition("/")[0]
        if "/" not in place.path and "/" in patterns:
            return patterns["/"]
        return patterns.get("/".join(place.root)) or patterns.get("*")

    def expand(self, pattern: str, facts: PageFacts, clean: Callable[[str, str], str]) -> str:
        """Return a pattern, filled in."""
        expanded = permalink.expand(pattern, facts, clean)
        if urls.is_absolute(expanded):
            return expanded
        return posixpath.normpath("/" + unquote_plus(expanded).lstrip("/"))

    def of_place(self, facts: PageFacts) -> str:
        """Return the path of a page without a pattern."""
        folder, _, name = self._normal(facts.path).rpartition("/")
        return posixpath.join("/", folder, (facts.given_slug or name).lstrip("/"))

    def _normal(self, path: str) -> str:
        return path if self._rule["disablePathToLower"] else _lower(path).replace(" ", "-")

    def finished(self, path: str, place: Place) -> str:
        """Return the path of a page as it stands in URLs, with language and ending."""
        path = self._sanitised(path).rstrip("/")
        section = self._normal(place.path).partition("/")[0]
        is_ugly = "*" in self._ugly or section in self._ugly
        path = path.replace("#", "%23")
        return self._prefix(place) + path + (".html" if is_ugly else "/")

    def of_front_matter(self, address: str, place: Place, facts: PageFacts) -> str:
        """Return the path that a page's `url` means; it may hold the tokens of patterns."""
        if ":" in address:
            try:
                pattern = hugo_permalinks.translate(address)
            except hugo_permalinks.UnknownTokenError:
                pattern = ""
            if pattern and not permalink.mistake(pattern):
                address = unquote(permalink.expand(pattern, facts, self._cleaned))
        if ".." in address:
            address = posixpath.normpath("/" + address)
        path = "/" + "/".join(part for part in address.replace("#", "%23").split("/") if part)
        if address.endswith("/") or "." not in address:
            path = path.rstrip("/") + "/"
        return path if address.startswith("/") else self._prefix(place) + path

    def _cleaned(self, _name: str, text: str) -> str:
        return self._sanitised(text)

    def _sanitised(self, path: str) -> str:
        path = slugs.hugo(path)
        if self._rule["removePathAccents"]:
            path = slugs.without_accents(path)
        return path if self._rule["disablePathToLower"] else _lower(path)

    def _prefix(self, place: Place) -> str:
        in_folder = self._rule["defaultContentLanguageInSubdir"]
        if not place.language or (place.language == self._default and not in_folder):
            return ""
        return f"/{place.language}"


def _lower(text: str) -> str:
    """Return the text in lower case, character by character, as Go does."""
    return "".join(character.lower()[:1] for character in text)
