"""`feeds serve` and `feeds watch`: the processes, and what runs in which."""

import logging.config
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import msgspec

from feeds import beside
from feeds import build as building
from feeds.build import Report
from feeds.catalogue.store import Catalogue
from feeds.errors import CatalogueError, ConfigError
from feeds.insight import Insight
from feeds.output import Output
from feeds.pinger import Pinger, Reported
from feeds.site import Site
from feeds.terminal import echo
from feeds.watch import Built, Watcher

# Threads of a worker: a document is ready or soon made; and seconds that one may take to end.
_THREADS = 4
_PATIENCE_SECONDS = 3
# Connections of a worker, idle ones included: below the 1,024 files that a process commonly has.
_CONNECTIONS = 900
# What a client may take: milliseconds until its request's head is there, or until the next request
# of a connection that is kept open; bytes of that head, as many as nginx takes (431 for more).
_HEAD_MILLISECONDS = 10_000
_HEAD_BYTES = 32_768
# Everything that is said goes to standard error: standard output may be an access log's.
_LOGGING = {
    "formatters": {
        "plain": {"()": "feeds.terminal.LogFormatter", "fmt": "%(asctime)s %(message)s"}
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        for name in ("_granian", "feeds")
    },
}


class Place(msgspec.Struct, frozen=True):
    """Where to listen, and with how many worker processes; `address` is the host's."""

    host: str
    address: str
    port: int
    workers: int

    @classmethod
    def of(cls, host: str, port: int, workers: int) -> "Place":
        """Raises `ConfigError` if the port is taken: granian would share it with whoever has it."""
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            said = f"{host}:{port} cannot be listened on: {error.strerror}; choose another"
            raise ConfigError("feeds serve", "--host, --port", said) from None
        return cls(host, str(address[0]), port, workers)


def serve(site: Site, place: Place, insight: Insight, output: Output) -> None:
    """Serve until stopped, after a build where there is nothing to serve yet.

    This process watches the articles, builds and tells the hubs; worker processes answer, so that
    no answer waits for a build. They get the settings of this process whenever they start.
    """
    if not beside.is_built(site):
        start = time.monotonic()
        known = Catalogue(site.catalogue, make="first")
        with closing(known) as catalogue, output.progress() as progress:
            report = building.build(site, catalogue, building.clock(), progress=progress)
        insight.built(report, time.monotonic() - start)
        output.built(report)
    echo(f"Serving on http://{place.host}:{place.port}/")
    log_to_stderr()
    with watching(site, insight.built, insight.pinged):
        _granian(place, partial(_app, site, insight))


@contextmanager
def watching(
    site: Site, built: Built | None = None, pinged: Reported | None = None
) -> Iterator[None]:
    """Meanwhile build when articles change, and tell the hubs of it.

    `built` is told of builds, `pinged` of what was told to hubs.
    """
    with closing(Catalogue(site.catalogue, make="first")) as catalogue:
        stop = watch(site, catalogue, built, pinged)
        try:
            yield
        finally:
            stop()


def watch(
    site: Site, catalogue: Catalogue, built: Built | None = None, pinged: Reported | None = None
) -> Callable[[], None]:
    """From now on do so, in threads; returns what ends it."""
    pinger = Pinger(site, catalogue, pinged)
    # Hubs are told of what is built with these settings, not of URLs that are yet to be.
    pings = False
    with suppress(CatalogueError):  # the watcher reports it
        pings = beside.is_current(site, catalogue)

    def after(report: Report | None, seconds: float) -> None:
        nonlocal pings
        if report:
            if not pings:
                pings = True
                pinger.start()
            pinger.after(report)
        if built:
            built(report, seconds)

    watcher = Watcher(site, catalogue, after)
    if pings:
        pinger.start()
    watcher.start()

    def stop() -> None:
        watcher.stop()
        pinger.stop()

    return stop


def log_to_stderr() -> None:
    """Say on standard error what is built."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **_LOGGING})


def _granian(place: Place, load: Callable[[], Any]) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    from feeds.workers import Server

    # Workers are started anew: what is forked while another thread runs may wait for ever.
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "server:app",
        address=place.address,
        port=place.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # without TLS nobody speaks HTTP/2, and it has no such limits
        workers=place.workers,
        blocking_threads=_THREADS,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEAD_MILLISECONDS, max_buffer_size=_HEAD_BYTES
        ),
        log_dictconfig=_LOGGING,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_PATIENCE_SECONDS,
    )
    server.serve(target_loader=server.loader(load), wrap_loader=False)


def _app(site: Site, insight: Insight) -> Any:
    """Our app, and not that of a publisher who has a `server.py` where this is run."""
    spec = spec_from_file_location("server", Path(__file__).parents[1] / "server.py")
    if spec is None or spec.loader is None:
        raise ConfigError("feeds serve", "", "server.py is missing; install feed-publisher anew")
    server = module_from_spec(spec)
    spec.loader.exec_module(server)
    return insight.over(server.app_of(site))
