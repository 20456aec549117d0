"""Hashes that decide which documents an export has to write again."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition, definitions_hash
from feeds.config.site import Site
from feeds.export.hosts.base import Host
from feeds.render import envelope, fragment
from feeds.render.site import pages

# The suffixes of the files that determine the documents.
_SOURCES = (".py", ".html", ".css")


def export_fingerprint(
    site: Site, reader: ReadTransaction, host: Host, codings: Sequence[str]
) -> str:
    """Return a hash of all input of an export: if it is unchanged, so are the files."""
    revisions = (
        reader.meta.revision(),
        reader.meta.feeds_revision(),
        reader.meta.get("fingerprint"),
    )
    states = (reader.feeds.titles(), reader.feeds.states(), list(reader.archives.states().values()))
    settings = site.settings  # the catalogue's fingerprint covers all others
    configuration = (
        settings.pages,
        settings.http,
        settings.export,
        definitions_hash(site),
        site.redirects,
    )
    parts = [program_hash(), host.name, codings, revisions, states, configuration]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def program_hash() -> list[str | int]:
    """Return a hash of the program and its versions: another program may write other documents."""
    digest, package = hashlib.sha256(), Path(__file__).parents[1]
    for file in sorted(package.rglob("*")):
        if file.suffix in _SOURCES:
            digest.update(file.read_bytes())
    return [digest.hexdigest(), fragment.VERSION, envelope.VERSION, pages.VERSION]


def feed_fingerprint(feed: FeedDefinition, state: object, context: Sequence[object]) -> str:
    """Return a hash of all input of the documents of a feed, or of one of its archives."""
    parts = [fragment.VERSION, envelope.VERSION, pages.VERSION, *context, feed, state]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
