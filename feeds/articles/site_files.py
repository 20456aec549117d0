"""Questions about other files of the site, to which the parser of an article is given answers."""

from typing import NamedTuple, Protocol


class Picture(NamedTuple):
    """A local file as entries state it: bytes, and the size in pixels of an image."""

    length: int
    width: int | None = None
    height: int | None = None


class SiteFiles(Protocol):
    """The files of a site. Paths have `/`, and none leads out of the site."""

    def size(self, path: str) -> int | None:
        """Return the size in bytes of a file below the assets folder; None if unknown."""

    def beside(self, path: str) -> Picture | None:
        """Return what is known of a file below the article folder; None if there is none."""

    def read(self, path: str, near: str) -> str | None:
        """Return the text of a file that the article at `near` includes; None if there is none."""

    def link(self, path: str) -> str | None:
        """Return the URL of the article at a path below the article folder; None if unknown."""

    def find(self, name: str) -> str | None:
        """Return the path of the only article whose name or path ends so, without extension."""


class NoFiles:
    """A site of which no file is known."""

    def size(self, path: str) -> int | None:  # noqa: ARG002
        """Return None."""
        return None

    def beside(self, path: str) -> Picture | None:  # noqa: ARG002
        """Return None."""
        return None

    def read(self, path: str, near: str) -> str | None:  # noqa: ARG002
        """Return None."""
        return None

    def link(self, path: str) -> str | None:  # noqa: ARG002
        """Return None."""
        return None

    def find(self, name: str) -> str | None:  # noqa: ARG002
        """Return None."""
        return None
