"""Find which article files changed since the last build."""

import posixpath
from collections.abc import Collection, Iterable, Mapping, Set

import msgspec

from feeds.articles import folder
from feeds.articles.parser import stem
from feeds.articles.scan_digest import PartitionedScan, ScanDigest
from feeds.build import asset_sizes
from feeds.build.asset_sizes import AssetSizes
from feeds.build.decide import ReadPlan, plan_reads
from feeds.build.ingest_result import MANY_CHANGES
from feeds.build.scheduled_reads import ScheduledReads
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import FileState
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site


class Changes(msgspec.Struct, frozen=True):
    """The state of the article folder, and the files to read.

    `known` holds the stored states of the files that `plan` is about. `scanned_all` is False if
    only some paths were checked. `walk` holds the states of all files as the folder was walked;
    it is empty if `digest` does not depend on them. `digest` describes the files once the plan
    is carried out. `linked` is True if there are symbolic links, None if that is not known.
    """

    scan: folder.Scan
    plan: ReadPlan
    known: Mapping[str, FileState]
    articles: int
    digest: ScanDigest
    scanned_all: bool
    linked: bool | None = None
    walk: Mapping[str, folder.Stat] = {}


def find_changes(
    site: Site,
    tx: WriteTransaction,
    scheduled: ScheduledReads,
    paths: Collection[str] | None,
    *,
    reparse: bool,
    verify: bool,
) -> Changes:
    """Compare the article folder with the catalogue. Raises `ArticleFolderError`.

    `paths` are the only paths that may have changed, None if that is not known. `reparse` and
    `verify` read every file that is found, whatever its size and time.
    """
    trust = trusts_times(site) and not verify
    finder = _Finder(site, tx, scheduled.due, reparse=reparse, trust=trust)
    changes = (None if paths is None else finder.at(paths)) or finder.everywhere()
    plan = scheduled.add_due(changes.plan, changes.scan.files.keys(), whole=changes.scanned_all)
    known, digest = changes.known, changes.digest
    if missing := scheduled.stale - known.keys():
        known = {**known, **tx.files.at(list(missing))}
    if not changes.walk:
        digest = digest.without([*(task.path for task in plan.tasks), *plan.gone])
    return msgspec.structs.replace(changes, plan=plan, known=known, digest=digest)


def find_changed_paths(site: Site, catalogue: Catalogue) -> list[str]:
    """Return the paths of files that changed since the last build; [""] for all.

    For callers without file-system events. Read-only; never blocks a build. Raises
    `ArticleFolderError` and `CatalogueError`.
    """
    scan = folder.scan(site)
    with catalogue.read() as reader:
        if reader.meta.get("damaged"):
            return [""]
        plan = plan_reads(scan, reader.files.all(), reparse=False, trust=trusts_times(site))
        assets = reader.meta.decode(asset_sizes.KEY, lambda stored: AssetSizes(site, stored))
    stale = assets.changed(scan.files.keys(), whole=False) or ()
    return list({*(task.path for task in plan.tasks), *plan.gone, *stale})


def trusts_times(site: Site) -> bool:
    """Return whether a file with the same size and time counts as unchanged."""
    return site.settings.articles.trust == "mtime"


class _Finder:
    def __init__(
        self,
        site: Site,
        tx: WriteTransaction,
        due: Set[str],
        *,
        reparse: bool,
        trust: bool,
    ) -> None:
        self._site, self._tx, self._due = site, tx, due
        self._reparse, self._trust = reparse, trust
        self._digest = ScanDigest.decoded(tx.meta.get("walked"))

    def at(self, paths: Collection[str]) -> Changes | None:
        """Return the changes at these paths; None if a full scan is needed."""
        if self._tx.meta.get("linked") != "no":
            return None
        articles = self._tx.meta.article_count()
        checked = self._check({*paths, *self._due}, articles)
        if checked is None:
            return None
        scan, known = checked
        plan = self._plan(scan, known, complete=False)
        new = sum(path not in known for path in scan.files)
        articles += new - len(plan.gone)
        return Changes(scan, plan, known, articles, self._digest, scanned_all=False)

    def everywhere(self) -> Changes:
        """Return the changes in the whole folder."""
        scan, digest, walk = folder.scan(self._site), self._digest, dict[str, folder.Stat]()
        if not scan.problems:
            lines = scan.lines()
            whole, trusted = folder.digest(lines), self._trust and not self._reparse
            if trusted and whole == digest.whole:
                plan = ReadPlan([], [], scan.files.keys(), complete=True)
                return Changes(scan, plan, {}, len(scan.files), digest, True, scan.linked)
            parts = PartitionedScan(digest, list(scan.files), lines, whole)
            digest, walk = parts.updated_digest(), scan.files
            if trusted and (few := self._few(scan, parts, digest)):
                return few
        known = self._tx.files.all()
        plan = self._plan(scan, known)
        return Changes(scan, plan, known, len(scan.files), digest, True, scan.linked, walk)

    def _few(self, scan: folder.Scan, parts: PartitionedScan, digest: ScanDigest) -> Changes | None:
        """Return the changes in the parts of a scan that differ; None if there are too many."""
        stored = self._tx.files.scan_lines
        differing = {
            line.rsplit(" ", 2)[0]
            for part in parts.differing()
            for line in stored(part.first, part.last).symmetric_difference(part.lines)
        }
        differing |= self._due
        checked = None if scan.linked else self._check(differing, len(scan.files))
        if checked is None or checked[0].problems:  # at paths that the walk listed without fault
            return None
        rescan, known = checked
        changed_since = {
            path
            for path in differing | known.keys() | rescan.files.keys()
            if rescan.files.get(path) != scan.files.get(path)
        }
        new = sum((path in rescan.files) - (path in scan.files) for path in changed_since)
        return Changes(
            scan,
            self._plan(rescan, known, complete=False),
            known,
            len(scan.files) + new,
            digest.without(changed_since),
            scanned_all=True,
            linked=scan.linked,
            walk=scan.files,
        )

    def _check(
        self, paths: Collection[str], articles: int
    ) -> tuple[folder.Scan, dict[str, FileState]] | None:
        """Return the files at and below these paths, and their stored states.

        None if a full scan is needed: for many paths, symbolic links, or if none of the `articles`
        may be left.
        """
        if len(paths) > MANY_CHANGES:
            return None
        known = self._tx.files.at(list(paths))
        for path in paths:
            known |= self._tx.files.below(path)
        scan = folder.scan_paths(self._site, paths)
        gone = [] if scan is None else [path for path in known if path not in scan.files]
        if gone:  # a path that differs in its extension only may now get the id of one of them
            neighbours = self._neighbours(gone)
            known |= self._tx.files.at(neighbours)
            scan = folder.scan_paths(self._site, [*paths, *neighbours])
        if scan is None or (not scan.files and len(gone) >= articles):
            return None
        return scan, known

    def _neighbours(self, paths: Iterable[str]) -> list[str]:
        """Return the paths that differ from these in their extension only."""
        extensions = self._site.extensions
        suffixes = {posixpath.splitext(f"a{extension}")[1] for extension in extensions}
        return [f"{base}{suffix}" for base in {stem(path) for path in paths} for suffix in suffixes]

    def _plan(
        self, scan: folder.Scan, known: Mapping[str, FileState], *, complete: bool = True
    ) -> ReadPlan:
        return plan_reads(scan, known, reparse=self._reparse, trust=self._trust, complete=complete)
