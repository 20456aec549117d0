"""The commands that build: `feeds build` and `feeds watch`."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli import console, options
from feeds.cli.options import BuildOptions
from feeds.util.terminal import echo
from feeds.util.text import counted

if TYPE_CHECKING:  # each command imports only the modules that it needs
    from feeds.build.builder import BuildReport
    from feeds.catalogue.presence import Make


@click.command(cls=options.Forcible)
@options.config
@options.verify
@options.forced
@options.json
@options.grouped(BuildOptions)
def build(root: Path, as_json: bool, given: BuildOptions) -> None:
    """Bring the catalogue up to date with the articles.

    Reads only the articles that changed. Prints what changed and the first problems.
    """
    from feeds.build import builder
    from feeds.catalogue.catalogue import Catalogue
    from feeds.util.progress import clock

    site = options.site(root)
    make: Make = "always" if given.force else "first"
    with (
        closing(Catalogue(site.catalogue, make=make)) as catalogue,
        console.progress(as_json) as progress,
    ):
        report = builder.build(site, catalogue, clock(), given.request(), progress=progress)
    console.print_result(report, as_json, print_report)


def print_report(report: "BuildReport") -> None:
    """Print what a build did and its first problems."""
    echo(
        f"{counted(report.articles, 'article')}, {report.read:,} read: {report.added:,} added, "
        f"{report.changed:,} changed, {report.withdrawn:,} withdrawn; "
        f"{len(report.feeds_changed):,} of {counted(report.feeds, 'feed')} changed"
    )
    console.print_problems(report.problems)


@click.command()
@options.config
def watch(root: Path) -> None:
    """Build whenever an article changes, until stopped.

    Also notifies the WebSub hubs of changed feeds. `feeds serve` does the same while it serves.
    """
    import signal
    import threading

    from feeds.serve.background import watching
    from feeds.serve.runner import log_to_stderr

    site, stopped = options.site(root), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    log_to_stderr()
    with watching(site):
        echo(f"Watching {site.folder}")
        stopped.wait()
