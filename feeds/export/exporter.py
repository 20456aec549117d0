"""Write every document as a file, with the bytes that the server sends, for static hosting."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

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
from feeds.export.export_plan import ExportInput, ExportPlan, plan_export
from feeds.export.fingerprint import export_fingerprint
from feeds.export.hosts.base import Host
from feeds.export.hosts.registry import HOSTS
from feeds.export.manifest import Kind
from feeds.export.workers import DocumentWorkers, Job, document_workers
from feeds.export.writer import ExportWriter, WriteOptions
from feeds.model.document import make_document
from feeds.render import feed_documents
from feeds.render.site import opml, pages
from feeds.render.verification import note_damage
from feeds.util import compression
from feeds.util.dates import NEVER
from feeds.util.processes import processors
from feeds.util.progress import Progress

# Lets one export at a time write a folder.
LOCK = ".feeds-export.lock"
# Seconds to wait for another export to finish.
_PATIENCE = 30


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of an export.

    `host` overrides the host of the settings and determines the configuration files. `overwrite`
    allows replacing files that no export wrote. `verify` reads every file to check that it is
    unchanged. Before anything is written, `guard` is called with the paths of the existing
    documents, including the `published` ones, and the paths of the new ones; an error that it
    raises ends the export.
    """

    host: HostName | None = None
    overwrite: bool = False
    verify: bool = False
    guard: Callable[[Collection[str], Collection[str]], None] | None = None
    published: Collection[str] = ()


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


_DEFAULTS = ExportOptions()


def export(
    site: Site,
    catalogue: Catalogue,
    target: Path,
    now: datetime,
    progress: Progress,
    options: ExportOptions = _DEFAULTS,
) -> ExportReport:
    """Write every feed in every format, its page, and all other documents of the site to `target`.

    Each file appears whole or not at all, and files with unchanged bytes are not touched. Files of
    feeds that no longer exist are removed. Files that no export wrote stay, and raise `ExportError`
    if they are in the way.
    """
    check_target(site, target)
    host = HOSTS[options.host or site.settings.export.host]
    codings = _codings(host, site)
    with (
        _locked(target),
        note_damage(catalogue),
        catalogue.read() as reader,
        AtomicFolder(target) as folder,
    ):
        export_input = ExportInput(site, host, codings, reader.meta.display_time(now))
        return _export(export_input, reader, folder, progress, options)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Create the folder and lock it. Raises `ExportError` for every `OSError` in the block."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        with FileLock(target / LOCK, timeout=_PATIENCE):
            yield
    except Timeout:
        raise ExportError(
            f"another export to {target} is running; try again when it has finished"
        ) from None
    except OSError as error:
        path = error.filename2 or error.filename or target
        raise ExportError(f"the export cannot write {path}: {error.strerror}") from error


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


def _export(
    export_input: ExportInput,
    reader: ReadTransaction,
    folder: AtomicFolder,
    progress: Progress,
    options: ExportOptions,
) -> ExportReport:
    """Export to a locked folder, unless the last export had the same input."""
    target, now = folder.root, export_input.now
    before = manifest.read(target)
    existing = {*manifest.documents(before), *options.published}
    fingerprint = export_fingerprint(
        export_input.site, reader, export_input.host, export_input.codings
    )
    completion = manifest.read_completion(target)
    is_unchanged = fingerprint == completion.made_of and folder.has_all(before.files)
    if is_unchanged and not (options.overwrite or options.verify):
        if options.guard:
            options.guard(existing, before.files.keys())
        due = reader.feeds.next_publication(now)
        return ExportReport((), (), len(before.files), completion.said, due)
    plan = plan_export(export_input, reader)
    if options.guard:
        options.guard(existing, plan.paths)
    write_options = _write_options(plan, options)
    files = ExportWriter(folder, before, export_input.site, write_options)
    job = Job(
        export_input.site, target, write_options, before, plan.feeds, plan.groups, plan.archives
    )
    _Execution(plan, reader, files, progress).run(job)
    removed = files.finish(fingerprint, plan.limitations)
    return ExportReport(
        written=tuple(sorted(files.written)),
        removed=tuple(removed),
        unchanged=len(files.after.files) - len(files.written),
        said=plan.limitations,
        due=plan.due,
    )


def _write_options(plan: ExportPlan, options: ExportOptions) -> WriteOptions:
    return WriteOptions(
        coded=plan.input.host.coded_kinds,
        codings=plan.input.codings,
        copies=plan.host_files.copies,
        overwrite=options.overwrite,
        verify=options.verify,
        now=plan.input.now,
    )


class _Changes(NamedTuple):
    """The feeds and archives whose files do not show their current state.

    `new_archives` have no files yet; `other_archives` link to them.
    """

    feeds: list[FeedDefinition]
    new_archives: list[Archive]
    other_archives: list[Archive]

    @property
    def paths(self) -> list[str]:
        """The paths of these feeds and archives."""
        return [
            *(feed.path for feed in self.feeds),
            *(archive.path for archive in (*self.new_archives, *self.other_archives)),
        ]


class _Execution:
    """Writes the changed documents of a plan, each after the documents that it links to."""

    def __init__(
        self, plan: ExportPlan, reader: ReadTransaction, files: ExportWriter, progress: Progress
    ) -> None:
        self._plan, self._reader, self._files, self._progress = plan, reader, files, progress

    def run(self, job: Job) -> None:
        """Write all changed documents. `job` is for the processes that render them."""
        changes = self._find_changes()
        self._begin(changes)
        files, amount = self._files, len(changes.paths)
        with document_workers(job, files, processors(), amount) as workers:
            self._write_archives(workers, changes.new_archives)
            self._write_archives(workers, changes.other_archives)
            self._put_site_documents("asset")
            files.sync()
            self._write_feeds(workers, changes.feeds)
        self._put_site_documents("list")
        self._put_not_found()
        files.sync()
        self._put_host_files()
        files.sync()

    def _find_changes(self) -> _Changes:
        plan, files = self._plan, self._files
        archives = [archive for path, archive in plan.archives.items() if self._is_stale(path)]
        has_files = {
            archive.path: files.exist(plan.documents_of(archive.path)) for archive in archives
        }
        return _Changes(
            feeds=[feed for path, feed in plan.feeds.items() if self._is_stale(path)],
            new_archives=[archive for archive in archives if not has_files[archive.path]],
            other_archives=[archive for archive in archives if has_files[archive.path]],
        )

    def _is_stale(self, path: str) -> bool:
        """Return whether the files of a feed or archive do not show its current state."""
        recorded = self._files.before.feeds.get(path)
        return recorded != self._plan.fingerprints[path] or not self._files.are_current(
            self._plan.documents_of(path)
        )

    def _begin(self, changes: _Changes) -> None:
        """Record the changes before the first one, and keep the files of everything else."""
        plan, files = self._plan, self._files
        files.after.feeds = dict(plan.fingerprints)
        names = [name for path in changes.paths for name in plan.documents_of(path)]
        changing = set(changes.paths)
        files.begin([*plan.site_documents, *plan.host_paths, *names], changing)
        for path in plan.fingerprints.keys() - changing:
            files.keep(plan.documents_of(path))

    def _write_archives(self, workers: DocumentWorkers, archives: list[Archive]) -> None:
        plan = self._plan
        parts = (
            feed_documents.load_archive_parts(
                archive, plan.input.site, self._reader, plan.input.now, verify=plan.verify
            )
            for archive in archives
        )
        self._report("Writing archives", workers.write_archives(parts), len(archives))
        self._files.sync()

    def _write_feeds(self, workers: DocumentWorkers, feeds: list[FeedDefinition]) -> None:
        plan = self._plan
        parts = (
            feed_documents.load_feed_parts(
                feed,
                plan.input.site,
                self._reader,
                plan.input.now,
                plan.states.get(feed.path),
                verify=plan.verify,
            )
            for feed in feeds
        )
        self._report("Writing feeds", workers.write_feeds(parts), len(feeds))
        self._files.sync()

    def _report(self, label: str, counts: Iterable[int], total: int) -> None:
        for done in counts:
            self._progress(label, min(done, total), total)

    def _put_site_documents(self, kind: Kind) -> None:
        """Write the documents of this kind that belong to the site and not to a feed."""
        for name, render in self._plan.site_documents.items():
            if ("asset" if name.endswith(".css") else "list") == kind:
                self._files.put([(name, render(), kind)])

    def _put_not_found(self) -> None:
        if self._plan.input.host.has_404:
            document = pages.not_found(self._plan.input.site)
            # Sent with status 404, which must not be cached.
            self._files.put_now(pages.NOT_FOUND, document, "list", "no-store")

    def _put_host_files(self) -> None:
        for name, body in self._plan.host_files.files.items():
            is_page = name.endswith(".html")  # in place of a redirect
            document = make_document(
                body, NEVER, pages.MEDIA_TYPE if is_page else "text/plain", opml.CACHING
            )
            self._files.put_plain(name, document, "list" if is_page else "host")
