"""Write every document as a file, with the bytes that the server sends, for static hosting."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.settings import HostName
from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.export import manifest
from feeds.export.atomic_folder import AtomicFolder, check_target
from feeds.export.execution import Execution
from feeds.export.export_plan import ExportInput, ExportPlan, plan_export
from feeds.export.fingerprint import export_fingerprint
from feeds.export.hosts.base import Host
from feeds.export.hosts.registry import HOSTS
from feeds.export.workers import Job
from feeds.export.writer import ExportWriter, WriteOptions
from feeds.util import compression
from feeds.util.progress import Progress

# Lets one export at a time write a folder.
LOCK = ".feeds-export.lock"
# Seconds to wait for another export to finish.
_PATIENCE = 30


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of an export.

    `host` overrides the host of the settings and determines the configuration files. `overwrite`
    allows replacing files that no export wrote. `verify` reads every file to check that it is
    unchanged. Before anything is written, `guard` is called with the paths of the existing
    documents, including the `published` ones, and the paths of the new ones; an error that it
    raises ends the export.
    """

    host: HostName | None = None
    overwrite: bool = False
    verify: bool = False
    guard: Callable[[Collection[str], Collection[str]], None] | None = None
    published: Collection[str] = ()


class ExportReport(msgspec.Struct, frozen=True):
    """The files that an export wrote and removed, and the number of unchanged files.

    `notes` lists the limitations of the host and the steps left to do there by hand. `due` is the
    time of the next scheduled publication: only an export after that time shows the article.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    notes: tuple[str, ...] = msgspec.field(default=(), name="said")  # the name in JSON output
    due: datetime | None = None


_DEFAULTS = ExportOptions()


def export(
    site: Site,
    catalogue: Catalogue,
    target: Path,
    now: datetime,
    progress: Progress,
    options: ExportOptions = _DEFAULTS,
) -> ExportReport:
    """Write every feed in every format, its page, and all other documents of the site to `target`.

    Each file appears whole or not at all, and files with unchanged bytes are not touched. Files of
    feeds that no longer exist are removed. Files that no export wrote stay, and raise `ExportError`
    if they are in the way.
    """
    check_target(site, target)
    host = HOSTS[options.host or site.settings.export.host]
    codings = _codings(host, site)
    with (
        _locked(target),
        catalogue.damage_noted(),
        catalogue.read() as reader,
        AtomicFolder(target) as folder,
    ):
        export_input = ExportInput(site, host, codings, reader.meta.display_time(now))
        report = _export(export_input, reader, folder, progress, options)
        adopted, revision = reader.adopted.any(), reader.meta.revision()
    if adopted:
        catalogue.note_exported(revision)
    return report


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Create the folder and lock it. Raises `ExportError` for every `OSError` in the block."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        with FileLock(target / LOCK, timeout=_PATIENCE):
            yield
    except Timeout:
        raise ExportError(
            f"another export to {target} is running; try again when it has finished"
        ) from None
    except OSError as error:
        path = error.filename2 or error.filename or target
        raise ExportError(f"the export cannot write {path}: {error.strerror}") from error


def _codings(host: Host, site: Site) -> tuple[str, ...]:
    """Return the codings of precompressed files, the preferred one first."""
    wanted = site.settings.export.codings
    if wanted is None:
        return host.default_codings
    if unsupported := set(wanted) - set(host.supported_codings):
        raise ExportError(
            f"{host.title} cannot send precompressed {min(unsupported)} files; remove "
            f"{min(unsupported)} from export.codings"
        )
    return tuple(coding for coding in compression.CODINGS if coding in wanted)


def _export(
    export_input: ExportInput,
    reader: ReadTransaction,
    folder: AtomicFolder,
    progress: Progress,
    options: ExportOptions,
) -> ExportReport:
    """Export to a locked folder, unless the last export had the same input."""
    target, now = folder.root, export_input.now
    before = manifest.read(target)
    existing = {*manifest.documents(before), *options.published}
    fingerprint = export_fingerprint(
        export_input.site, reader, export_input.host, export_input.codings
    )
    completion = manifest.read_completion(target)
    is_unchanged = fingerprint == completion.made_of and folder.has_all(before.files)
    if is_unchanged and not (options.overwrite or options.verify):
        if options.guard:
            options.guard(existing, before.files.keys())
        due = reader.feeds.next_publication(now)
        return ExportReport((), (), len(before.files), completion.notes, due)
    plan = plan_export(export_input, reader)
    if options.guard:
        options.guard(existing, plan.paths)
    write_options = _write_options(plan, options)
    files = ExportWriter(folder, before, export_input.site, write_options)
    job = Job(
        export_input.site, target, write_options, before, plan.feeds, plan.groups, plan.archives
    )
    Execution(plan, reader, files, progress).run(job)
    removed = files.finish(fingerprint, plan.limitations)
    return ExportReport(
        written=tuple(sorted(files.written)),
        removed=tuple(removed),
        unchanged=len(files.after.files) - len(files.written),
        notes=plan.limitations,
        due=plan.due,
    )


def _write_options(plan: ExportPlan, options: ExportOptions) -> WriteOptions:
    return WriteOptions(
        coded=plan.input.host.coded_kinds,
        codings=plan.input.codings,
        copies=plan.host_files.copies,
        overwrite=options.overwrite,
        verify=options.verify,
        now=plan.input.now,
    )
