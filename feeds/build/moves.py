"""Feeds that moved: which new feed continues one that is gone (`moved` in feeds.yaml)."""

from collections.abc import Collection, Iterable

from feeds.config import redirects
from feeds.config.site import Site


def moves(site: Site, gone: Iterable[str], new: Collection[str]) -> dict[str, str]:
    """Return the paths of `new` feeds that continue `gone` ones, by the path of the old one."""
    names = {f"{path}.rss".casefold(): f"{path}.rss" for path in new}
    found: dict[str, str] = {}
    for old in sorted(gone) if names else ():
        target = redirects.resolve(f"{old}.rss", site, lambda name: names.get(name.casefold()))
        if target and target.location and target.location in names.values():
            found[old] = target.location.removesuffix(".rss")
    return found
