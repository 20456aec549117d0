"""Execute the plan of an export: write the documents that changed, in a safe order."""

from collections.abc import Iterable
from typing import NamedTuple

from feeds.catalogue.records import Archive
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.export.export_plan import ExportPlan
from feeds.export.manifest import Kind
from feeds.export.workers import DocumentWorkers, Job, document_workers
from feeds.export.writer import ExportWriter
from feeds.model.document import make_document
from feeds.render import feed_documents
from feeds.render.site import opml, pages
from feeds.util.dates import NEVER
from feeds.util.processes import processors
from feeds.util.progress import Progress


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


class Execution:
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
