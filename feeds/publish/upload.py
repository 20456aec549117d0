"""Uploads an export to an object store: only changed objects, in a safe order."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import msgspec

from feeds.config.settings import UploadSettings
from feeds.config.site import Site
from feeds.errors import ExportError, StoreError
from feeds.export.hosts.registry import stores_variants
from feeds.export.manifest import File, Manifest, read
from feeds.publish import upload_plan
from feeds.publish.destination import RECORD_INTERVAL, LockedDestination
from feeds.publish.guard import check_deletions, mark_unfinished
from feeds.publish.object_store import ObjectStore
from feeds.publish.record import Record, after_upload, published_paths, with_tag_header
from feeds.publish.upload_plan import Upload, UploadPlan
from feeds.util import compression
from feeds.util.progress import Progress


class UploadReport(msgspec.Struct, frozen=True):
    """The paths of the objects written and deleted, and the number of unchanged ones."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the export in `folder`. Raises `ExportError` if there is no export."""
    manifest = read(folder)
    if not manifest.files:
        raise ExportError(f"{folder} is not an export; create one with feeds export {folder}")
    return manifest


def plan_upload(site: Site, folder: Path, record: Record, *, force: bool = False) -> UploadPlan:
    """Plan the changes after which the destination holds the export in `folder`.

    Raises `GuardError` if too many documents would be deleted, unless `force` is set: readers
    unsubscribe from feeds that are gone.
    """
    upload = site.settings.upload
    manifest = read_manifest(folder)
    coding = upload.coding if upload else "identity"
    variants = stores_variants(manifest.files)
    if variants and coding == "gzip":
        raise StoreError(
            "an export for s3 already contains gzip and br variants of each document; remove "
            "upload.coding: gzip from site.yaml"
        )
    record = with_tag_header(record, tag_header(site))
    objects = upload_plan.expected_objects(manifest, coding, variants=variants)
    if upload and not force:  # in a folder, the export has applied the guard
        check_deletions(site, folder, published_paths(record), manifest.files)
    return upload_plan.plan_uploads(record, objects)


def tag_header(site: Site) -> str | None:
    """Return the name of the header in which the store keeps cache tags; None if it keeps none."""
    upload = site.settings.upload
    # Azure allows no hyphen in names of metadata, and each of these headers has one.
    return site.settings.http.cache_tags if upload and not upload.url.startswith("az:") else None


def upload(
    site: Site,
    folder: Path,
    destination: LockedDestination,
    plan: UploadPlan,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> UploadReport:
    """Carry out the plan in the object store of the site. `folder` is the export.

    At any moment, every object is an old or a new one as a whole. Raises `StoreError` before the
    first change if an object exists that no upload recorded, unless `overwrite` is set, and
    `UnfinishedError` for every later failure. The next upload knows of all completed writes.
    """
    settings, store = site.settings.upload, destination.destination.objects
    if settings is None or store is None:
        raise StoreError("upload: site.yaml names no store")
    new = {upload.path for upload in plan.uploads if upload.why == "new"}
    existing = sorted(new.intersection(store.list_keys())) if new else []
    if existing and not overwrite:
        raise StoreError(
            f"{store.url}/{existing[0]} exists and no upload wrote it ({len(existing):,} such "
            "objects); use another prefix, or pass --overwrite"
        )
    header = tag_header(site)
    if plan.paths:
        with mark_unfinished():
            never_cached = upload_plan.never_cached(destination.record, plan, existing)
            record = with_tag_header(destination.record, header)
            destination.write_record(upload_plan.before_upload(record, plan))
            _Uploader(folder, store, destination, settings, header, progress).run(
                plan, never_cached
            )
    return _report(plan)


def record_export(
    destination: LockedDestination, plan: UploadPlan, existing: Collection[str]
) -> UploadReport:
    """Record the plan as done, in a folder that the export has already written.

    `existing` are the paths of the files that were there before the export.
    """
    if plan.paths:
        record = destination.record
        written = {upload.path: upload.file for upload in plan.uploads}
        never_cached = upload_plan.never_cached(record, plan, existing)
        destination.write_record(after_upload(record, written, plan.deletes, never_cached))
    return _report(plan)


def _report(plan: UploadPlan) -> UploadReport:
    written = tuple(upload.path for upload in plan.uploads)
    return UploadReport(written, plan.deletes, plan.unchanged)


class _Uploader:
    """Writes and deletes the objects of one plan, several at a time.

    `tag_header` is the name of the header for cache tags.
    """

    def __init__(
        self,
        folder: Path,
        store: ObjectStore,
        destination: LockedDestination,
        settings: UploadSettings,
        tag_header: str | None,
        progress: Progress,
    ) -> None:
        self._folder, self._store, self._destination = folder, store, destination
        self._tag_header, self._progress = tag_header, progress
        self._encode = settings.coding != "identity"
        self._pool = ThreadPoolExecutor(settings.parallel)
        self._never_cached: Collection[str] = ()
        self._done, self._total = 0, 0
        # Completed, and not in the record yet.
        self._written: dict[str, File] = {}
        self._deleted: list[str] = []

    def run(self, plan: UploadPlan, never_cached: Collection[str]) -> None:
        """Carry out the plan. Caches need not be purged of the paths `never_cached`.

        Raises `StoreError`, and `ExportError` if a file has changed since the export.
        """
        self._total, self._never_cached = len(plan.paths), never_cached
        with self._pool:
            for stage in _stages(plan.uploads):
                self._wait({self._pool.submit(self._write, upload): upload for upload in stage})
            self._wait({self._pool.submit(self._delete, path): path for path in plan.deletes})
        self._write_record()

    def _wait(self, running: dict[Future[None], Upload | str]) -> None:
        """Wait for the whole stage, because documents of the next one refer to it."""
        try:
            for future in as_completed(running):
                future.result()
                self._settle(running[future])
                self._done += 1
                self._progress("Uploading", self._done, self._total)
                if self._destination.seconds_since_write() > RECORD_INTERVAL:
                    self._write_record()
        except BaseException:
            self._pool.shutdown(cancel_futures=True)
            for future, change in running.items():
                if not future.cancelled() and future.exception() is None:
                    self._settle(change)
            with suppress(StoreError):  # report the first error
                self._write_record()
            raise

    def _settle(self, change: Upload | str) -> None:
        if isinstance(change, str):
            self._deleted.append(change)
        else:
            self._written[change.path] = change.file

    def _write_record(self) -> None:
        record = self._destination.record
        self._destination.write_record(
            after_upload(record, self._written, self._deleted, self._never_cached)
        )
        self._written, self._deleted = {}, []

    def _write(self, upload: Upload) -> None:
        body, file = _read_file(self._folder, upload), upload.file
        if self._encode:
            body, file = _encode(body, file)
        self._destination.check_lock()
        self._store.put(upload.path, body, upload_plan.object_headers(file, self._tag_header))

    def _delete(self, path: str) -> None:
        self._destination.check_lock()
        self._store.delete(path)


def _stages(uploads: Sequence[Upload]) -> Iterator[list[Upload]]:
    """Yield groups of uploads; each must be complete before the next begins."""
    for _, group in groupby(uploads, key=upload_plan.stage):
        yield list(group)


def _read_file(folder: Path, upload: Upload) -> bytes:
    """Read an exported file. Raises `ExportError` unless it is as the manifest says."""
    file = folder / upload.path
    try:
        body = file.read_bytes()
    except OSError as error:
        raise ExportError(f"{file} cannot be read: {error.strerror}; export again") from error
    if hashlib.sha256(body).hexdigest() != upload.file.sha256:
        raise ExportError(f"{file} has changed since the export; export again")
    return body


def _encode(body: bytes, file: File) -> tuple[bytes, File]:
    """Compress the body in the coding of `file`; without a coding if that saves nothing."""
    packed = compression.encode(body, file.coding) if file.coding else None
    if packed is None:
        return body, msgspec.structs.replace(file, coding=None)
    return packed, file
