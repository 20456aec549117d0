"""The work that worker processes do: reading and parsing articles, rendering entries.

Tasks and results are small and go in chunks, for sending them costs as much as the work. A process
has limits of time and memory for each task. One that passes them ends its process, and then its
chunk is done again task by task, so that it is known which it was.
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
_WORTH_PROCESSES = 400
# Even then, a file or an entry of more bytes gets a separate process. Below these sizes parsers
# and renderers, whose time is linear, take less than half a second, about the time that a process
# takes to start where it cannot be forked.
_SMALL, _SMALL_ENTRY = 262_144, 1_048_576


class ReadTask(msgspec.Struct, frozen=True):
    """An article to read. `first_seen` in seconds, None if that is to be the file's own time.

    An article whose bytes have `digest` is not parsed again.
    """

    path: str
    first_seen: int | None = None
    digest: str = ""


class ReadResult(msgspec.Struct, frozen=True):
    """What came of it; `article` is None where its bytes are the same.

    `first_seen` is what it was told or took for that. `assets` are the marks of the other
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
    """Its fragments, or why there are none."""

    seq: int
    fragments: dict[Format, bytes] = {}
    error: str = ""


@contextmanager
def article_workers(site: Site, now: int, jobs: int, tasks: int) -> Iterator["Workers"]:
    """Workers for a site: `jobs` processes, or this one where the `amount` is small.

    `now` in seconds bounds the times of files that claim to come from the future.
    """
    with ExitStack() as stack:

        def started(number: int) -> ProcessPool:
            return stack.enter_context(ProcessPool(number, _begin, site, now))

        if jobs > 1 and tasks >= _WORTH_PROCESSES:
            yield Workers(site, started(jobs), started)
        else:
            _start(site, now)
            yield Workers(site, None, started)


class Workers:
    """A site's work, done by `processes`, or in this one but for tasks that are not small.

    `started` starts so many processes.
    """

    def __init__(
        self, site: Site, processes: ProcessPool | None, started: Callable[[int], ProcessPool]
    ) -> None:
        self._site, self._processes, self._started = site, processes, started
        self._apart: ProcessPool | None = None

    def read(self, tasks: Sequence[ReadTask]) -> Iterator[list[ReadResult]]:
        """Read and parse articles; results in the order of the tasks, in chunks.

        What passes a limit, or ends its process, is an article without entry, and its problem.
        """
        return self._run(_READ, tasks)

    def render(self, tasks: Sequence[RenderTask]) -> Iterator[list[RenderResult]]:
        """Render entries; results in the order of the tasks, in chunks."""
        return self._run(_RENDER, tasks)

    def _run(self, kind: "_Kind[T, R]", tasks: Sequence[T]) -> Iterator[list[R]]:
        if not tasks:
            return
        chunks = (
            msgspec.msgpack.encode(tasks[start : start + _CHUNK])
            for start in range(0, len(tasks), _CHUNK)
        )
        if self._processes:
            made = self._processes.run(kind.chunk, chunks, self._again(kind))
        else:
            made = (self._here(kind, chunk) for chunk in chunks)
        for encoded in made:
            yield kind.results.decode(encoded)

    def _here(self, kind: "_Kind[T, R]", chunk: bytes) -> bytes:
        """The results of a chunk, made in this process where the task is small."""
        results: list[R] = []
        for task in kind.tasks.decode(chunk):
            result = kind.small(task)
            if result is None:
                self._apart = self._apart or self._started(1)
                alone = [msgspec.msgpack.encode([task])]
                [encoded] = self._apart.run(kind.chunk, alone, self._again(kind))
                [result] = kind.results.decode(encoded)
            results.append(result)
        return msgspec.msgpack.encode(results)

    def _again(self, kind: "_Kind[T, R]") -> Parts:
        """How a chunk is done task by task."""

        def parts(chunk: bytes) -> Iterator[Part]:
            for task in kind.tasks.decode(chunk):
                yield Part(msgspec.msgpack.encode([task]), _encoded(kind.lost(task, self._site)))

        return parts


def _encoded(lost: Callable[[int], R]) -> Callable[[int], bytes]:
    return lambda code: msgspec.msgpack.encode([lost(code)])


_ENTRY = msgspec.json.Decoder(Entry)

# The site and time of this process's work; worker processes are given theirs at their start.
_state: threading.local = threading.local()


def _start(site: Site, now: int) -> None:
    _state.site, _state.now = site, now
    _state.folder = SiteFolder(site, from_timestamp(now))


def _begin(site: Site, now: int) -> None:
    """The start of a process that is there for nothing but work."""
    _start(site, now)
    limit_memory(site.settings.articles.max_memory << 20)


def _chunk(kind: "_Kind[T, R]", work: Callable[[T], R | None], chunk: bytes) -> bytes:
    """The results of a chunk in a process of its own, each made within the limit of time."""
    seconds = _state.site.settings.articles.max_seconds
    results = []
    for task in kind.tasks.decode(chunk):
        limit_time(seconds)
        results.append(work(task))
    limit_time(0)
    return msgspec.msgpack.encode(results)


def _read_chunk(chunk: bytes) -> bytes:
    return _chunk(_READ, _read, chunk)


def _read(task: ReadTask, most: int | None = None) -> ReadResult | None:
    """The article; None if that may cost much and `most` is given: the bytes that it may have."""
    site: Site = _state.site
    try:
        content, stat = folder.read(site.folder, task.path, site.settings.articles.max_bytes)
    except ArticleError as error:
        return ReadResult(task.path, FileState(-1, 0, ""), Article(None, problems=(error.problem,)))
    seen = _seen(content, stat)
    if seen.digest == task.digest:
        return ReadResult(task.path, seen, None)
    if most is not None and len(content) > most:
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
        if most is not None:
            return None
        _try(parsed.entry, site)
    return ReadResult(task.path, seen, parsed, first_seen, files.marks)


def _try(entry: Entry, site: Site) -> None:
    """Render a large entry while that may end the process: now the old one can still stay."""
    with suppress(RenderError):  # that comes again, when it is rendered to be stored
        fragment.render_entry(entry, site)


def _seen(content: bytes, stat: folder.Stat) -> FileState:
    return FileState(stat.size, stat.mtime_ns, hashlib.sha256(content).hexdigest()[:32])


def _render_chunk(chunk: bytes) -> bytes:
    return _chunk(_RENDER, _render, chunk)


def _render(task: RenderTask) -> RenderResult:
    try:
        return RenderResult(task.seq, fragment.render_entry(_ENTRY.decode(task.entry), _state.site))
    except RenderError as error:
        return RenderResult(task.seq, error=str(error))


def _unread(task: ReadTask, site: Site) -> Callable[[int], ReadResult]:
    """What comes of an article at which its process ends, as the file is now.

    That is looked at before it is read: if it is another one by then, the next build sees that.
    """
    limits = site.settings.articles
    try:
        seen = _seen(*folder.read(site.folder, task.path, limits.max_bytes))
    except ArticleError:
        seen = FileState(-1, 0, "")

    def lost(code: int) -> ReadResult:
        message = f"reading or rendering it {_fault(code, limits)}; shorten or simplify it"
        problem = Problem(task.path, 1, "", message, fatal=True)
        return ReadResult(task.path, seen, Article(None, problems=(problem,)))

    return lost


def _unrendered(task: RenderTask, site: Site) -> Callable[[int], RenderResult]:
    """What comes of an entry at which its process ends."""
    limits = site.settings.articles
    return lambda code: RenderResult(task.seq, error=f"that {_fault(code, limits)}")


def _fault(code: int, limits: ArticleSettings) -> str:
    """What an article did to its process, which ended with this exit code."""
    if code == NO_MEMORY:
        return f"needed more than {limits.max_memory:,} MiB of memory (articles.max_memory)"
    if code == -signal.SIGPROF:
        return f"took more than {limits.max_seconds:,} s (articles.max_seconds)"
    if code == -signal.SIGALRM:
        waited = limits.max_seconds * STANDSTILL
        return f"stood still for {waited:,} s (articles.max_seconds)"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"ended its process ({how}), perhaps because memory ran out"


class _Kind(NamedTuple, Generic[T, R]):
    """Work of one kind: in this process if a task is `small`, in others a chunk at once.

    `lost` is what comes of a task that ends its process.
    """

    small: Callable[[T], R | None]
    chunk: Work
    tasks: msgspec.msgpack.Decoder[list[T]]
    results: msgspec.msgpack.Decoder[list[R]]
    lost: Callable[[T, Site], Callable[[int], R]]


_READ = _Kind(
    lambda task: _read(task, _SMALL),
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
