"""`feeds upload`: an export into object storage: only what changed, in the right order."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import msgspec

from feeds.config.site import Site
from feeds.errors import (
    ExportError,
    StoreError,
)
from feeds.export.hosts.registry import stores_variants
from feeds.export.manifest import File, Manifest, read
from feeds.publish import upload_plan
from feeds.publish.destination import NOTED, LockedDestination
from feeds.publish.guard import check_deletions, unfinished
from feeds.publish.object_store import ObjectStore
from feeds.publish.record import Record, after_upload, published, retagged
from feeds.publish.upload_plan import Upload, UploadPlan
from feeds.util import compression
from feeds.util.progress import Progress


class UploadReport(msgspec.Struct, frozen=True):
    """The objects that were written and deleted, by path, and how many stayed as they were."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int


def read_manifest(folder: Path) -> Manifest:
    """What the export in `folder` says that it wrote. Raises `ExportError` if it is none."""
    found = read(folder)
    if not found.files:
        raise ExportError(f"{folder} is no export; make one with feeds export {folder}")
    return found


def upload_objects(
    folder: Path,
    objects: ObjectStore,
    held: LockedDestination,
    made: UploadPlan,
    progress: Progress,
    *,
    cache_tags: str | None,
    parallel: int,
    encode: bool = False,
    unseen: Collection[str] = frozenset(),
) -> UploadReport:
    """Carry out the plan; `encode` says whether the files are yet to get their coding.

    At any moment every object is an old or a new one, whole. Caches need not forget what is
    `unseen`.

    Raises `StoreError`, and `ExportError` where a file is not as the export left it. What was done
    until then is known to the next upload.
    """
    if made.paths:
        held.write(upload_plan.before_upload(retagged(held.record, cache_tags), made))
        with ThreadPoolExecutor(parallel) as pool:
            _UploadRun(folder, objects, held, pool, progress, cache_tags, encode, unseen).run(made)
    return UploadReport(tuple(each.path for each in made.uploads), made.deletes, made.unchanged)


class _UploadRun:
    def __init__(
        self,
        folder: Path,
        objects: ObjectStore,
        held: LockedDestination,
        pool: ThreadPoolExecutor,
        progress: Progress,
        cache_tags: str | None,
        encode: bool,
        unseen: Collection[str],
    ) -> None:
        self._folder, self._objects, self._held = folder, objects, held
        self._pool, self._progress, self._cache_tags = pool, progress, cache_tags
        self._encode, self._unseen = encode, unseen
        self._done, self._all = 0, 0
        # What the record does not know yet.
        self._written: dict[str, File] = {}
        self._deleted: list[str] = []

    def run(self, made: UploadPlan) -> None:
        self._all = len(made.paths)
        for batch in _batches(made.uploads):
            self._carry_out({self._pool.submit(self._write, each): each for each in batch})
        self._carry_out({self._pool.submit(self._delete, path): path for path in made.deletes})
        self._note()

    def _carry_out(self, running: dict[Future[None], Upload | str]) -> None:
        """Wait for all of these, for what comes next refers to them."""
        try:
            for future in as_completed(running):
                future.result()
                self._settle(running[future])
                self._done += 1
                self._progress("Uploading", self._done, self._all)
                if self._held.age() > NOTED:
                    self._note()
        except BaseException:
            self._pool.shutdown(cancel_futures=True)
            for future, each in running.items():
                if not future.cancelled() and future.exception() is None:
                    self._settle(each)
            with suppress(StoreError):  # what went wrong first is what is to be told
                self._note()
            raise

    def _settle(self, each: Upload | str) -> None:
        if isinstance(each, str):
            self._deleted.append(each)
        else:
            self._written[each.path] = each.file

    def _note(self) -> None:
        """Write down what was done."""
        record = self._held.record
        self._held.write(after_upload(record, self._written, self._deleted, self._unseen))
        self._written, self._deleted = {}, []

    def _write(self, each: Upload) -> None:
        body, file = _body(self._folder, each), each.file
        if self._encode:
            body, file = _stored(body, file)
        self._held.check()
        self._objects.put(each.path, body, upload_plan.headers(file, self._cache_tags))

    def _delete(self, path: str) -> None:
        self._held.check()
        self._objects.delete(path)


def _batches(made: Sequence[Upload]) -> Iterator[list[Upload]]:
    """The uploads in parts, each of which has to be there before the next."""
    for _, part in groupby(made, key=upload_plan.stage):
        yield list(part)


def _body(folder: Path, each: Upload) -> bytes:
    """The bytes to store. Raises `ExportError` if the file is another than the manifest says."""
    file = folder / each.path
    try:
        body = file.read_bytes()
    except OSError as error:
        raise ExportError(f"{file} cannot be read: {error.strerror}; export again") from error
    if hashlib.sha256(body).hexdigest() != each.file.sha256:
        raise ExportError(f"{file} is not as the export left it; export again")
    return body


def _stored(body: bytes, file: File) -> tuple[bytes, File]:
    """The bytes in their coding, and what is said of them; as they are where it shrinks nothing."""
    packed = compression.encode(body, file.coding) if file.coding else None
    if packed is None:
        return body, msgspec.structs.replace(file, coding=None)
    return packed, file


def plan_upload(site: Site, folder: Path, record: Record, *, force: bool = False) -> UploadPlan:
    """What makes the place hold the export in `folder`.

    Raises `GuardError` where too much would be deleted, for readers give up feeds that are gone.
    """
    upload = site.settings.upload
    exported = read_manifest(folder)
    coding = upload.coding if upload else "identity"
    variants = stores_variants(exported.files)
    if variants and coding == "gzip":
        raise StoreError(
            "an export for s3 has each document as gzip and br besides, to choose from; take "
            "upload.coding: gzip out of site.yaml"
        )
    record = retagged(record, tag_header(site))
    made = upload_plan.plan_uploads(record, upload_plan.wanted(exported, coding, variants=variants))
    if upload and not force:  # a folder's export has asked already
        check_deletions(site, folder, published(record), exported.files.keys())
    return made


def tag_header(site: Site) -> str | None:
    """The header that the store is given tags in, if it is."""
    upload = site.settings.upload
    # Azure has no hyphens in the names of metadata, as every such header has.
    return site.settings.http.cache_tags if upload and not upload.url.startswith("az:") else None


def upload(
    site: Site,
    folder: Path,
    held: LockedDestination,
    made: UploadPlan,
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
            unseen = upload_plan.unseen(held.record, made, before)
            held.write(after_upload(held.record, written, made.deletes, unseen))
        return UploadReport(tuple(written), made.deletes, made.unchanged)
    new = {each.path for each in made.uploads if each.why == "new"}
    there = sorted(new.intersection(objects.names())) if new else []
    if there and not overwrite:
        raise StoreError(
            f"{objects.url}/{there[0]} is there and no upload wrote it ({len(there):,} such); "
            "name another prefix, or use --overwrite"
        )
    with unfinished():
        return upload_objects(
            folder,
            objects,
            held,
            made,
            progress,
            cache_tags=tag_header(site),
            parallel=settings.parallel,
            encode=settings.coding != "identity",
            unseen=upload_plan.unseen(held.record, made, there),
        )
