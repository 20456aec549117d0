"""Options that commands have in common, and the site that they name."""

import os
from pathlib import Path

import click

from feeds import config as settings
from feeds.site import Site

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


def site(root: Path) -> Site:
    """The site that the config folder and the environment describe. Raises `ConfigError`."""
    return settings.load(root, os.environ)
