"""The commands that publish: `feeds export`, `publish`, `upload`, `purge` and `ping`."""

import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from feeds.cli import build, console, options
from feeds.cli.options import HOSTS, BuildOptions
from feeds.cli.signals import clean_exit
from feeds.config.settings import HostName
from feeds.errors import ConfigError
from feeds.util.terminal import echo, echo_json
from feeds.util.text import counted

if TYPE_CHECKING:  # each command imports only the modules that it needs
    from feeds.catalogue.presence import Make
    from feeds.export.exporter import ExportReport
    from feeds.publish.publisher import PurgeAndPingReport, WriteReport
    from feeds.publish.purge import PurgeReport
    from feeds.publish.upload import UploadReport
    from feeds.publish.upload_plan import UploadPlan
    from feeds.websub.schedule import HubReport

# Seconds that `feeds ping` waits while a server is notifying the hubs.
_PING_PATIENCE = 60
# Failures of one hub that are printed.
_MAX_FAILURES = 10


class _ExportOptions(BuildOptions, frozen=True, kw_only=True):
    host: HostName | None
    overwrite: bool


class _PublishOptions(BuildOptions, frozen=True, kw_only=True):
    overwrite: bool
    only: Literal["write", "tell"] | None
    wait: int


class _UploadOptions(msgspec.Struct, frozen=True, kw_only=True):
    dry_run: bool
    force: bool
    overwrite: bool
    wait: int


@click.command(cls=options.Forcible)
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@click.option(
    "--for",
    "host",
    type=click.Choice(HOSTS),
    help="The host that will serve the files. The default is export.for in site.yaml.",
)
@options.verify
@options.forced
@options.overwrite
@options.json
@options.grouped(_ExportOptions)
def export(target: Path, root: Path, as_json: bool, given: _ExportOptions) -> None:
    """Build, then write every feed as files below DIR."""
    from feeds.build import builder
    from feeds.catalogue.catalogue import Catalogue
    from feeds.export import exporter
    from feeds.publish import publisher
    from feeds.util.progress import clock

    site, now = options.site(root), clock()
    make: Make = "always" if given.force or given.overwrite else "first"
    with (
        closing(Catalogue(site.catalogue, make=make)) as catalogue,
        console.progress(as_json) as progress,
    ):
        if make == "first":
            publisher.check_catalogue_present(site, catalogue, target)
        built = builder.build(site, catalogue, now, given.request(), progress=progress)
        exported = exporter.export(
            site,
            catalogue,
            target,
            now,
            progress,
            exporter.ExportOptions(host=given.host, overwrite=given.overwrite, verify=given.verify),
        )
    if as_json:
        echo_json({"build": built, "export": exported})
        return
    build.print_report(built)
    _print_export(str(target), exported)
    _print_due(exported)


def _print_due(report: "ExportReport") -> None:
    if report.due:
        echo(f"An article is due at {report.due:%Y-%m-%d %H:%M} UTC; export again then.")


def _print_export(label: str, report: "ExportReport") -> None:
    echo(
        f"{label}: {counted(len(report.written), 'file')} written, "
        f"{len(report.removed):,} removed, {report.unchanged:,} unchanged"
    )
    for sentence in report.notes:
        echo(sentence)


@click.command(cls=options.Forcible)
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@options.verify
@options.forced
@options.overwrite
@click.option(
    "--only",
    type=click.Choice(["write", "tell"]),
    help="Run only one half: `write` stops before caches are purged and hubs notified, `tell` does "
    "that for an earlier `write`.",
)
@options.wait
@options.json
@options.grouped(_PublishOptions)
def publish(target: Path, root: Path, as_json: bool, given: _PublishOptions) -> None:
    """Build, export to DIR, upload, purge caches, ping hubs.

    Each step handles only what changed. Without `upload` in site.yaml, DIR itself is published.
    If you deploy DIR by other means, run `--only write`, deploy, then `--only tell`.

    Exits with status 3 if it began to publish and did not finish: run it again.
    """
    from feeds.publish import publisher
    from feeds.util.progress import clock

    site = options.site(root)
    report: publisher.WriteReport | publisher.PurgeAndPingReport
    publish_options = publisher.PublishOptions(
        patience=given.wait,
        verify=given.verify,
        force=given.force,
        trust_clock=given.trust_clock,
        overwrite=given.overwrite,
    )
    with clean_exit(), console.progress(as_json) as progress:
        if given.only == "tell":
            report = publisher.purge_and_ping(site, target, progress, publish_options)
        else:
            run = publisher.write if given.only else publisher.publish
            report = run(site, target, clock(), progress, publish_options)
    console.print_result(report, as_json, _print_publish)


def _print_publish(report: "WriteReport | PurgeAndPingReport") -> None:
    from feeds.publish.publisher import PublishReport, PurgeAndPingReport, WriteReport

    if isinstance(report, WriteReport):
        if report.memory == "taken up":
            echo(f"{report.to}: the stored memory was restored")
        build.print_report(report.build)
        _print_export("exported", report.export)
        _print_upload(report.to, report.upload)
    if isinstance(report, PublishReport | PurgeAndPingReport):
        _print_purges(report.purge)
        if report.ping:
            _print_pings(report.ping)


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@options.config
@click.option("--dry-run", is_flag=True, help="Print the plan without carrying it out.")
@options.force
@options.overwrite
@options.wait
@options.json
@options.grouped(_UploadOptions)
def upload(target: Path, root: Path, as_json: bool, given: _UploadOptions) -> None:
    """Upload the changed files of the export in DIR.

    The destination is `upload` in site.yaml. Caches are not purged: run `feeds purge`, then
    `feeds ping` afterwards.
    """
    from feeds.publish import destination
    from feeds.publish.upload import plan_upload, tag_header, upload

    site = options.site(root)
    if site.settings.upload is None:
        raise ConfigError(str(root / "site.yaml"), "upload", "is missing; name a store")
    store = destination.destination_of(site, target)
    if given.dry_run:
        plan = plan_upload(site, target, store.read_record(), force=given.force)
        print_text = partial(print_plan, tag_header=tag_header(site), to=store.url)
        console.print_result(plan, as_json, print_text)
        return
    with clean_exit(), console.progress(as_json) as progress, store.locked(given.wait) as held:
        plan = plan_upload(site, target, held.record, force=given.force)
        report = upload(site, target, held, plan, progress, overwrite=given.overwrite)
    console.print_result(report, as_json, partial(_print_upload, store.url))


def print_plan(plan: "UploadPlan", tag_header: str | None, to: str) -> None:
    """Print one line per object that an upload would write or delete, with stored headers.

    `tag_header` is the name of the header in which the store keeps cache tags.
    """
    from feeds.publish.upload_plan import object_headers

    for upload in plan.uploads:
        pairs = object_headers(upload.file, tag_header).items()
        stored = "; ".join(f"{name}: {value}" for name, value in pairs)
        echo(f"write {upload.path} ({upload.why}, {upload.file.size:,} bytes) {stored}")
    for path in plan.deletes:
        echo(f"delete {path}")
    echo(
        f"{to}: {counted(len(plan.uploads), 'object')} to write, {len(plan.deletes):,} to delete, "
        f"{plan.unchanged:,} unchanged; nothing was done"
    )


def _print_upload(to: str, report: "UploadReport") -> None:
    echo(
        f"{to}: {counted(len(report.written), 'document')} changed, "
        f"{len(report.deleted):,} deleted, {report.unchanged:,} unchanged"
    )


@click.command()
@click.argument("target", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@options.config
@options.wait
@options.json
def purge(target: Path | None, root: Path, wait: int, as_json: bool) -> None:
    """Purge changed documents from the caches in site.yaml.

    Covers everything that was uploaded since the last purge. DIR is the folder given to `feeds
    publish`; it is needed if site.yaml has no `upload`.
    """
    from feeds.publish import destination
    from feeds.publish.purge import check, purge

    site = options.site(root)
    if site.settings.upload is None and target is None:
        raise click.UsageError("site.yaml has no upload; give the DIR that feeds publish was given")
    check(site)
    store = destination.destination_of(site, target or Path())
    with clean_exit(), console.progress(as_json) as progress, store.locked(wait) as held:
        reports = purge(site, held, progress)
    console.print_result(reports, as_json, _print_purges)


def _print_purges(reports: "Sequence[PurgeReport]") -> None:
    for report in reports:
        echo(
            f"purged at {report.cache}: {report.urls:,} URLs, {report.tags:,} tags, "
            f"{report.requests:,} requests"
        )


@click.command()
@options.config
@click.option("--all", "everything", is_flag=True, help="Send every feed, changed or not.")
@options.json
def ping(root: Path, everything: bool, as_json: bool) -> None:
    """Notify the WebSub hubs of changed feeds.

    Run it after an export is uploaded, because hubs fetch the feeds at once. Exits with status 1
    if a hub could not be notified.
    """
    from feeds.catalogue.catalogue import Catalogue
    from feeds.websub import notify

    site = options.site(root)
    with closing(Catalogue(site.catalogue, make="first")) as catalogue:
        topics = notify.current_topics(site, catalogue)
        pings = notify.NotifyOptions(everything=everything, patience=_PING_PATIENCE)
        reports = notify.notify_hubs(site, catalogue, topics, pings)
    console.print_result(reports, as_json, _print_pings)
    if any(report.waiting or report.given_up for report in reports):
        sys.exit(1)


def _print_pings(reports: "Sequence[HubReport]") -> None:
    if not reports:
        echo("Nothing to send: site.yaml has no hub, or there is no build yet")
    for report in reports:
        for failure in report.failures[:_MAX_FAILURES]:
            echo(f"error: {failure.topic}: {failure.why}", err=True)
        echo(_describe_pings(report))


def _describe_pings(report: "HubReport") -> str:
    message = f"{report.hub}: {report.sent:,} feed URLs sent, {report.failed:,} failed"
    if report.first:
        message += "; the hub is new, so earlier changes count as sent"
    if report.given_up:
        message += f"; {report.given_up:,} given up after a day"
    if report.next_try is not None:
        from feeds.util.dates import from_timestamp

        when = f"{from_timestamp(report.next_try):%Y-%m-%d %H:%M:%S} UTC"
        message += f"; {report.waiting:,} still to be sent, next attempt from {when}"
    return message
