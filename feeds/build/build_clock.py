"""The time that a build goes by, where clocks may be wrong."""

from datetime import datetime

import msgspec

from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import ClockError, GuardError
from feeds.util.dates import from_timestamp

# Seconds by which a clock may go back: it is set right now and then, and machines differ.
_TOLERANCE = 300


class BuildTime(msgspec.Struct, frozen=True):
    """The time of a build. `back` is whether the last one was later, at `last`, in seconds."""

    now: datetime
    last: int
    set_back: bool


def build_time(writer: WriteTransaction, now: datetime, *, trust: bool) -> BuildTime:
    """The time of a build at `now`: never before the last one, so that nothing is taken back.

    With `trust` it is `now`, and what was dated later is mended. Raises `ClockError` where the
    clock was set back by more than is usual.
    """
    last = writer.meta.last_build()
    if now >= from_timestamp(last):
        return BuildTime(now, last, set_back=False)
    if trust:
        writer.clock.redate(int(now.timestamp()))
        return BuildTime(now, last, set_back=True)
    if last - now.timestamp() > _TOLERANCE:
        raise ClockError(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, and the last build was later, at "
            f"{from_timestamp(last):%Y-%m-%d %H:%M} UTC; nothing was changed. Set the clock of "
            "this machine. If it is right now and was ahead then, say --force clock to feeds "
            "build, export or publish: what was dated ahead is mended"
        )
    return BuildTime(from_timestamp(last), last, set_back=False)


def check_held_back(site: Site, writer: WriteTransaction, time: BuildTime) -> None:
    """Raise `GuardError` where a clock that was set back holds back too much that was out."""
    held = writer.clock.held_back(int(time.now.timestamp()), time.last) if time.set_back else 0
    if held <= site.withdrawal_limit(0):
        return
    out = writer.entries.count()
    if held > site.withdrawal_limit(out):
        raise GuardError(
            f"by the clock as it is, this build would hold back {held:,} of {out:,} entries, "
            f"whose dates are yet to come and that were out at the last build, more than the "
            f"{site.settings.guard} % that site.guard allows; nothing was changed. Set the clock "
            "of this machine, or say --force besides if this is meant"
        )
