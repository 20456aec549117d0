"""The guard against deleting too much of what is published."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.config import redirects
from feeds.config.site import Site
from feeds.errors import (
    ExportBlockedError,
    FeedsError,
    GuardError,
    UnfinishedError,
)
from feeds.model import archives


def check_deletions(
    site: Site, folder: Path, there: Collection[str], names: Collection[str]
) -> None:
    """Raise `GuardError` where too much of what is `there` is lost if `names` are there instead."""
    gone = lost(site, there, names)
    if len(gone) > site.withdrawal_limit(len(there)):
        raise GuardError(
            f"this would delete {len(gone):,} of the {len(there):,} documents that are published, "
            f"such as {', '.join(gone[:3])}: more than the {site.settings.guard} % that site.guard "
            "allows; nothing that readers see was changed. Look at feeds.yaml and "
            f"{folder}, or say --force if this is meant"
        )


def lost(site: Site, there: Collection[str], names: Collection[str]) -> list[str]:
    """What is there and not among `names`, without what moved or is said to be gone.

    The archives of a feed go with it, for what they show is in the feed's new place.
    """
    known = {name.casefold(): name for name in names}

    def is_told(path: str) -> bool:
        name, _, format_ = path.rpartition(".")
        archive = archives.parsed(name)
        asked = f"{archive[0] if archive else name}.{format_}"
        return redirects.resolve(asked, site, lambda each: known.get(each.casefold())) is not None

    now = set(names)
    return sorted(path for path in there if path not in now and not is_told(path))


@contextmanager
def unfinished() -> Iterator[None]:
    """Say of errors that something may have been changed where readers see it."""
    try:
        yield
    except (GuardError, ExportBlockedError):
        raise  # before anything was done
    except FeedsError as error:
        stopped = UnfinishedError(error.lines[0])
        stopped.more = (
            *error.more,
            "not finished: every feed is whole, but some may be old; run the same command again",
        )
        raise stopped from error
