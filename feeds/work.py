"""The work that worker processes do: reading and parsing articles, rendering entries.

Tasks and results are small and go in chunks, for sending them costs as much as the work.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from feeds import article, folder, fragment
from feeds.article import Article
from feeds.catalogue.store import Seen, moment
from feeds.entry import Entry
from feeds.errors import ArticleError, RenderError
from feeds.fragment import Format
from feeds.processes import Processes, Work, started
from feeds.site import Site

_CHUNK = 200
# Below this many articles, starting processes costs more than they save.
_WORTH_PROCESSES = 400


class ReadTask(msgspec.Struct, frozen=True):
    """An article to read. `first_seen` in seconds, None if that is to be the file's own time.

    An article whose bytes have `digest` is not parsed again.
    """

    path: str
    first_seen: int | None = None
    digest: str = ""


class ReadResult(msgspec.Struct, frozen=True):
    """What came of it; `article` is None where its bytes are the same.

    `first_seen` is what it was told or took for that.
    """

    path: str
    seen: Seen
    article: Article | None
    first_seen: int | None = None


class RenderTask(msgspec.Struct, frozen=True):
    """An entry to render, by its catalogue key."""

    seq: int
    entry: bytes


class RenderResult(msgspec.Struct, frozen=True):
    """Its fragments, or why there are none."""

    seq: int
    fragments: dict[Format, bytes] = {}
    error: str = ""


@contextmanager
def working(site: Site, now: int, jobs: int, amount: int) -> Iterator["Workers"]:
    """Workers for a site: `jobs` processes, or this one alone where the `amount` is small.

    `now` in seconds bounds the times of files that claim to come from the future.
    """
    with started(jobs, _start, site, now, worth=amount >= _WORTH_PROCESSES) as processes:
        if processes is None:
            _start(site, now)
        yield Workers(processes)


class Workers:
    """A site's work, done by processes or in this one."""

    def __init__(self, processes: Processes | None) -> None:
        self._processes = processes

    def read(self, tasks: Sequence[ReadTask]) -> Iterator[list[ReadResult]]:
        """Read and parse articles; results in the order of the tasks, in chunks."""
        for encoded in self._run(_read_chunk, tasks):
            yield _READ_RESULTS.decode(encoded)

    def render(self, tasks: Sequence[RenderTask]) -> Iterator[list[RenderResult]]:
        """Render entries; results in the order of the tasks, in chunks."""
        for encoded in self._run(_render_chunk, tasks):
            yield _RENDER_RESULTS.decode(encoded)

    def _run(self, work: Work, tasks: Sequence[msgspec.Struct]) -> Iterator[bytes]:
        chunks = (
            msgspec.msgpack.encode(tasks[start : start + _CHUNK])
            for start in range(0, len(tasks), _CHUNK)
        )
        return self._processes.run(work, chunks) if self._processes else map(work, chunks)


_READ_TASKS = msgspec.msgpack.Decoder(list[ReadTask])
_READ_RESULTS = msgspec.msgpack.Decoder(list[ReadResult])
_RENDER_TASKS = msgspec.msgpack.Decoder(list[RenderTask])
_RENDER_RESULTS = msgspec.msgpack.Decoder(list[RenderResult])
_ENTRY = msgspec.json.Decoder(Entry)

# The site and time of this process's work; worker processes are given theirs at their start.
_state: threading.local = threading.local()


def _start(site: Site, now: int) -> None:
    _state.site, _state.now = site, now


def _read_chunk(chunk: bytes) -> bytes:
    return msgspec.msgpack.encode([_read(task) for task in _READ_TASKS.decode(chunk)])


def _read(task: ReadTask) -> ReadResult:
    site: Site = _state.site
    try:
        content, stat = folder.read(site.folder, task.path, site.settings.articles.max_bytes)
    except ArticleError as error:
        return ReadResult(task.path, Seen(-1, 0, ""), Article(None, problems=(error.problem,)))
    digest = hashlib.sha256(content).hexdigest()[:32]
    seen = Seen(stat.size, stat.mtime_ns, digest)
    if digest == task.digest:
        return ReadResult(task.path, seen, None)
    first_seen = task.first_seen
    if first_seen is None:
        first_seen = min(stat.mtime_ns // 1_000_000_000, _state.now)
    parsed = article.parse(task.path, content, moment(first_seen), site, moment(_state.now))
    return ReadResult(task.path, seen, parsed, first_seen)


def _render_chunk(chunk: bytes) -> bytes:
    return msgspec.msgpack.encode([_render(task) for task in _RENDER_TASKS.decode(chunk)])


def _render(task: RenderTask) -> RenderResult:
    try:
        return RenderResult(task.seq, fragment.render(_ENTRY.decode(task.entry), _state.site))
    except RenderError as error:
        return RenderResult(task.seq, error=str(error))
