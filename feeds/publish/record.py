"""The record of the documents published at a destination.

The program compares with the record, not with the objects: ETags in a store are not hashes of the
content if objects are encrypted or uploaded in parts (S3 API, "Object"), and do not cover metadata.
Pure; no I/O.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from feeds.export.manifest import File
from feeds.util.compression import SUFFIXES


class CatalogueCopy(msgspec.Struct, frozen=True):
    """A copy of the catalogue in the state: its key, the SHA-256 of its bytes, and its id.

    `sealed` is the id of the key that it is encrypted with (`CatalogueCipher.key_id`), or empty.
    """

    key: str
    sha256: str
    id: str
    revision: int
    sealed: str = ""


class Record(msgspec.Struct, frozen=True):
    """The published documents. This object is read first and written last.

    - `site`: the id of the site. Empty in records of early versions.
    - `url`: the URL of the store, "file:" for a folder. Empty in records of early versions.
    - `tagged`: the name of the header with the tags of every file.
    - `files`: the objects by path.
    - `open`: the paths that were about to change at the last write; their content is uncertain.
    - `purge`: the paths of which caches may hold old copies, each with its tag, or "".
    - `purged`: by name of a cache, the paths in `purge` that it has purged already.
    - `shown`: the digest of the entries of each feed, by path; hubs are notified of these.
    - `origin`: an id shared with the catalogue that was published, if no memory is kept.
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
    """Return the paths that readers request, without precompressed variants.

    Variants are recognised by name, because a store may hold every document in a coding.
    """
    return [path for path in record.files if not path.endswith(tuple(SUFFIXES.values()))]


def with_tag_header(record: Record, header: str | None) -> Record:
    """Return the record for tags in this header; files with tags in another become changed."""
    if record.tagged == header:
        return record
    files = {path: msgspec.structs.replace(file, tags=()) for path, file in record.files.items()}
    return msgspec.structs.replace(record, files=files, tagged=header)


def after_move(record: Record) -> Record:
    """Return the record of a new location, given that of the previous one.

    The objects at the new location are unknown, and must not be deleted. Caches may hold documents
    of the previous one.
    """
    purge = {
        **dict.fromkeys(record.open, ""),
        **{path: _feed_tag(file) for path, file in record.files.items()},
        **record.purge,
    }
    purge = dict(sorted(purge.items()))
    return Record(catalogue=record.catalogue, purge=purge, origin=record.origin)


def after_upload(
    record: Record,
    written: Mapping[str, File],
    deleted: Iterable[str],
    never_cached: Collection[str] = frozenset(),
) -> Record:
    """Return the record after these objects were written and deleted.

    They are no longer uncertain, and are to be purged, except the paths `never_cached`.
    """
    gone = set(deleted)
    settled = {*written, *gone}
    purge = {
        **record.purge,
        **{path: _feed_tag(record.files.get(path)) for path in gone},
        **{path: _feed_tag(file) for path, file in written.items() if path not in never_cached},
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
    """Return the paths of which this cache may hold old copies, each with its tag."""
    purged = set(record.purged.get(cache, ()))
    return {path: tag for path, tag in record.purge.items() if path not in purged}


def after_purge(record: Record, cache: str, paths: Iterable[str], caches: Iterable[str]) -> Record:
    """Return the record after a cache has purged these paths; `caches` are all configured ones.

    Paths purged by every configured cache are dropped; caches that are no longer configured are
    ignored.
    """
    purged = {name: set(record.purged.get(name, ())) for name in caches}
    purged.setdefault(cache, set()).update(paths)
    done = set(record.purge).intersection(*purged.values())
    return msgspec.structs.replace(
        record,
        purge={path: tag for path, tag in record.purge.items() if path not in done},
        purged={
            name: tuple(sorted(left)) for name, some in purged.items() if (left := some - done)
        },
    )


def _feed_tag(file: File | None) -> str:
    """Return the tag of only this feed, in all its formats; empty if the file has none."""
    return next((tag for tag in file.tags if tag.startswith("feed:")), "") if file else ""
