"""What commands print: tables and progress bars on a terminal, plain lines elsewhere, or JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feeds.config.site import Site
from feeds.errors import Problem
from feeds.util import terminal
from feeds.util.terminal import echo, echo_json

if TYPE_CHECKING:  # no command waits for what others need
    from feeds.build.builder import BuildReport
    from feeds.build.explain import ArticleStatus
    from feeds.catalogue.records import FeedState
    from feeds.config.definitions import FeedDefinition
    from feeds.export.exporter import ExportReport
    from feeds.publish.publisher import TellReport, WriteReport
    from feeds.publish.purge import PurgeReport
    from feeds.publish.upload import UploadReport
    from feeds.publish.upload_plan import UploadPlan
    from feeds.serve.stats.subscribers import Subscribers
    from feeds.util.progress import Progress
    from feeds.websub.schedule import HubReport

# So many problems are printed after a build; `feeds check` prints them all.
_SOME = 10


class Console:
    """Prints results as JSON if asked to, as tables on a terminal, else as plain lines."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._terminal = sys.stdout.isatty()

    @contextmanager
    def progress(self) -> "Iterator[Progress]":
        """Progress bars on standard error for long work, if that is a terminal."""
        if self._as_json or not sys.stderr.isatty():
            from feeds.util.progress import silent

            yield silent
            return
        from rich.console import Console
        from rich.progress import Progress as Bars

        # Without a thread of its own: worker processes start faster where there is none.
        with Bars(console=Console(stderr=True), transient=True, auto_refresh=False) as bars:
            known: dict[str, Any] = {}

            def advance(what: str, done: int, total: int) -> None:
                if what not in known:
                    known[what] = bars.add_task(terminal.label(what))
                bars.update(known[what], completed=done, total=total, refresh=True)

            yield advance

    def built(self, report: "BuildReport") -> None:
        """What a build did."""
        if self._as_json:
            echo_json(report)
            return
        echo(
            f"{report.articles:,} articles, {report.read:,} read: {report.added:,} added, "
            f"{report.changed:,} changed, {report.withdrawn:,} withdrawn; "
            f"{len(report.feeds_changed):,} of {report.feeds:,} feeds changed"
        )
        self._some(report.problems)

    def exported(self, report: "BuildReport", written: "ExportReport", target: Path) -> None:
        """What a build and an export did."""
        if self._as_json:
            echo_json({"build": report, "export": written})
            return
        self.built(report)
        echo(
            f"{target}: {len(written.written):,} files written, {len(written.removed):,} removed, "
            f"{written.unchanged:,} unchanged"
        )
        for sentence in written.said:
            echo(sentence)
        if written.due:
            echo(f"An article is due at {written.due:%Y-%m-%d %H:%M} UTC; export again then.")

    def published(self, report: "WriteReport | TellReport") -> None:
        """What each step of a publish did, or of a part of it."""
        if self._as_json:
            echo_json(report)
            return
        from feeds.publish.publisher import PublishReport, TellReport, WriteReport

        if isinstance(report, WriteReport):
            if report.memory == "taken up":
                echo(f"{report.to}: the memory was taken up")
            self.built(report.build)
            echo(
                f"exported: {len(report.export.written):,} files written, "
                f"{len(report.export.removed):,} removed, {report.export.unchanged:,} unchanged"
            )
            for sentence in report.export.said:
                echo(sentence)
            self.uploaded(report.upload, report.to)
        if isinstance(report, PublishReport | TellReport):
            self.purged(report.purge)
            if report.ping:
                self.pinged(report.ping)

    def planned(self, plan: "UploadPlan", cache_tags: str | None, to: str) -> None:
        """What an upload would do, an object a line, with what is stored with each.

        `cache_tags` is the name of the header that the store is given tags in.
        """
        if self._as_json:
            echo_json(plan)
            return
        from feeds.publish import upload_plan

        for each in plan.uploads:
            said = upload_plan.headers(each.file, cache_tags)
            told = "; ".join(f"{name}: {value}" for name, value in said.items())
            echo(f"write {each.path} ({each.why}, {each.file.size:,} bytes) {told}")
        for path in plan.deletes:
            echo(f"delete {path}")
        echo(
            f"{to}: {len(plan.uploads):,} objects to write, {len(plan.deletes):,} to delete, "
            f"{plan.unchanged:,} unchanged; nothing was done"
        )

    def uploaded(self, report: "UploadReport", to: str) -> None:
        """What an upload did."""
        if self._as_json:
            echo_json(report)
            return
        echo(
            f"{to}: {len(report.written):,} documents changed, {len(report.deleted):,} deleted, "
            f"{report.unchanged:,} unchanged"
        )

    def purged(self, reports: "Sequence[PurgeReport]") -> None:
        """What each cache was asked to forget."""
        if self._as_json:
            echo_json(reports)
            return
        for each in reports:
            echo(
                f"purged at {each.cache}: {each.urls:,} URLs, {each.tags:,} tags, "
                f"{each.requests:,} requests"
            )

    def checked(self, articles: int, problems: Sequence[Problem]) -> None:
        """Every problem, and how many there are."""
        if self._as_json:
            echo_json({"articles": articles, "problems": problems})
            return
        for problem in problems:
            echo(_problem(problem))
        fatal = sum(problem.fatal for problem in problems)
        echo(
            f"{articles:,} articles, {len(problems):,} problems, of which {fatal:,} keep an "
            "article from being published"
        )

    def listed(
        self, feeds: "Sequence[FeedDefinition]", states: "Mapping[str, FeedState]", site: Site
    ) -> None:
        """Every feed with what is known of it."""
        rows = [_listed(feed, states.get(feed.path), site) for feed in feeds]
        if self._as_json:
            echo_json(rows)
            return
        self._table(
            ("Feed", "Entries", "Newest", "Last change", "URL"),
            [
                (
                    row["title"],
                    row["entries"],
                    row["newest"] or "-",
                    row["updated"] or "-",
                    row["url"],
                )
                for row in rows
            ],
        )

    def shown(self, fate: "ArticleStatus") -> None:
        """What becomes of one article."""
        if self._as_json:
            echo_json(fate)
            return
        entry = fate.entry
        rows = [("article", fate.path), ("status", fate.status)]
        if entry:
            rows += [
                ("id", entry.id),
                ("title", entry.title),
                ("link", entry.link),
                ("published", f"{entry.published:%Y-%m-%d %H:%M:%S} UTC"),
                ("updated", f"{entry.updated:%Y-%m-%d %H:%M:%S} UTC"),
                ("topics", ", ".join(entry.topics)),
                *(("enclosure", f"{file.url} ({file.media_type})") for file in entry.enclosures),
            ]
        rows += [("in", path) for path in fate.feeds]
        coming = fate.status.startswith(("held back", "new"))
        fits = "will be in" if coming else "fits, but is not among the first of"
        rows += [(fits, path) for path in fate.selected]
        if entry and not fate.feeds and not fate.selected:
            rows.append(("in", "no feed: no selection in feeds.yaml fits it"))
        rows += [("problem", _problem(problem)) for problem in fate.problems]
        for name, value in rows:
            echo(f"{name}: {value}")

    def pinged(self, reports: "Sequence[HubReport]") -> None:
        """What each hub was told."""
        if self._as_json:
            echo_json(reports)
            return
        if not reports:
            echo("site.yaml names no hub, or no build was made yet; there is nothing to tell")
        for report in reports:
            for failure in report.failures[:_SOME]:
                echo(f"error: {failure.topic}: {failure.why}", err=True)
            echo(_pinged(report))

    def counted(self, counted: "Subscribers") -> None:
        """The subscribers of every feed, and what of the logs was of no use."""
        if self._as_json:
            echo_json(counted)
            return
        from feeds.model.document import FORMATS

        self._table(
            ("Feed", "Subscribers", "Reported", "Direct", "RSS", "Atom", "JSON", "Aggregators"),
            [
                (
                    feed.path,
                    feed.total,
                    feed.reported,
                    feed.direct,
                    *(feed.formats[format_] for format_ in FORMATS),
                    ", ".join(
                        f"{each.name} {'?' if each.subscribers is None else each.subscribers}"
                        for each in feed.aggregators
                    )
                    or "-",
                )
                for feed in counted.feeds
            ],
        )
        echo(
            f"{counted.lines:,} lines, {counted.requests:,} requests for feeds counted; "
            f"{counted.unreadable:,} lines cannot be read",
            err=True,
        )
        if counted.unknown_clients:
            echo(
                f"{counted.unknown_clients:,} requests do not say from where: their readers are "
                "told apart by User-Agent only",
                err=True,
            )

    def _some(self, problems: Sequence[Problem]) -> None:
        for problem in problems[:_SOME]:
            echo(_problem(problem), err=True)
        if len(problems) > _SOME:
            rest = len(problems) - _SOME
            echo(f"… and {rest:,} more problems; feeds check lists them", err=True)

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if self._terminal:
            terminal.table(head, rows)
            return
        for row in rows:
            echo(*row)


def _problem(problem: Problem) -> str:
    return f"{'error' if problem.fatal else 'warning'}: {problem}"


def _listed(feed: "FeedDefinition", state: "FeedState | None", site: Site) -> dict[str, Any]:
    from feeds.model.document import FORMATS
    from feeds.util.dates import from_timestamp

    newest = state.newest if state else None
    return {
        "path": feed.path,
        "title": feed.title,
        "entries": state.entries if state else 0,
        "newest": None if newest is None else f"{from_timestamp(newest):%Y-%m-%d}",
        "updated": f"{from_timestamp(state.updated):%Y-%m-%d %H:%M}" if state else None,
        "url": feed.url(site, "atom"),
        "urls": {format_: feed.url(site, format_) for format_ in FORMATS},
    }


def _pinged(report: "HubReport") -> str:
    said = f"{report.hub}: {report.sent:,} feed URLs sent, {report.failed:,} failed"
    if report.first:
        said += "; it is new, so that what there was before counts as told"
    if report.given_up:
        said += f"; {report.given_up:,} given up after a day"
    if report.next_try is not None:
        from feeds.util.dates import from_timestamp

        when = f"{from_timestamp(report.next_try):%Y-%m-%d %H:%M:%S} UTC"
        said += f"; {report.waiting:,} still to be told, next try from {when}"
    return said
