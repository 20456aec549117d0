"""`feeds build`: articles into the catalogue, then the feeds that show what changed."""

import logging
import posixpath
from collections.abc import Collection, Iterable, Sequence, Set
from datetime import datetime

import msgspec

from feeds.articles import folder
from feeds.articles.parser import stem
from feeds.articles.scan_digest import PartitionedScan, ScanDigest
from feeds.build import asset_sizes, build_clock, decide, repair
from feeds.build.asset_sizes import AssetSizes
from feeds.build.decide import ReadPlan
from feeds.build.ingest import MANY_CHANGES, Ingest, IngestResult
from feeds.build.refresh import FeedSet, FeedUpdater
from feeds.build.scheduled_reads import ScheduledReads
from feeds.build.workers import article_workers
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import FileState, ProblemCounts
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import DamageError, Problem
from feeds.render.settings_hash import settings_hashes
from feeds.util.processes import processors
from feeds.util.progress import Progress, silent
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")


class BuildReport(msgspec.Struct, frozen=True):
    """What a build did: counts of articles and entries, the feeds that changed, all problems.

    `standing` counts the problems of all articles, also of those that were not looked at; `due` is
    when time alone will change a feed next, in seconds, None if nothing is to come.
    """

    articles: int
    read: int
    added: int
    changed: int
    withdrawn: int
    feeds: int
    feeds_changed: tuple[str, ...]
    problems: tuple[Problem, ...]
    revision: int
    standing: ProblemCounts = ProblemCounts()
    due: int | None = None


class BuildCache:
    """What one build of a process leaves to the next, for finding out takes time."""

    def __init__(self) -> None:
        self.catalogue: object = None
        self.feed_set: FeedSet | None = None
        self.log_holds_withdrawn = False


def build(
    site: Site,
    catalogue: Catalogue,
    now: datetime,
    *,
    changed_paths: Collection[str] | None = None,
    cache: BuildCache | None = None,
    jobs: int | None = None,
    verify: bool = False,
    force: bool = False,
    trust_clock: bool = False,
    progress: Progress = silent,
) -> BuildReport:
    """Bring the catalogue up to date with the article folder, in one transaction.

    `heard` are the paths, of files and folders below the article folder, that may be other than
    at the last build: only they are looked at, where that is enough. The catalogue comes out the
    same as if all were; the report then has the problems of these articles alone. `memo` belongs
    to who builds one site again and again. `verify` reads every file instead of trusting sizes
    and times. `force` goes past the guard. `trust_clock` takes a time before the last build for
    right, and mends what was dated later. Readers see the state before until the build is whole.
    What was damaged in the catalogue is made again, where that is noted or found; `verify` looks.
    Raises `SourceError`, `GuardError`, `ClockError`, `WorkError`, `CatalogueError`; a bad article
    is a row of the report.
    """
    cache, jobs, seconds = cache or BuildCache(), jobs or processors(), int(now.timestamp())
    known = cache.feed_set if cache.catalogue == catalogue.identity else None
    if verify:
        repair.check_and_repair(catalogue, seconds, force=force)

    def run(known: FeedSet | None, heard: Collection[str] | None) -> tuple[BuildReport, FeedSet]:
        with catalogue.write() as writer:
            # Only now, for a build that waited for another one must not see an older folder.
            at = build_clock.build_time(writer, now, trust=trust_clock)
            made = Builder(site, writer, at, jobs, progress)
            return made.run(known, heard, verify=verify, force=force)

    try:
        report, known = run(known, changed_paths)
    except DamageError as error:
        _log.warning("%s", escaped(error))
        repair.repair(catalogue, seconds, force=force)
        report, known = run(None, None)
    # Only now, for what is rolled back is to leave nothing.
    cache.catalogue, cache.feed_set = catalogue.identity, known
    catalogue.note_built()
    if report.withdrawn or cache.log_holds_withdrawn:
        cache.log_holds_withdrawn = not catalogue.truncate_log()
    return report


def find_changed_paths(site: Site, catalogue: Catalogue) -> list[str]:
    """The paths that look other than at the last build: what a build is to hear of.

    For who is not told of changes. It only reads, so that nothing waits for it. Raises
    `SourceError` and `CatalogueError`.
    """
    scan = folder.scan(site)
    with catalogue.read() as reader:
        if reader.meta.get("damaged"):
            return [""]  # a build is to look at everything
        plan = decide.plan_reads(scan, reader.files.all(), reparse=False, trust=_trusts(site))
        assets = AssetSizes(site, reader.meta.get(asset_sizes.KEY))
    stale = assets.changed(scan.files.keys(), whole=False) or ()
    return list({*(task.path for task in plan.tasks), *plan.gone, *stale})


class Builder:
    def __init__(
        self,
        site: Site,
        writer: WriteTransaction,
        at: build_clock.BuildTime,
        jobs: int,
        progress: Progress,
    ) -> None:
        self._site, self._writer, self._at, self._now = site, writer, at, at.now
        self._seconds, self._jobs, self._progress = int(at.now.timestamp()), jobs, progress
        self._whole, self._walk = False, dict[str, folder.Stat]()
        self._outline: ScanDigest | None = None
        self._unlike: set[str] = set()
        self._awaiting = ScheduledReads(site, writer, self._seconds)

    def run(
        self, known: FeedSet | None, heard: Collection[str] | None, *, verify: bool, force: bool
    ) -> tuple[BuildReport, FeedSet]:
        if self._writer.meta.get("damaged"):
            raise DamageError(self._writer.meta.get("damaged"))
        fingerprint, defined = settings_hashes(self._site)
        again = self._at.set_back or self._writer.meta.get("fingerprint") != fingerprint
        everything = again or self._writer.meta.get("definitions") != defined
        scan, plan, seen = self._look(
            None if verify or everything else heard, again=again, verify=verify
        )
        plan = self._awaiting.add_due(plan, scan.files.keys(), whole=self._whole)
        if unknown := self._awaiting.stale - seen.keys():
            seen = seen | self._writer.files.at(list(unknown))
        ingest = Ingest(self._site, self._writer, self._seconds, self._progress, self._awaiting)
        refresh = FeedUpdater(
            self._site, self._writer, self._now, self._progress, known, everything=everything
        )
        changed = refresh.apply_due() if plan.tasks or plan.gone else []
        with article_workers(self._site, self._seconds, self._jobs, len(plan.tasks)) as workers:
            ingest.run(plan, seen, workers, self._walk)
            if again:
                self._writer.fragments.clear()
                self._writer.feeds.touch_all(refresh.revision)
            known, refreshed, others = refresh.run(ingest, workers)
        if not force:
            ingest.guard()
            build_clock.check_held_back(self._site, self._writer, self._at)
        changed = list(dict.fromkeys([*changed, *refreshed]))
        self._remember_looks(plan, ingest.outcome.changed_while_reading)
        self._remember("fingerprint", fingerprint)
        self._remember("definitions", defined)
        if changed or others or again or ingest.outcome.total:
            self._remember("revision", str(refresh.revision))
            self._remember("clock", str(self._seconds))
        return self._report(scan, plan, ingest.outcome, known, changed), known

    def _look(
        self, heard: Collection[str] | None, *, again: bool, verify: bool
    ) -> tuple[folder.Scan, ReadPlan, dict[str, FileState]]:
        """What is in the article folder, what is to be done about it, and what was known of it."""
        trust = _trusts(self._site) and not verify
        if looked := None if heard is None else self._looked({*heard, *self._awaiting.due}):
            scan, seen = looked
            plan = decide.plan_reads(scan, seen, reparse=again, trust=trust, complete=False)
            more = sum(path not in seen for path in scan.files) - len(plan.gone)
            self._remember("articles", str(self._writer.meta.article_count() + more))
            return scan, plan, seen
        self._whole, scan = True, folder.scan(self._site)
        self._remember("linked", "yes" if scan.linked else "no")
        self._remember("articles", str(len(scan.files)))
        if not scan.problems:
            lines, outline = scan.lines(), self._known_outline()
            walked, known = folder.digest(lines), trust and not again
            if known and walked == outline.whole:
                return scan, ReadPlan([], [], scan.files.keys(), complete=True), {}
            drawn = PartitionedScan(outline, list(scan.files), lines, walked)
            self._walk, self._outline = scan.files, drawn.outline()
            if known and (few := self._few(scan, drawn)):
                return scan, *few
        seen = self._writer.files.all()
        return scan, decide.plan_reads(scan, seen, reparse=again, trust=trust), seen

    def _few(
        self, scan: folder.Scan, drawn: PartitionedScan
    ) -> tuple[ReadPlan, dict[str, FileState]] | None:
        """The plan where few files look other than before, and what was known of them.

        None where they are many, or too uncertain.
        """
        other = {
            line.rsplit(" ", 2)[0]
            for part in drawn.differing()
            for line in self._writer.files.scan_lines(part.first, part.last).symmetric_difference(
                part.lines
            )
        }
        other |= self._awaiting.due
        looked = self._looked(other)
        if looked is None or looked[0].problems:  # of what the walk has listed, or found gone
            return None
        again, seen = looked
        # Those that have changed since the walk.
        self._unlike = {
            path
            for path in other | seen.keys() | again.files.keys()
            if again.files.get(path) != scan.files.get(path)
        }
        more = sum((path in again.files) - (path in scan.files) for path in self._unlike)
        self._remember("articles", str(len(scan.files) + more))
        return decide.plan_reads(again, seen, reparse=False, trust=True, complete=False), seen

    def _looked(self, heard: Collection[str]) -> tuple[folder.Scan, dict[str, FileState]] | None:
        """What is at the paths that were heard of, and what was known of them.

        None where all must be looked at: too much was heard of, or it may not be enough.
        """
        if len(heard) > MANY_CHANGES or self._writer.meta.get("linked") != "no":
            return None
        seen = self._writer.files.at(list(heard))
        for path in heard:
            seen |= self._writer.files.below(path)
        scan = folder.scan_paths(self._site, heard)
        gone = [] if scan is None else [path for path in seen if path not in scan.files]
        if gone:  # what differs from one of them in extension only may have its id now
            beside = self._beside(gone)
            seen |= self._writer.files.at(beside)
            scan = folder.scan_paths(self._site, [*heard, *beside])
        if scan is None or self._empties(scan, gone):
            return None
        return scan, seen

    def _beside(self, paths: Iterable[str]) -> list[str]:
        """The paths that differ from these in extension only."""
        extensions = self._site.settings.articles.extensions
        suffixes = {posixpath.splitext(f"a{extension}")[1] for extension in extensions}
        return [f"{each}{suffix}" for each in {stem(path) for path in paths} for suffix in suffixes]

    def _empties(self, scan: folder.Scan, gone: Sequence[str]) -> bool:
        """Whether no article may be left: a walk is to say so, or not."""
        return not scan.files and len(gone) >= self._writer.meta.article_count()

    def _known_outline(self) -> ScanDigest:
        return ScanDigest.decoded(self._writer.meta.get("walked"))

    def _remember_looks(self, plan: ReadPlan, unlike: Set[str]) -> None:
        """Remember how files look, as far as that is what is known of each of them.

        `unlike` are files that were read when they looked other than in the walk.
        """
        known = self._known_outline()
        if self._outline is None:
            outline = known.without([*(task.path for task in plan.tasks), *plan.gone])
        else:
            outline = self._outline.without(self._unlike | unlike)
        if outline != known:
            self._writer.meta.put("walked", outline.encoded())

    def _remember(self, key: str, value: str) -> None:
        if self._writer.meta.get(key) != value:
            self._writer.meta.put(key, value)

    def _report(
        self,
        scan: folder.Scan,
        plan: ReadPlan,
        outcome: IngestResult,
        known: FeedSet,
        changed: Sequence[str],
    ) -> BuildReport:
        read = None if self._whole else [task.path for task in plan.tasks]
        problems = (
            *known.expansion.problems,
            *scan.problems,
            *self._writer.files.problems(read),
            *(self._writer.entries.shared_links() if self._whole else ()),
        )
        return BuildReport(
            articles=self._writer.meta.article_count(),
            read=outcome.read,
            added=outcome.added,
            changed=outcome.changed,
            withdrawn=outcome.withdrawn,
            feeds=len(known.expansion.feeds),
            feeds_changed=tuple(changed),
            problems=tuple(sorted(problems)),
            revision=self._writer.meta.revision(),
            standing=self._writer.files.count_problems(),
            due=self._awaiting.next_change(self._writer.feeds.next_change()),
        )


def _trusts(site: Site) -> bool:
    return site.settings.articles.trust == "mtime"
