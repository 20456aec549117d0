"""The guard: stops a build that would harm subscribers, before anything is committed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from feeds.build import guard_feeds, guard_folder
from feeds.build.build_clock import BuildTime
from feeds.build.guard_input import BuildOutcome
from feeds.build.ingest_result import IngestResult
from feeds.catalogue.transaction import ReadTransaction, WriteTransaction
from feeds.compare.harm import KINDS, Harm
from feeds.config.site import Site
from feeds.errors import GuardError

# The number of rows of one kind in the message.
_SHOWN = 5


def check(harms: Iterable[Harm], forced: Collection[str]) -> None:
    """Raise `GuardError` with a table of all harms whose kind is not `forced`."""
    remaining = [harm for harm in harms if harm.kind not in forced]
    if remaining:
        raise _error(sorted(remaining, key=lambda harm: KINDS.index(harm.kind)))


def _error(harms: Sequence[Harm]) -> GuardError:
    error = GuardError(
        "the guard stopped this build, which would harm subscribers; nothing was changed:"
    )
    rows: list[str] = []
    for kind, group in groupby(harms, key=lambda harm: harm.kind):
        same = list(group)
        rows += [f"  {kind:<10} {harm}" for harm in same[:_SHOWN]]
        if len(same) > _SHOWN:
            rows.append(f"  {kind:<10} … and {len(same) - _SHOWN:,} more")
    kinds = dict.fromkeys(harm.kind for harm in harms)
    forces = " ".join(f"--force {kind}" for kind in kinds)
    error.more = (
        *rows,
        f"Check the article folder and the settings. If this is intended, pass {forces}. To see "
        "every change, run feeds diff",
    )
    return error


def find_harms(
    site: Site, before: ReadTransaction | None, after: WriteTransaction, outcome: BuildOutcome
) -> Iterator[Harm]:
    """Yield the harms that a build would do to readers, who know the state `before` it.

    That is None for the first build.
    """
    yield from _withdrawals(site, after, outcome.result)
    yield from _held_back(site, after, outcome.time)
    if before is not None:
        yield from guard_folder.find_harms(site, after, outcome)
        yield from guard_feeds.find_harms(site, before, after, outcome)


def _withdrawals(site: Site, tx: WriteTransaction, result: IngestResult) -> Iterator[Harm]:
    """Yield a harm if too much would be withdrawn, whatever the reason.

    Entries whose expiry date has passed do not count: their authors wanted that.
    """
    withdrawn = result.withdrawn - len(result.expired)
    if withdrawn <= site.withdrawal_limit(0):
        return
    left = tx.entries.count()
    before = left + result.withdrawn - result.added - result.restored
    published = max(before, left + len(result.unrenderable))
    if withdrawn <= site.withdrawal_limit(published):
        return
    causes = ""
    if failed := result.unrenderable:
        causes = f"; {len(failed):,} of them cannot be rendered, the first is {failed[0]}"
    if withheld := result.withheld:
        causes = (
            f"; the front matter of {len(withheld):,} of them withholds them, the first is "
            f"{withheld[0]}"
        )
    allowed = f"more than guard.withdrawn allows ({site.limits.withdrawn} %)"
    message = f"{withdrawn:,} of {published:,} entries would be withdrawn, {allowed}{causes}"
    yield Harm("withdrawn", "", message)


def _held_back(site: Site, tx: WriteTransaction, time: BuildTime) -> Iterator[Harm]:
    """Yield a harm if a clock that was set back would hold back too many entries."""
    held = tx.clock.held_back(int(time.now.timestamp()), time.last) if time.set_back else 0
    if held <= site.withdrawal_limit(0):
        return
    published = tx.entries.count()
    if held > site.withdrawal_limit(published):
        message = (
            f"by the clock of this machine, {held:,} of {published:,} entries that are published "
            f"would be held back as future ones, more than guard.withdrawn allows "
            f"({site.limits.withdrawn} %)"
        )
        yield Harm("withdrawn", "", message)
