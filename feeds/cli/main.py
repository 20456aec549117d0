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

from feeds.cli import publish
from feeds.cli.console import Console
from feeds.cli.options import Forcible
from feeds.cli.options import config as _config
from feeds.cli.options import forced as _forced
from feeds.cli.options import json as _json
from feeds.cli.options import overwrite as _overwrite
from feeds.cli.options import site as _site
from feeds.cli.options import verify as _verify
from feeds.config.settings import HostName
from feeds.errors import FeedsError
from feeds.util.terminal import echo, escape_log, escaping

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


for each in publish.COMMANDS:
    main.add_command(each)


@main.command(cls=Forcible)
@_config
@_verify
@_forced
@_json
def build(root: Path, verify: bool, forced: tuple[str, ...], as_json: bool) -> None:
    """Bring the catalogue up to date with the articles."""
    from feeds.build import builder
    from feeds.catalogue.catalogue import Catalogue
    from feeds.catalogue.presence import Make
    from feeds.util import progress as building

    site, output = _site(root), Console(as_json)
    make: Make = "always" if "guard" in forced else "first"
    with closing(Catalogue(site.catalogue, make=make)) as catalogue, output.progress() as progress:
        report = builder.build(
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
    from feeds.build import builder
    from feeds.catalogue.catalogue import Catalogue
    from feeds.catalogue.presence import Make
    from feeds.export import exporter
    from feeds.publish import publisher
    from feeds.util import progress as building

    site, output, now = _site(root), Console(as_json), building.clock()
    make: Make = "always" if "guard" in forced or overwrite else "first"
    with closing(Catalogue(site.catalogue, make=make)) as catalogue, output.progress() as progress:
        if make == "first":
            publisher.check_memory(site, catalogue, target)
        report = builder.build(
            site,
            catalogue,
            now,
            verify=verify,
            force="guard" in forced,
            trust_clock="clock" in forced,
            progress=progress,
        )
        written = exporter.export(
            site, catalogue, target, now, progress, host=host, overwrite=overwrite, verify=verify
        )
    output.exported(report, written, target)


@main.command()
@_config
@_json
def check(root: Path, as_json: bool) -> None:
    """Read every article and report each problem; exit 1 if there is any."""
    from feeds.build import check as checking
    from feeds.util.progress import clock

    output = Console(as_json)
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
    from feeds.catalogue.catalogue import Catalogue
    from feeds.render import feed_documents
    from feeds.util.progress import clock

    site = _site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = feed_documents.all_feeds(site, reader, clock())
        states = reader.feed_states()
    Console(as_json).listed(list(feeds.values()), states, site)


@main.command()
@click.argument("name", metavar="ENTRY-OR-FILE")
@_config
@_json
def show(name: str, root: Path, as_json: bool) -> None:
    """Show what becomes of one article: its entry, and the feeds it is in, or why in none."""
    from feeds.build import explain
    from feeds.catalogue.catalogue import Catalogue
    from feeds.util.progress import clock

    site = _site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        fate = explain.explain(name, site, reader, clock())
    Console(as_json).shown(fate)


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
    --access-log` and Caddy, gzip or not. docs/guides/monitoring.md says what counts.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.render import feed_documents
    from feeds.serve.stats import log_parser
    from feeds.serve.stats.report import write
    from feeds.serve.stats.subscribers import SubscriberCounter
    from feeds.util.progress import clock

    if days and since:
        raise click.UsageError("give --days or --since, not both")
    site, now = _site(root), clock()
    with closing(Catalogue(site.catalogue, make="first")) as catalogue, catalogue.read() as reader:
        feeds = feed_documents.all_feeds(site, reader, now)
    start = now - timedelta(days=days) if days else since and since.replace(tzinfo=UTC)
    counter = SubscriberCounter(site, feeds, start.timestamp() if start else None)
    for name in logs:
        counter.add(log_parser.lines(name))
    if html:
        write(html, counter.result(), site)
    Console(as_json).counted(counter.result())


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
    from feeds.build import sidecar
    from feeds.serve.runner import ListenAddress, serve
    from feeds.serve.stats.monitoring import Monitoring

    place = ListenAddress.of(host, port, workers)
    insight = Monitoring(access_log, log_client, metrics, metrics_token)
    with insight.around():
        console = Console(as_json=False)
        site = sidecar.load(root, os.environ)
        serve(site, place, insight, console.progress, console.built)


@main.command()
@_config
def watch(root: Path) -> None:
    """Build whenever an article changes, until stopped."""
    import signal
    import threading

    from feeds.serve.background import watching
    from feeds.serve.runner import log_to_stderr

    site, stopped = _site(root), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    log_to_stderr()
    with watching(site):
        echo(f"Watching {site.folder}")
        stopped.wait()
