"""Plan an export: all its documents, and the hashes that decide which of them to write."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from feeds.catalogue.records import Archive, FeedState
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.export import manifest
from feeds.export.fingerprint import feed_fingerprint
from feeds.export.hosts.base import Host, HostFiles
from feeds.export.hosts.rules import build_rules
from feeds.model.document import FORMATS
from feeds.render import feed_documents
from feeds.render.site import documents, groups, pages
from feeds.render.site.documents import DocumentFactory
from feeds.render.site.groups import FeedGroup
from feeds.render.verification import can_verify


class ExportInput(msgspec.Struct, frozen=True):
    """The input of an export besides the catalogue.

    Documents are precompressed in `codings`, the preferred one first, and show the state of the
    site at `now`.
    """

    site: Site
    host: Host
    codings: tuple[str, ...]
    now: datetime


class ExportPlan(msgspec.Struct, frozen=True):
    """All documents of an export.

    `feeds` and `archives` are by path; `states` are the feeds as they were last built.
    `site_documents` has functions that render the documents that belong to no feed, by path.
    `fingerprints` has a hash of the input of each feed and archive, by path. If `verify` is True,
    feeds must be as they were built, but for changes due to time. `due` is the time of the next
    scheduled publication.
    """

    input: ExportInput
    feeds: Mapping[str, FeedDefinition]
    archives: Mapping[str, Archive]
    states: Mapping[str, FeedState]
    groups: Mapping[str, FeedGroup]
    site_documents: Mapping[str, DocumentFactory]
    host_files: HostFiles
    fingerprints: Mapping[str, str]
    verify: bool
    due: datetime | None

    @property
    def paths(self) -> set[str]:
        """The paths of all files except precompressed variants."""
        return {
            *self.site_documents,
            *self.host_paths,
            *self.host_files.copies,
            *(name for path in self.fingerprints for name in self.documents_of(path)),
        }

    @property
    def host_paths(self) -> list[str]:
        """The paths of the files for the host, and of the page that it sends with status 404."""
        not_found = [pages.NOT_FOUND] if self.input.host.has_404 else []
        return [*not_found, *self.host_files.files]

    @property
    def limitations(self) -> tuple[str, ...]:
        """The limitations of the host and the steps left to do there by hand, as sentences."""
        return (*self.host_files.limitations, *_unsupported_settings(self.input.site))

    def documents_of(self, path: str) -> list[str]:
        """Return the paths of the documents of a feed, with its page, or of an archive."""
        feed = self.feeds.get(path)
        return _archive_paths(path) if feed is None else _feed_paths(feed)


def plan_export(export_input: ExportInput, reader: ReadTransaction) -> ExportPlan:
    """Plan the export of a catalogue.

    Raises `DamageError` if the catalogue has lost feeds since the last build, and `ExportError` if
    the host cannot serve the site.
    """
    site, now = export_input.site, export_input.now
    feeds, states = feed_documents.all_feeds(site, reader, now), reader.feeds.states()
    definitions = list(feeds.values())
    verify = can_verify(site, reader, states, feeds)
    folders = groups.group_by_folder(definitions)
    newest = feed_documents.newest_entries(definitions, states, reader, now)
    site_documents = documents.site_documents(definitions, states, site, newest)
    archives = {archive.path: archive for archive in reader.archives.available(definitions)}
    paths = [
        *site_documents,
        *(name for feed in definitions for name in _feed_paths(feed)),
        *(name for path in archives for name in _archive_paths(path)),
    ]
    rules = build_rules(definitions, paths, site)
    context = _fingerprint_context(export_input, reader)
    return ExportPlan(
        input=export_input,
        feeds=feeds,
        archives=archives,
        states=states,
        groups=folders,
        site_documents=site_documents,
        host_files=export_input.host.configure(rules, export_input.codings),
        fingerprints={
            feed.path: feed_fingerprint(
                feed,
                states.get(feed.path),
                [*context, _titles(groups.neighbours(feed, folders, site))],
            )
            for feed in definitions
        }
        | {path: _archive_fingerprint(archive, context) for path, archive in archives.items()},
        verify=verify,
        due=reader.feeds.next_publication(now),
    )


def _fingerprint_context(export_input: ExportInput, reader: ReadTransaction) -> list[object]:
    """Return the input that all feeds and archives share."""
    settings, host = export_input.site.settings, export_input.host
    return [
        reader.meta.get("fingerprint"),
        settings.pages,
        settings.http,
        export_input.codings,
        host.coded_kinds,
    ]


def _archive_fingerprint(archive: Archive, context: Sequence[object]) -> str:
    links = (archive.position.previous, archive.position.next)
    return feed_fingerprint(archive.feed, archive.state, [*context, links])


def _feed_paths(feed: FeedDefinition) -> list[str]:
    return [*_archive_paths(feed.path), pages.page_path(feed)]


def _archive_paths(path: str) -> list[str]:
    return [f"{path}.{format_}" for format_ in FORMATS]


def _titles(feeds: Sequence[FeedDefinition]) -> list[tuple[str, str]]:
    return [(feed.path, feed.title) for feed in feeds]


def _unsupported_settings(site: Site) -> Iterator[str]:
    """Yield a sentence for each setting that no static host supports."""
    http = site.settings.http
    if http.cache_tags:
        yield (
            "Configuration files cannot send cache tags, which differ between documents; they are "
            f"in {manifest.NAME}."
        )
    if http.canonical_host:
        yield f"Redirect other host names to {site.host} in the settings of your host."
    if http.delta:
        yield "No static host supports delta updates (A-IM: feed); readers get the whole feed."
