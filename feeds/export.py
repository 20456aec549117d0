"""`feeds export`: every document as a file, the same bytes as served, for static hosting."""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds import documents, envelope, fragment, groups, headers, manifest, pages, sitepages
from feeds.catalogue.store import Catalogue, FeedState, Reader
from feeds.definitions import FeedDefinition
from feeds.document import Document
from feeds.errors import ExportError
from feeds.fragment import FORMATS
from feeds.ingest import Progress
from feeds.manifest import OURS, File, Kind, Manifest
from feeds.site import Site

# One export at a time; files are written in the folder PARTS and moved into their places.
LOCK = ".feeds-export.lock"
PARTS = ".feeds-export.parts"
# Seconds that an export waits for another one.
_PATIENCE = 30
# Files written at a time: a disk makes sure of many together in less time than of each in turn.
_WRITERS = 16


class ExportReport(msgspec.Struct, frozen=True):
    """The files that an export wrote, those it removed, and how many it left alone."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def export(
    site: Site,
    catalogue: Catalogue,
    target: Path,
    now: datetime,
    progress: Progress,
    *,
    force: bool = False,
) -> ExportReport:
    """Write every feed in every format, its page, and what else the site serves below `target`.

    Each file appears whole or not at all; one whose bytes are the same is not touched; files
    of feeds that no longer exist go, others in the folder stay. Raises `ExportError`, also
    where a file that no export wrote is in the way: `force` overwrites it.
    """
    check_target(site, target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(target / LOCK, timeout=_PATIENCE),
            catalogue.read() as reader,
            ThreadPoolExecutor(_WRITERS) as pool,
        ):
            return _Export(site, reader, target, now, progress, pool, force=force).run()
    except Timeout:
        raise ExportError(f"another export to {target} is running; wait for its end") from None
    except OSError as error:
        at = error.filename or target
        raise ExportError(f"the export cannot write {at}: {error.strerror}") from error


def check_target(site: Site, target: Path) -> None:
    """Raise `ExportError` if `target` cannot be the folder of an export."""
    articles, resolved = site.folder.resolve(), target.resolve()
    if resolved == articles or articles in resolved.parents:
        raise ExportError(f"{target} lies in the article folder {site.folder}; name another folder")
    if resolved.exists() and not resolved.is_dir():
        raise ExportError(f"{target} is not a folder; name another")


class _Export:
    def __init__(
        self,
        site: Site,
        reader: Reader,
        target: Path,
        now: datetime,
        progress: Progress,
        pool: ThreadPoolExecutor,
        *,
        force: bool,
    ) -> None:
        self._site, self._reader, self._target, self._now = site, reader, target, now
        self._progress, self._force = progress, force
        self._fingerprint = reader.meta("fingerprint")
        self._before = manifest.read(target)
        self._after = Manifest({}, {})
        self._written: list[str] = []
        self._pool = pool
        self._writing: deque[Future[None]] = deque()

    def run(self) -> ExportReport:
        shutil.rmtree(self._target / PARTS, ignore_errors=True)  # of an export that was killed
        (self._target / PARTS).mkdir()
        feeds = documents.every(self._site, self._reader, self._now)
        states = self._reader.feed_states()
        makers = sitepages.makers(list(feeds.values()), states, self._site)
        self._claim([*makers, *(name for feed in feeds.values() for name in _names(feed))])
        known = groups.grouped(feeds.values())
        for done, feed in enumerate(feeds.values(), 1):
            beside = groups.beside(feed, known, self._site)
            self._export(feed, states.get(feed.path), beside)
            self._progress("Writing feeds", done, len(feeds))
        for name, make in makers.items():
            made = make()
            self._put(name, made, "asset" if made.media_type == "text/css" else "list")
        self._wait(0)
        removed = self._remove_gone()
        self._write(manifest.NAME, manifest.encode(self._after))
        (self._target / PARTS).rmdir()
        return ExportReport(
            written=tuple(self._written),
            removed=tuple(removed),
            unchanged=len(self._after.files) - len(self._written),
        )

    def _claim(self, names: Iterable[str]) -> None:
        """Note the files that will be made, so that they are known for ours if this is killed."""
        unknown = [name for name in names if name not in self._before.files]
        new = {name: OURS for name in unknown if not os.path.lexists(self._target / name)}
        if new:
            self._before.files.update(new)
            self._write(manifest.NAME, manifest.encode(self._before))

    def _export(
        self, feed: FeedDefinition, state: FeedState | None, beside: Sequence[FeedDefinition]
    ) -> None:
        """Write a feed's documents, unless the files already show this very state."""
        names = _names(feed)
        settings = (self._site.settings.pages, self._site.settings.http)
        shows = _shown(feed, state, [self._fingerprint, settings, _named(beside)])
        self._after.feeds[feed.path] = shows
        if self._before.feeds.get(feed.path) == shows and all(map(self._is_there, names)):
            self._after.files.update((name, self._before.files[name]) for name in names)
            return
        for format_, made in documents.fetch(feed, self._site, self._reader, self._now).items():
            self._put(f"{feed.path}.{format_}", made, "feed")
        page = documents.page(feed, self._site, self._reader, self._now, beside)
        self._put(pages.name(feed), page, "page")

    def _is_there(self, name: str) -> bool:
        """Whether the file is as it was left, as far as a look at it can tell."""
        try:
            size = (self._target / name).stat().st_size
        except OSError:
            return False
        known = self._before.files.get(name)
        return known is not None and size == known.size

    def _put(self, name: str, made: Document, kind: Kind) -> None:
        self._after.files[name] = _file(made, kind, self._site)
        try:
            there = (self._target / name).read_bytes()
        except FileNotFoundError:
            there = None
        if there == made.body:
            return
        if there is not None and name not in self._before.files and not self._force:
            raise ExportError(
                f"{self._target / name} is there and no export wrote it; move it, or use --force"
            )
        self._writing.append(self._pool.submit(self._write, name, made.body))
        self._written.append(name)
        self._wait(2 * _WRITERS)

    def _wait(self, most: int) -> None:
        """Wait until at most so many files are being written; raises what writing them raised."""
        while len(self._writing) > most:
            self._writing.popleft().result()

    def _write(self, name: str, body: bytes) -> None:
        """Write a file so that it is the old one or the new one, whatever happens."""
        final = self._target / name
        part = self._target / PARTS / hashlib.sha256(name.encode()).hexdigest()
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        final.parent.mkdir(parents=True, exist_ok=True)
        part.replace(final)

    def _remove_gone(self) -> list[str]:
        gone = sorted(set(self._before.files) - set(self._after.files))
        for name in gone:
            (self._target / name).unlink(missing_ok=True)
            for folder in _parents(self._target / name, self._target):
                try:
                    folder.rmdir()
                except OSError:
                    break  # not empty: other files live there
        return gone


def _file(made: Document, kind: Kind, site: Site) -> File:
    said = dict(headers.of(made, site))
    return File(
        sha256=hashlib.sha256(made.body).hexdigest(),
        size=len(made.body),
        media_type=said["Content-Type"],
        cache_control=said["Cache-Control"],
        kind=kind,
        tags=made.tags,
    )


def _names(feed: FeedDefinition) -> list[str]:
    return [*(f"{feed.path}.{format_}" for format_ in FORMATS), pages.name(feed)]


def _named(feeds: Sequence[FeedDefinition]) -> list[tuple[str, str]]:
    return [(feed.path, feed.title) for feed in feeds]


def _parents(file: Path, top: Path) -> Iterator[Path]:
    for folder in file.parents:
        if folder == top:
            return
        yield folder


def _shown(feed: FeedDefinition, state: FeedState | None, around: Sequence[object]) -> str:
    """A hash of all that a feed's documents are made of."""
    parts = [fragment.VERSION, envelope.VERSION, pages.VERSION, *around, feed, state]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
