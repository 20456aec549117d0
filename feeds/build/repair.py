"""Rebuild damaged rows of the catalogue from the articles."""

import logging

from feeds.catalogue import damage
from feeds.catalogue.catalogue import Catalogue

_log = logging.getLogger("feeds")


def check_and_repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Check every row, and mark damaged ones for the next build (see `repair`)."""
    with catalogue.connect() as connection:
        found = len(damage.find(connection))
    if found:
        repair(catalogue, now, force=force)


def repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Mark damaged rows for the next build. Raises `CatalogueError` if that fails."""
    with catalogue.connect(write=True) as connection:
        number = damage.repair(connection, now, force=force)
    what = f"{number:,} damaged rows of the catalogue" if number else "all entries"
    _log.warning("%s are made again from the articles", what)
