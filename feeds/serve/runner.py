"""`feeds serve` and `feeds watch`: the processes, and what runs in which."""

import logging.config
import multiprocessing
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from typing import Any

import msgspec

from feeds.build import builder, sidecar
from feeds.build.builder import BuildReport
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import ConfigError
from feeds.serve.background import watching
from feeds.serve.stats.monitoring import Monitoring
from feeds.util.progress import Progress, clock
from feeds.util.terminal import echo

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
        "plain": {"()": "feeds.util.terminal.LogFormatter", "fmt": "%(asctime)s %(message)s"}
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


class ListenAddress(msgspec.Struct, frozen=True):
    """Where to listen, and with how many worker processes; `address` is the host's."""

    host: str
    address: str
    port: int
    workers: int

    @classmethod
    def of(cls, host: str, port: int, workers: int) -> "ListenAddress":
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


def serve(
    site: Site,
    place: ListenAddress,
    insight: Monitoring,
    show_progress: Callable[[], AbstractContextManager[Progress]],
    show_report: Callable[[BuildReport], None],
) -> None:
    """Serve until stopped, after a build where there is nothing to serve yet.

    This process watches the articles, builds and tells the hubs; worker processes answer, so that
    no answer waits for a build. They get the settings of this process whenever they start.
    """
    if not sidecar.is_built(site):
        start = time.monotonic()
        known = Catalogue(site.catalogue, make="first")
        with closing(known) as catalogue, show_progress() as progress:
            report = builder.build(site, catalogue, clock(), progress=progress)
        insight.built(report, time.monotonic() - start)
        show_report(report)
    echo(f"Serving on http://{place.host}:{place.port}/")
    log_to_stderr()
    with watching(site, insight.built, insight.pinged):
        _granian(place, partial(_app, site, insight))


def log_to_stderr() -> None:
    """Say on standard error what is built."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **_LOGGING})


def _granian(place: ListenAddress, load: Callable[[], Any]) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    from feeds.serve.supervisor import SupervisedServer

    # Workers are started anew: what is forked while another thread runs may wait for ever.
    multiprocessing.set_start_method("spawn", force=True)
    server = SupervisedServer(
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


def _app(site: Site, monitoring: Monitoring) -> Any:
    from feeds.serve.app import app_of  # here: only workers need Flask

    return app_of(site, monitoring=monitoring)
