"""What to upload and delete so that a store holds an export, and in which order. Pure; no I/O.

A store is never asked what it holds: its ETags are no hash of the content where it encrypts or
joins parts (S3 API, Object), and say nothing of metadata. A record of our own says it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from feeds.hosts.host import SUFFIXES
from feeds.manifest import File, Kind, Manifest, documents

# What others refer to comes first.
KINDS: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")
# Stores bound the metadata of an object of our own naming; S3 to 2 KB with the name.
_TAG_BYTES = 1_800

# "begun" is new, but for a run before that did not end.
Why = Literal["new", "begun", "content", "metadata", "unsure"]


class Saved(msgspec.Struct, frozen=True):
    """A catalogue that is kept in the state: its object's key, the hash of its bytes, its id.

    `sealed` stands for the key that it is encrypted with (`feeds.sealing`), empty if it is not.
    """

    key: str
    sha256: str
    id: str
    revision: int
    sealed: str = ""


class Record(msgspec.Struct, frozen=True):
    """What is published: the one object that is written last, and read first.

    `files` are the objects by path, `open` the paths that were about to change when this was
    written: what they hold is not known. `purge` are the paths that caches may still hold old
    copies of, each with its tag, empty if it has none; `purged`, by the name of a cache, are those
    of them that it has forgotten. `site` is the id of the site whose it is, `url` that of the
    store, "file:" for a folder; each is empty in a record of an earlier version. `tagged` is the
    name of the header that the tags of every file are in. `shown` has what each feed shows there,
    by path: hubs are told of that. `origin` is the id that a catalogue has which was published
    from here, in a place that keeps none.
    """

    site: str = ""
    url: str = ""
    tagged: str | None = None
    files: dict[str, File] = {}
    open: tuple[str, ...] = ()
    purge: dict[str, str] = {}
    purged: dict[str, tuple[str, ...]] = {}
    catalogue: Saved | None = None
    shown: dict[str, str] = {}
    origin: str = ""


class Upload(msgspec.Struct, frozen=True):
    """One object to write, and why."""

    path: str
    file: File
    why: Why


class Plan(msgspec.Struct, frozen=True):
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


def plan(record: Record, files: Mapping[str, File]) -> Plan:
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
    uploads.sort(key=lambda each: (*turn(each), each.path))
    deletes = sorted((record.files.keys() | unsure) - files.keys())
    return Plan(tuple(uploads), tuple(deletes), len(files) - len(uploads))


def published(record: Record) -> list[str]:
    """The paths that readers ask for, without variants that were compressed beforehand.

    By name, for a store may hold every document in a coding.
    """
    return [path for path in record.files if not path.endswith(tuple(SUFFIXES.values()))]


def turn(upload: Upload) -> tuple[int, bool]:
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
    if cache_tags and (tags := _fitting(file.tags)):
        said[cache_tags] = (" " if cache_tags in ("Surrogate-Key", "xkey") else ",").join(tags)
    return said


def _fitting(tags: Iterable[str]) -> list[str]:
    kept, left = [], _TAG_BYTES
    for tag in tags:
        left -= len(tag) + 1
        if left < 0:
            break
        kept.append(tag)
    return kept


def retagged(record: Record, header: str | None) -> Record:
    """The record for tags in this header: files whose tags are in another are to be written."""
    if record.tagged == header:
        return record
    files = {path: msgspec.structs.replace(file, tags=()) for path, file in record.files.items()}
    return msgspec.structs.replace(record, files=files, tagged=header)


def begun(record: Record, made: Plan) -> Record:
    """The record before the plan is carried out: what it changes is not sure any more."""
    return msgspec.structs.replace(record, open=tuple(sorted({*record.open, *made.paths})))


def unseen(record: Record, made: Plan, there: Collection[str]) -> frozenset[str]:
    """The paths of the plan that no cache can hold an old copy of.

    That is what the first of all publishes writes where nothing was (`there` is what was). Caches
    may have been told that it is not there; that they keep for minutes, whatever comes later.
    """
    if record.files or record.open or record.purge:
        return frozenset()
    return frozenset(made.paths).difference(there)


def moved(record: Record) -> Record:
    """The record of another place: of this one nothing is known, or ours to delete.

    Caches may hold what was at the other.
    """
    purge = {
        **dict.fromkeys(record.open, ""),
        **{path: _tag(file) for path, file in record.files.items()},
        **record.purge,
    }
    purge = dict(sorted(purge.items()))
    return Record(catalogue=record.catalogue, purge=purge, origin=record.origin)


def done(
    record: Record,
    written: Mapping[str, File],
    deleted: Iterable[str],
    unseen: Collection[str] = frozenset(),
) -> Record:
    """The record after these objects were written and deleted: sure again, and to be purged.

    Nothing is to be purged that is `unseen`.
    """
    gone = set(deleted)
    settled = {*written, *gone}
    purge = {
        **record.purge,
        **{path: _tag(record.files.get(path)) for path in gone},
        **{path: _tag(file) for path, file in written.items() if path not in unseen},
    }
    files = {path: file for path, file in record.files.items() if path not in gone}
    return msgspec.structs.replace(
        record,
        files=dict(sorted({**files, **written}.items())),
        open=tuple(path for path in record.open if path not in settled),
        purge=dict(sorted(purge.items())),
        purged={
            cache: tuple(path for path in paths if path not in settled)
            for cache, paths in record.purged.items()
        },
    )


def pending(record: Record, cache: str) -> dict[str, str]:
    """The paths that this cache may still hold old copies of, each with its tag."""
    forgotten = set(record.purged.get(cache, ()))
    return {path: tag for path, tag in record.purge.items() if path not in forgotten}


def forgotten(record: Record, cache: str, paths: Iterable[str], caches: Iterable[str]) -> Record:
    """The record after a cache has forgotten these paths, where these are all caches that count.

    What all of them have forgotten is done, and what others had is of no matter any more.
    """
    purged = {each: set(record.purged.get(each, ())) for each in caches}
    purged.setdefault(cache, set()).update(paths)
    done = set(record.purge).intersection(*purged.values())
    return msgspec.structs.replace(
        record,
        purge={path: tag for path, tag in record.purge.items() if path not in done},
        purged={
            each: tuple(sorted(left)) for each, some in purged.items() if (left := some - done)
        },
    )


def _tag(file: File | None) -> str:
    """The tag that stands for a file and its feed's other formats alone; empty if it has none."""
    return next((tag for tag in file.tags if tag.startswith("feed:")), "") if file else ""
