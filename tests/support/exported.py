"""Files of exports."""

from contextlib import closing
from pathlib import Path

from feeds.catalogue.catalogue import Catalogue
from feeds.export import exporter
from feeds.export.exporter import ExportReport
from feeds.model.document import FORMATS
from feeds.util.progress import silent
from tests.support.site import NOW, Publication


def files(folder: Path) -> set[str]:
    """Paths of the files of an export, without its own records."""
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in names if not name.startswith(".feeds-export")}


SITE_FILES = {"index.html", "feeds.opml", "feed.css", "pages.css"}


def feed_files(*paths: str) -> set[str]:
    """Files of the feeds: each format, and the page."""
    return {f"{path}.{extension}" for path in paths for extension in (*FORMATS, "html")}


def overwrite(site: Publication, out: Path) -> ExportReport:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return exporter.export(
            site.site, catalogue, out, NOW, silent, exporter.ExportOptions(overwrite=True)
        )
