"""The time that a build uses, even if the clock was set back."""

from datetime import datetime

import msgspec

from feeds.catalogue.transaction import WriteTransaction
from feeds.errors import ClockError
from feeds.util.dates import from_timestamp

# Seconds by which the clock may be behind the last build: clocks are adjusted, and machines differ.
_TOLERANCE = 300


class BuildTime(msgspec.Struct, frozen=True):
    """The time of a build. `set_back` is True if the last build was later.

    That was at `last`, in seconds since 1970.
    """

    now: datetime
    last: int
    set_back: bool


def build_time(writer: WriteTransaction, now: datetime, *, trust: bool) -> BuildTime:
    """Return the time of a build at `now`: not before the last build, to keep dates in order.

    `trust` uses `now` in any case, and corrects dates after it. Raises `ClockError` if the clock
    was set back by more than a small tolerance.
    """
    last = writer.meta.last_build()
    if now >= from_timestamp(last):
        return BuildTime(now, last, set_back=False)
    if trust:
        writer.clock.redate(int(now.timestamp()))
        return BuildTime(now, last, set_back=True)
    if last - now.timestamp() > _TOLERANCE:
        raise ClockError(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, but the last build was later, at "
            f"{from_timestamp(last):%Y-%m-%d %H:%M} UTC; nothing was changed. Correct the clock "
            "of this machine. If it is right now and was ahead then, pass --force clock to feeds "
            "build, export or publish to correct the dates that were ahead"
        )
    return BuildTime(from_timestamp(last), last, set_back=False)
