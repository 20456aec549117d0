"""`feeds publish`: build, guard, export, upload, purge and ping, in this order.

Each step finds out by itself what is left to do, so that a run that ended anywhere, by whatever,
is finished by the next one.
"""

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from feeds import place as places
from feeds import purge as purging
from feeds import state, uploads, websub
from feeds import upload as uploading
from feeds.build import Report, build
from feeds.catalogue.store import Catalogue
from feeds.errors import FeedsError, GuardError, StoreError, UnfinishedError
from feeds.export import ExportReport, check_target, export
from feeds.hosts import s3
from feeds.ingest import Progress
from feeds.objects import Objects
from feeds.pings import HubReport
from feeds.place import STATE, Held, Place
from feeds.purge import PurgeReport
from feeds.site import Site
from feeds.state import Taken
from feeds.upload import UploadReport
from feeds.uploads import Plan, Record

# So few objects may always be deleted at once.
_GUARD_FROM = 20
# The hosts that are told to send nothing of the state to anybody.
_HIDING = ("nginx", "caddy", "apache")
# How long the ping waits for a server on this machine that tells the hubs just now.
_PING_PATIENCE = 60


class PublishReport(msgspec.Struct, frozen=True):
    """What each step did. `memory` is where that of the catalogue came from."""

    to: str
    memory: Taken
    build: Report
    export: ExportReport
    upload: UploadReport
    purge: tuple[PurgeReport, ...]
    ping: tuple[HubReport, ...]


def place(site: Site, folder: Path) -> Place:
    """Where the site is published to: its store, or the folder of the export itself."""
    upload = site.settings.upload
    if upload:
        return places.of_store(site.settings.id, upload)
    state = site.settings.export.state
    return places.of_folder(
        site.settings.id, folder, site.root / state if state else folder / STATE
    )


def publish(
    site: Site,
    folder: Path,
    now: datetime,
    progress: Progress,
    *,
    patience: float,
    verify: bool = False,
    force: bool = False,
) -> PublishReport:
    """Bring what is published up to date with the articles; `folder` is for the export.

    Waits `patience` seconds for another that publishes to the same place. `force` goes past the
    guard, and over files and objects that are not ours. Raises `UnfinishedError` once anything may
    have been changed where readers see it, else any other `FeedsError`.
    """
    check_target(site, folder)
    purging.check(site)
    with place(site, folder).held(patience) as held, closing(Catalogue(site.catalogue)) as known:
        remembers = known.file is not None and _remembers(site, held)
        if not force:
            state.check(held, known)
        taken: Taken = state.take_up(held, known) if remembers else "none"
        # The file times that were taken up are another machine's.
        look = verify or taken == "taken up"
        built = build(site, known, now, verify=look, force=force, progress=progress)
        if remembers:
            state.save(held, known)
        # Readers see a folder that has no store while it is written.
        seen = held.place.objects is None
        before = Objects.in_folder(folder).names() if seen and not held.record.files else ()
        guard = partial(_guard, site, folder) if seen and not force else None
        with _unfinished() if seen else nullcontext():
            exported = export(
                site, known, folder, now, progress, force=force, verify=verify, guard=guard
            )
            if known.file is not None and not remembers and seen:
                said = (
                    *exported.said,
                    f"The memory is not kept, for all can read {folder}: "
                    "name a private folder for it, export.state, if machines without the catalogue "
                    "are to publish.",
                )
                exported = msgspec.structs.replace(exported, said=said)
        if remembers:
            state.save(held, known)  # another may have built since
        made = plan(site, folder, held.record, force=force)
        uploaded = upload(site, folder, held, made, progress, force=force, before=before)
        purged = purge(site, held, progress)
        with _unfinished():
            pinged = websub.tell(site, known, websub.topics(site, known), patience=_PING_PATIENCE)
            if remembers and any(each.sent or each.failed or each.first for each in pinged):
                state.save_told(held, known)
        return PublishReport(held.place.url, taken, built, exported, uploaded, purged, pinged)


def _remembers(site: Site, held: Held) -> bool:
    """Whether the memory is kept at the place: it has articles that are yet to come.

    Raises `StoreError` where it is kept already, but in a folder that all can read.
    """
    upload, export_ = site.settings.upload, site.settings.export
    if upload:
        return upload.memory
    if export_.state or export_.host in _HIDING:
        return True
    if held.record.catalogue:
        raise StoreError(
            f"{held.state.folder} holds the memory, with articles that are yet to come, and all "
            f"that is in {held.state.folder.parent} can be read by anybody; move it to a private "
            "folder and name that as export.state in site.yaml"
        )
    return False


def plan(site: Site, folder: Path, record: Record, *, force: bool = False) -> Plan:
    """What makes the place hold the export in `folder`.

    Raises `GuardError` where too much would be deleted, for readers give up feeds that are gone.
    """
    upload = site.settings.upload
    manifest = uploading.manifest(folder)
    coding = upload.coding if upload else "identity"
    # CloudFront's function leads to the variants.
    variants = s3.NAME in manifest.files
    if variants and coding == "gzip":
        raise StoreError(
            "an export for s3 has each document as gzip and br besides, to choose from; take "
            "upload.coding: gzip out of site.yaml"
        )
    record = uploads.retagged(record, _tag_header(site))
    made = uploads.plan(record, uploads.wanted(manifest, coding, variants=variants))
    if upload and not force:  # a folder's export has asked already
        _guard(site, folder, len(made.deletes), len(record.files))
    return made


def _tag_header(site: Site) -> str | None:
    """The header that the store is given tags in, if it is."""
    upload = site.settings.upload
    # Azure has no hyphens in the names of metadata, as every such header has.
    return site.settings.http.cache_tags if upload and not upload.url.startswith("az:") else None


def _guard(site: Site, folder: Path, gone: int, there: int) -> None:
    most = site.settings.guard
    if gone > max(_GUARD_FROM, there * most / 100):
        raise GuardError(
            f"this would delete {gone:,} of the {there:,} documents that are published, more than "
            f"the {most} % that site.guard allows; nothing was changed. Look at feeds.yaml and "
            f"{folder}, or say --force if this is meant"
        )


def upload(
    site: Site,
    folder: Path,
    held: Held,
    made: Plan,
    progress: Progress,
    *,
    force: bool = False,
    before: Collection[str] = (),
) -> UploadReport:
    """Carry out the plan in the site's store; a folder has been written by the export already.

    `before` are the files that were in such a folder until then. Raises `StoreError` where an
    object that is not ours is in the way, and `force` is not given, and `UnfinishedError` for all
    that goes wrong later.
    """
    settings, objects = site.settings.upload, held.place.objects
    if settings is None or objects is None:
        written = {each.path: each.file for each in made.uploads}
        if made.paths:
            unseen = uploads.unseen(held.record, made, before)
            held.write(uploads.done(held.record, written, made.deletes, unseen))
        return UploadReport(tuple(written), made.deletes, made.unchanged)
    new = {each.path for each in made.uploads if each.why == "new"}
    there = sorted(new.intersection(objects.names())) if new else []
    if there and not force:
        raise StoreError(
            f"{objects.url}/{there[0]} is there and no upload wrote it ({len(there):,} such); "
            "name another prefix, or use --force to overwrite"
        )
    with _unfinished():
        return uploading.upload(
            folder,
            objects,
            held,
            made,
            progress,
            cache_tags=_tag_header(site),
            parallel=settings.parallel,
            encode=settings.coding != "identity",
            unseen=uploads.unseen(held.record, made, there),
        )


def purge(site: Site, held: Held, progress: Progress) -> tuple[PurgeReport, ...]:
    """Purge what was changed and not purged yet, and note that it was.

    Raises `UnfinishedError` if a cache does not.
    """
    with _unfinished():
        return purging.purge(site, held, progress)


@contextmanager
def _unfinished() -> Iterator[None]:
    try:
        yield
    except GuardError:
        raise  # it is asked before anything is done
    except FeedsError as error:
        raise UnfinishedError(
            f"{error}\nfeeds: not finished: every feed is whole, but some may be old; "
            "run the same command again"
        ) from error
