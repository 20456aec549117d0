"""Which objects to upload and delete, and in which order. Pure; no I/O."""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from feeds.export.manifest import File, Kind, Manifest, documents
from feeds.model.document import join_tags
from feeds.publish.record import Record

# What others refer to comes first.
KINDS: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")
# Object stores limit the size of custom metadata: S3 to 2 KB, including the name.
_TAG_BYTES = 1_800

# "begun" is new, but for a run before that did not end.
Why = Literal["new", "begun", "content", "metadata", "unsure"]


class Upload(msgspec.Struct, frozen=True):
    """One object to write, and why."""

    path: str
    file: File
    why: Why


class UploadPlan(msgspec.Struct, frozen=True):
    """What to write, in order, then what to delete, and how many objects stay as they are."""

    uploads: tuple[Upload, ...]
    deletes: tuple[str, ...]
    unchanged: int

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that will be another."""
        return (*(each.path for each in self.uploads), *self.deletes)


def wanted(
    manifest: Manifest, coding: Literal["identity", "gzip"], *, variants: bool = False
) -> dict[str, File]:
    """The objects that are to be there, by path.

    A store does not negotiate: one object has one coding. Variants that were compressed
    beforehand are for web servers, and stay behind unless `variants` says that they are asked for.
    """
    said = None if coding == "identity" else coding
    files = {
        path: msgspec.structs.replace(file, coding=said)
        for path, file in documents(manifest).items()
    }
    if variants:
        files |= {path: file for path, file in manifest.files.items() if file.coding}
    return files


def plan_uploads(record: Record, files: Mapping[str, File]) -> UploadPlan:
    """What makes a store that holds `record` hold `files`.

    What others refer to comes first: archives, those that are new before those that name them as
    their next; assets, feeds, pages, lists; in each, by path.
    Nothing is deleted that is not in the record.
    """
    unsure = set(record.open)
    uploads = [
        Upload(path, file, why)
        for path, file in files.items()
        if (why := _why(record.files.get(path), file, unsure=path in unsure))
    ]
    uploads.sort(key=lambda each: (*stage(each), each.path))
    deletes = sorted((record.files.keys() | unsure) - files.keys())
    return UploadPlan(tuple(uploads), tuple(deletes), len(files) - len(uploads))


def stage(upload: Upload) -> tuple[int, bool]:
    """When its turn is: what comes in one turn does not depend on each other."""
    kind = upload.file.kind
    return KINDS.index(kind), kind == "archive" and upload.why not in ("new", "begun")


def _why(known: File | None, file: File, *, unsure: bool) -> Why | None:
    if unsure:
        return "unsure" if known else "begun"
    if known is None:
        return "new"
    if (known.sha256, known.coding) != (file.sha256, file.coding):
        return "content"
    return None if known == file else "metadata"


def headers(file: File, cache_tags: str | None) -> dict[str, str]:
    """What is stored with an object for those who fetch it.

    `cache_tags` is the name of the header with tags, that CDNs make of the object's metadata.
    """
    said = {"Content-Type": file.media_type, "Cache-Control": file.cache_control}
    if file.coding:
        said["Content-Encoding"] = file.coding
    if cache_tags and (tags := join_tags(cache_tags, file.tags, _TAG_BYTES)):
        said[cache_tags] = tags
    return said


def before_upload(record: Record, made: UploadPlan) -> Record:
    """The record before the plan is carried out: what it changes is not sure any more."""
    return msgspec.structs.replace(record, open=tuple(sorted({*record.open, *made.paths})))


def unseen(record: Record, made: UploadPlan, there: Collection[str]) -> frozenset[str]:
    """The paths of the plan that no cache can hold an old copy of.

    That is what the first of all publishes writes where nothing was (`there` is what was). Caches
    may have been told that it is not there; that they keep for minutes, whatever comes later.
    """
    if record.files or record.open or record.purge:
        return frozenset()
    return frozenset(made.paths).difference(there)
