"""Reads and parses articles, and renders entries, in worker processes.

Tasks and results are sent in chunks, because sending one costs as much as its work. A task that
exceeds a limit of time or memory ends its process; its chunk is then repeated task by task.
"""

import hashlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Generic, NamedTuple, TypeVar

import msgspec

from feeds.articles import folder, parser
from feeds.articles.parser import Article
from feeds.articles.site_folder import ArticleFiles, SiteFolder
from feeds.catalogue.records import FileState
from feeds.config.settings import ArticleSettings
from feeds.config.site import Site
from feeds.errors import ArticleError, Problem, RenderError
from feeds.model.document import Format
from feeds.model.entry import Entry
from feeds.render import fragment
from feeds.util.dates import from_timestamp
from feeds.util.processes import Part, Parts, ProcessPool
from feeds.util.worker_process import NO_MEMORY, STANDSTILL, Work, limit_memory, limit_time

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)

_CHUNK = 200
# Below this many articles, starting processes costs more than they save.
_MIN_TASKS = 400
# Without processes, files and encoded entries larger than this, in bytes, still get a separate
# process. Smaller ones take parsers and renderers, whose time is linear, less than half a second:
# about the time to start a process where it cannot be forked.
_SMALL_FILE, _SMALL_ENTRY = 262_144, 1_048_576


class ReadTask(msgspec.Struct, frozen=True):
    """An article to read.

    `first_seen` is in seconds since the epoch; None stands for the file's modification time. An
    article whose bytes have the digest `digest` is not parsed again.
    """

    path: str
    first_seen: int | None = None
    digest: str = ""


class ReadResult(msgspec.Struct, frozen=True):
    """The result of reading an article; `article` is None if its bytes have not changed.

    `first_seen` is the time of the task, or else of the file. `assets` are the marks of the other
    files that the article depends on (`ArticleFiles.marks`).
    """

    path: str
    seen: FileState
    article: Article | None
    first_seen: int | None = None
    assets: dict[str, int] = {}


class RenderTask(msgspec.Struct, frozen=True):
    """An entry to render, by its catalogue key."""

    seq: int
    entry: bytes


class RenderResult(msgspec.Struct, frozen=True):
    """The fragments of an entry, or the reason why there are none."""

    seq: int
    fragments: dict[Format, bytes] = {}
    error: str = ""


@contextmanager
def article_workers(site: Site, now: int, jobs: int, tasks: int) -> Iterator["Workers"]:
    """Yield workers for a site: `jobs` processes, or this process if there are few `tasks`.

    `now`, in seconds since the epoch, replaces modification times that lie in the future.
    """
    with ExitStack() as stack:

        def start_pool(size: int) -> ProcessPool:
            return stack.enter_context(ProcessPool(size, _start_process, site, now))

        if jobs > 1 and tasks >= _MIN_TASKS:
            yield Workers(site, start_pool(jobs), start_pool)
        else:
            _set_state(site, now)
            yield Workers(site, None, start_pool)


class Workers:
    """Runs tasks in `pool`; without one, in this process, or for large tasks in a separate one.

    `start_pool` starts a pool of the given size.
    """

    def __init__(
        self, site: Site, pool: ProcessPool | None, start_pool: Callable[[int], ProcessPool]
    ) -> None:
        self._site, self._pool, self._start_pool = site, pool, start_pool
        self._separate: ProcessPool | None = None

    def read(self, tasks: Sequence[ReadTask]) -> Iterator[list[ReadResult]]:
        """Read and parse articles; yield the results in the order of the tasks, in chunks.

        An article that exceeds a limit, or ends its process, has no entry, and a problem instead.
        """
        return self._run(_READ, tasks)

    def render(self, tasks: Sequence[RenderTask]) -> Iterator[list[RenderResult]]:
        """Render entries; yield the results in the order of the tasks, in chunks."""
        return self._run(_RENDER, tasks)

    def _run(self, kind: "_Kind[T, R]", tasks: Sequence[T]) -> Iterator[list[R]]:
        if not tasks:
            return
        chunks = (
            msgspec.msgpack.encode(tasks[start : start + _CHUNK])
            for start in range(0, len(tasks), _CHUNK)
        )
        if self._pool:
            encoded_results = self._pool.run(kind.chunk, chunks, self._parts(kind))
        else:
            encoded_results = (self._run_here(kind, chunk) for chunk in chunks)
        for encoded in encoded_results:
            yield kind.results.decode(encoded)

    def _run_here(self, kind: "_Kind[T, R]", chunk: bytes) -> bytes:
        """Run the small tasks of a chunk in this process, and the large ones separately."""
        results: list[R] = []
        for task in kind.tasks.decode(chunk):
            result = kind.small(task)
            if result is None:
                self._separate = self._separate or self._start_pool(1)
                single = [msgspec.msgpack.encode([task])]
                [encoded] = self._separate.run(kind.chunk, single, self._parts(kind))
                [result] = kind.results.decode(encoded)
            results.append(result)
        return msgspec.msgpack.encode(results)

    def _parts(self, kind: "_Kind[T, R]") -> Parts:
        """Return a function that splits a chunk into its tasks, to be repeated one at a time."""

        def parts(chunk: bytes) -> Iterator[Part]:
            for task in kind.tasks.decode(chunk):
                yield Part(msgspec.msgpack.encode([task]), _encoded(kind.lost(task, self._site)))

        return parts


def _encoded(lost: Callable[[int], R]) -> Callable[[int], bytes]:
    return lambda code: msgspec.msgpack.encode([lost(code)])


_ENTRY = msgspec.json.Decoder(Entry)

# The site, time and assets that tasks use; worker processes set them when they start.
_state: threading.local = threading.local()


def _set_state(site: Site, now: int) -> None:
    _state.site, _state.now = site, now
    _state.folder = SiteFolder(site, from_timestamp(now))


def _start_process(site: Site, now: int) -> None:
    """Prepare a worker process."""
    _set_state(site, now)
    limit_memory(site.settings.articles.max_memory << 20)


def _run_chunk(kind: "_Kind[T, R]", work: Callable[[T], R | None], chunk: bytes) -> bytes:
    """Run the tasks of a chunk in a worker process, each within the time limit."""
    seconds = _state.site.settings.articles.max_seconds
    results = []
    for task in kind.tasks.decode(chunk):
        limit_time(seconds)
        results.append(work(task))
    limit_time(0)
    return msgspec.msgpack.encode(results)


def _read_chunk(chunk: bytes) -> bytes:
    return _run_chunk(_READ, _read, chunk)


def _read(task: ReadTask, max_bytes: int | None = None) -> ReadResult | None:
    """Read and parse an article; None if it is larger than `max_bytes`, or its entry is large."""
    site: Site = _state.site
    try:
        content, stat = folder.read(site.folder, task.path, site.settings.articles.max_bytes)
    except ArticleError as error:
        return ReadResult(task.path, FileState(-1, 0, ""), Article(None, problems=(error.problem,)))
    seen = _file_state(content, stat)
    if seen.digest == task.digest:
        return ReadResult(task.path, seen, None)
    if max_bytes is not None and len(content) > max_bytes:
        return None
    first_seen = task.first_seen
    if first_seen is None:
        first_seen = min(stat.mtime_ns // 1_000_000_000, _state.now)
    files = ArticleFiles(_state.folder)
    parsed = parser.parse(
        task.path,
        content,
        from_timestamp(first_seen),
        site,
        from_timestamp(_state.now),
        files,
    )
    if parsed.entry and len(parsed.entry.content) > _SMALL_ENTRY // 2:
        if max_bytes is not None:
            return None
        _try_render(parsed.entry, site)
    return ReadResult(task.path, seen, parsed, first_seen, files.marks)


def _try_render(entry: Entry, site: Site) -> None:
    """Render a large entry, in case that ends the process: the previous version can still stay."""
    with suppress(RenderError):  # reported when the entry is rendered to be stored
        fragment.render_entry(entry, site)


def _file_state(content: bytes, stat: folder.Stat) -> FileState:
    return FileState(stat.size, stat.mtime_ns, hashlib.sha256(content).hexdigest()[:32])


def _render_chunk(chunk: bytes) -> bytes:
    return _run_chunk(_RENDER, _render, chunk)


def _render(task: RenderTask) -> RenderResult:
    try:
        return RenderResult(task.seq, fragment.render_entry(_ENTRY.decode(task.entry), _state.site))
    except RenderError as error:
        return RenderResult(task.seq, error=str(error))


def _unread(task: ReadTask, site: Site) -> Callable[[int], ReadResult]:
    """Return a function that makes the result of an article whose process ended.

    Takes the state of the file before the task is repeated: if the file changes later, the next
    build notices.
    """
    limits = site.settings.articles
    try:
        seen = _file_state(*folder.read(site.folder, task.path, limits.max_bytes))
    except ArticleError:
        seen = FileState(-1, 0, "")

    def lost(code: int) -> ReadResult:
        message = f"reading or rendering it {_fault(code, limits)}; shorten or simplify it"
        problem = Problem(task.path, 1, "", message, fatal=True)
        return ReadResult(task.path, seen, Article(None, problems=(problem,)))

    return lost


def _unrendered(task: RenderTask, site: Site) -> Callable[[int], RenderResult]:
    """Return a function that makes the result of an entry whose process ended."""
    limits = site.settings.articles
    return lambda code: RenderResult(task.seq, error=f"that {_fault(code, limits)}")


def _fault(code: int, limits: ArticleSettings) -> str:
    """Return the reason why a process ended, by its exit code, as a predicate for messages."""
    if code == NO_MEMORY:
        return f"needed more than {limits.max_memory:,} MiB of memory (articles.max_memory)"
    if code == -signal.SIGPROF:
        return f"took more than {limits.max_seconds:,} s (articles.max_seconds)"
    if code == -signal.SIGALRM:
        seconds = limits.max_seconds * STANDSTILL
        return f"made no progress for {seconds:,} s (articles.max_seconds)"
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"ended its process ({cause}), perhaps because memory ran out"


class _Kind(NamedTuple, Generic[T, R]):
    """A kind of work: `small` runs a task in this process, and returns None for a large one.

    `chunk` runs a chunk in a worker process. `lost` makes the result of a task from the exit code
    of the process that it ended.
    """

    small: Callable[[T], R | None]
    chunk: Work
    tasks: msgspec.msgpack.Decoder[list[T]]
    results: msgspec.msgpack.Decoder[list[R]]
    lost: Callable[[T, Site], Callable[[int], R]]


_READ = _Kind(
    lambda task: _read(task, _SMALL_FILE),
    _read_chunk,
    msgspec.msgpack.Decoder(list[ReadTask]),
    msgspec.msgpack.Decoder(list[ReadResult]),
    _unread,
)
_RENDER = _Kind(
    lambda task: _render(task) if len(task.entry) <= _SMALL_ENTRY else None,
    _render_chunk,
    msgspec.msgpack.Decoder(list[RenderTask]),
    msgspec.msgpack.Decoder(list[RenderResult]),
    _unrendered,
)
