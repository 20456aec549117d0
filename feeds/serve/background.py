"""The threads beside the server: the watcher and the WebSub notifier."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from feeds.build import sidecar
from feeds.build.builder import BuildReport
from feeds.build.watcher import BuildCallback, Watcher
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import CatalogueError
from feeds.websub.notifier import Notifier, ReportCallback


@contextmanager
def watching(
    site: Site, built: BuildCallback | None = None, pinged: ReportCallback | None = None
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
    site: Site,
    catalogue: Catalogue,
    built: BuildCallback | None = None,
    pinged: ReportCallback | None = None,
) -> Callable[[], None]:
    """From now on do so, in threads; returns what ends it."""
    pinger = Notifier(site, catalogue, pinged)
    # Hubs are told of what is built with these settings, not of URLs that are yet to be.
    pings = False
    with suppress(CatalogueError):  # the watcher reports it
        pings = sidecar.is_current(site, catalogue)

    def after(report: BuildReport | None, seconds: float) -> None:
        nonlocal pings
        if report:
            if not pings:
                pings = True
                pinger.start()
            if report.feeds_changed:
                pinger.notify()
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
