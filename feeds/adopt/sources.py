"""Reads the sources of `feeds adopt`: files, folders and URLs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import urllib3

from feeds.errors import AdoptionError
from feeds.old_feeds import documents
from feeds.old_feeds.documents import OldDocument, OldDocumentError
from feeds.util.http import USER_AGENT

_MAX_BYTES = 100_000_000
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json", ".feed", ""})


def read(sources: Sequence[str]) -> list[tuple[str, OldDocument]]:
    """Return the feeds and exports of all sources, each with its name. Raises `AdoptionError`."""
    return [found for source in sources for found in _read(source)]


def _read(source: str) -> list[tuple[str, OldDocument]]:
    try:
        if source.startswith(("https://", "http://")):
            return [(source, _fetch(source))]
        path = Path(source)
        if not path.exists():
            raise AdoptionError(f"{source}: there is no such file or folder")
        if path.is_file():
            return [(source, documents.read(path))]
    except OldDocumentError as error:
        raise AdoptionError(str(error)) from error
    if found := list(_below(path)):
        return found
    raise AdoptionError(f"{source}: contains no feed; name a feed, or a folder that contains one")


def _below(folder: Path) -> Iterator[tuple[str, OldDocument]]:
    """Yield the feeds below a folder; files that are no feeds are passed over."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            try:
                document = documents.read(path)
            except OldDocumentError:
                continue
            if document.items:
                yield str(path), document


def _fetch(url: str) -> OldDocument:
    try:
        response = urllib3.request(
            "GET",
            url,
            headers={"User-Agent": USER_AGENT},
            timeout=_TIMEOUT,
            retries=urllib3.Retry(3),
            preload_content=False,
        )
        content = response.read(_MAX_BYTES + 1, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise AdoptionError(f"{url}: cannot be fetched: {error}") from error
    if response.status != 200:
        raise AdoptionError(f"{url}: answered with status {response.status}")
    if len(content) > _MAX_BYTES:
        raise AdoptionError(f"{url}: has more than {_MAX_BYTES:,} bytes")
    document = documents.parse(url, content)
    return msgspec.structs.replace(document, address=document.address or url)
