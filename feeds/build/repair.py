"""Rebuild damaged rows of the catalogue from the articles."""

import logging

from feeds.catalogue import damage
from feeds.catalogue.catalogue import Catalogue

_log = logging.getLogger("feeds")


def check_and_repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Check every row, and mark damaged ones for the next build (see `repair`)."""
    with catalogue.connect() as connection:
        is_damaged = len(damage.find(connection)) > 0
    if is_damaged:
        repair(catalogue, now, force=force)


def repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Mark damaged rows for the next build. Raises `CatalogueError` if that fails."""
    with catalogue.connect(write=True) as connection:
        number = damage.repair(connection, now, force=force)
    rows = f"{number:,} damaged rows of the catalogue" if number else "all entries"
    _log.warning("%s are being rebuilt from the articles", rows)
