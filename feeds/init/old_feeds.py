"""Finds the feeds of a site that its generator has built, or that the user names."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from feeds.init.findings import Findings, OldFeed
from feeds.old_feeds import documents
from feeds.old_feeds.documents import NAMES, OldDocument, OldDocumentError

_BUILT = ("_site", "public", "output", "site", "dist", "build", "_book", "docs/_site")


class OldFile(msgspec.Struct):
    """A document, its path as the user knows it, and its path below the site."""

    shown: str
    document: OldDocument
    path: str


def named(findings: Findings, file: Path) -> list[OldFile]:
    """Return the feed in a file, and note it among the old feeds. Raises `OldDocumentError`."""
    document = documents.read(file)
    path = urlsplit(document.address).path or file.name
    path = path.removeprefix(urlsplit(findings.url).path).strip("/")
    _note(findings, path, document)
    return [OldFile(str(file), document, path)]


def built(findings: Findings) -> list[OldFile]:
    """Return the main feeds of a built site, and note those that are new among the old feeds."""
    for name in dict.fromkeys((*findings.built, *_BUILT)):
        if files := list(_feeds_in(findings, name)):
            return files
    return []


def _feeds_in(findings: Findings, name: str) -> Iterator[OldFile]:
    known = [feed.path for feed in findings.old_feeds if feed.term is None and feed.field is None]
    for path in dict.fromkeys((*known, *(NAMES if not known else ()))):
        file = findings.root / name / path
        if not path or not file.is_file():
            continue
        try:
            document = documents.read(file)
        except OldDocumentError:
            continue
        if document.items:
            _note(findings, path, document)
            yield OldFile(f"{name}/{path}", document, path)


def _note(findings: Findings, path: str, document: OldDocument) -> None:
    """Add a feed to the old ones, or its title and size to the one with its path."""
    others = [feed for feed in findings.old_feeds if feed.path != path]
    old = next((feed for feed in findings.old_feeds if feed.path == path), None)
    number = len(document.items)
    if old is None:
        old = OldFeed(path, document.format, number, document.title)
        findings.old_feeds = (old, *others)
        return
    size = None if old.size is None else max(old.size, number)
    new = msgspec.structs.replace(
        old, format=document.format, size=size, title=old.title or document.title
    )
    findings.old_feeds = tuple(new if feed is old else feed for feed in findings.old_feeds)
