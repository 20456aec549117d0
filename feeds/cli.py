"""The command `feeds`."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

from feeds import config
from feeds.errors import ConfigError, FeedsError
from feeds.output import Output
from feeds.site import HostName, Site

HOSTS: tuple[HostName, ...] = get_args(HostName)

_config = click.option(
    "--config",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("config"),
    envvar="FEEDS_CONFIG",
    show_default=True,
    help="The folder with site.yaml and feeds.yaml.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_force = click.option("--force", is_flag=True, help="Go on where the guard would stop.")
_overwrite = click.option(
    "--force",
    is_flag=True,
    help="Go on where the guard would stop, and overwrite files that no export wrote.",
)
_verify = click.option(
    "--verify", is_flag=True, help="Read every file; do not trust sizes and times."
)


# Threads of a worker, for a document is ready or soon made; and how long one may take to end.
_THREADS = 4
_PATIENCE_SECONDS = 3


class _Group(click.Group):
    """Ends with a message, never a traceback, for errors that are ours to tell."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FeedsError as error:
            click.echo(f"feeds: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Publish a folder of articles as RSS, Atom and JSON Feed."""


def _site(root: Path) -> Site:
    return config.load(root, os.environ)


@main.command()
@_config
@_verify
@_force
@_json
def build(root: Path, verify: bool, force: bool, as_json: bool) -> None:
    """Bring the catalogue up to date with the articles."""
    from feeds import build as building
    from feeds.catalogue.store import Catalogue

    site, output = _site(root), Output(as_json)
    with output.progress() as progress:
        report = building.build(
            site,
            Catalogue(site.catalogue),
            building.clock(),
            verify=verify,
            force=force,
            progress=progress,
        )
    output.built(report)


@main.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@_config
@click.option(
    "--for",
    "host",
    type=click.Choice(HOSTS),
    help="The host that serves the files; without this, that of the settings.",
)
@_verify
@_overwrite
@_json
def export(
    target: Path, root: Path, host: HostName | None, verify: bool, force: bool, as_json: bool
) -> None:
    """Build, then write every feed as files below DIR."""
    from feeds import build as building
    from feeds import export as exporting
    from feeds.catalogue.store import Catalogue

    site, output = _site(root), Output(as_json)
    catalogue, now = Catalogue(site.catalogue), building.clock()
    with output.progress() as progress:
        report = building.build(site, catalogue, now, verify=verify, force=force, progress=progress)
        written = exporting.export(
            site, catalogue, target, now, progress, host=host, force=force, verify=verify
        )
    output.exported(report, written, target)


@main.command()
@_config
@_json
def check(root: Path, as_json: bool) -> None:
    """Read every article and report each problem; exit 1 if there is any."""
    from feeds import checking
    from feeds.build import clock

    output = Output(as_json)
    with output.progress() as progress:
        articles, problems = checking.check(_site(root), clock(), progress)
    output.checked(articles, problems)
    if problems:
        sys.exit(1)


@main.command("list")
@_config
@_json
def list_(root: Path, as_json: bool) -> None:
    """List every feed: URL, entries, newest entry, last change."""
    from feeds import documents
    from feeds.build import clock
    from feeds.catalogue.store import Catalogue

    site = _site(root)
    with Catalogue(site.catalogue).read() as reader:
        feeds = documents.every(site, reader, clock())
        states = reader.feed_states()
    Output(as_json).listed(list(feeds.values()), states, site)


@main.command()
@click.argument("name", metavar="ENTRY-OR-FILE")
@_config
@_json
def show(name: str, root: Path, as_json: bool) -> None:
    """Show what becomes of one article: its entry, and the feeds it is in, or why in none."""
    from feeds import checking
    from feeds.build import clock
    from feeds.catalogue.store import Catalogue

    site = _site(root)
    with Catalogue(site.catalogue).read() as reader:
        fate = checking.fate(name, site, reader, clock())
    Output(as_json).shown(fate)


@main.command()
@_config
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
    help="Server processes; one for each processor is enough.",
)
def serve(root: Path, host: str, port: int, workers: int) -> None:
    """Build what is missing, then serve the feeds, and articles that change meanwhile."""
    from feeds import build as building
    from feeds.catalogue.store import Catalogue

    site, output = _site(root), Output(as_json=False)
    address = _listenable(host, port)
    catalogue = Catalogue(site.catalogue)
    with output.progress() as progress:
        report = building.build(site, catalogue, building.clock(), progress=progress)
    catalogue.close()
    output.built(report)
    click.echo(f"Serving on http://{host}:{port}/")
    _granian(address, port, workers, root)


def _listenable(host: str, port: int) -> str:
    """The IP address of `host`.

    Raises `ConfigError` if the port is taken: granian would share it with whoever has it.
    """
    import socket

    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        said = f"{host}:{port} cannot be listened on: {error.strerror}; choose another"
        raise ConfigError("feeds serve", "--host, --port", said) from None
    return str(address[0])


def _granian(address: str, port: int, workers: int, root: Path) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "server:app",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=_THREADS,
        backpressure=_THREADS * 4,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_PATIENCE_SECONDS,
    ).serve(target_loader=partial(_app, root), wrap_loader=False)


def _app(root: Path) -> Any:
    """Our app, and not that of a publisher who has a `server.py` where this is run."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("server", Path(__file__).parents[1] / "server.py")
    if spec is None or spec.loader is None:
        raise ConfigError("feeds serve", "", "server.py is missing; install feed-publisher anew")
    server = module_from_spec(spec)
    spec.loader.exec_module(server)
    return server.create_app(root)
