"""The commands that only read: `feeds check`, `feeds list` and `feeds show`."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feeds.cli import console, options
from feeds.util.terminal import echo, echo_json
from feeds.util.text import counted

if TYPE_CHECKING:  # each command imports only the modules that it needs
    from collections.abc import Mapping

    from feeds.build.check import Counts, Report
    from feeds.build.explain import ArticleStatus
    from feeds.catalogue.records import FeedState
    from feeds.config.definitions import FeedDefinition
    from feeds.config.site import Site


@click.command()
@options.config
@options.json
def check(root: Path, as_json: bool) -> None:
    """Read every article and report every problem.

    Needs no catalogue and writes nothing. Exits with status 1 if there is any problem.
    """
    from feeds.build import check
    from feeds.util.progress import clock

    with console.progress(as_json) as progress:
        report = check.check_articles(options.site(root), clock(), progress)
    console.print_result(report, as_json, _print_check)
    if report.problems:
        sys.exit(1)


def _print_check(report: "Report") -> None:
    for problem in report.problems:
        echo(console.describe_problem(problem))
    for notice in report.notices:
        echo(f"note: {notice}")
    for line in _count_lines(report.counts):
        echo(line)
    fatal = sum(problem.fatal for problem in report.problems)
    echo(
        f"{counted(report.articles, 'article')}, {counted(len(report.problems), 'problem')}, of "
        f"which {fatal:,} {'keeps' if fatal == 1 else 'keep'} an article from being published"
    )


def _count_lines(counts: "Counts") -> Iterator[str]:
    states = {
        "published": counts.published,
        "due later": counts.coming,
        "with errors": counts.failing,
    }
    yield _listed("articles", {**states, **counts.withheld})
    yield _listed("dates from", counts.dated)
    yield _listed("without", counts.without)
    yield _listed("other files", counts.unread)


def _listed(label: str, numbers: "Mapping[str, int]") -> str:
    largest_first = sorted(numbers.items(), key=lambda item: -item[1])
    texts = [f"{number:,} {name}" for name, number in largest_first if number]
    return f"{label}: {', '.join(texts) or 'none'}"


@click.command("list")
@options.config
@options.json
def list_(root: Path, as_json: bool) -> None:
    """List every feed with its URL, size and last change.

    The columns are title, number of entries, date of the newest entry, time of the last change
    (UTC), and the URL of the Atom format.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.render import feed_documents
    from feeds.util.progress import clock

    site = options.site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = feed_documents.all_feeds(site, reader, clock())
        states = reader.feeds.states()
    rows = [_feed_row(feed, states.get(feed.path), site) for feed in feeds.values()]
    if as_json:
        echo_json(rows)
        return
    keys = ("title", "entries", "newest", "updated", "url")
    console.print_table(
        ("Feed", "Entries", "Newest", "Last change", "URL"),
        [["-" if row[key] is None else row[key] for key in keys] for row in rows],
    )


def _feed_row(feed: "FeedDefinition", state: "FeedState | None", site: "Site") -> dict[str, Any]:
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


@click.command()
@click.argument("name", metavar="ENTRY-OR-FILE")
@options.config
@options.json
def show(name: str, root: Path, as_json: bool) -> None:
    """Show one article's entry and feeds, or why it has none.

    ENTRY-OR-FILE is the id of an entry, or the path of an article file.
    """
    from feeds.build import explain
    from feeds.catalogue.catalogue import Catalogue
    from feeds.util.progress import clock

    site = options.site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        status = explain.explain(name, site, reader, clock())
    console.print_result(status, as_json, _print_status)


def _print_status(status: "ArticleStatus") -> None:
    for key, value in _status_rows(status):
        echo(f"{key}: {value}")


def _status_rows(status: "ArticleStatus") -> Iterator[tuple[str, str]]:
    yield "article", status.path
    yield "status", status.status
    entry = status.entry
    if entry:
        yield "id", entry.id
        yield "title", entry.title
        yield "link", entry.link
        yield "published", f"{entry.published:%Y-%m-%d %H:%M:%S} UTC"
        yield "updated", f"{entry.updated:%Y-%m-%d %H:%M:%S} UTC"
        yield "topics", ", ".join(entry.topics)
        for file in entry.enclosures:
            yield "enclosure", f"{file.url} ({file.media_type})"
    for path in status.feeds:
        yield "in", path
    is_coming = status.status.startswith(("held back", "new"))
    for path in status.selected:
        yield "will be in" if is_coming else "selected, but not among the first entries of", path
    if entry and not status.feeds and not status.selected:
        yield "in", "no feed: no selection in feeds.yaml matches it"
    for problem in status.problems:
        yield "problem", console.describe_problem(problem)
