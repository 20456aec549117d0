"""The command `feeds diff`."""

from contextlib import closing
from pathlib import Path

import click

from feeds.cli import console, options
from feeds.util.terminal import echo, echo_json


@click.command()
@options.config
@options.verify
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the result to this file, as an HTML page.",
)
@options.json
def diff(root: Path, verify: bool, html: Path | None, as_json: bool) -> None:
    """Show what the next publication would change for subscribers.

    Compares with the last build: for each feed the entries that would be new, come back or leave,
    and why; for each entry its changes, word by word; and the harms for which the guard would stop.
    Writes nothing to the catalogue. Exits with status 1 if the guard would stop.
    """
    from feeds.build.builder import BuildRequest
    from feeds.catalogue.catalogue import Catalogue
    from feeds.diff import page, preview, report
    from feeds.errors import ExportError
    from feeds.util.progress import clock

    site = options.site(root)
    with (
        closing(Catalogue(site.catalogue, make="never")) as catalogue,
        console.progress(as_json) as progress,
    ):
        difference = preview.preview(
            site, catalogue, clock(), BuildRequest(verify=verify), progress
        )
    if html is not None:
        try:
            html.write_text(page.render(difference, site.settings.title), encoding="utf-8")
        except OSError as error:
            raise ExportError(f"{html}: cannot be written: {error.strerror}") from error
    if as_json:
        echo_json(difference)
    else:
        for line in report.lines(difference):
            echo(line)
    if difference.harms:
        raise SystemExit(1)
