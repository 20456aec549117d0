"""The command `feeds init`."""

import sys
from pathlib import Path

import click

from feeds.cli import console, options
from feeds.init.registry import NAMES
from feeds.util.terminal import echo, echo_json


@click.command()
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[FOLDER]"
)
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults.")
@click.option(
    "--generator",
    type=click.Choice(NAMES),
    default=None,
    help="The generator of the site, instead of the one that is found.",
)
@click.option(
    "--old-feed",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A feed that the site has now, to compare with. The default is that of a built site.",
)
@click.option("--url", default="", help="The URL of the site, instead of the one that is found.")
@options.json
def init(
    folder: Path, yes: bool, generator: str | None, old_feed: Path | None, url: str, as_json: bool
) -> None:
    """Write settings that fit an existing site.

    FOLDER is the site, by default the current folder. Its generator's configuration is read but
    not run; all articles are tried. Exits with status 1 if no article is published, or if entries
    differ from those of the old feed.
    """
    from feeds.init import initialiser, report
    from feeds.init.initialiser import Request
    from feeds.util.progress import clock

    request = Request(folder, generator or "", old_feed, url)
    asks = _can_ask() and not (yes or as_json)
    with console.progress(as_json or asks) as progress:
        outcome = initialiser.initialise(request, _ask if asks else _take, clock(), progress)
    if as_json:
        echo_json(report.as_data(outcome))
    else:
        for line in report.lines(outcome):
            echo(line)
        echo(f"Next: {'' if folder == Path() else f'cd {folder} && '}feeds serve")
    if not outcome.trial.entries or any(
        compared.same < compared.total for _, compared in outcome.comparisons
    ):
        sys.exit(1)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, default: str) -> str:
    return str(click.prompt(question, default=default, err=True)).strip()


def _take(_question: str, default: str) -> str:
    return default
