"""The steps of a publish after the export, each for itself: what `feeds publish` is made of.

Each finds out by itself what is left to do.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds import history, manifest, moves, uploads
from feeds import place as places
from feeds import purge as purging
from feeds import upload as uploading
from feeds.catalogue.store import Catalogue
from feeds.errors import (
    ExportError,
    FeedsError,
    GuardError,
    StoreError,
    TargetError,
    UnfinishedError,
)
from feeds.hosts import s3
from feeds.ingest import Progress
from feeds.manifest import PRIVATE
from feeds.place import Held, Place
from feeds.purge import PurgeReport
from feeds.site import Site
from feeds.upload import UploadReport
from feeds.uploads import Plan, Record

# So few objects may always be deleted at once.
_GUARD_FROM = 20
# The hosts that are told to send nothing of the state to anybody.
HIDING = ("nginx", "caddy", "apache")


def place(site: Site, folder: Path) -> Place:
    """Where the site is published to: its store, or the folder of the export itself.

    Raises `StoreError` where the state would lie where all can read it.
    """
    upload = site.settings.upload
    if upload:
        return places.of_store(site.settings.id, upload)
    named = site.settings.export.state
    state = site.root / named if named else None
    if state and _is_public(state.resolve(), folder.resolve(), site):
        raise StoreError(
            f"{state} (export.state) lies in {folder}, where all can read it, and has articles "
            "that are yet to come; name a folder outside of it"
        )
    return places.of_folder(site.settings.id, folder, state)


def _is_public(state: Path, folder: Path, site: Site) -> bool:
    if not state.is_relative_to(folder):
        return False
    first = state.relative_to(folder).parts[:1]
    hidden = bool(first) and first[0].startswith(PRIVATE)
    return not (hidden and site.settings.export.host in HIDING)


def check_memory(site: Site, catalogue: Catalogue, folder: Path) -> None:
    """Raise `ExportError` where an export is, and the catalogue that it was made from is not."""
    with catalogue.read() as reader:
        if reader.revision() != 0:
            return
    there = manifest.documents(manifest.read(folder)) if folder.is_dir() else {}
    if not there and site.settings.upload is None:
        there = place(site, folder).read().files
    if there:
        raise ExportError(
            f"{folder} has an export, and the catalogue that it was made from is gone or empty: "
            "entries would be new to all subscribers. Put the catalogue back, or a backup, or say "
            "--overwrite if this is meant"
        )


def plan(site: Site, folder: Path, record: Record, *, force: bool = False) -> Plan:
    """What makes the place hold the export in `folder`.

    Raises `GuardError` where too much would be deleted, for readers give up feeds that are gone.
    """
    upload = site.settings.upload
    exported = uploading.manifest(folder)
    coding = upload.coding if upload else "identity"
    # CloudFront's function leads to the variants.
    variants = s3.NAME in exported.files
    if variants and coding == "gzip":
        raise StoreError(
            "an export for s3 has each document as gzip and br besides, to choose from; take "
            "upload.coding: gzip out of site.yaml"
        )
    record = uploads.retagged(record, tag_header(site))
    made = uploads.plan(record, uploads.wanted(exported, coding, variants=variants))
    if upload and not force:  # a folder's export has asked already
        guard(site, folder, uploads.published(record), exported.files.keys())
    return made


def tag_header(site: Site) -> str | None:
    """The header that the store is given tags in, if it is."""
    upload = site.settings.upload
    # Azure has no hyphens in the names of metadata, as every such header has.
    return site.settings.http.cache_tags if upload and not upload.url.startswith("az:") else None


def guard(site: Site, folder: Path, there: Collection[str], names: Collection[str]) -> None:
    """Raise `GuardError` where too much of what is `there` is lost if `names` are there instead."""
    gone, most = lost(site, there, names), site.settings.guard
    if len(gone) > max(_GUARD_FROM, len(there) * most / 100):
        raise GuardError(
            f"this would delete {len(gone):,} of the {len(there):,} documents that are published, "
            f"such as {', '.join(gone[:3])}: more than the {most} % that site.guard allows; "
            "nothing that readers see was changed. Look at feeds.yaml and "
            f"{folder}, or say --force if this is meant"
        )


def lost(site: Site, there: Collection[str], names: Collection[str]) -> list[str]:
    """What is there and not among `names`, without what moved or is said to be gone.

    The archives of a feed go with it, for what they show is in the feed's new place.
    """
    known = {name.casefold(): name for name in names}

    def is_told(path: str) -> bool:
        name, _, format_ = path.rpartition(".")
        archive = history.parsed(name)
        asked = f"{archive[0] if archive else name}.{format_}"
        return moves.find(asked, site, lambda each: known.get(each.casefold())) is not None

    now = set(names)
    return sorted(path for path in there if path not in now and not is_told(path))


def upload(
    site: Site,
    folder: Path,
    held: Held,
    made: Plan,
    progress: Progress,
    *,
    overwrite: bool = False,
    before: Collection[str] = (),
) -> UploadReport:
    """Carry out the plan in the site's store; a folder has been written by the export already.

    `before` are the files that were in such a folder until then. Raises `StoreError` where an
    object that is not ours is in the way, and `overwrite` is not given, and `UnfinishedError` for
    all that goes wrong later.
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
    if there and not overwrite:
        raise StoreError(
            f"{objects.url}/{there[0]} is there and no upload wrote it ({len(there):,} such); "
            "name another prefix, or use --overwrite"
        )
    with unfinished():
        return uploading.upload(
            folder,
            objects,
            held,
            made,
            progress,
            cache_tags=tag_header(site),
            parallel=settings.parallel,
            encode=settings.coding != "identity",
            unseen=uploads.unseen(held.record, made, there),
        )


def purge(site: Site, held: Held, progress: Progress) -> tuple[PurgeReport, ...]:
    """Purge what was changed and not purged yet, and note that it was.

    Raises `UnfinishedError` if a cache does not.
    """
    with unfinished():
        return purging.purge(site, held, progress)


@contextmanager
def unfinished() -> Iterator[None]:
    """Say of errors that something may have been changed where readers see it."""
    try:
        yield
    except (GuardError, TargetError):
        raise  # before anything was done
    except FeedsError as error:
        stopped = UnfinishedError(error.lines[0])
        stopped.more = (
            *error.more,
            "not finished: every feed is whole, but some may be old; run the same command again",
        )
        raise stopped from error
