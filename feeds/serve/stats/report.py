"""The HTML page with the subscribers of all feeds."""

from datetime import UTC, datetime
from pathlib import Path

from feeds.config.site import Site
from feeds.errors import ExportError
from feeds.model.document import FORMAT_NAMES
from feeds.render.site import pages
from feeds.serve.stats import subscribers
from feeds.serve.stats.subscribers import Subscribers


def page(counted: Subscribers, site: Site) -> bytes:
    """Return a self-contained page: no scripts, no external resources."""
    template = pages.environment().get_template("subscribers.html")
    html = template.render(
        site=site.settings,
        counted=counted,
        since=_day(counted.since),
        until=_day(counted.until),
        formats=FORMAT_NAMES,
        most=max((feed.total for feed in counted.feeds), default=0) or 1,
        aggregators=subscribers.by_aggregator(counted),
    )
    return html.encode() + b"\n"


def write(file: Path, counted: Subscribers, site: Site) -> None:
    """Write the page to a file. Raises `ExportError` if it cannot be written."""
    try:
        file.write_bytes(page(counted, site))
    except OSError as error:
        raise ExportError(f"{file}: cannot be written: {error.strerror}") from error


def _day(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
