"""Write the files of an export that differ, with their variants, and the manifest."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from feeds.config.site import Site
from feeds.errors import ExportBlockedError, ExportError
from feeds.export import manifest
from feeds.export.atomic_folder import AtomicFolder, mtime_ns, mtime_second
from feeds.export.manifest import Completion, File, Kind, Manifest
from feeds.model.document import Document, body_digest
from feeds.render import headers
from feeds.util import compression
from feeds.util.compression import SUFFIXES
from feeds.util.dates import NEVER

# Range in seconds, about ten years, of modification times that are derived from content.
_SPREAD = 315_360_000


class WriteOptions(msgspec.Struct, frozen=True):
    """How files are written: documents of the kinds `coded` are precompressed in `codings`.

    `copies` maps additional paths to the documents written there. `overwrite` allows replacing
    files that no export wrote. `verify` reads files to check that they are unchanged. `now` is the
    time of the export.
    """

    coded: tuple[Kind, ...]
    codings: tuple[str, ...]
    copies: Mapping[str, str]
    overwrite: bool
    verify: bool
    now: datetime


class WriteResult(msgspec.Struct, frozen=True):
    """The current files of `count` feeds or archives, and the paths that were written."""

    count: int
    files: dict[str, File]
    written: list[str]


class ExportWriter:
    """Updates the folder of an export from the files of the last export to those of this one.

    `before` is the manifest of the last export. Documents are compared, compressed and written in
    threads; after `sync` they are on the disk.
    """

    def __init__(
        self, target: AtomicFolder, before: Manifest, site: Site, options: WriteOptions
    ) -> None:
        self._target, self._site, self._options = target, site, options
        self._copies: dict[str, list[str]] = {}
        for old, name in options.copies.items():
            self._copies.setdefault(name, []).append(old)
        self.before, self.after = before, Manifest({}, {})
        self.written: list[str] = []

    def are_current(self, names: Iterable[str]) -> bool:
        """Return whether these documents and their variants are unchanged: by size, or by hash."""
        needed = self._paths(names)
        return all(map(self._is_current, [*needed, *self._variants(needed)]))

    def exist(self, names: Iterable[str]) -> bool:
        """Return whether every one of these documents has a file."""
        return all(map(self._target.exists, names))

    def _is_current(self, name: str) -> bool:
        file = self.before.files.get(name)
        if file is None or self._target.size(name) != file.size:
            return False
        return (
            not self._options.verify or body_digest(self._target.read(name) or b"") == file.sha256
        )

    def keep(self, names: Iterable[str]) -> None:
        """Keep the existing files of these documents."""
        paths = self._paths(names)
        for name in (*paths, *self._variants(paths)):
            self.after.files[name] = self.before.files[name]

    def begin(self, names: Iterable[str], changing: Collection[str]) -> None:
        """Record the files about to be written, so that the next export can resume after a crash.

        Claims the documents `names`, and drops the state of the feeds `changing`. Raises
        `ExportBlockedError` for an obstacle that would also stop the next export.
        """
        paths = self._paths(names)
        self._check(paths)
        self._target.remove([manifest.COMPLETION_NAME])
        has_new = False
        for path in paths:
            for name in (path, *(path + SUFFIXES[coding] for coding in self._options.codings)):
                if name not in self.before.files and not self._target.exists(name):
                    self.before.files[name] = manifest.UNKNOWN_CONTENT
                    has_new |= name == path
        if has_new or changing:
            feeds = self.before.feeds.items()
            unchanged = {path: fingerprint for path, fingerprint in feeds if path not in changing}
            self._write_manifest(Manifest(self.before.files, unchanged))

    def _check(self, paths: Sequence[str]) -> None:
        """Raise `ExportBlockedError` if something is in the way of the files at these paths."""
        for folder in sorted({self._target.path(path).parent for path in paths}):
            if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
                raise ExportBlockedError(
                    f"{folder} is not writable; allow the export to write documents there"
                    if folder.is_dir()
                    else f"{folder} is not a folder, but documents belong in it; move it"
                )
        unrecorded = [path for path in paths if path not in self.before.files]
        foreign = [path for path in unrecorded if self._target.exists(path)]
        for path in map(self._target.path, foreign):
            if path.is_dir():
                raise ExportBlockedError(f"{path} is a folder where a document belongs; move it")
        # If every file exists and the manifest is empty, it was lost: the bytes are compared.
        was_lost = not self.before.files and len(foreign) == len(paths)
        if foreign and not self._options.overwrite and not was_lost:
            raise ExportBlockedError(_foreign_message(self._target.path(foreign[0]), len(foreign)))

    def put(self, batch: Sequence[tuple[str, Document, Kind]]) -> None:
        """Write documents in a thread, in this order, with their copies and variants."""
        self._target.submit(partial(self._put_all, batch))

    def _put_all(self, batch: Sequence[tuple[str, Document, Kind]]) -> None:
        for item in batch:
            self.put_now(*item)

    def put_now(
        self, name: str, document: Document, kind: Kind, cache_control: str | None = None
    ) -> None:
        """Write a document, with its copies and precompressed variants."""
        file = self._file(document, kind, cache_control)
        for path in self._paths([name]):
            second = self._store(path, document.body, file, _mtime(document))
            for coding in self._options.codings if kind in self._options.coded else ():
                if (body := compression.encode(document.body, coding)) is not None:
                    variant = msgspec.structs.replace(
                        file, sha256=body_digest(body), size=len(body), coding=coding
                    )
                    self._store(path + SUFFIXES[coding], body, variant, _mtime(document), second)

    def put_plain(self, name: str, document: Document, kind: Kind) -> None:
        """Write a file without copies or variants."""
        self._store(name, document.body, self._file(document, kind), _mtime(document))

    def sync(self) -> None:
        """Wait until all files are in place and flushed to the disk."""
        self._target.sync()

    def take_result(self, count: int) -> WriteResult:
        """Return the files of `count` feeds or archives, written since the last call.

        They are flushed to the disk when the writer that adds the result calls `sync`.
        """
        self._target.wait()
        result = WriteResult(count, self.after.files, self.written)
        self.after, self.written = Manifest({}, {}), []
        return result

    def add(self, result: WriteResult) -> None:
        """Add the result of another process."""
        self.after.files.update(result.files)
        self.written += result.written
        self._target.note_written(result.written)

    def finish(self, made_of: str, notes: tuple[str, ...]) -> list[str]:
        """Remove obsolete files and write the manifest; return the removed paths.

        `made_of` and `notes` are stored in `manifest.Completion`.
        """
        obsolete = sorted(set(self.before.files) - set(self.after.files))
        removed = [name for name in obsolete if self._target.exists(name)]
        self._target.remove(removed)
        self._target.sync()
        completion = Completion(made_of, manifest.digest(self._write_manifest(self.after)), notes)
        self._target.write(manifest.COMPLETION_NAME, msgspec.json.encode(completion))
        return removed

    def _write_manifest(self, content: Manifest) -> bytes:
        """Write the manifest if it differs; return its bytes."""
        body = manifest.encode(content)
        if self._target.read(manifest.NAME) != body:
            self._target.write(manifest.NAME, body)
            self._target.sync()
        return body

    def _paths(self, names: Iterable[str]) -> list[str]:
        """Return the paths of these documents and of their copies."""
        return [path for name in names for path in (name, *self._copies.get(name, ()))]

    def _variants(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the variants that the last export wrote: not every document has every variant."""
        for name in names:
            for coding in self._options.codings:
                if (variant := name + SUFFIXES[coding]) in self.before.files:
                    yield variant

    def _file(self, document: Document, kind: Kind, cache_control: str | None = None) -> File:
        response_headers = dict(headers.document_headers(document, self._site))
        return File(
            sha256=document.sha256,
            size=len(document.body),
            media_type=response_headers["Content-Type"],
            cache_control=cache_control or response_headers["Cache-Control"],
            kind=kind,
            tags=document.tags,
        )

    def _store(
        self, name: str, body: bytes, file: File, updated: datetime, second: int | None = None
    ) -> int:
        """Write a file unless it has these bytes; return its modification time in seconds.

        A variant gets the time of its document, `second`.
        """
        self.after.files[name] = file
        current, before = self._target.read(name), self._target.mtime(name)
        if current == body and before is not None:
            return before
        if current is not None and name not in self.before.files and not self._options.overwrite:
            raise ExportError(_foreign_message(self._target.path(name)))
        mtime = mtime_second(updated, before, self._options.now) if second is None else second
        self._target.write(name, body, mtime_ns(mtime, file.sha256))
        self.written.append(name)
        return mtime


def _mtime(document: Document) -> datetime:
    """Return the modification time of a document's first file.

    Programs that copy files compare sizes and seconds (rsync). A document without a date gets a
    time derived from its bytes, because an empty folder has no earlier time to advance from.
    """
    if document.is_dated or document.updated > NEVER:
        return document.updated
    return NEVER + timedelta(seconds=int(document.sha256[:12], 16) % _SPREAD)


def _foreign_message(path: Path, count: int = 1) -> str:
    more = f" (and {count - 1:,} more)" if count > 1 else ""
    return f"{path}{more} exists, and no export wrote it; move it, or pass --overwrite"
