"""The command `feeds serve`."""

import os
from pathlib import Path
from typing import Literal

import click
import msgspec

from feeds.cli import console, options
from feeds.cli.build import print_report


class _MonitoringOptions(msgspec.Struct, frozen=True):
    access_log: str
    log_client: Literal["hash", "address", "none"]
    metrics: bool
    metrics_token: Path | None


@click.command()
@options.config
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes; one per CPU is enough.",
)
@click.option(
    "--access-log",
    metavar="FILE",
    default="",
    help="Append a line of JSON for each request to this file; `-` is standard output.",
)
@click.option(
    "--log-client",
    type=click.Choice(["hash", "address", "none"]),
    default="hash",
    show_default=True,
    help="How the access log identifies clients: by a hash that changes every day, by address, "
    "or not at all.",
)
@click.option("--metrics", is_flag=True, help="Serve Prometheus metrics at /metrics.")
@click.option(
    "--metrics-token",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file with the bearer token that Prometheus must send.",
)
@options.grouped(_MonitoringOptions)
def serve(root: Path, host: str, port: int, workers: int, given: _MonitoringOptions) -> None:
    """Serve the feeds over HTTP; rebuild when articles change.

    Builds first if there is no build yet.
    """
    from feeds.build import sidecar
    from feeds.serve.runner import ListenAddress, serve
    from feeds.serve.stats.monitoring import Monitoring

    address = ListenAddress.of(host, port, workers)
    monitoring = Monitoring(given.access_log, given.log_client, given.metrics, given.metrics_token)
    with monitoring.running():
        site = sidecar.load_site(root, os.environ)
        serve(site, address, monitoring, console.progress, print_report)
