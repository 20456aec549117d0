"""The surroundings of one body: its page, its site, and the notices about it. No I/O."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from feeds.articles.site_files import NoFiles, SiteFiles
from feeds.errors import Notice
from feeds.presets.reading import Dialect

# Stand for a summary's end, for braces that an author marked as text, and for a value that is not
# known (a reference that contains it is no link), until the end.
MORE, BRACE, UNKNOWN = "\U0010ff01", "\U0010ff02", "\U0010ff03"
_MAX_NOTICES = 100  # of one article
_MAX_SUBJECT = 60  # characters
MAX_INCLUDES = 20  # files that one body includes, one in another, too


def _same(url: str) -> str:
    return url


class Page(msgspec.Struct, kw_only=True):
    """One body's surroundings.

    `path` is below the article folder. `url` is the page's, `base` the URL to which relative
    references are relative, and `file_url` makes the URL of a file from one below it. `site` ends
    in `/`. `data` is the front matter as the author wrote it.
    """

    path: str
    url: str
    base: str
    site: str
    file_url: Callable[[str], str] = _same
    assets: str = ""
    title: str = ""
    site_title: str = ""
    dialect: Dialect = Dialect()
    data: Mapping[str, Any] = {}
    files: SiteFiles = NoFiles()
    is_html: bool = False
    notices: dict[Notice, None] = {}
    variables: dict[str, Any] = {}
    includes: int = 0

    @property
    def origin(self) -> str:
        """The root of the host, to which references that begin with `/` are relative."""
        parts = urlsplit(self.site)
        return f"{parts.scheme}://{parts.netloc}/"

    def note(self, subject: str, message: str) -> None:
        """Note a name that many articles may share."""
        if len(self.notices) < _MAX_NOTICES:
            name = " ".join(subject.split())
            short = name if len(name) <= _MAX_SUBJECT else name[: _MAX_SUBJECT - 1] + "…"
            self.notices[Notice(short, message)] = None

    def forget_notices(self, count: int) -> None:
        """Keep only the first notices: later ones are about text that is left out."""
        for notice in list(self.notices)[count:]:
            del self.notices[notice]

    def include(self, path: str) -> str | None:
        """Return the text of a file of the site; None, with a notice, without one."""
        if self.includes < MAX_INCLUDES:
            self.includes += 1
            text = self.files.read(path, self.path)
            if text is not None:
                return text
        self.note(path, "is not a text file of the site that can be included; it is left out")
        return None
