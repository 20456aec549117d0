"""The commands `feeds memory export` and `feeds memory import`."""

import sys
from contextlib import closing
from pathlib import Path

import click

from feeds.cli import options
from feeds.util.terminal import echo


@click.group()
def memory() -> None:
    """Keep the ids and dates of entries in a file."""


@memory.command("export")
@click.argument("file", metavar="[FILE]", default="-", type=click.Path(path_type=Path))
@options.config
def export(file: Path, root: Path) -> None:
    """Write the memory to FILE, or to standard output.

    The file has one line for each entry, feed and archive in a stable order, so that it can be kept
    under version control.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.memory import transfer

    site = options.site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue:
        if str(file) == "-":
            result = transfer.export_memory(catalogue, sys.stdout.buffer)
        else:
            result = transfer.write_file(catalogue, file)
            echo(f"{file}: {result.entries:,} entries, {result.rows:,} rows")
    if result.broken:
        echo(
            f"warning: published entries whose articles have errors today: {result.broken:,}. "
            "Their last good versions are only in the catalogue: after an import, these entries "
            "are withdrawn until the errors are corrected (feeds check lists them)",
            err=True,
        )


@memory.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@options.config
def import_(files: tuple[Path, ...], root: Path) -> None:
    """Merge exported memories into the catalogue, which is created if it is missing.

    Run `feeds build` afterwards. If the memories contradict each other, every conflict is listed
    and nothing is changed.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.memory import transfer

    site = options.site(root)
    with closing(Catalogue(site.catalogue)) as catalogue:
        result = transfer.import_memory(catalogue, files)
    if result.rows:
        echo(f"{result.rows:,} rows added or changed, {result.entries:,} entries; run feeds build")
    else:
        echo("nothing to change: the catalogue has this memory")
