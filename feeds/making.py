"""The documents of an export, made and written: by processes where they are many."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import msgspec

from feeds import documents, groups, pages
from feeds.catalogue.places import Archive
from feeds.definitions import FeedDefinition
from feeds.documents import ArchiveParts, FeedParts
from feeds.files import Files, Noted, Rules
from feeds.groups import Group
from feeds.manifest import Manifest
from feeds.processes import Processes, Work
from feeds.site import Site
from feeds.target import Target

Parts = TypeVar("Parts", FeedParts, ArchiveParts)

# Below this many, starting processes costs more than they save.
_WORTH_PROCESSES = 50
# Feeds or archives in a task.
_CHUNK = 8


class Job(NamedTuple):
    """What a process has to know to make the documents of an export below `root`."""

    site: Site
    root: Path
    rules: Rules
    before: Manifest
    feeds: Mapping[str, FeedDefinition]
    groups: Mapping[str, Group]
    archives: Mapping[str, Archive]


class Maker:
    """Makes documents, and writes them: soon, see `Files.put`."""

    def __init__(self, job: Job, files: Files) -> None:
        self._job, self._files = job, files

    def feed(self, parts: FeedParts) -> None:
        """The documents of a feed, and then its page, which names them."""
        feed = self._job.feeds[parts.look.state.path]
        beside = groups.beside(feed, self._job.groups, self._job.site)
        fetched, page = documents.feed_of(feed, self._job.site, parts, beside)
        self._files.put(
            [
                *((f"{feed.path}.{format_}", made, "feed") for format_, made in fetched.items()),
                (pages.name(feed), page, "page"),
            ]
        )

    def archive(self, parts: ArchiveParts) -> None:
        """An archive document in every format."""
        made = documents.archive_of(self._job.archives[parts.path], self._job.site, parts)
        self._files.put(
            [(f"{parts.path}.{format_}", each, "archive") for format_, each in made.items()]
        )


class Makers:
    """Makers in `jobs` processes, or in this one if `amount` is small: a context manager."""

    def __init__(self, job: Job, files: Files, jobs: int, amount: int) -> None:
        self._files, self._maker = files, Maker(job, files)
        self._processes = (
            Processes(jobs, _start, job) if jobs > 1 and amount >= _WORTH_PROCESSES else None
        )

    def __enter__(self) -> Self:
        if self._processes:
            self._processes.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._processes:
            self._processes.__exit__(kind, error, traceback)

    def feeds(self, parts: Iterable[FeedParts]) -> Iterator[int]:
        """Make and write feeds and their pages; yields about how many are done."""
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
        tasks = (msgspec.msgpack.encode(chunk) for chunk in _chunks(parts))
        for result in self._processes.run(there, tasks):
            self._files.add(_NOTED.decode(result))
            done += _CHUNK
            yield done


_FEED_PARTS = msgspec.msgpack.Decoder(list[FeedParts])
_ARCHIVE_PARTS = msgspec.msgpack.Decoder(list[ArchiveParts])
_NOTED = msgspec.msgpack.Decoder(Noted)

# That of a worker process, which has it from its start on.
_at_work: list[tuple[Maker, Files]] = []


def _start(job: Job) -> None:
    files = Files(Target(job.root), job.before, job.site, job.rules)
    _at_work[:] = [(Maker(job, files), files)]


def _make_feeds(task: bytes) -> bytes:
    [(maker, files)] = _at_work
    for parts in _FEED_PARTS.decode(task):
        maker.feed(parts)
    return msgspec.msgpack.encode(files.noted())


def _make_archives(task: bytes) -> bytes:
    [(maker, files)] = _at_work
    for parts in _ARCHIVE_PARTS.decode(task):
        maker.archive(parts)
    return msgspec.msgpack.encode(files.noted())


def _chunks(parts: Iterable[Parts]) -> Iterator[Sequence[Parts]]:
    chunk: list[Parts] = []
    for each in parts:
        chunk.append(each)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
