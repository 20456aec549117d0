"""The documents of an export, made and written: by processes where they are many."""

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

# Below this many, starting processes costs more than they save.
_WORTH_PROCESSES = 50
# A task is so many feeds or archives, or fewer if they have so many bytes: enough to be worth
# sending, and never much memory.
_CHUNK, _BYTES = 8, 1_000_000


class Job(NamedTuple):
    """What a process has to know to make the documents of an export below `root`."""

    site: Site
    root: Path
    options: WriteOptions
    before: Manifest
    feeds: Mapping[str, FeedDefinition]
    groups: Mapping[str, FeedGroup]
    archives: Mapping[str, Archive]


class DocumentWorker:
    """Makes documents, and writes them: soon, see `ExportWriter.put`."""

    def __init__(self, job: Job, files: ExportWriter) -> None:
        self._job, self._files = job, files

    def write_feed(self, parts: FeedParts) -> None:
        """The documents of a feed, and then its page, which names them."""
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
        """An archive document in every format."""
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
    """Makers: `jobs` processes, or this one alone where the `amount` is small."""
    with maybe_pool(jobs, _start, job, worth=amount >= _WORTH_PROCESSES) as processes:
        yield DocumentWorkers(DocumentWorker(job, files), files, processes)


class DocumentWorkers:
    """The documents of an export, made and written by processes or in this one."""

    def __init__(
        self, worker: DocumentWorker, files: ExportWriter, processes: ProcessPool | None
    ) -> None:
        self._worker, self._files, self._processes = worker, files, processes

    def write_feeds(self, parts: Iterable[FeedParts]) -> Iterator[int]:
        """Make and write feeds and their pages; yields how many are done."""
        return self._write(parts, self._worker.write_feed, _feeds_task)

    def write_archives(self, parts: Iterable[ArchiveParts]) -> Iterator[int]:
        """The same of archive documents."""
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

# That of a worker process, which has it from its start on.
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
    """The parts, a few in a task: for each has its price, and none is to take much memory."""
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
