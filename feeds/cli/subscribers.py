"""The command `feeds subscribers`."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli import console, options
from feeds.util.terminal import echo

if TYPE_CHECKING:  # each command imports only the modules that it needs
    from feeds.serve.stats.subscribers import Subscribers


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@options.config
@click.option("--days", type=click.IntRange(1, 3650), help="Count only this number of past days.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Count only requests since this date or time (UTC).",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with charts to this file.",
)
@options.json
def subscribers(
    logs: tuple[str, ...],
    root: Path,
    days: int | None,
    since: datetime | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Count the subscribers of every feed from access logs.

    LOG is an access log in the common or combined format or in JSON lines, as written by `feeds
    serve --access-log` and Caddy, gzip-compressed or not; `-` reads standard input.
    docs/guides/monitoring.md explains what is counted.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.render import feed_documents
    from feeds.serve.stats import log_parser
    from feeds.serve.stats.report import write
    from feeds.serve.stats.subscribers import SubscriberCounter
    from feeds.util.progress import clock

    if days and since:
        raise click.UsageError("use either --days or --since, not both")
    site, now = options.site(root), clock()
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = feed_documents.all_feeds(site, reader, now)
    start = now - timedelta(days=days) if days else since and since.replace(tzinfo=UTC)
    counter = SubscriberCounter(site, feeds, start.timestamp() if start else None)
    for name in logs:
        counter.add(log_parser.lines(name))
    if html:
        write(html, counter.result(), site)
    console.print_result(counter.result(), as_json, _print_report)


def _print_report(report: "Subscribers") -> None:
    from feeds.model.document import FORMATS

    rows = []
    for feed in report.feeds:
        aggregators = ", ".join(
            f"{aggregator.name} {'?' if aggregator.subscribers is None else aggregator.subscribers}"
            for aggregator in feed.aggregators
        )
        by_format = (feed.formats[format_] for format_ in FORMATS)
        rows.append(
            (feed.path, feed.total, feed.reported, feed.direct, *by_format, aggregators or "-")
        )
    console.print_table(
        ("Feed", "Subscribers", "Reported", "Direct", "RSS", "Atom", "JSON", "Aggregators"), rows
    )
    echo(
        f"{report.lines:,} lines, {report.requests:,} requests for feeds counted; "
        f"{report.unreadable:,} lines cannot be read",
        err=True,
    )
    if report.unknown_clients:
        echo(
            f"{report.unknown_clients:,} requests have no client address: their readers are "
            "distinguished only by User-Agent",
            err=True,
        )
