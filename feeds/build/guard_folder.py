"""The part of the guard that notices an article folder of which a part is missing."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from feeds.build.guard_input import BuildOutcome
from feeds.catalogue.transaction import ReadTransaction
from feeds.compare.harm import Harm
from feeds.config.site import Site

# Files are cut off if so many of them, and of all files in percent, lost a quarter of their bytes.
_CUT_FILES = 20
_CUT_PERCENT = 10


def find_harms(site: Site, after: ReadTransaction, outcome: BuildOutcome) -> Iterator[Harm]:
    """Yield a harm for each folder that is gone, and one for files that are cut off."""
    yield from _folders_gone(site, after, outcome)
    yield from _files_cut_off(outcome)


def _folders_gone(site: Site, after: ReadTransaction, outcome: BuildOutcome) -> Iterator[Harm]:
    """Yield a harm for each folder that lost all of its many entries, but not those below it."""
    lost = Counter(
        str(folder) for path in outcome.result.gone for folder in PurePosixPath(path).parents
    )
    gone: list[str] = []
    for folder, number in sorted(lost.items()):
        if number <= site.limits.folder or folder == "." or f"{folder}/".startswith(tuple(gone)):
            continue
        if not after.files.below(folder):
            gone.append(f"{folder}/")
            message = f"the whole folder is gone, and {number:,} entries with it"
            yield Harm("folder", f"{folder}/", message)


def _files_cut_off(outcome: BuildOutcome) -> Iterator[Harm]:
    scan, known = outcome.changes.scan.files, outcome.changes.known
    cut = [
        task.path
        for task in outcome.changes.plan.tasks
        if task.path in scan
        and task.path in known
        and scan[task.path].size * 4 < known[task.path].size * 3
    ]
    total = outcome.changes.articles
    if len(cut) > _CUT_FILES and len(cut) * 100 > total * _CUT_PERCENT:
        message = f"{len(cut):,} of {total:,} files have lost over a quarter of their bytes"
        yield Harm("folder", "", f"{message}, such as {cut[0]}")
