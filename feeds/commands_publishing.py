"""The commands that publish: `feeds publish`, `upload` and `purge`."""

import signal
import sys
from pathlib import Path

import click

from feeds import options
from feeds.errors import ConfigError
from feeds.output import Output


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@options.verify
@options.overwrite
@options.wait
@options.json
def publish(target: Path, root: Path, verify: bool, force: bool, wait: int, as_json: bool) -> None:
    """Build, export below DIR, upload what changed, purge caches, ping hubs.

    Without `upload` in site.yaml, DIR itself is what is published. Exit 3 means that it was begun
    and not finished: run it again.
    """
    from feeds import publish as publishing
    from feeds.build import clock

    _end_on_sigterm()
    site, output = options.site(root), Output(as_json)
    with output.progress() as progress:
        report = publishing.publish(
            site, target, clock(), progress, patience=wait, verify=verify, force=force
        )
    output.published(report)


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Go on where the guard would stop, and overwrite objects that no upload wrote.",
)
@options.wait
@options.json
def upload(target: Path, root: Path, dry_run: bool, force: bool, wait: int, as_json: bool) -> None:
    """Upload what changed in the export DIR to the store that site.yaml names (`upload`).

    Caches are not purged: run `feeds purge` after it, then `feeds ping`.
    """
    from feeds import publish as publishing

    _end_on_sigterm()
    site, output = options.site(root), Output(as_json)
    if site.settings.upload is None:
        raise ConfigError(str(root / "site.yaml"), "upload", "is missing; name a store")
    place = publishing.place(site, target)
    if dry_run:
        made = publishing.plan(site, target, place.read(), force=force)
        output.planned(made, site, place.url)
        return
    with output.progress() as progress, place.held(wait) as held:
        made = publishing.plan(site, target, held.record, force=force)
        report = publishing.upload(site, target, held, made, progress, force=force)
    output.uploaded(report, place.url)


@click.command()
@click.argument("target", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@options.config
@options.wait
@options.json
def purge(target: Path | None, root: Path, wait: int, as_json: bool) -> None:
    """Purge at the caches of site.yaml (`purge`) what was uploaded since it was last done.

    DIR is that of `feeds publish`, where site.yaml names no store.
    """
    from feeds import publish as publishing
    from feeds import purge as purging

    site, output = options.site(root), Output(as_json)
    if site.settings.upload is None and target is None:
        raise click.UsageError("name the DIR of feeds publish, for site.yaml names no store")
    purging.check(site)
    place = publishing.place(site, target or Path())
    with output.progress() as progress, place.held(wait) as held:
        reports = publishing.purge(site, held, progress)
    output.purged(reports)


def _end_on_sigterm() -> None:
    """End as by an error, so that locks are given back at once."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))


COMMANDS = (publish, upload, purge)
