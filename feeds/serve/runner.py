"""The processes of `feeds serve`, and the logging of `feeds serve` and `feeds watch`."""

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

# Threads of a worker; few suffice, because documents are cached or quickly built.
_THREADS = 4
# Seconds until a worker that does not stop is killed.
_KILL_SECONDS = 3
# Connections of a worker, idle ones included: below the usual limit of 1,024 open files.
_CONNECTIONS = 900
# Limits for clients: milliseconds until the head of a request is complete, also of the next one on
# a persistent connection; and bytes of that head, as in nginx (431 for more).
_HEAD_MILLISECONDS = 10_000
_HEAD_BYTES = 32_768
# Messages go to standard error, because standard output may be the access log.
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
    """Where to listen, and with how many worker processes; `address` is the resolved host."""

    host: str
    address: str
    port: int
    workers: int

    @classmethod
    def of(cls, host: str, port: int, workers: int) -> "ListenAddress":
        """Resolve the host. Raises `ConfigError` if the port is taken: granian would share it."""
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            message = f"{host}:{port} cannot be listened on: {error.strerror}; choose another"
            raise ConfigError("feeds serve", "--host, --port", message) from None
        return cls(host, str(address[0]), port, workers)


def serve(
    site: Site,
    address: ListenAddress,
    monitoring: Monitoring,
    show_progress: Callable[[], AbstractContextManager[Progress]],
    show_report: Callable[[BuildReport], None],
) -> None:
    """Serve until stopped; build first if the catalogue is empty.

    This process watches the articles, builds, and notifies the hubs. Worker processes answer
    requests, so that no answer waits for a build. Restarted workers get the settings of this
    process.
    """
    if not sidecar.is_built(site):
        start = time.monotonic()
        new = Catalogue(site.catalogue, make="first")
        with closing(new) as catalogue, show_progress() as progress:
            report = builder.build(site, catalogue, clock(), progress=progress)
        monitoring.built(report, time.monotonic() - start)
        show_report(report)
    echo(f"Serving on http://{address.host}:{address.port}/")
    log_to_stderr()
    with watching(site, monitoring.built, monitoring.pinged):
        _run_granian(address, partial(_load_app, site, monitoring))


def log_to_stderr() -> None:
    """Log to standard error."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **_LOGGING})


def _run_granian(listen: ListenAddress, load: Callable[[], Any]) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    from feeds.serve.supervisor import SupervisedServer

    # Not forked: a process forked while another thread holds a lock may deadlock.
    multiprocessing.set_start_method("spawn", force=True)
    server = SupervisedServer(
        "server:app",
        address=listen.address,
        port=listen.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # clients need TLS for HTTP/2, and it lacks these limits
        workers=listen.workers,
        blocking_threads=_THREADS,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEAD_MILLISECONDS, max_buffer_size=_HEAD_BYTES
        ),
        log_dictconfig=_LOGGING,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
    )
    server.serve(target_loader=server.loader(load), wrap_loader=False)


def _load_app(site: Site, monitoring: Monitoring) -> Any:
    from feeds.serve.app import app_of  # imported here, because only workers need Flask

    return app_of(site, monitoring=monitoring)
