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
    rules: WriteOptions
    before: Manifest
    feeds: Mapping[str, FeedDefinition]
    groups: Mapping[str, FeedGroup]
    archives: Mapping[str, Archive]


class DocumentWorker:
    """Makes documents, and writes them: soon, see `Files.put`."""

    def __init__(self, job: Job, files: ExportWriter) -> None:
        self._job, self._files = job, files

    def feed(self, parts: FeedParts) -> None:
        """The documents of a feed, and then its page, which names them."""
        feed = self._job.feeds[parts.view.state.path]
        beside = groups.neighbours(feed, self._job.groups, self._job.site)
        fetched, page = feed_documents.render_feed_parts(feed, self._job.site, parts, beside)
        self._files.put(
            [
                *((f"{feed.path}.{format_}", made, "feed") for format_, made in fetched.items()),
                (pages.page_path(feed), page, "page"),
            ]
        )

    def archive(self, parts: ArchiveParts) -> None:
        """An archive document in every format."""
        made = feed_documents.render_archive_parts(
            self._job.archives[parts.path], self._job.site, parts
        )
        self._files.put(
            [(f"{parts.path}.{format_}", each, "archive") for format_, each in made.items()]
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
        self, maker: DocumentWorker, files: ExportWriter, processes: ProcessPool | None
    ) -> None:
        self._maker, self._files, self._processes = maker, files, processes

    def feeds(self, parts: Iterable[FeedParts]) -> Iterator[int]:
        """Make and write feeds and their pages; yields how many are done."""
        return self._made(parts, self._maker.feed, _make_feeds)

    def archives(self, parts: Iterable[ArchiveParts]) -> Iterator[int]:
        """The same of archive documents."""
        return self._made(parts, self._maker.archive, _make_archives)

    def _made(
        self, parts: Iterable[Parts], here: Callable[[Parts], None], there: Work
    ) -> Iterator[int]:
        done = 0
        if self._processes is None:
            for done, each in enumerate(parts, 1):
                here(each)
                yield done
            return
        for result in self._processes.run(there, _tasks(parts)):
            noted = _NOTED.decode(result)
            self._files.add(noted)
            done += noted.made
            yield done


_FEED_PARTS = msgspec.msgpack.Decoder(list[FeedParts])
_ARCHIVE_PARTS = msgspec.msgpack.Decoder(list[ArchiveParts])
_NOTED = msgspec.msgpack.Decoder(WriteResult)

# That of a worker process, which has it from its start on.
_at_work: list[tuple[DocumentWorker, ExportWriter]] = []


def _start(job: Job) -> None:
    files = ExportWriter(AtomicFolder(job.root), job.before, job.site, job.rules)
    _at_work[:] = [(DocumentWorker(job, files), files)]


def _make_feeds(task: bytes) -> bytes:
    return _make(_FEED_PARTS.decode(task), DocumentWorker.feed)


def _make_archives(task: bytes) -> bytes:
    return _make(_ARCHIVE_PARTS.decode(task), DocumentWorker.archive)


def _make(parts: list[Parts], make: Callable[[DocumentWorker, Parts], None]) -> bytes:
    [(maker, files)] = _at_work
    for each in parts:
        make(maker, each)
    return msgspec.msgpack.encode(files.noted(len(parts)))


def _tasks(parts: Iterable[Parts]) -> Iterator[bytes]:
    """The parts, a few in a task: for each has its price, and none is to take much memory."""
    few: list[msgspec.Raw] = []
    size = 0
    for each in parts:
        encoded = msgspec.msgpack.encode(each)
        few.append(msgspec.Raw(encoded))
        size += len(encoded)
        if len(few) == _CHUNK or size >= _BYTES:
            yield msgspec.msgpack.encode(few)
            few, size = [], 0
    if few:
        yield msgspec.msgpack.encode(few)
