"""The command `feeds`."""

import atexit
import gc
import os
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click

from feeds import commands_publishing as publishing
from feeds.errors import FeedsError
from feeds.keys import HostName
from feeds.options import Forcible
from feeds.options import config as _config
from feeds.options import forced as _forced
from feeds.options import json as _json
from feeds.options import overwrite as _overwrite
from feeds.options import site as _site
from feeds.options import verify as _verify
from feeds.output import Output
from feeds.terminal import echo, escape_log, escaping

HOSTS: tuple[HostName, ...] = get_args(HostName)

# So many new objects make Python look for garbage among the young ones.
_GARBAGE = 50_000


class _Group(click.Group):
    """Ends with a message, never a traceback, for errors that are ours to tell."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with escaping():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with escaping():
                return super().invoke(ctx)
        except FeedsError as error:
            for line in error.lines:
                echo(f"feeds: {line}", err=True)
            sys.exit(error.status)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Publish a folder of articles as RSS, Atom and JSON Feed."""
    # Python would look for garbage in all articles, again and again, and hardly find any; and once
    # more at the end, in all that there is.
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    escape_log()
    atexit.register(gc.freeze)


for each in publishing.COMMANDS:
    main.add_command(each)


@main.command(cls=Forcible)
@_config
@_verify
@_forced
@_json
def build(root: Path, verify: bool, forced: tuple[str, ...], as_json: bool) -> None:
    """Bring the catalogue up to date with the articles."""
    from feeds import build as building
    from feeds.catalogue.store import Catalogue, Make

    site, output = _site(root), Output(as_json)
    make: Make = "always" if "guard" in forced else "first"
    with closing(Catalogue(site.catalogue, make=make)) as catalogue, output.progress() as progress:
        report = building.build(
            site,
            catalogue,
            building.clock(),
            verify=verify,
            force="guard" in forced,
            trust_clock="clock" in forced,
            progress=progress,
        )
    output.built(report)


@main.command(cls=Forcible)
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@_config
@click.option(
    "--for",
    "host",
    type=click.Choice(HOSTS),
    help="The host that serves the files; without this, that of the settings.",
)
@_verify
@_forced
@_overwrite
@_json
def export(
    target: Path,
    root: Path,
    host: HostName | None,
    verify: bool,
    forced: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Build, then write every feed as files below DIR."""
    from feeds import build as building
    from feeds import export as exporting
    from feeds import steps
    from feeds.catalogue.store import Catalogue, Make

    site, output, now = _site(root), Output(as_json), building.clock()
    make: Make = "always" if "guard" in forced or overwrite else "first"
    with closing(Catalogue(site.catalogue, make=make)) as catalogue, output.progress() as progress:
        if make == "first":
            steps.check_memory(site, catalogue, target)
        report = building.build(
            site,
            catalogue,
            now,
            verify=verify,
            force="guard" in forced,
            trust_clock="clock" in forced,
            progress=progress,
        )
        written = exporting.export(
            site, catalogue, target, now, progress, host=host, overwrite=overwrite, verify=verify
        )
    output.exported(report, written, target)


@main.command()
@_config
@_json
def check(root: Path, as_json: bool) -> None:
    """Read every article and report each problem; exit 1 if there is any."""
    from feeds import checking
    from feeds.build import clock

    output = Output(as_json)
    with output.progress() as progress:
        articles, problems = checking.check(_site(root), clock(), progress)
    output.checked(articles, problems)
    if problems:
        sys.exit(1)


@main.command("list")
@_config
@_json
def list_(root: Path, as_json: bool) -> None:
    """List every feed: URL, entries, newest entry, last change."""
    from feeds import documents
    from feeds.build import clock
    from feeds.catalogue.store import Catalogue

    site = _site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = documents.every(site, reader, clock())
        states = reader.feed_states()
    Output(as_json).listed(list(feeds.values()), states, site)


@main.command()
@click.argument("name", metavar="ENTRY-OR-FILE")
@_config
@_json
def show(name: str, root: Path, as_json: bool) -> None:
    """Show what becomes of one article: its entry, and the feeds it is in, or why in none."""
    from feeds import checking
    from feeds.build import clock
    from feeds.catalogue.store import Catalogue

    site = _site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        fate = checking.fate(name, site, reader, clock())
    Output(as_json).shown(fate)


@main.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@_config
@click.option("--days", type=click.IntRange(1, 3650), help="Count the last so many days only.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Count from this day (or time) on only, UTC.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with charts to this file.",
)
@_json
def subscribers(
    logs: tuple[str, ...],
    root: Path,
    days: int | None,
    since: datetime | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Count the subscribers of every feed from access logs; `-` reads standard input.

    Takes the common and combined formats, and JSON lines such as those of `feeds serve
    --access-log` and Caddy, gzip or not. docs/operating.md says what counts.
    """
    from feeds import chart, documents, loglines
    from feeds.build import clock
    from feeds.catalogue.store import Catalogue
    from feeds.subscribers import Counter

    if days and since:
        raise click.UsageError("give --days or --since, not both")
    site, now = _site(root), clock()
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = documents.every(site, reader, now)
    start = now - timedelta(days=days) if days else since and since.replace(tzinfo=UTC)
    counter = Counter(site, feeds, start.timestamp() if start else None)
    for name in logs:
        counter.add(loglines.lines(name))
    if html:
        chart.write(html, counter.result(), site)
    Output(as_json).counted(counter.result())


@main.command()
@_config
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes; one for each processor is enough.",
)
@click.option(
    "--access-log",
    metavar="FILE",
    default="",
    help="Write a line of JSON for each request to this file, or with `-` to standard output.",
)
@click.option(
    "--log-client",
    type=click.Choice(["hash", "address", "none"]),
    default="hash",
    show_default=True,
    help="What the access log says of a client's address; the hash is another one every day.",
)
@click.option("--metrics", is_flag=True, help="Answer Prometheus at /metrics.")
@click.option(
    "--metrics-token",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file with the token that Prometheus has to send.",
)
def serve(
    root: Path,
    host: str,
    port: int,
    workers: int,
    access_log: str,
    log_client: Any,
    metrics: bool,
    metrics_token: Path | None,
) -> None:
    """Serve the feeds, and articles that change meanwhile; build first if nothing was built yet."""
    from feeds import beside
    from feeds.insight import Insight
    from feeds.serving import Place, serve

    place = Place.of(host, port, workers)
    insight = Insight(access_log, log_client, metrics, metrics_token)
    with insight.around():
        serve(beside.load(root, os.environ), place, insight, Output(as_json=False))


@main.command()
@_config
def watch(root: Path) -> None:
    """Build whenever an article changes, until stopped."""
    import signal
    import threading

    from feeds.serving import log_to_stderr, watching

    site, stopped = _site(root), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    log_to_stderr()
    with watching(site):
        echo(f"Watching {site.folder}")
        stopped.wait()
