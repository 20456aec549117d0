"""Render and write the documents of an export, in several processes if there are many."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from feeds.catalogue.records import Archive
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.export.atomic_folder import AtomicFolder
from feeds.export.manifest import Manifest
from feeds.export.writer import ExportWriter, WriteOptions, WriteResult
from feeds.render import feed_documents
from feeds.render.feed_documents import ArchiveParts, FeedParts
from feeds.render.site import groups, pages
from feeds.render.site.groups import FeedGroup
from feeds.util.processes import ProcessPool, maybe_pool
from feeds.util.worker_process import Work

Parts = TypeVar("Parts", FeedParts, ArchiveParts)

# With fewer feeds and archives, starting processes costs more than it saves.
_WORTH_PROCESSES = 50
# The most feeds or archives in a task, and the bytes at which a task is sent with fewer: enough
# to outweigh the cost of a message, without taking much memory.
_CHUNK, _BYTES = 8, 1_000_000


class Job(NamedTuple):
    """The data that a process needs to render the documents of an export to `root`."""

    site: Site
    root: Path
    options: WriteOptions
    before: Manifest
    feeds: Mapping[str, FeedDefinition]
    groups: Mapping[str, FeedGroup]
    archives: Mapping[str, Archive]


class DocumentWorker:
    """Renders documents, and writes them in threads; see `ExportWriter.put`."""

    def __init__(self, job: Job, files: ExportWriter) -> None:
        self._job, self._files = job, files

    def write_feed(self, parts: FeedParts) -> None:
        """Write the documents of a feed, and then its page, which links to them."""
        feed = self._job.feeds[parts.view.state.path]
        neighbours = groups.neighbours(feed, self._job.groups, self._job.site)
        documents, page = feed_documents.render_feed_parts(feed, self._job.site, parts, neighbours)
        self._files.put(
            [
                *(
                    (f"{feed.path}.{format_}", document, "feed")
                    for format_, document in documents.items()
                ),
                (pages.page_path(feed), page, "page"),
            ]
        )

    def write_archive(self, parts: ArchiveParts) -> None:
        """Write an archive document in every format."""
        documents = feed_documents.render_archive_parts(
            self._job.archives[parts.path], self._job.site, parts
        )
        self._files.put(
            [
                (f"{parts.path}.{format_}", document, "archive")
                for format_, document in documents.items()
            ]
        )


@contextmanager
def document_workers(
    job: Job, files: ExportWriter, jobs: int, amount: int
) -> Iterator["DocumentWorkers"]:
    """Start `jobs` worker processes, or use this process alone if `amount` is small."""
    with maybe_pool(jobs, _start, job, worth=amount >= _WORTH_PROCESSES) as processes:
        yield DocumentWorkers(DocumentWorker(job, files), files, processes)


class DocumentWorkers:
    """Writes the documents of an export, in worker processes or in this one."""

    def __init__(
        self, worker: DocumentWorker, files: ExportWriter, processes: ProcessPool | None
    ) -> None:
        self._worker, self._files, self._processes = worker, files, processes

    def write_feeds(self, parts: Iterable[FeedParts]) -> Iterator[int]:
        """Write feeds and their pages; yield the number of feeds done so far."""
        return self._write(parts, self._worker.write_feed, _feeds_task)

    def write_archives(self, parts: Iterable[ArchiveParts]) -> Iterator[int]:
        """Write archive documents; yield the number of archives done so far."""
        return self._write(parts, self._worker.write_archive, _archives_task)

    def _write(
        self, parts: Iterable[Parts], write: Callable[[Parts], None], task: Work
    ) -> Iterator[int]:
        done = 0
        if self._processes is None:
            for done, item in enumerate(parts, 1):
                write(item)
                yield done
            return
        for result in self._processes.run(task, _tasks(parts)):
            write_result = _RESULT.decode(result)
            self._files.add(write_result)
            done += write_result.count
            yield done


_FEED_PARTS = msgspec.msgpack.Decoder(list[FeedParts])
_ARCHIVE_PARTS = msgspec.msgpack.Decoder(list[ArchiveParts])
_RESULT = msgspec.msgpack.Decoder(WriteResult)

# Set by `_start` in a worker process.
_worker_state: list[tuple[DocumentWorker, ExportWriter]] = []


def _start(job: Job) -> None:
    files = ExportWriter(AtomicFolder(job.root), job.before, job.site, job.options)
    _worker_state[:] = [(DocumentWorker(job, files), files)]


def _feeds_task(task: bytes) -> bytes:
    return _write_in_worker(_FEED_PARTS.decode(task), DocumentWorker.write_feed)


def _archives_task(task: bytes) -> bytes:
    return _write_in_worker(_ARCHIVE_PARTS.decode(task), DocumentWorker.write_archive)


def _write_in_worker(parts: list[Parts], write: Callable[[DocumentWorker, Parts], None]) -> bytes:
    [(worker, files)] = _worker_state
    for item in parts:
        write(worker, item)
    return msgspec.msgpack.encode(files.take_result(len(parts)))


def _tasks(parts: Iterable[Parts]) -> Iterator[bytes]:
    """Yield the parts encoded in tasks of up to `_CHUNK` parts or `_BYTES` bytes."""
    chunk: list[msgspec.Raw] = []
    size = 0
    for item in parts:
        encoded = msgspec.msgpack.encode(item)
        chunk.append(msgspec.Raw(encoded))
        size += len(encoded)
        if len(chunk) == _CHUNK or size >= _BYTES:
            yield msgspec.msgpack.encode(chunk)
            chunk, size = [], 0
    if chunk:
        yield msgspec.msgpack.encode(chunk)
