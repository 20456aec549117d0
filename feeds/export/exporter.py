"""`feeds export`: every document as a file, the same bytes as served, for static hosting."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import Archive
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import FeedDefinition
from feeds.config.settings import HostName
from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export import manifest
from feeds.export.atomic_folder import AtomicFolder, check_target
from feeds.export.fingerprint import export_fingerprint, feed_fingerprint
from feeds.export.hosts import rules as plan
from feeds.export.hosts.base import Host
from feeds.export.hosts.registry import HOSTS
from feeds.export.manifest import Kind
from feeds.export.workers import Job, document_workers
from feeds.export.writer import ExportWriter, WriteOptions
from feeds.model import document
from feeds.model.document import FORMATS
from feeds.render import feed_documents
from feeds.render.feed_documents import ArchiveParts, FeedParts
from feeds.render.site import documents, groups, opml, pages
from feeds.render.verification import can_verify, note_damage
from feeds.util import compression
from feeds.util.dates import NEVER
from feeds.util.processes import processors
from feeds.util.progress import Progress

# One export at a time.
LOCK = ".feeds-export.lock"
# Seconds that an export waits for another one.
_PATIENCE = 30


class ExportReport(msgspec.Struct, frozen=True):
    """The files that an export wrote, those it removed, and how many it left alone.

    `said` is what the host cannot do, and what is left to do there by hand; `due` when time alone
    brings an article out, which is shown by an export after that.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    said: tuple[str, ...] = ()
    due: datetime | None = None


def export(
    site: Site,
    catalogue: Catalogue,
    target: Path,
    now: datetime,
    progress: Progress,
    *,
    host: HostName | None = None,
    overwrite: bool = False,
    verify: bool = False,
    guard: Callable[[Collection[str], Collection[str]], None] | None = None,
    published: Collection[str] = (),
) -> ExportReport:
    """Write every feed in every format, its page, and what else the site serves below `target`.

    With what its `host` needs, which is otherwise that of the settings. Each file appears whole or
    not at all; one whose bytes are the same is not touched, and `verify` reads all to know; files
    of feeds that no longer exist go, others in the folder stay. Raises `ExportError`, also where a
    file that no export wrote is in the way, unless `overwrite` is given. Before anything is
    written, `guard` is told which documents are there, those that are `published` with them, and
    which will be; what it raises ends the export.
    """
    check_target(site, target)
    wanted = HOSTS[host or site.settings.export.host]
    codings = _codings(wanted, site)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(target / LOCK, timeout=_PATIENCE),
            note_damage(catalogue),
            catalogue.read() as reader,
            AtomicFolder(target) as files,
        ):
            before, now = manifest.read(target), reader.meta.display_time(now)
            there = {*manifest.documents(before), *published}
            made_of, whole = (
                export_fingerprint(site, reader, wanted, codings),
                manifest.read_completion(target),
            )
            if made_of == whole.made_of and not (overwrite or verify) and files.have(before.files):
                if guard:
                    guard(there, before.files.keys())
                due = reader.feeds.next_publication(now)
                return ExportReport((), (), len(before.files), whole.said, due)
            made = Exporter(site, reader, now, wanted, codings, made_of)
            if guard:
                guard(there, made.names)
            rules = WriteOptions(wanted.coded, codings, made.copies, overwrite, verify, now)
            return made.run(
                ExportWriter(files, before, site, rules), made.job(target, rules, before), progress
            )
    except Timeout:
        raise ExportError(f"another export to {target} is running; wait for its end") from None
    except OSError as error:
        at = error.filename2 or error.filename or target
        raise ExportError(f"the export cannot write {at}: {error.strerror}") from error


def _codings(host: Host, site: Site) -> tuple[str, ...]:
    """The codings of precompressed files, in the order in which they are preferred."""
    said = site.settings.export.codings
    if said is None:
        return host.codings
    if unable := set(said) - set(host.can):
        raise ExportError(
            f"{host.title} sends no {min(unable)} files as they are; remove it from export.codings"
        )
    return tuple(each for each in compression.CODINGS if each in said)


class Exporter:
    """What an export to a host has to have: the feeds, and all that the site has besides."""

    def __init__(
        self,
        site: Site,
        reader: ReadTransaction,
        now: datetime,
        host: Host,
        codings: tuple[str, ...],
        made_of: str,
    ) -> None:
        self._site, self._reader, self._now, self._host = site, reader, now, host
        self._made_of, self._at = made_of, (site, reader, now)
        self._feeds = feed_documents.all_feeds(site, reader, now)
        self._states = states = reader.feeds.states()
        feeds = list(self._feeds.values())
        self._checked = can_verify(site, reader, states, self._feeds)
        self._groups = groups.group_by_folder(feeds)
        self._makers = documents.site_documents(feeds, states, site)
        self._archives = {each.path: each for each in reader.archives.available(feeds)}
        served = [
            *self._makers,
            *(name for feed in feeds for name in _names(feed)),
            *(name for path in self._archives for name in _formats(path)),
        ]
        self._told = host.make(plan.make(feeds, served, site), codings)
        settings = (site.settings.pages, site.settings.http)
        around = [reader.meta.get("fingerprint"), *settings, codings, host.coded]
        self._shows = {
            feed.path: feed_fingerprint(
                feed, states.get(feed.path), [*around, _named(self._beside(feed))]
            )
            for feed in feeds
        }
        for path, archive in self._archives.items():
            links = (archive.position.previous, archive.position.next)
            self._shows[path] = feed_fingerprint(archive.feed, archive.state, [*around, links])

    @property
    def copies(self) -> Mapping[str, str]:
        """Further paths of documents."""
        return self._told.copies

    @property
    def names(self) -> set[str]:
        """The paths of all documents."""
        feeds = (name for feed in self._feeds.values() for name in _names(feed))
        archives = (name for path in self._archives for name in _formats(path))
        return {*self._makers, *self._host_files(), *self.copies, *feeds, *archives}

    def job(self, target: Path, rules: WriteOptions, before: manifest.Manifest) -> Job:
        """What makes the documents of the feeds and archives."""
        return Job(self._site, target, rules, before, self._feeds, self._groups, self._archives)

    def run(self, files: ExportWriter, job: Job, progress: Progress) -> ExportReport:
        """Write what changed, and what others name before those that name it."""
        files.after.feeds = self._shows
        stale = [
            feed
            for feed in self._feeds.values()
            if not self._is_fresh(feed.path, _names(feed), files)
        ]
        old = [
            archive
            for path, archive in self._archives.items()
            if not self._is_fresh(path, _formats(path), files)
        ]
        new = [archive for archive in old if not files.exist(_formats(archive.path))]
        changing = {*(feed.path for feed in stale), *(archive.path for archive in old)}
        named = [*self._makers, *self._host_files(), *(n for feed in stale for n in _names(feed))]
        files.begin([*named, *(n for archive in old for n in _formats(archive.path))], changing)
        for path in self._shows.keys() - changing:
            files.keep(_names(self._feeds[path]) if path in self._feeds else _formats(path))
        with document_workers(job, files, processors(), len(stale) + len(old)) as makers:
            for part in (new, [each for each in old if each not in new]):  # these name the new ones
                for done in makers.archives(map(self._archive_parts, part)):
                    progress("Writing archives", min(done, len(part)), len(part))
                files.settle()
            self._put_made(files, "asset")
            files.settle()
            for done in makers.feeds(map(self._feed_parts, stale)):
                progress("Writing feeds", min(done, len(stale)), len(stale))
            files.settle()
        self._put_made(files, "list")
        self._put_for_host(files)
        files.settle()
        said = (*self._told.limitations, *_undone(self._site))
        removed = files.finish(self._made_of, said)
        return ExportReport(
            written=tuple(sorted(files.written)),
            removed=tuple(removed),
            unchanged=len(files.after.files) - len(files.written),
            said=said,
            due=self._reader.feeds.next_publication(self._now),
        )

    def _beside(self, feed: FeedDefinition) -> Sequence[FeedDefinition]:
        return groups.neighbours(feed, self._groups, self._site)

    def _feed_parts(self, feed: FeedDefinition) -> FeedParts:
        before = self._states.get(feed.path)
        return feed_documents.load_feed_parts(feed, *self._at, before, verify=self._checked)

    def _archive_parts(self, archive: Archive) -> ArchiveParts:
        return feed_documents.load_archive_parts(archive, *self._at, verify=self._checked)

    def _is_fresh(self, path: str, names: Sequence[str], files: ExportWriter) -> bool:
        """Whether the files of a feed or archive show its very state already."""
        return files.before.feeds.get(path) == self._shows[path] and files.are_there(names)

    def _put_made(self, files: ExportWriter, kind: Kind) -> None:
        """Write those documents of the site that are no feeds' and of this kind."""
        for name, make in self._makers.items():
            if ("asset" if name.endswith(".css") else "list") == kind:
                files.put([(name, make(), kind)])

    def _host_files(self) -> list[str]:
        return [*([pages.NOT_FOUND] if self._host.has_404 else []), *self._told.files]

    def _put_for_host(self, files: ExportWriter) -> None:
        if self._host.has_404:
            # Sent with the status 404, which is not to be kept.
            files.put_now(pages.NOT_FOUND, pages.not_found(self._site), "list", "no-store")
        files.settle()
        for name, body in self._told.files.items():
            page = name.endswith(".html")  # in place of a redirect
            made = document.make_document(
                body, NEVER, pages.MEDIA_TYPE if page else "text/plain", opml.CACHING
            )
            files.put_plain(name, made, "list" if page else "host")


def _names(feed: FeedDefinition) -> list[str]:
    return [*_formats(feed.path), pages.page_path(feed)]


def _formats(path: str) -> list[str]:
    return [f"{path}.{format_}" for format_ in FORMATS]


def _named(feeds: Sequence[FeedDefinition]) -> list[tuple[str, str]]:
    return [(feed.path, feed.title) for feed in feeds]


def _undone(site: Site) -> Iterator[str]:
    """What no static host does, of what the settings ask for."""
    http = site.settings.http
    if http.cache_tags:
        yield (
            "No static host is told the cache tags of documents, which change with each of them; "
            f"{manifest.NAME} has them."
        )
    if http.canonical_host:
        yield f"Lead other host names to {site.host} in the settings of your host."
    if http.delta:
        yield "No static host sends only what is new (A-IM: feed); readers get the whole feed."
