"""Articles whose own asset files have changed: they are parsed again, because entries state sizes.

A catalogue keeps the sizes that its entries state. Only articles that refer to the site's own
files cost anything here: one `stat` for each file in a build that scans the whole folder.
"""

from collections.abc import Container, Mapping
from typing import TypeAlias

import msgspec

from feeds.articles.assets import AssetFolder
from feeds.config.site import Site

KEY = "assets"  # in the table `meta`

# Sizes in bytes by path below the assets folder; 0 if the file is empty or missing.
Sizes: TypeAlias = dict[str, int]
_DECODER = msgspec.json.Decoder(dict[str, Sizes])


class AssetSizes:
    """The sizes of asset files that each article states, by article path.

    `stored` is the text of the last build: empty if that build did not know sizes.
    """

    def __init__(self, site: Site, stored: str) -> None:
        self._is_used = bool(site.settings.assets_folder)
        self._folder = AssetFolder(site)
        self._stored = _DECODER.decode(stored) if stored else None
        self._sizes = dict(self._stored or {})
        self._is_complete = self._stored is not None

    def changed(self, paths: Container[str], *, whole: bool) -> set[str] | None:
        """Return those of the articles at `paths` whose assets have other sizes now.

        None means all of them: a `whole` build of a catalogue that has no sizes yet.
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
            if path in paths
            and any(self._size(asset, current) != size for asset, size in sizes.items())
        }

    def _size(self, asset: str, current: Sizes) -> int:
        if asset not in current:
            current[asset] = self._folder.size(asset) or 0
        return current[asset]

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
