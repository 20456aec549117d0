"""The guard: stops a build that would take too many entries out of the feeds."""

from feeds.build.build_clock import BuildTime
from feeds.build.ingest_result import IngestResult
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import GuardError


def check_withdrawals(site: Site, tx: WriteTransaction, result: IngestResult) -> None:
    """Raise `GuardError` if too much would be withdrawn, whatever the reason.

    Entries whose expiry date has passed do not count: their authors wanted that.
    """
    withdrawn = result.withdrawn - result.expired
    if withdrawn <= site.withdrawal_limit(0):
        return
    left = tx.entries.count()
    before = left + result.withdrawn - result.added - result.restored
    published = max(before, left + len(result.unrenderable))
    if withdrawn <= site.withdrawal_limit(published):
        return
    advice = "Check the article folder"
    if failed := result.unrenderable:
        advice = f"{len(failed):,} of them cannot be rendered, the first is {failed[0]}. {advice}"
    if withheld := result.withheld:
        advice = (
            f"The front matter of {len(withheld):,} of them withholds them, the first is "
            f"{withheld[0]}. {advice}"
        )
    raise GuardError(
        f"this build would withdraw {withdrawn:,} of {published:,} entries, more than the "
        f"{site.settings.guard} % that site.guard allows; nothing was changed. {advice}, or pass "
        "--force if this is intended"
    )


def check_held_back(site: Site, tx: WriteTransaction, time: BuildTime) -> None:
    """Raise `GuardError` if a clock that was set back would hold back too many entries."""
    held = tx.clock.held_back(int(time.now.timestamp()), time.last) if time.set_back else 0
    if held <= site.withdrawal_limit(0):
        return
    published = tx.entries.count()
    if held > site.withdrawal_limit(published):
        raise GuardError(
            f"by the current clock, this build would hold back {held:,} of {published:,} entries "
            "that were published at the last build but are dated in the future, more than the "
            f"{site.settings.guard} % that site.guard allows; nothing was changed. Correct the "
            "clock of this machine, or also pass --force if this is intended"
        )
