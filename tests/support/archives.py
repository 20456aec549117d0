"""Sites with archive documents (RFC 5005), and their documents as readers see them."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from lxml import etree

from feeds.catalogue.catalogue import Catalogue
from feeds.config import redirects
from feeds.model.document import Document, Format
from feeds.serve import document_cache
from feeds.serve.document_cache import DocumentCache
from tests.support.site import NOW, Publication, front_matter

DAY = timedelta(days=1)
LINK = "{http://www.w3.org/2005/Atom}link"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
SIZE = 6
FEEDS: dict[str, Any] = {
    "defaults": {"size": SIZE, "history": "all"},
    "feeds": [
        {"path": "all"},
        {"path": "topics/{topic}", "each": "topic", "size": 3},
        {"path": "whole", "size": 1000, "history": 0},
        {"path": "whole/{topic}", "each": "topic", "size": 1000, "history": 0},
    ],
}


def article(number: int, day: int | None = None, **fields: Any) -> str:
    """An article published `day` days (`number` days if None) after 100 days before `NOW`."""
    published = NOW + ((number if day is None else day) - 100) * DAY
    defaults = {
        "title": f"t{number}",
        "webUrl": f"https://example.org/{number}",
        "publishedDateTime": published.isoformat(),
    }
    return front_matter(**{**defaults, **fields})


def archive_site(
    root: Path, count: int, feeds: dict[str, Any] | None = None, **settings: Any
) -> Publication:
    """A site with `count` articles, published on as many days; it is built once."""
    articles = {f"{number}.md": article(number) for number in range(count)}
    site = Publication(root, articles, feeds or FEEDS, **settings)
    site.build()
    return site


class ServedSite:
    """The documents of a site as its server sends them."""

    def __init__(self, site: Publication, now: datetime = NOW) -> None:
        self._site, self._now = site.site, now

    @contextmanager
    def _open_cache(self) -> Iterator[DocumentCache]:
        with (
            closing(Catalogue(self._site.catalogue)) as catalogue,
            patch.object(document_cache, "clock", lambda: self._now),
        ):
            yield DocumentCache(self._site, catalogue)

    def __getitem__(self, name: str) -> Document | None:
        with self._open_cache() as cache:
            response = cache.get(name)
        return response.document if response else None

    def walk(self, path: str, format_: Format) -> list[Document]:
        """The subscription document of a feed, then its archives, found by their links."""
        name, names, documents = f"{path}.{format_}", list[str](), list[Document]()
        with self._open_cache() as cache:
            while name:
                assert name not in names
                names.append(name)
                response = cache.get(name)
                assert response is not None, name
                documents.append(response.document)
                url = previous_archive(response.document, format_) or ""
                name = urlsplit(url).path.removeprefix("/")
        return documents

    def walk_titles(self, path: str) -> list[list[str]]:
        """The titles of the entries of each of these documents."""
        return [titles(document) for document in self.walk(path, "json")]


def links(document: Document) -> dict[str, str]:
    """The URL of each link relation of an RSS or Atom document."""
    root = etree.fromstring(document.body)
    top = root if str(root.tag).endswith("feed") else root[0]
    return {str(link.get("rel")): str(link.get("href")) for link in top.findall(LINK)}


def previous_archive(document: Document, format_: Format) -> str | None:
    """The URL of the previous archive document."""
    if format_ == "json":
        next_url: str | None = json.loads(document.body).get("next_url")
        return next_url
    return links(document).get("prev-archive")


def ids(document: Document, format_: Format) -> list[str]:
    """The ids of the entries of a document, in order."""
    if format_ == "json":
        return [item["id"] for item in json.loads(document.body)["items"]]
    root = etree.fromstring(document.body)
    names = {"rss": "channel/item/guid", "atom": "{*}entry/{*}id"}
    return [str(element.text) for element in root.findall(names[format_])]


def titles(document: Document) -> list[str]:
    """The titles of the entries of a JSON document, in order."""
    return [item["title"] for item in json.loads(document.body)["items"]]


def resolve(site: Publication, path: str, now: datetime) -> redirects.Resolution | None:
    """The redirect, or 410, that the server sends for a path."""
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        patch.object(document_cache, "clock", lambda: now),
    ):
        return redirects.resolve(
            path, site.site, DocumentCache(site.site, catalogue).canonical_name
        )


def moved_feed(
    old: str, new: str, *others: str, **settings: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a site's feeds before and after one moves; the `others` stay."""

    def feeds(*paths: str) -> dict[str, Any]:
        return {
            "defaults": {"size": SIZE, "history": "all"},
            "feeds": [{"path": path} for path in paths],
        }

    return feeds(old, *others), {**feeds(new, *others), "moved": {old: new}, **settings}


def exported_archives(out: Path) -> dict[str, bytes]:
    """The bodies of the archive documents of an export, by path."""
    return {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in out.rglob("*")
        if file.is_file() and "archive" in file.parts
    }
