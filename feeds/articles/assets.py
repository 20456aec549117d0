"""The site's own asset files, such as images and audio: their sizes."""

from pathlib import Path

from feeds.config.site import Site


class AssetFolder:
    """The folder that the setting `site.assets_folder` names, if it is set."""

    def __init__(self, site: Site) -> None:
        folder = site.settings.assets_folder
        self._root = Path(site.root, folder).resolve() if folder else None

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes; None if it is empty, missing or outside the folder."""
        if self._root is None:
            return None
        try:
            file = Path(self._root, path).resolve()
            if not file.is_relative_to(self._root) or not file.is_file():
                return None
            return file.stat().st_size or None
        except (OSError, ValueError):
            return None
