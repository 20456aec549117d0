"""`feeds publish`: restore the memory, build, export, plan, upload, purge and ping.

Each step determines what is left to do, so that the next run finishes one that stopped anywhere,
for whatever reason.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from feeds.build.builder import BuildReport, BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.presence import catalogue_is_lost
from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export import manifest
from feeds.export.atomic_folder import check_target
from feeds.export.exporter import ExportOptions, ExportReport, export
from feeds.publish import exposure, memory, memory_checks, purge, record
from feeds.publish.destination import LockedDestination, destination_of
from feeds.publish.encryption import cipher_from_environment
from feeds.publish.guard import check_deletions, mark_unfinished
from feeds.publish.memory import RestoreOutcome
from feeds.publish.object_store import ObjectStore
from feeds.publish.purge import PurgeReport
from feeds.publish.upload import UploadReport, plan_upload, record_export, upload
from feeds.util.progress import Progress
from feeds.websub import notify
from feeds.websub.schedule import HubReport

# Seconds to wait while a server on this machine is notifying the hubs.
_PING_PATIENCE = 60


class PublishOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one run.

    `patience` is how many seconds to wait while another process publishes to the same destination.
    `verify` reads every article again, and compares every exported file. `force` overrides the
    guard, `permitted` only its checks for these kinds of harm, and `trust_clock` the check for a
    clock that was set back. `overwrite` allows replacing files and objects that no earlier run
    recorded, and publishing without a memory.
    """

    patience: float
    verify: bool = False
    force: bool = False
    permitted: frozenset[str] = frozenset()
    trust_clock: bool = False
    overwrite: bool = False


class WriteReport(msgspec.Struct, frozen=True):
    """The results of the steps up to the upload. `memory` is where the catalogue came from."""

    to: str
    memory: RestoreOutcome
    build: BuildReport
    export: ExportReport
    upload: UploadReport


class PublishReport(WriteReport, frozen=True):
    """The results of all steps."""

    purge: tuple[PurgeReport, ...]
    ping: tuple[HubReport, ...]


class PurgeAndPingReport(msgspec.Struct, frozen=True):
    """The results of the steps after the upload."""

    purge: tuple[PurgeReport, ...]
    ping: tuple[HubReport, ...]


def publish(
    site: Site, folder: Path, now: datetime, progress: Progress, options: PublishOptions
) -> PublishReport:
    """Bring everything published up to date with the articles; `folder` is for the export.

    Raises `UnfinishedError` once readers may see some of the changes, and other errors of
    `feeds.errors` before that.
    """
    purge.check(site)
    with _publisher(site, folder, progress, options) as publisher:
        written = publisher.write(now)
        return PublishReport(
            **msgspec.structs.asdict(written), purge=publisher.purge(), ping=publisher.ping()
        )


def write(
    site: Site, folder: Path, now: datetime, progress: Progress, options: PublishOptions
) -> WriteReport:
    """Do the steps of `publish` up to the upload, for a folder that is deployed by other means."""
    with _publisher(site, folder, progress, options) as publisher:
        return publisher.write(now)


def purge_and_ping(
    site: Site, folder: Path, progress: Progress, options: PublishOptions
) -> PurgeAndPingReport:
    """Do the steps of `publish` after the upload, for everything that was written before."""
    purge.check(site)
    with _publisher(site, folder, progress, options) as publisher:
        publisher.restore()
        return PurgeAndPingReport(publisher.purge(), publisher.ping())


def check_catalogue_present(site: Site, catalogue: Catalogue, folder: Path) -> None:
    """Raise `ExportError` if there is an export, but its catalogue is gone or empty."""
    with catalogue.read() as reader:
        if reader.meta.revision() != 0:
            return
    exported = manifest.documents(manifest.read(folder)) if folder.is_dir() else {}
    if not exported and site.settings.upload is None:
        exported = destination_of(site, folder).read_record().files
    if exported:
        raise ExportError(
            f"{folder} has an export, and the catalogue that it was made from is gone or empty: "
            "entries would be new to all subscribers. Put the catalogue or a backup of it back, "
            "or pass --overwrite if this is intended"
        )


@contextmanager
def _publisher(
    site: Site, folder: Path, progress: Progress, options: PublishOptions
) -> Iterator["_Publisher"]:
    """Lock the destination and open the catalogue."""
    check_target(site, folder)
    # Checked before opening, which creates an empty catalogue to restore the memory into.
    is_lost = catalogue_is_lost(site.catalogue)
    with (
        destination_of(site, folder).locked(options.patience) as destination,
        closing(Catalogue(site.catalogue)) as catalogue,
    ):
        resources = _Resources(destination, catalogue, is_lost)
        yield _Publisher(site, folder, resources, progress, options)


class _Resources(NamedTuple):
    """The locked destination and the open catalogue; `is_lost` if the catalogue was missing."""

    destination: LockedDestination
    catalogue: Catalogue
    is_lost: bool


class _Publisher:
    """The steps of one run."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        resources: _Resources,
        progress: Progress,
        options: PublishOptions,
    ) -> None:
        self._site, self._folder = site, folder
        self._progress, self._options = progress, options
        self._destination, self._catalogue, self._is_lost = resources
        # Without a store, readers see the export as it is written.
        self._is_live = self._destination.destination.objects is None
        self._keeps_memory = self._catalogue.file is not None and memory_checks.keeps_memory(
            site, self._destination
        )
        self._cipher = cipher_from_environment(os.environ) if self._keeps_memory else None

    def write(self, now: datetime) -> WriteReport:
        """Do the steps from restore to upload."""
        restored = self.restore()
        warnings = self._check_exposure()
        built = self.build(now)
        # Read before the export, which may contain more if another process builds meanwhile. The
        # next run notifies hubs of those changes.
        shown = notify.feed_digests(self._catalogue)
        existing = self._existing_files()
        exported = self.export(now)
        uploaded = self.upload(existing)
        self._record_shown(shown)
        notes = (*exported.notes, *warnings, *self._missing_memory())
        exported = msgspec.structs.replace(exported, notes=notes)
        return WriteReport(self._destination.destination.url, restored, built, exported, uploaded)

    def restore(self) -> RestoreOutcome:
        """Restore the catalogue from the destination if it is newer there."""
        overwrite = self._options.overwrite
        if not overwrite:
            memory_checks.check_known(
                self._destination, self._catalogue, keeps_memory=self._keeps_memory
            )
        outcome: RestoreOutcome = "none"
        if self._keeps_memory:
            outcome = memory.restore(
                self._destination, self._catalogue, self._cipher, overwrite=overwrite
            )
        if self._is_lost and outcome == "none" and not (self._options.force or overwrite):
            raise self._catalogue.lost_error()
        return outcome

    def build(self, now: datetime) -> BuildReport:
        """Bring the catalogue up to date, and save it."""
        request = BuildRequest(
            verify=self._options.verify,
            force=self._options.force,
            permitted=self._options.permitted,
            trust_clock=self._options.trust_clock,
        )
        report = build(self._site, self._catalogue, now, request, progress=self._progress)
        self._save_memory()
        return report

    def export(self, now: datetime) -> ExportReport:
        """Export to the folder."""
        has_guard = self._is_live and not self._options.force
        options = ExportOptions(
            overwrite=self._options.overwrite,
            verify=self._options.verify,
            guard=partial(check_deletions, self._site, self._folder) if has_guard else None,
            # The folder may be new on this machine, while readers see another one's export.
            published=record.published_paths(self._destination.record),
        )
        with mark_unfinished() if self._is_live else nullcontext():
            report = export(self._site, self._catalogue, self._folder, now, self._progress, options)
        self._save_memory()  # another process may have built meanwhile
        return report

    def upload(self, existing: Collection[str]) -> UploadReport:
        """Plan and upload; `existing` are the files that a live folder had before the export."""
        site, destination, folder = self._site, self._destination, self._folder
        plan = plan_upload(site, folder, destination.record, force=self._options.force)
        if self._is_live:
            return record_export(destination, plan, existing)
        return upload(
            site, folder, destination, plan, self._progress, overwrite=self._options.overwrite
        )

    def purge(self) -> tuple[PurgeReport, ...]:
        """Purge changed documents from caches."""
        return purge.purge(self._site, self._destination, self._progress)

    def ping(self) -> tuple[HubReport, ...]:
        """Notify hubs of changed feeds."""
        with mark_unfinished():
            topics = notify.topic_digests(self._site, self._destination.record.shown)
            options = notify.NotifyOptions(patience=_PING_PATIENCE)
            reports = notify.notify_hubs(self._site, self._catalogue, topics, options)
            has_changes = any(report.sent or report.failed or report.first for report in reports)
            if self._keeps_memory and has_changes:
                memory.save_hub_state(self._destination, self._catalogue)
        return reports

    def _existing_files(self) -> Collection[str]:
        is_first = self._is_live and not self._destination.record.files
        return ObjectStore.in_folder(self._folder).list_keys() if is_first else ()

    def _record_shown(self, shown: dict[str, str]) -> None:
        current = self._destination.record
        if current.shown != shown:
            self._destination.write_record(msgspec.structs.replace(current, shown=shown))

    def _save_memory(self) -> None:
        if self._keeps_memory:
            memory.save(self._destination, self._catalogue, self._cipher)
            return
        memory.forget(self._destination)
        if not self._is_live:
            memory.mark_origin(self._destination, self._catalogue)

    def _check_exposure(self) -> tuple[str, ...]:
        if not self._keeps_memory or self._cipher:
            return ()
        warning = exposure.check(self._site, self._destination)
        return (warning,) if warning else ()

    def _missing_memory(self) -> Iterator[str]:
        """Yield a note if no memory is kept although the settings do not disable it."""
        settings = self._site.settings.upload
        if self._catalogue.file is None or self._keeps_memory:
            return
        if settings and not settings.memory:
            return
        location, kind, key = (
            (settings.url, "location", "upload.state")
            if settings
            else (self._folder, "folder", "export.state")
        )
        yield (
            f"The memory is not kept, because anyone can read {location}. If machines without the "
            f"catalogue are to publish, set {key} to a private {kind}."
        )
