"""Options that commands have in common, and the site that they name."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from feeds.config import load
from feeds.config.site import Site

# What `--force` goes past; the first where no word follows it.
_FORCED = ("guard", "clock")

config = click.option(
    "--config",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("config"),
    envvar="FEEDS_CONFIG",
    show_default=True,
    help="The folder with site.yaml and feeds.yaml.",
)
json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
force = click.option("--force", is_flag=True, help="Go on where the guard would stop.")
forced = click.option(
    "--force",
    "forced",
    multiple=True,
    metavar="[guard|clock]",
    type=click.Choice(_FORCED),
    help="Go on where the guard would stop (also without a word after it), or with `clock` where "
    "the clock was set back since the last build.",
)
overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="Overwrite files and objects that nothing is known of.",
)
verify = click.option(
    "--verify", is_flag=True, help="Read every file; do not trust sizes and times."
)

wait = click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0, 86_400),
    default=600,
    show_default=True,
    help="How long to wait for another that publishes to the same place.",
)


class Forcible(click.Command):
    """A command with the option `forced`.

    Only a word that the option takes is its value: `feeds export --force DIR` names a folder.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments in which each `--force` has its value."""
        return super().parse_args(ctx, _with_values(args))


def _with_values(args: Sequence[str]) -> list[str]:
    options, literal = list(args), list[str]()
    if "--" in options:
        end = options.index("--")
        options, literal = options[:end], options[end:]
    given: list[str] = []
    for arg in options:
        if given[-1:] == ["--force"]:
            given[-1] = f"--force={arg if arg in _FORCED else _FORCED[0]}"
            if arg in _FORCED:
                continue
        given.append(arg)
    if given[-1:] == ["--force"]:
        given[-1] = f"--force={_FORCED[0]}"
    return [*given, *literal]


def site(root: Path) -> Site:
    """The site that the config folder and the environment describe. Raises `ConfigError`."""
    return load.load(root, os.environ)
