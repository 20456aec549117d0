"""`feeds build`: articles into the catalogue, then the feeds that show what changed."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from feeds import decisions, documents, facts, folder, fragment, ingest
from feeds.catalogue.store import Catalogue, FeedState, Reader, moment
from feeds.catalogue.writer import Writer, writing
from feeds.definitions import Expansion, FeedDefinition
from feeds.errors import Problem, shared_link
from feeds.ingest import Ingest, Outcome, Progress
from feeds.selection import Facts, matches, timed
from feeds.site import Site
from feeds.work import RenderTask, Workers


class Report(msgspec.Struct, frozen=True):
    """What a build did: counts of articles and entries, the feeds that changed, all problems."""

    articles: int
    read: int
    added: int
    changed: int
    withdrawn: int
    feeds: int
    feeds_changed: tuple[str, ...]
    problems: tuple[Problem, ...]
    revision: int


def clock() -> datetime:
    """Now, in whole seconds: what is dated later is not out yet."""
    return datetime.now(UTC).replace(microsecond=0)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def silent(_what: str, _done: int, _all: int) -> None:
    """Progress that is told to nobody."""


def build(
    site: Site,
    catalogue: Catalogue,
    now: datetime,
    *,
    jobs: int | None = None,
    verify: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Report:
    """Bring the catalogue up to date with the article folder, in one transaction.

    `verify` reads every file instead of trusting sizes and times. `force` goes past the guard.
    Raises `SourceError`, `GuardError`, `WorkError`, `CatalogueError`; a bad article is a row of the
    report. Readers see the state before until the build is whole.
    """
    with writing(catalogue) as writer:
        # Only now, for a build that waited for another one must not see an older folder.
        scan = folder.scan(site)
        return _Build(site, writer, now, jobs or processors(), progress).run(
            scan, verify=verify, force=force
        )


class _Build:
    def __init__(
        self, site: Site, writer: Writer, now: datetime, jobs: int, progress: Progress
    ) -> None:
        self._site, self._writer, self._now = site, writer, now
        self._seconds, self._jobs, self._progress = int(now.timestamp()), jobs, progress

    def run(self, scan: folder.Scan, *, verify: bool, force: bool) -> Report:
        fingerprint = _fingerprint(self._site)
        again = self._writer.meta("fingerprint") != fingerprint
        known = self._writer.files()
        definitions = _definitions(self._site)
        everything = again or self._writer.meta("definitions") != definitions
        trust = self._site.settings.articles.trust == "mtime" and not verify
        plan = decisions.plan(scan, known, again=again, trust=trust)
        run = Ingest(self._site, self._writer, self._seconds, self._progress)
        due = self._due()
        changed = [] if everything or not (plan.tasks or plan.gone) else self._catch_up(due)
        with Workers(self._site, self._seconds, self._jobs, len(plan.tasks)) as workers:
            run.run(plan, known, workers)
            if again:
                self._writer.drop_fragments()
                self._writer.put_meta("fingerprint", fingerprint)
            if everything:
                self._writer.put_meta("definitions", definitions)
            expansion, refreshed = self._refresh(run, due, workers, everything=everything)
        if not force:
            run.guard()
        changed = list(dict.fromkeys([*changed, *refreshed]))
        revision = int(self._writer.meta("revision"))
        if changed or run.outcome.total:
            revision += 1
            self._writer.put_meta("revision", str(revision))
        return self._report(scan, run.outcome, expansion, changed, revision)

    def _report(
        self,
        scan: folder.Scan,
        outcome: Outcome,
        expansion: Expansion,
        changed: Sequence[str],
        revision: int,
    ) -> Report:
        problems = (
            *expansion.problems,
            *scan.problems,
            *self._writer.problems(),
            *shared_links(self._writer),
        )
        return Report(
            articles=len(scan.files),
            read=outcome.read,
            added=outcome.added,
            changed=outcome.changed,
            withdrawn=outcome.withdrawn,
            feeds=len(expansion.feeds),
            feeds_changed=tuple(changed),
            problems=tuple(sorted(problems)),
            revision=revision,
        )

    def _due(self) -> list[Facts]:
        """The facts of entries dated in the future that came out since a build last looked."""
        since = self._writer.meta("refreshed")
        due = self._writer.newly_out(moment(int(since)), self._now) if since else []
        if due or not since:
            self._writer.put_meta("refreshed", str(self._seconds))
        return [facts.of(entry, self._site) for entry in due]

    def _catch_up(self, due: Sequence[Facts]) -> list[str]:
        """Date what time alone did to feeds, before this build changes anything; returns which.

        Readers have seen that already, so that what the build changes needs a later date.
        """
        if not due and not any(timed(spec.selection) for spec in self._site.feeds):
            return []
        known = self._writer.feed_states()
        feeds = documents.every(self._site, self._writer, self._now).values()
        looked_at = [
            feed
            for feed in feeds
            if feed.path in known and (timed(feed.selection) or _shows_any(feed, due, self._now))
        ]
        states, _ = self._states(looked_at, known, built=None)
        self._writer.put_feeds(states, [])
        return [state.path for state in states]

    def _refresh(
        self, run: Ingest, due: Sequence[Facts], workers: Workers, *, everything: bool
    ) -> tuple[Expansion, list[str]]:
        """Look at the feeds that may show something else; returns all feeds, and who changed."""
        expansion = documents.expanded(self._site, self._writer, self._now)
        feeds = expansion.feeds
        known = self._writer.feed_states()
        touched = [*run.outcome.touched, *due]
        everything = everything or len(touched) > ingest.MANY
        looked_at = [
            feed
            for feed in feeds.values()
            if everything
            or feed.path not in known
            or timed(feed.selection)
            or _shows_any(feed, touched, self._now)
        ]
        states, wanted = self._states(looked_at, known, built=self._seconds)
        while failed := self._render(wanted, workers):
            run.refuse(failed)
            states, wanted = self._states(looked_at, known, built=self._seconds)
        self._writer.put_feeds(states, [path for path in known if path not in feeds])
        return expansion, [state.path for state in states]

    def _states(
        self,
        feeds: Iterable[FeedDefinition],
        known: Mapping[str, FeedState],
        *,
        built: int | None,
    ) -> tuple[list[FeedState], set[int]]:
        """The states that differ from the known ones, and the entries that those feeds show."""
        states: list[FeedState] = []
        wanted: set[int] = set()
        for feed in feeds:
            shown = self._writer.shown(feed, self._now)
            moved = self._writer.moved(feed, shown, self._now)
            before = known.get(feed.path)
            state = documents.state(feed, self._site, shown, before, moved, built)
            wanted.update(each.seq for each in shown)
            if state != before:
                states.append(state)
        return states, wanted

    def _render(self, wanted: set[int], workers: Workers) -> dict[int, str]:
        """Render the entries that have no fragments yet; returns those that failed, and why."""
        missing = self._writer.without_fragments(wanted)
        failed: dict[int, str] = {}
        done = 0
        for start in range(0, len(missing), 5000):
            part = missing[start : start + 5000]
            tasks = [RenderTask(seq, data) for seq, data in self._writer.encoded(part)]
            for results in workers.render(tasks):
                made = [(each.seq, each.fragments) for each in results if not each.error]
                self._writer.put_fragments(made)
                failed.update((each.seq, each.error) for each in results if each.error)
                done += len(results)
                self._progress("Rendering entries", done, len(missing))
        return failed


def shared_links(reader: Reader) -> list[Problem]:
    """A problem for each entry whose link an earlier one has: readers see the story twice."""
    first: dict[str, str] = {}
    problems = []
    for path, link in reader.shared_links():
        if link in first:
            problems.append(shared_link(path, link, first[link]))
        else:
            first[link] = path
    return problems


def _shows_any(feed: FeedDefinition, touched: Iterable[Facts], now: datetime) -> bool:
    return any(matches(feed.selection, each, now) for each in touched)


def _fingerprint(site: Site) -> str:
    """A hash of all that entries and fragments are made with, besides their articles."""
    used = {
        "version": fragment.VERSION,
        "settings": msgspec.structs.replace(site.settings, catalogue="", guard=0, ping_delay=0),
        "topics": site.topics,
        "providers": site.providers,
    }
    return hashlib.sha256(msgspec.json.encode(used, order="deterministic")).hexdigest()[:32]


def _definitions(site: Site) -> str:
    """A hash of feeds.yaml: where it changed, every feed may."""
    specs = [msgspec.structs.replace(spec, where="") for spec in site.feeds]
    return hashlib.sha256(msgspec.json.encode(specs)).hexdigest()[:32]
