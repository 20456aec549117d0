"""Write every document as a file, with the bytes that the server sends, for static hosting."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import Archive
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.settings import HostName
from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export import manifest
from feeds.export.atomic_folder import AtomicFolder, check_target
from feeds.export.fingerprint import export_fingerprint, feed_fingerprint
from feeds.export.hosts.base import Host
from feeds.export.hosts.registry import HOSTS
from feeds.export.hosts.rules import build_rules
from feeds.export.manifest import Kind
from feeds.export.workers import Job, document_workers
from feeds.export.writer import ExportWriter, WriteOptions
from feeds.model.document import FORMATS, make_document
from feeds.render import feed_documents
from feeds.render.feed_documents import ArchiveParts, FeedParts
from feeds.render.site import documents, groups, opml, pages
from feeds.render.verification import can_verify, note_damage
from feeds.util import compression
from feeds.util.dates import NEVER
from feeds.util.processes import processors
from feeds.util.progress import Progress

# Lets one export at a time write a folder.
LOCK = ".feeds-export.lock"
# Seconds to wait for another export to finish.
_PATIENCE = 30


class ExportReport(msgspec.Struct, frozen=True):
    """The files that an export wrote and removed, and the number of unchanged files.

    `said` lists the limitations of the host and the steps left to do there by hand. `due` is the
    time of the next scheduled publication: only an export after that time shows the article.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    said: tuple[str, ...] = ()
    due: datetime | None = None


def export(
    site: Site,
    catalogue: Catalogue,
    target: Path,
    now: datetime,
    progress: Progress,
    *,
    host: HostName | None = None,
    overwrite: bool = False,
    verify: bool = False,
    guard: Callable[[Collection[str], Collection[str]], None] | None = None,
    published: Collection[str] = (),
) -> ExportReport:
    """Write every feed in every format, its page, and all other documents of the site to `target`.

    `host` overrides the host of the settings and determines the configuration files. Each file
    appears whole or not at all. Files with unchanged bytes are not touched; `verify` reads every
    file to check this. Files of feeds that no longer exist are removed; files that no export wrote
    stay, and raise `ExportError` if they are in the way, unless `overwrite` is given. Before
    anything is written, `guard` is called with the paths of the existing documents, including the
    `published` ones, and the paths of the new ones; an error that it raises ends the export.
    """
    check_target(site, target)
    target_host = HOSTS[host or site.settings.export.host]
    codings = _codings(target_host, site)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(target / LOCK, timeout=_PATIENCE),
            note_damage(catalogue),
            catalogue.read() as reader,
            AtomicFolder(target) as files,
        ):
            before, now = manifest.read(target), reader.meta.display_time(now)
            present = {*manifest.documents(before), *published}
            fingerprint, completion = (
                export_fingerprint(site, reader, target_host, codings),
                manifest.read_completion(target),
            )
            if (
                fingerprint == completion.made_of
                and not (overwrite or verify)
                and files.has_all(before.files)
            ):
                if guard:
                    guard(present, before.files.keys())
                due = reader.feeds.next_publication(now)
                return ExportReport((), (), len(before.files), completion.said, due)
            exporter = Exporter(site, reader, now, target_host, codings, fingerprint)
            if guard:
                guard(present, exporter.names)
            options = WriteOptions(
                target_host.coded_kinds, codings, exporter.copies, overwrite, verify, now
            )
            return exporter.run(
                ExportWriter(files, before, site, options),
                exporter.job(target, options, before),
                progress,
            )
    except Timeout:
        raise ExportError(f"another export to {target} is running; wait for its end") from None
    except OSError as error:
        at = error.filename2 or error.filename or target
        raise ExportError(f"the export cannot write {at}: {error.strerror}") from error


def _codings(host: Host, site: Site) -> tuple[str, ...]:
    """Return the codings of precompressed files, the preferred one first."""
    wanted = site.settings.export.codings
    if wanted is None:
        return host.default_codings
    if unsupported := set(wanted) - set(host.supported_codings):
        raise ExportError(
            f"{host.title} cannot send precompressed {min(unsupported)} files; remove "
            f"{min(unsupported)} from export.codings"
        )
    return tuple(coding for coding in compression.CODINGS if coding in wanted)


class Exporter:
    """Decides which documents an export has to write, and writes them."""

    def __init__(
        self,
        site: Site,
        reader: ReadTransaction,
        now: datetime,
        host: Host,
        codings: tuple[str, ...],
        fingerprint: str,
    ) -> None:
        self._site, self._reader, self._now, self._host = site, reader, now, host
        self._fingerprint, self._context = fingerprint, (site, reader, now)
        self._feeds = feed_documents.all_feeds(site, reader, now)
        self._states = states = reader.feeds.states()
        feeds = list(self._feeds.values())
        self._verify = can_verify(site, reader, states, self._feeds)
        self._groups = groups.group_by_folder(feeds)
        self._site_documents = documents.site_documents(feeds, states, site)
        self._archives = {each.path: each for each in reader.archives.available(feeds)}
        paths = [
            *self._site_documents,
            *(name for feed in feeds for name in _feed_paths(feed)),
            *(name for path in self._archives for name in _document_paths(path)),
        ]
        self._host_output = host.configure(build_rules(feeds, paths, site), codings)
        settings = (site.settings.pages, site.settings.http)
        context = [reader.meta.get("fingerprint"), *settings, codings, host.coded_kinds]
        self._fingerprints = {
            feed.path: feed_fingerprint(
                feed, states.get(feed.path), [*context, _titles(self._neighbours(feed))]
            )
            for feed in feeds
        }
        for path, archive in self._archives.items():
            links = (archive.position.previous, archive.position.next)
            self._fingerprints[path] = feed_fingerprint(
                archive.feed, archive.state, [*context, links]
            )

    @property
    def copies(self) -> Mapping[str, str]:
        """Additional paths of documents: old path -> document."""
        return self._host_output.copies

    @property
    def names(self) -> set[str]:
        """The paths of all documents."""
        feeds = (name for feed in self._feeds.values() for name in _feed_paths(feed))
        archives = (name for path in self._archives for name in _document_paths(path))
        return {*self._site_documents, *self._host_paths(), *self.copies, *feeds, *archives}

    def job(self, target: Path, options: WriteOptions, before: manifest.Manifest) -> Job:
        """Return the data that workers need to render the documents of feeds and archives."""
        return Job(self._site, target, options, before, self._feeds, self._groups, self._archives)

    def run(self, files: ExportWriter, job: Job, progress: Progress) -> ExportReport:
        """Write the changed documents, each after the documents that it links to."""
        files.after.feeds = self._fingerprints
        stale_feeds = [
            feed
            for feed in self._feeds.values()
            if not self._is_fresh(feed.path, _feed_paths(feed), files)
        ]
        stale_archives = [
            archive
            for path, archive in self._archives.items()
            if not self._is_fresh(path, _document_paths(path), files)
        ]
        new_archives = [
            archive for archive in stale_archives if not files.exist(_document_paths(archive.path))
        ]
        changing = {
            *(feed.path for feed in stale_feeds),
            *(archive.path for archive in stale_archives),
        }
        paths = [
            *self._site_documents,
            *self._host_paths(),
            *(n for feed in stale_feeds for n in _feed_paths(feed)),
        ]
        files.begin(
            [*paths, *(n for archive in stale_archives for n in _document_paths(archive.path))],
            changing,
        )
        for path in self._fingerprints.keys() - changing:
            files.keep(
                _feed_paths(self._feeds[path]) if path in self._feeds else _document_paths(path)
            )
        with document_workers(
            job, files, processors(), len(stale_feeds) + len(stale_archives)
        ) as workers:
            for archives in (
                new_archives,
                [each for each in stale_archives if each not in new_archives],
            ):  # these link to the new ones
                for done in workers.write_archives(map(self._archive_parts, archives)):
                    progress("Writing archives", min(done, len(archives)), len(archives))
                files.sync()
            self._put_site_documents(files, "asset")
            files.sync()
            for done in workers.write_feeds(map(self._feed_parts, stale_feeds)):
                progress("Writing feeds", min(done, len(stale_feeds)), len(stale_feeds))
            files.sync()
        self._put_site_documents(files, "list")
        self._put_host_files(files)
        files.sync()
        limitations = (*self._host_output.limitations, *_unsupported_settings(self._site))
        removed = files.finish(self._fingerprint, limitations)
        return ExportReport(
            written=tuple(sorted(files.written)),
            removed=tuple(removed),
            unchanged=len(files.after.files) - len(files.written),
            said=limitations,
            due=self._reader.feeds.next_publication(self._now),
        )

    def _neighbours(self, feed: FeedDefinition) -> Sequence[FeedDefinition]:
        return groups.neighbours(feed, self._groups, self._site)

    def _feed_parts(self, feed: FeedDefinition) -> FeedParts:
        before = self._states.get(feed.path)
        return feed_documents.load_feed_parts(feed, *self._context, before, verify=self._verify)

    def _archive_parts(self, archive: Archive) -> ArchiveParts:
        return feed_documents.load_archive_parts(archive, *self._context, verify=self._verify)

    def _is_fresh(self, path: str, names: Sequence[str], files: ExportWriter) -> bool:
        """Return whether the files of a feed or archive show its current state."""
        return files.before.feeds.get(path) == self._fingerprints[path] and files.are_current(names)

    def _put_site_documents(self, files: ExportWriter, kind: Kind) -> None:
        """Write the documents of this kind that belong to the site and not to a feed."""
        for name, render in self._site_documents.items():
            if ("asset" if name.endswith(".css") else "list") == kind:
                files.put([(name, render(), kind)])

    def _host_paths(self) -> list[str]:
        return [*([pages.NOT_FOUND] if self._host.has_404 else []), *self._host_output.files]

    def _put_host_files(self, files: ExportWriter) -> None:
        if self._host.has_404:
            # Sent with status 404, which must not be cached.
            files.put_now(pages.NOT_FOUND, pages.not_found(self._site), "list", "no-store")
        files.sync()
        for name, body in self._host_output.files.items():
            page = name.endswith(".html")  # in place of a redirect
            document = make_document(
                body, NEVER, pages.MEDIA_TYPE if page else "text/plain", opml.CACHING
            )
            files.put_plain(name, document, "list" if page else "host")


def _feed_paths(feed: FeedDefinition) -> list[str]:
    return [*_document_paths(feed.path), pages.page_path(feed)]


def _document_paths(path: str) -> list[str]:
    return [f"{path}.{format_}" for format_ in FORMATS]


def _titles(feeds: Sequence[FeedDefinition]) -> list[tuple[str, str]]:
    return [(feed.path, feed.title) for feed in feeds]


def _unsupported_settings(site: Site) -> Iterator[str]:
    """Yield a sentence for each setting that no static host supports."""
    http = site.settings.http
    if http.cache_tags:
        yield (
            "No static host is told the cache tags of documents, which change with each of them; "
            f"{manifest.NAME} has them."
        )
    if http.canonical_host:
        yield f"Lead other host names to {site.host} in the settings of your host."
    if http.delta:
        yield "No static host sends only what is new (A-IM: feed); readers get the whole feed."
