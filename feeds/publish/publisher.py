"""`feeds publish`: build, guard, export, upload, purge and ping, in this order.

Each step finds out by itself what is left to do, so that a run that ended anywhere, by whatever,
is finished by the next one.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from feeds.build.builder import BuildReport, build
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import (
    ExportError,
    StoreError,
)
from feeds.export import manifest
from feeds.export.atomic_folder import check_target
from feeds.export.exporter import ExportReport, export
from feeds.export.hosts.registry import HOSTS
from feeds.publish import destination, encryption, exposure, record
from feeds.publish import purge as purging
from feeds.publish import upload as steps_
from feeds.publish.destination import LockedDestination, destination_of
from feeds.publish.guard import check_deletions, unfinished
from feeds.publish.memory import Taken, check, forget, mark, restore, save, save_told
from feeds.publish.object_store import ObjectStore
from feeds.publish.purge import PurgeReport
from feeds.publish.upload import UploadReport
from feeds.util.progress import Progress
from feeds.websub import notify
from feeds.websub.schedule import HubReport

# How long the ping waits for a server on this machine that tells the hubs just now.
_PING_PATIENCE = 60


class WriteReport(msgspec.Struct, frozen=True):
    """What each step did until all was written. `memory` is where the catalogue's came from."""

    to: str
    memory: Taken
    build: BuildReport
    export: ExportReport
    upload: UploadReport


class PublishReport(WriteReport, frozen=True):
    """What each step did."""

    purge: tuple[PurgeReport, ...]
    ping: tuple[HubReport, ...]


class TellReport(msgspec.Struct, frozen=True):
    """What caches and hubs were told."""

    purge: tuple[PurgeReport, ...]
    ping: tuple[HubReport, ...]


def publish(
    site: Site,
    folder: Path,
    now: datetime,
    progress: Progress,
    *,
    patience: float,
    verify: bool = False,
    force: bool = False,
    trust_clock: bool = False,
    overwrite: bool = False,
) -> PublishReport:
    """Bring what is published up to date with the articles; `folder` is for the export.

    Waits `patience` seconds for another that publishes to the same place. `force` goes past the
    guard, `trust_clock` past a clock that was set back, `overwrite` over files and objects that
    are not ours, or not remembered. Raises `UnfinishedError` once anything may have been changed
    where readers see it, else any other `FeedsError`.
    """
    purging.check(site)
    with _run(site, folder, progress, patience, force=force, overwrite=overwrite) as run:
        written = run.write(now, verify=verify, trust_clock=trust_clock)
        return PublishReport(run.url, run.taken, *written, *run.tell())


def write(
    site: Site,
    folder: Path,
    now: datetime,
    progress: Progress,
    *,
    patience: float,
    verify: bool = False,
    force: bool = False,
    trust_clock: bool = False,
    overwrite: bool = False,
) -> WriteReport:
    """The part of `publish` until all is written, for a folder that others carry to its host."""
    with _run(site, folder, progress, patience, force=force, overwrite=overwrite) as run:
        return WriteReport(
            run.url, run.taken, *run.write(now, verify=verify, trust_clock=trust_clock)
        )


def tell(
    site: Site, folder: Path, progress: Progress, *, patience: float, overwrite: bool = False
) -> TellReport:
    """The rest of `publish`: caches and hubs are told of what was written before, and no more."""
    purging.check(site)
    with _run(site, folder, progress, patience, overwrite=overwrite) as run:
        return TellReport(*run.tell())


@contextmanager
def _run(
    site: Site,
    folder: Path,
    progress: Progress,
    patience: float,
    *,
    force: bool = False,
    overwrite: bool,
) -> Iterator["Publisher"]:
    """Hold the place, with the memory of what is published there."""
    check_target(site, folder)
    with (
        destination.destination_of(site, folder).held(patience) as held,
        closing(Catalogue(site.catalogue)) as known,
    ):
        yield Publisher(site, folder, held, known, progress, force=force, overwrite=overwrite)


class Publisher:
    def __init__(
        self,
        site: Site,
        folder: Path,
        held: LockedDestination,
        known: Catalogue,
        progress: Progress,
        *,
        force: bool,
        overwrite: bool,
    ) -> None:
        self._site, self._folder, self._held, self._known = site, folder, held, known
        self._progress, self._force, self._overwrite = progress, force, overwrite
        self.url = held.place.url
        # Readers see a folder that has no store while it is written.
        self._seen = held.place.objects is None
        self._remembers = known.file is not None and _remembers(site, held)
        self._seal = encryption.from_environment(os.environ) if self._remembers else None
        # What the user is to know besides.
        self._said: tuple[str, ...] = ()
        if not overwrite:
            check(held, known, remembers=self._remembers)
        self.taken: Taken = "none"
        if self._remembers:
            self.taken = restore(held, known, self._seal, overwrite=overwrite)

    def write(
        self, now: datetime, *, verify: bool, trust_clock: bool
    ) -> tuple[BuildReport, ExportReport, UploadReport]:
        """Build, export and upload."""
        site, folder, held, force = self._site, self._folder, self._held, self._force
        built = build(
            site,
            self._known,
            now,
            verify=verify,
            force=force,
            trust_clock=trust_clock,
            progress=self._progress,
        )
        self._keep()
        if self._remembers and (said := exposure.check(site, held)):
            self._said = (said,)
        # Before the export: what another builds meanwhile may be in it, and is told next time.
        shown = notify.feed_digests(self._known)
        first = self._seen and not held.record.files
        before = ObjectStore.in_folder(folder).names() if first else ()
        with unfinished() if self._seen else nullcontext():
            exported = self._export(now, verify=verify)
        self._keep()  # another may have built since
        made = steps_.plan_upload(site, folder, held.record, force=force)
        uploaded = steps_.upload(
            site, folder, held, made, self._progress, overwrite=self._overwrite, before=before
        )
        if held.record.shown != shown:
            held.write(msgspec.structs.replace(held.record, shown=shown))
        return built, exported, uploaded

    def tell(self) -> tuple[tuple[PurgeReport, ...], tuple[HubReport, ...]]:
        """Purge and ping."""
        purged = purging.purge(self._site, self._held, self._progress)
        with unfinished():
            topics = notify.topic_digests(self._site, self._held.record.shown)
            pinged = notify.notify_hubs(self._site, self._known, topics, patience=_PING_PATIENCE)
            if self._remembers and any(each.sent or each.failed or each.first for each in pinged):
                save_told(self._held, self._known)
        return purged, pinged

    def _keep(self) -> None:
        if self._remembers:
            save(self._held, self._known, self._seal)
            return
        forget(self._held)
        if not self._seen:
            mark(self._held, self._known)

    def _export(self, now: datetime, *, verify: bool) -> ExportReport:
        site, folder = self._site, self._folder
        guard = partial(check_deletions, site, folder) if self._seen and not self._force else None
        exported = export(
            site,
            self._known,
            folder,
            now,
            self._progress,
            overwrite=self._overwrite,
            verify=verify,
            guard=guard,
            # The folder may be new on this machine, and what readers see another's.
            published=record.published(self._held.record),
        )
        said = (*exported.said, *self._said, *self._unkept())
        return msgspec.structs.replace(exported, said=said)

    def _unkept(self) -> Iterator[str]:
        """That no memory is kept, where nobody has decided so."""
        upload = self._site.settings.upload
        if self._known.file is None or self._remembers or (upload and not upload.memory):
            return
        at, what, key = (
            (upload.url, "place", "upload.state")
            if upload
            else (self._folder, "folder", "export.state")
        )
        yield (
            f"The memory is not kept, for all can read {at}: name a private {what} for it, "
            f"{key}, if machines without the catalogue are to publish."
        )


def _remembers(site: Site, held: LockedDestination) -> bool:
    """Whether the memory is kept at the place: it has articles that are yet to come.

    Raises `StoreError` where it is kept already, but where all can read it, or may be able to.
    """
    upload, export_ = site.settings.upload, site.settings.export
    if upload and (upload.state or not upload.memory):
        return upload.memory
    if upload and held.record.catalogue:
        raise StoreError(
            f"{held.state.url} holds the memory, with articles that are yet to come or were "
            "withdrawn, and lies where readers find the feeds. Let upload.state in site.yaml name "
            "a private place, and it is moved there (or this very place, if nobody else can read "
            "it); or keep none: memory: false deletes it, and only the machine that has the "
            "catalogue can publish"
        )
    if upload:
        return False
    if export_.state or HOSTS[export_.host].hides_private:
        return True
    if held.record.catalogue:
        raise StoreError(
            f"{held.state.folder} holds the memory, with articles that are yet to come, and all "
            f"that is in {held.state.folder.parent} can be read by anybody; name a private folder "
            "as export.state in site.yaml, and it is moved there"
        )
    return False


def check_memory(site: Site, catalogue: Catalogue, folder: Path) -> None:
    """Raise `ExportError` where an export is, and the catalogue that it was made from is not."""
    with catalogue.read() as reader:
        if reader.meta.revision() != 0:
            return
    there = manifest.documents(manifest.read(folder)) if folder.is_dir() else {}
    if not there and site.settings.upload is None:
        there = destination_of(site, folder).read().files
    if there:
        raise ExportError(
            f"{folder} has an export, and the catalogue that it was made from is gone or empty: "
            "entries would be new to all subscribers. Put the catalogue back, or a backup, or say "
            "--overwrite if this is meant"
        )
