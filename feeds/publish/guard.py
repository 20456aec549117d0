"""The guard against deleting too many published documents."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.config import redirects
from feeds.config.site import Site
from feeds.errors import ExportBlockedError, FeedsError, GuardError, UnfinishedError
from feeds.model import archives


def check_deletions(
    site: Site, folder: Path, published: Collection[str], wanted: Collection[str]
) -> None:
    """Raise `GuardError` if too many of the `published` paths are not among the `wanted` ones.

    `folder` is the export, for the message.
    """
    lost = lost_documents(site, published, wanted)
    if len(lost) > site.withdrawal_limit(len(published)):
        raise GuardError(
            f"this would delete {len(lost):,} of the {len(published):,} published documents, such "
            f"as {', '.join(lost[:3])}: more than the {site.limits.withdrawn} % that "
            "guard.withdrawn allows; nothing that readers see was changed. Check feeds.yaml and "
            f"{folder}, or pass --force if this is intended"
        )


def lost_documents(site: Site, published: Collection[str], wanted: Collection[str]) -> list[str]:
    """Return the `published` paths that are neither `wanted` nor redirected nor declared gone.

    The archives of a feed follow the feed, because its new location shows their entries.
    """
    by_folded = {path.casefold(): path for path in wanted}

    def is_redirected(path: str) -> bool:
        name, _, format_ = path.rpartition(".")
        archive = archives.parsed(name)
        feed = f"{archive[0] if archive else name}.{format_}"
        target = redirects.resolve(feed, site, lambda new: by_folded.get(new.casefold()))
        return target is not None

    remaining = set(wanted)
    return sorted(path for path in published if path not in remaining and not is_redirected(path))


@contextmanager
def mark_unfinished() -> Iterator[None]:
    """Raise errors as `UnfinishedError`: readers may already see some of the changes."""
    try:
        yield
    except (GuardError, ExportBlockedError):
        raise  # nothing was changed yet
    except FeedsError as error:
        unfinished = UnfinishedError(error.lines[0])
        unfinished.more = (
            *error.more,
            "not finished: every feed is whole, but some may be old; run the same command again",
        )
        raise unfinished from error
