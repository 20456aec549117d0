"""What to upload and delete so that a store holds an export, and in which order. Pure; no I/O.

A store is never asked what it holds: its ETags are no hash of the content where it encrypts or
joins parts (S3 API, Object), and say nothing of metadata. A record of our own says it.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from feeds.export.manifest import File
from feeds.util.compression import SUFFIXES


class CatalogueCopy(msgspec.Struct, frozen=True):
    """A catalogue that is kept in the state: its object's key, the hash of its bytes, its id.

    `sealed` stands for the key that it is encrypted with (`encryption`), empty if it is not.
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
    catalogue: CatalogueCopy | None = None
    shown: dict[str, str] = {}
    origin: str = ""


def published_paths(record: Record) -> list[str]:
    """The paths that readers ask for, without variants that were compressed beforehand.

    By name, for a store may hold every document in a coding.
    """
    return [path for path in record.files if not path.endswith(tuple(SUFFIXES.values()))]


def with_tag_header(record: Record, header: str | None) -> Record:
    """The record for tags in this header: files whose tags are in another are to be written."""
    if record.tagged == header:
        return record
    files = {path: msgspec.structs.replace(file, tags=()) for path, file in record.files.items()}
    return msgspec.structs.replace(record, files=files, tagged=header)


def after_move(record: Record) -> Record:
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


def after_upload(
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


def pending_purge(record: Record, cache: str) -> dict[str, str]:
    """The paths that this cache may still hold old copies of, each with its tag."""
    forgotten = set(record.purged.get(cache, ()))
    return {path: tag for path, tag in record.purge.items() if path not in forgotten}


def after_purge(record: Record, cache: str, paths: Iterable[str], caches: Iterable[str]) -> Record:
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
