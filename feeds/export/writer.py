"""The files of an export: each written if it differs, with its variants, and noted."""

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

# Seconds, some ten years, in which the times lie that are made of bytes.
_SPREAD = 315_360_000


class WriteOptions(msgspec.Struct, frozen=True):
    """How files are written: the precompressed `codings` of documents of the kinds `coded`.

    `copies` are further paths of documents, and where these are now. `overwrite` is for files that
    no export wrote; `verify` reads files to know whether they are as they were left. `now` is when
    they are written.
    """

    coded: tuple[Kind, ...]
    codings: tuple[str, ...]
    copies: Mapping[str, str]
    overwrite: bool
    verify: bool
    now: datetime


class WriteResult(msgspec.Struct, frozen=True):
    """Files as they are now, which of them were written, and of how many feeds or archives."""

    count: int
    files: dict[str, File]
    written: list[str]


class ExportWriter:
    """What is in the folder of an export, from the last export's files to those of this one.

    `before` is what the last one noted. Documents are compared, compressed and written in threads,
    and there after `settle`.
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
        """Whether these documents are as they were left, as far as a look can tell."""
        needed = self._paths(names)
        return all(map(self._is_current, [*needed, *self._variants(needed)]))

    def exist(self, names: Iterable[str]) -> bool:
        """Whether any file is there for each of these documents."""
        return all(map(self._target.exists, names))

    def _is_current(self, name: str) -> bool:
        file = self.before.files.get(name)
        if file is None or self._target.size(name) != file.size:
            return False
        return (
            not self._options.verify or body_digest(self._target.read(name) or b"") == file.sha256
        )

    def keep(self, names: Iterable[str]) -> None:
        """Leave these documents as they are."""
        paths = self._paths(names)
        for name in (*paths, *self._variants(paths)):
            self.after.files[name] = self.before.files[name]

    def begin(self, names: Iterable[str], changing: Collection[str]) -> None:
        """Note what is about to be written, for an export after this one, if it is killed.

        The documents `names` are ours from now on, and the feeds `changing` of no known state.
        Raises `TargetError` for what would stop that again and again.
        """
        paths = self._paths(names)
        self._check(paths)
        self._target.remove([manifest.COMPLETION_NAME])
        new = False
        for name in paths:
            for each in (name, *(name + SUFFIXES[each] for each in self._options.codings)):
                if each not in self.before.files and not self._target.exists(each):
                    self.before.files[each] = manifest.UNKNOWN_CONTENT
                    new |= each == name
        feeds = {path: shows for path, shows in self.before.feeds.items() if path not in changing}
        if new or changing:
            self._write_manifest(Manifest(self.before.files, feeds))

    def _check(self, paths: Sequence[str]) -> None:
        for folder in sorted({self._target.path(path).parent for path in paths}):
            if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
                fault = "cannot be written to" if folder.is_dir() else "is no folder"
                raise ExportBlockedError(
                    f"{folder} {fault}, and documents are to be in it; change that"
                )
        others = [path for path in paths if path not in self.before.files]
        others = [path for path in others if self._target.exists(path)]
        for at in map(self._target.path, others):
            if at.is_dir():
                raise ExportBlockedError(
                    f"{at} is a folder, and a document is to be there; move it"
                )
        # Where nothing is noted, and everything is there, the note was lost: bytes will tell.
        if (
            others
            and not self._options.overwrite
            and (self.before.files or len(others) < len(paths))
        ):
            raise ExportBlockedError(_foreign_message(self._target.path(others[0]), len(others)))

    def put(self, batch: Sequence[tuple[str, Document, Kind]]) -> None:
        """Write documents one after the other, at old paths too, with their variants: soon."""
        self._target.submit(partial(self._put_all, batch))

    def _put_all(self, batch: Sequence[tuple[str, Document, Kind]]) -> None:
        for item in batch:
            self.put_now(*item)

    def put_now(
        self, name: str, document: Document, kind: Kind, cache_control: str | None = None
    ) -> None:
        """Write a document, at its old paths too, with its precompressed variants."""
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
        """Write a file for the host, which has no variants."""
        self._store(name, document.body, self._file(document, kind), _mtime(document))

    def sync(self) -> None:
        """Wait until everything is on the disk, in its place."""
        self._target.sync()

    def take_result(self, count: int) -> WriteResult:
        """What was written since this was last asked, of `made` feeds or archives.

        It is on the disk once the one that adds it has settled.
        """
        self._target.wait()
        result = WriteResult(count, self.after.files, self.written)
        self.after, self.written = Manifest({}, {}), []
        return result

    def add(self, result: WriteResult) -> None:
        """Take over what another process has written."""
        self.after.files.update(result.files)
        self.written += result.written
        self._target.note_written(result.written)

    def finish(self, made_of: str, said: tuple[str, ...]) -> list[str]:
        """Remove the files that are no more, and note those that are; returns the paths removed.

        What they are made of and what was said of them is for `manifest.Whole`.
        """
        gone = sorted(set(self.before.files) - set(self.after.files))
        removed = [name for name in gone if self._target.exists(name)]
        self._target.remove(removed)
        self._target.sync()
        whole = Completion(made_of, manifest.digest(self._write_manifest(self.after)), said)
        self._target.write(manifest.COMPLETION_NAME, msgspec.json.encode(whole))
        return removed

    def _write_manifest(self, content: Manifest) -> bytes:
        """Write the manifest, if it says anything new; returns its bytes."""
        body = manifest.encode(content)
        if self._target.read(manifest.NAME) != body:
            self._target.write(manifest.NAME, body)
            self._target.sync()
        return body

    def _paths(self, names: Iterable[str]) -> list[str]:
        """Where documents are: at their own paths, and at their old ones."""
        return [path for name in names for path in (name, *self._copies.get(name, ()))]

    def _variants(self, names: Iterable[str]) -> Iterator[str]:
        """The precompressed files that the last export made: not every document has each."""
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
        """Write a file unless it has these bytes; returns the second of its time.

        That is `second`, that of the file whose variant it is, or its own.
        """
        self.after.files[name] = file
        current, before = self._target.read(name), self._target.mtime(name)
        if current == body and before is not None:
            return before
        if current is not None and name not in self.before.files and not self._options.overwrite:
            at = self._target.path(name)
            raise ExportError(_foreign_message(at))
        mtime = mtime_second(updated, before, self._options.now) if second is None else second
        self._target.write(name, body, mtime_ns(mtime, file.sha256))
        self.written.append(name)
        return mtime


def _mtime(document: Document) -> datetime:
    """The time that the file of a document gets at first.

    Who copies files compares sizes and seconds (rsync). What has no time of its own gets one that
    is made of its bytes, for a folder made anew has nothing to go forward from.
    """
    if document.is_dated or document.updated > NEVER:
        return document.updated
    return NEVER + timedelta(seconds=int(document.sha256[:12], 16) % _SPREAD)


def _foreign_message(path: Path, count: int = 1) -> str:
    more = f" (and {count - 1:,} more)" if count > 1 else ""
    return f"{path}{more} is there and no export wrote it; move it, or use --overwrite"
