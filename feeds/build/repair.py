"""Damaged rows of the catalogue, made again from the articles."""

import logging

from feeds.catalogue import damage
from feeds.catalogue.catalogue import Catalogue

_log = logging.getLogger("feeds")


def check_and_repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Look at every row, and have what is damaged made again (see `mend`)."""
    with catalogue.connect() as connection:
        found = len(damage.find(connection))
    if found:
        repair(catalogue, now, force=force)


def repair(catalogue: Catalogue, now: int, *, force: bool) -> None:
    """Have the next build make again what is damaged. Raises `CatalogueError` if that cannot be."""
    with catalogue.connect(write=True) as connection:
        number = damage.repair(connection, now, force=force)
    what = f"{number:,} damaged rows of the catalogue" if number else "all entries"
    _log.warning("%s are made again from the articles", what)
