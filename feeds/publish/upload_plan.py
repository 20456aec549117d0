"""Decides which objects to upload and delete, and in which order. Pure; no I/O."""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from feeds.export.manifest import File, Kind, Manifest, documents
from feeds.publish.record import Record

# A document is uploaded after everything that it refers to.
UPLOAD_ORDER: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")
# Stores limit user-defined metadata of an object; S3 to 2 KB with the names.
_TAG_BYTES = 1_800

# "begun" is a new object whose upload an earlier run may have begun; "unsure" is one that an
# earlier run may have changed.
Why = Literal["new", "begun", "content", "metadata", "unsure"]


class Upload(msgspec.Struct, frozen=True):
    """One object to write, and why."""

    path: str
    file: File
    why: Why


class UploadPlan(msgspec.Struct, frozen=True):
    """The objects to write, in order; the paths to delete afterwards; the number unchanged."""

    uploads: tuple[Upload, ...]
    deletes: tuple[str, ...]
    unchanged: int

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that changes."""
        return (*(upload.path for upload in self.uploads), *self.deletes)


def expected_objects(
    manifest: Manifest, coding: Literal["identity", "gzip"], *, variants: bool = False
) -> dict[str, File]:
    """Return the objects that the store should hold, by path.

    A store does not negotiate: one object has one coding. Precompressed variants are meant for
    web servers, and are uploaded only with `variants`.
    """
    content_coding = None if coding == "identity" else coding
    files = {
        path: msgspec.structs.replace(file, coding=content_coding)
        for path, file in documents(manifest).items()
    }
    if variants:
        files |= {path: file for path, file in manifest.files.items() if file.coding}
    return files


def plan_uploads(record: Record, files: Mapping[str, File]) -> UploadPlan:
    """Plan the changes that turn a store as in `record` into one that holds `files`.

    The order is: archive documents, new ones before those that link to them as their next;
    assets, feeds, pages, lists; within each, by path. Only objects in the record are deleted.
    """
    unsure = set(record.open)
    uploads = [
        Upload(path, file, why)
        for path, file in files.items()
        if (why := _why(record.files.get(path), file, unsure=path in unsure))
    ]
    uploads.sort(key=lambda upload: (*stage(upload), upload.path))
    deletes = sorted((record.files.keys() | unsure) - files.keys())
    return UploadPlan(tuple(uploads), tuple(deletes), len(files) - len(uploads))


def stage(upload: Upload) -> tuple[int, bool]:
    """Return a sort key for upload stages; uploads within one stage are independent."""
    kind = upload.file.kind
    return UPLOAD_ORDER.index(kind), kind == "archive" and upload.why not in ("new", "begun")


def _why(recorded: File | None, file: File, *, unsure: bool) -> Why | None:
    if unsure:
        return "unsure" if recorded else "begun"
    if recorded is None:
        return "new"
    if (recorded.sha256, recorded.coding) != (file.sha256, file.coding):
        return "content"
    return None if recorded == file else "metadata"


def object_headers(file: File, tag_header: str | None) -> dict[str, str]:
    """Return the HTTP headers to store with an object.

    `tag_header` is the name of the header with cache tags, which a CDN makes of the object's
    metadata.
    """
    headers = {"Content-Type": file.media_type, "Cache-Control": file.cache_control}
    if file.coding:
        headers["Content-Encoding"] = file.coding
    if tag_header and (tags := _fit_tags(file.tags)):
        separator = " " if tag_header in ("Surrogate-Key", "xkey") else ","
        headers[tag_header] = separator.join(tags)
    return headers


def _fit_tags(tags: Iterable[str]) -> list[str]:
    """Return the first tags that fit into the metadata of an object."""
    fitting, left = [], _TAG_BYTES
    for tag in tags:
        left -= len(tag) + 1
        if left < 0:
            break
        fitting.append(tag)
    return fitting


def before_upload(record: Record, plan: UploadPlan) -> Record:
    """Return the record to write before the plan is carried out: its paths become uncertain."""
    return msgspec.structs.replace(record, open=tuple(sorted({*record.open, *plan.paths})))


def never_cached(record: Record, plan: UploadPlan, existing: Collection[str]) -> frozenset[str]:
    """Return the paths of the plan of which no cache can hold an old copy.

    These are the paths that the very first publish writes, except `existing` ones. Caches may hold
    a 404 for them, but only for minutes, and a purge would not prevent that.
    """
    if record.files or record.open or record.purge:
        return frozenset()
    return frozenset(plan.paths).difference(existing)
