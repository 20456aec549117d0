"""The commands that publish: `feeds publish`, `upload`, `purge` and `ping`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import click

from feeds.cli import options
from feeds.cli.console import Console
from feeds.errors import ConfigError
from feeds.util.terminal import echo

# How long a ping by hand waits while a server is telling the hubs.
_PING_PATIENCE_SECONDS = 60
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(cls=options.Forcible)
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@options.verify
@options.forced
@options.overwrite
@click.option(
    "--only",
    type=click.Choice(["write", "tell"]),
    help="Stop before caches and hubs are told, or tell them of what was written.",
)
@options.wait
@options.json
def publish(
    target: Path,
    root: Path,
    verify: bool,
    forced: tuple[str, ...],
    overwrite: bool,
    only: Literal["write", "tell"] | None,
    wait: int,
    as_json: bool,
) -> None:
    """Build, export below DIR, upload what changed, purge caches, ping hubs.

    Without `upload` in site.yaml, DIR itself is what is published; if it has yet to be carried to
    its host, do so between --only write and --only tell. Exit 3 means that it was begun and not
    finished: run it again.
    """
    from feeds.publish import publisher
    from feeds.util.progress import clock

    site, output = options.site(root), Console(as_json)
    report: publisher.WriteReport | publisher.TellReport
    with _ending(), output.progress() as progress:
        if only == "tell":
            report = publisher.tell(site, target, progress, patience=wait, overwrite=overwrite)
        else:
            do = publisher.write if only else publisher.publish
            report = do(
                site,
                target,
                clock(),
                progress,
                patience=wait,
                verify=verify,
                force="guard" in forced,
                trust_clock="clock" in forced,
                overwrite=overwrite,
            )
    output.published(report)


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@options.force
@options.overwrite
@options.wait
@options.json
def upload(
    target: Path,
    root: Path,
    dry_run: bool,
    force: bool,
    overwrite: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Upload what changed in the export DIR to the store that site.yaml names (`upload`).

    Caches are not purged: run `feeds purge` after it, then `feeds ping`.
    """
    from feeds.publish import destination
    from feeds.publish import upload as steps

    site, output = options.site(root), Console(as_json)
    if site.settings.upload is None:
        raise ConfigError(str(root / "site.yaml"), "upload", "is missing; name a store")
    place = destination.destination_of(site, target)
    if dry_run:
        made = steps.plan_upload(site, target, place.read(), force=force)
        output.planned(made, steps.tag_header(site), place.url)
        return
    with _ending(), output.progress() as progress, place.held(wait) as held:
        made = steps.plan_upload(site, target, held.record, force=force)
        report = steps.upload(site, target, held, made, progress, overwrite=overwrite)
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
    from feeds.publish import destination
    from feeds.publish import purge as purging

    site, output = options.site(root), Console(as_json)
    if site.settings.upload is None and target is None:
        raise click.UsageError("name the DIR of feeds publish, for site.yaml names no store")
    purging.check(site)
    place = destination.destination_of(site, target or Path())
    with _ending(), output.progress() as progress, place.held(wait) as held:
        reports = purging.purge(site, held, progress)
    output.purged(reports)


@click.command()
@options.config
@click.option("--all", "everything", is_flag=True, help="Tell of every feed, changed or not.")
@options.json
def ping(root: Path, everything: bool, as_json: bool) -> None:
    """Tell the WebSub hubs which feeds changed; exit 1 if a hub did not take it.

    Run it after an export is uploaded, for a hub fetches the feeds at once.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.websub import notify

    site = options.site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue:
        topics = notify.topics(site, catalogue)
        reports = notify.notify_hubs(
            site, catalogue, topics, everything=everything, patience=_PING_PATIENCE_SECONDS
        )
    Console(as_json).pinged(reports)
    if any(report.waiting or report.given_up for report in reports):
        sys.exit(1)


class _Ended(SystemExit):
    """A signal that ends this process, as an error: locks are given back at once."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(128 + number)


@contextmanager
def _ending() -> Iterator[None]:
    """End in good order on Ctrl-C, or what a CI job or terminal that ends sends, and say so.

    Signals that are ignored from the start, as under nohup, stay so.
    """

    def end(number: int, _: object) -> None:
        for each in heeded:  # what ends is not to be disturbed
            signal.signal(each, lambda *_: None)
        raise _Ended(number)

    heeded = [each for each in _SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
    for each in heeded:
        signal.signal(each, end)
    try:
        yield
    except _Ended as error:
        name = signal.Signals(error.number).name
        said = f"feeds: ended by {name}, perhaps not finished; run the same command again"
        echo(said, err=True)
        raise


COMMANDS = (publish, upload, purge, ping)
