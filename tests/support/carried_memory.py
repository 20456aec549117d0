"""Moves the memory of a site between its catalogue and files, and deletes the catalogue."""

from contextlib import closing
from pathlib import Path

from feeds.catalogue.catalogue import Catalogue
from feeds.memory import transfer
from tests.support.site import Publication


def export_memory(site: Publication, file: Path) -> bytes:
    """Write the memory of a site to a file; return the bytes."""
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        transfer.write_file(catalogue, file)
    return file.read_bytes()


def import_memory(site: Publication, *files: Path) -> transfer.ImportResult:
    """Merge memories into the catalogue of a site."""
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return transfer.import_memory(catalogue, files)


def delete_catalogue(site: Publication) -> None:
    """Delete the catalogue, but not the mark that it existed."""
    for file in site.root.glob("catalogue.sqlite*"):
        file.unlink()
    site.forget()
