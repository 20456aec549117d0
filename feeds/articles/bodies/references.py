"""Links from one article to another, by file or by name -> the URL of its page. No I/O."""

import posixpath
import re
from urllib.parse import quote, unquote, urljoin

from feeds.articles.bodies.page import UNKNOWN, Page

_FILE = re.compile(r"\.(?:md|mdx|markdown|mkd|mkdn|mkdown|mdown|rst|qmd|ipynb)\Z", re.IGNORECASE)
_FORM = re.compile(
    r"[{|](filename|static|attach|index|category|tag|author)[}|]/?(?P<rest>.*)", re.S
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|\?|\Z")
# Generators that write files to which a body refers under the hash of their content.
_HASHED = frozenset({"mdx", "docusaurus", "vitepress"})
_UNKNOWN_ENCODED = quote(UNKNOWN)
_UNKNOWN = "is linked to, but is no published article; the text stays without the link"


class References:
    """The references in one body."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def href(self, reference: str) -> str | None:
        """Return the absolute URL for a link; None for one to a file that is no article."""
        reference = reference.strip()
        if UNKNOWN in reference or _UNKNOWN_ENCODED in reference:
            return None
        if _SCHEME.match(reference):
            return urljoin(self.page.url, reference) if reference[:1] in "#?" else reference
        plain = unquote(reference)
        path, mark, fragment = plain.partition("#")
        if plain.startswith("@/"):
            return self._article(path[2:], mark + fragment, reference)
        if plain.startswith(("{", "|")) and (match := _FORM.match(path)):
            return self._pelican(match, path, mark + fragment, reference)
        if _FILE.search(path):
            return self._article(self._below(path), mark + fragment, reference)
        if reference.startswith("/"):
            return urljoin(self.page.origin, reference)
        return self._relative(reference)

    def source(self, reference: str) -> str | None:
        """Return the absolute URL of an image or file."""
        reference = reference.strip()
        if UNKNOWN in reference or _UNKNOWN_ENCODED in reference:
            return None
        if match := _FORM.match(unquote(reference)):
            return self._pelican(match, unquote(reference), "", reference)
        if reference.startswith("/") and not reference.startswith("//"):
            return urljoin(self.page.assets or self.page.origin, self._rooted(reference))
        if "://" not in reference and not _HASHED.isdisjoint(self.page.dialect.templates):
            self.page.note(
                "relative images", "have addresses that only the site's build knows; left out"
            )
            return None
        return self._relative(reference)

    def _relative(self, reference: str) -> str:
        return self.page.file_url(urljoin(self.page.base, reference))

    def _rooted(self, reference: str) -> str:
        return reference.lstrip("/") if self.page.assets else reference

    def by_name(self, name: str) -> str:
        """Return the URL of the article that a shortcode names; `UNKNOWN` if there is none."""
        path, mark, fragment = name.strip().partition("#")
        if not path:
            return f"{self.page.url}{mark}{fragment}"
        files = self.page.files
        bare = _FILE.sub("", path).strip("/")
        folder = posixpath.dirname(self.page.path)
        starts = ("",) if path.startswith("/") else (folder, "")
        for start in starts:
            target = posixpath.normpath(posixpath.join(start, bare))
            if not target.startswith("..") and (url := files.link(target)):
                return url + mark + fragment
        namesake = files.find(bare) or files.find(posixpath.basename(bare))
        if namesake and (url := files.link(namesake)):
            return url + mark + fragment
        self.page.note(path, _UNKNOWN)
        return UNKNOWN

    def _below(self, path: str) -> str:
        folder = "" if path.startswith("/") else posixpath.dirname(self.page.path)
        return posixpath.normpath(posixpath.join(folder, path.lstrip("/")))

    def _article(self, path: str, fragment: str, reference: str) -> str | None:
        url = None if path.startswith("../") else self.page.files.link(path)
        if url is None:
            self.page.note(reference.partition("#")[0], _UNKNOWN)
            return None
        return url + fragment

    def _pelican(
        self, match: re.Match[str], path: str, fragment: str, reference: str
    ) -> str | None:
        kind, rest = match[1], match["rest"]
        is_rooted = path[len(kind) + 2 :].startswith("/")
        folder = "" if is_rooted else posixpath.dirname(self.page.path)
        below = posixpath.normpath(posixpath.join(folder, rest))
        if kind == "index":
            return self.page.site
        if kind == "attach":
            return urljoin(self.page.url, quote(posixpath.basename(rest)))
        if kind in ("static", "filename") and not _FILE.search(rest):
            return urljoin(self.page.site, quote(below)) if not below.startswith("..") else None
        if kind == "filename":
            return self._article(below, fragment, reference)
        slug = re.sub(r"[^\w]+", "-", rest.lower()).strip("-")
        return f"{self.page.site}{kind}/{quote(slug)}.html"
