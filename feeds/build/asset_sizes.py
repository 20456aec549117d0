"""Articles that depend on other files of the site: they are parsed again when those change.

Entries state the sizes of the site's own asset files; those of a generator's site also depend on
the articles that they link to, and on the files that they include. A catalogue keeps a mark of each
such file. Only articles with dependencies cost anything here: one `stat` for each asset, and one
read for each other file, in a build that scans the whole folder. A build of changed paths only
reads again the articles that link to those; included files are noticed by the next whole build.
An article that becomes due later is linked to from the next change on.
"""

from collections.abc import Container, Mapping
from typing import TypeAlias

import msgspec

from feeds.articles.site_folder import LINK, SiteFolder
from feeds.config.site import Site

KEY = "assets"  # in the table `meta`

# Marks of files by what an article depends on (`SiteFolder.mark`): a size by the path below the
# assets folder, for example; 0 if the file is empty or missing.
Sizes: TypeAlias = dict[str, int]
_DECODER = msgspec.json.Decoder(dict[str, Sizes])


class AssetSizes:
    """The marks of the files that each article depends on, by article path.

    `stored` is the text of the last build: empty if that build did not know sizes.
    """

    def __init__(self, site: Site, stored: str) -> None:
        self._is_used = bool(site.settings.assets_folder) or site.preset.is_foreign
        self._folder = SiteFolder(site)
        self._stored = _DECODER.decode(stored) if stored else None
        self._sizes = dict(self._stored or {})
        self._is_complete = self._stored is not None

    def changed(self, paths: Container[str], *, whole: bool) -> set[str] | None:
        """Return those of the articles whose files have other marks now.

        These are the articles at `paths`, and those that link to an article at one of `paths`.
        None means all of them: a `whole` build of a catalogue that has no marks yet.
        """
        if not self._is_used:
            return set()
        if whole and not self._is_complete:
            self._is_complete = True  # once the build has read them all
            return None
        current: Sizes = {}
        return {
            path
            for path, sizes in self._sizes.items()
            if path in paths or any(_target(file) in paths for file in sizes)
            if any(self._mark(file, current) != mark for file, mark in sizes.items())
        }

    def _mark(self, file: str, current: Sizes) -> int:
        if file not in current:
            current[file] = self._folder.mark(file)
        return current[file]

    def note(self, path: str, sizes: Mapping[str, int]) -> None:
        """Note the sizes that the article at `path` states; none if it is gone."""
        if sizes:
            self._sizes[path] = dict(sizes)
        elif self._sizes:
            self._sizes.pop(path, None)

    def to_store(self) -> str | None:
        """Return the text to store; None if it is unchanged, or incomplete."""
        if not self._is_used or not self._is_complete or self._sizes == self._stored:
            return None
        return msgspec.json.encode(self._sizes, order="sorted").decode()


def _target(file: str) -> str:
    """Return the path of an article that is linked to; that of another file is no article's."""
    return file.removeprefix(LINK)
