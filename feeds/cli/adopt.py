"""The command `feeds adopt`."""

from contextlib import closing
from pathlib import Path

import click

from feeds.cli import console, options
from feeds.cli.options import BuildOptions
from feeds.util.terminal import echo, echo_json


@click.command(cls=options.Forcible)
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--dry-run", is_flag=True, help="Write nothing; only report.")
@click.option("--undo", is_flag=True, help="Restore the ids and dates from before the adoption.")
@options.config
@options.verify
@options.forced
@options.json
@options.grouped(BuildOptions)
def adopt(
    sources: tuple[str, ...],
    dry_run: bool,
    undo: bool,
    root: Path,
    as_json: bool,
    given: BuildOptions,
) -> None:
    """Take over ids and dates from another system.

    SOURCE is a feed (a file, or a URL), a folder with feeds, or an export of WordPress or Ghost.
    Its items are matched with the articles, whose entries keep the ids and dates of the items, so
    that readers show nothing twice. Builds first. Exits with status 1 if an item is doubtful.
    """
    if bool(sources) == undo or (undo and dry_run):
        raise click.UsageError("name the sources to adopt, or pass --undo alone")
    from feeds.adopt import adoption, report
    from feeds.adopt import sources as old
    from feeds.catalogue.catalogue import Catalogue
    from feeds.util.progress import clock

    site, documents = options.site(root), old.read(sources)
    with (
        closing(Catalogue(site.catalogue)) as catalogue,
        console.progress(as_json) as progress,
    ):
        if undo:
            count = adoption.undo(site, catalogue, clock(), given.request(), progress)
            outcome = None
        else:
            outcome = adoption.adopt(
                site, catalogue, documents, clock(), given.request(), progress, dry_run=dry_run
            )
    if outcome is None:
        console.print_result({"restored": count}, as_json, lambda _: echo(_restored(count)))
        return
    if as_json:
        echo_json(outcome)
    else:
        for line in report.lines(outcome):
            echo(line)
    if any(source.doubtful for source in outcome.sources):
        raise SystemExit(1)


def _restored(count: int) -> str:
    return (
        f"{count:,} entries have their former ids and dates again. If feeds serve ran in the "
        "meantime, readers may have the adopted ids"
    )
