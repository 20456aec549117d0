"""`feeds build`: updates the catalogue from the articles, and then the feeds that show them."""

import logging
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import datetime

import msgspec

from feeds.articles.scan_digest import ScanDigest
from feeds.build import build_clock, guard, repair
from feeds.build.adoption import Adopter
from feeds.build.build_clock import BuildTime
from feeds.build.changes import Changes, find_changes
from feeds.build.guard_input import BuildOutcome, Inspector
from feeds.build.ingest import Ingest
from feeds.build.ingest_result import IngestResult
from feeds.build.refresh import FeedChanges, FeedSet, FeedUpdater
from feeds.build.scheduled_reads import ScheduledReads
from feeds.build.workers import Workers, article_workers
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import ProblemCounts
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import DamageError, Problem
from feeds.render.settings_hash import settings_hashes
from feeds.util.processes import processors
from feeds.util.progress import Progress, silent
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")


class BuildReport(msgspec.Struct, frozen=True):
    """The result of a build: counts of articles and entries, changed feeds, and problems.

    `standing` counts the problems of all articles, including those not read in this build. `due`
    is when time alone will next change a feed, in seconds since 1970, or None.
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


class BuildRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The scope of a build, and the checks that it skips.

    `changed_paths` names the files and folders, relative to the article folder, that may have
    changed since the last build: if possible only they are checked, with the same outcome as a
    full scan, and the report has the problems of these articles only. None stands for all.
    `jobs` is the number of worker processes; None for one per CPU. `verify` reads every file
    instead of trusting sizes and times, and checks the catalogue for damage. `force` skips the
    guard, `permitted` only its checks for these kinds of harm. `trust_clock` accepts a time before
    the last build, and corrects later dates. `adopter` changes ids and dates of entries
    in the same transaction; the guard lets it through. `inspector` looks at the outcome in place of
    the guard.
    """

    changed_paths: Collection[str] | None = None
    jobs: int | None = None
    verify: bool = False
    force: bool = False
    permitted: frozenset[str] = frozenset()
    trust_clock: bool = False
    adopter: Adopter | None = None
    inspector: Inspector | None = None


FULL_BUILD = BuildRequest()


class BuildCache:
    """State carried from one build to the next in a process, because it is slow to compute."""

    def __init__(self) -> None:
        self.catalogue: object = None
        self.feed_set: FeedSet | None = None
        self.log_holds_withdrawn = False


def build(
    site: Site,
    catalogue: Catalogue,
    now: datetime,
    request: BuildRequest = FULL_BUILD,
    *,
    cache: BuildCache | None = None,
    progress: Progress = silent,
) -> BuildReport:
    """Bring the catalogue up to date with the article folder, in one transaction.

    `cache` speeds up repeated builds of one site in a process. Readers see the previous state
    until the build is complete. Rows with recorded or detected damage are rebuilt. The logger
    "feeds" reports at level DEBUG why each entry was added, updated, withdrawn, matched as a rename
    or left alone.

    Raises `ArticleFolderError`, `GuardError`, `ClockError`, `WorkerError` and `CatalogueError`; a
    bad article is a problem of the report.
    """
    cache, seconds = cache or BuildCache(), int(now.timestamp())
    feed_set = cache.feed_set if cache.catalogue == catalogue.identity else None
    if request.verify:
        repair.check_and_repair(catalogue, seconds, force=request.force)

    def run(feed_set: FeedSet | None, request: BuildRequest) -> tuple[BuildReport, FeedSet]:
        with catalogue.write() as tx:
            # Within the transaction: a build that waited for another must not use an older scan.
            time = build_clock.build_time(tx, now, trust=request.trust_clock)
            return _Builder(site, catalogue, tx, time, request, progress).run(feed_set)

    try:
        report, feed_set = run(feed_set, request)
    except DamageError as error:
        if request.inspector:
            raise  # it must not write
        _log.warning("%s", escaped(error))
        repair.repair(catalogue, seconds, force=request.force)
        report, feed_set = run(None, msgspec.structs.replace(request, changed_paths=None))
    # After the commit: a transaction that was rolled back must leave nothing in the cache.
    cache.catalogue, cache.feed_set = catalogue.identity, feed_set
    catalogue.note_built()
    if report.withdrawn or cache.log_holds_withdrawn:
        cache.log_holds_withdrawn = not catalogue.truncate_log()
    return report


class _Builder:
    def __init__(
        self,
        site: Site,
        catalogue: Catalogue,
        tx: WriteTransaction,
        time: BuildTime,
        request: BuildRequest,
        progress: Progress,
    ) -> None:
        self._site, self._catalogue, self._tx = site, catalogue, tx
        self._time, self._request = time, request
        self._progress, self._seconds = progress, int(time.now.timestamp())
        self._scheduled = ScheduledReads(site, tx, self._seconds)

    def run(self, feed_set: FeedSet | None) -> tuple[BuildReport, FeedSet]:
        if damage := self._tx.meta.get("damaged"):
            raise DamageError(damage)
        verify, jobs = self._request.verify, self._request.jobs or processors()
        fingerprint, definitions = settings_hashes(self._site)
        reparse = self._time.set_back or self._tx.meta.get("fingerprint") != fingerprint
        everything = reparse or self._tx.meta.get("definitions") != definitions
        changes = find_changes(
            self._site,
            self._tx,
            self._scheduled,
            None if verify or everything else self._request.changed_paths,
            reparse=reparse,
            verify=verify,
        )
        self._save_scan(changes)
        updater = FeedUpdater(
            self._site, self._tx, self._time.now, self._progress, feed_set, everything=everything
        )
        overdue = updater.apply_due() if changes.plan.tasks or changes.plan.gone else []
        with article_workers(self._site, self._seconds, jobs, len(changes.plan.tasks)) as workers:
            result, feeds = self._update(changes, updater, workers, clear_fragments=reparse)
        self._check(BuildOutcome(changes, result, feeds, self._time))
        changed = list(dict.fromkeys([*overdue, *feeds.paths]))
        self._put_if_changed("fingerprint", fingerprint)
        self._put_if_changed("definitions", definitions)
        if changed or feeds.renamed is not None or reparse or result.total:
            self._put_if_changed("revision", str(updater.revision))
            self._tx.meta.put_last_build(self._seconds)
        if adopter := self._request.adopter:
            adopter.finish(self._tx)
        return self._report(changes, result, feeds.feed_set, changed), feeds.feed_set

    def _update(
        self, changes: Changes, updater: FeedUpdater, workers: Workers, *, clear_fragments: bool
    ) -> tuple[IngestResult, FeedChanges]:
        """Ingest the changes and update the feeds; withdraw entries that cannot be rendered."""
        ingest = Ingest(
            self._site, self._tx, self._seconds, self._progress, changes, self._scheduled
        )
        result = ingest.run(workers)
        if adopter := self._request.adopter:
            ingest.replace(adopter.choose(self._tx))
        self._save_digest(changes.digest.without(result.changed_while_reading))
        if clear_fragments:
            self._tx.fragments.clear()
            self._tx.feeds.touch_all(updater.revision)
        feeds = updater.find(result)
        while failed := updater.render(feeds, workers):
            result = ingest.withdraw_unrenderable(failed)
            feeds = updater.find_again(feeds)
        updater.save(feeds, result)
        return result, feeds

    def _check(self, outcome: BuildOutcome) -> None:
        """Raise `GuardError` if the build would harm subscribers."""
        if self._request.force or self._request.adopter:
            return
        # Nothing was committed yet, so this reads the state of the last build.
        with self._catalogue.read() if self._time.last else nullcontext() as before:
            harms = guard.find_harms(self._site, before, self._tx, outcome)
            if inspector := self._request.inspector:
                inspector.look(before or self._tx, self._tx, outcome, list(harms))
            else:
                guard.check(harms, self._request.permitted)

    def _save_scan(self, changes: Changes) -> None:
        if changes.linked is not None:
            self._put_if_changed("linked", "yes" if changes.linked else "no")
        self._put_if_changed("articles", str(changes.articles))

    def _save_digest(self, digest: ScanDigest) -> None:
        if digest != ScanDigest.decoded(self._tx.meta.get("walked")):
            self._tx.meta.put("walked", digest.encoded())

    def _put_if_changed(self, key: str, value: str) -> None:
        if self._tx.meta.get(key) != value:
            self._tx.meta.put(key, value)

    def _report(
        self, changes: Changes, result: IngestResult, feed_set: FeedSet, changed: Sequence[str]
    ) -> BuildReport:
        read = None if changes.scanned_all else [task.path for task in changes.plan.tasks]
        problems = (
            *feed_set.expansion.problems,
            *changes.scan.problems,
            *self._tx.files.problems(read),
            *result.undated,
            *self._tx.duplicates.of(read, result.added_paths),
        )
        return BuildReport(
            articles=self._tx.meta.article_count(),
            read=result.read,
            added=result.added,
            changed=result.changed,
            withdrawn=result.withdrawn,
            feeds=len(feed_set.expansion.feeds),
            feeds_changed=tuple(changed),
            problems=tuple(sorted(problems)),
            revision=self._tx.meta.revision(),
            standing=self._tx.files.count_problems(),
            due=self._scheduled.next_change(self._tx.feeds.next_change()),
        )
