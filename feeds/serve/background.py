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
    """Run `watch` for the duration of the context, with a catalogue created if it is missing."""
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
    """Build in a thread when articles change, and notify the hubs in another one.

    `built` is called after each build, `pinged` after each round of notifications. Returns a
    function that stops the threads.
    """
    notifier = Notifier(site, catalogue, pinged)
    # Hubs must not be notified of URLs that no build with these settings has published yet.
    notifying = False
    with suppress(CatalogueError):  # the watcher reports it
        notifying = sidecar.is_current(site, catalogue)

    def after_build(report: BuildReport | None, seconds: float) -> None:
        nonlocal notifying
        if report:
            if not notifying:
                notifying = True
                notifier.start()
            if report.feeds_changed:
                notifier.notify()
        if built:
            built(report, seconds)

    watcher = Watcher(site, catalogue, after_build)
    if notifying:
        notifier.start()
    watcher.start()

    def stop() -> None:
        watcher.stop()
        notifier.stop()

    return stop
