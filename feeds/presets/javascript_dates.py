"""Dates as JavaScript reads them: without a zone in UTC, and past the end of a month. No I/O."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feeds.presets.reading import Reading
from feeds.util import dates

_UTC = ZoneInfo("UTC")
# A day that its month may not have, and the time after it.
_ISO = re.compile(r"(\d{4})-(\d{2})-(29|30|31)([T ]\d{2}:\d{2}.*)?")


def parse(value: Any) -> datetime:
    """Return the time that a value means. Raises `dates.BadDateError`."""
    try:
        return dates.parse_aware(value, _UTC)
    except dates.BadDateError:
        if (moment := rolled_over(value)) is None:
            raise
        return moment


def rolled_over(value: object) -> datetime | None:
    """Return the day that JavaScript makes of one such as September 31; None for other values."""
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        first = dates.parse_aware(f"{match[1]}-{match[2]}-01{match[4] or ''}", _UTC)
    except dates.BadDateError:
        return None
    moment = first + timedelta(days=int(match[3]) - 1)
    return moment if moment.month != first.month else None


def remark_rolled_over(reading: Reading, names: Iterable[str]) -> None:
    """Remark that the date of publication, of one of these names, is a day that does not exist."""
    for value in reading.matter.all(names):
        if reading.moment is not None and rolled_over(value.value) == reading.moment:
            reading.remarks["publishedDateTime"] = (
                f"is a day that does not exist; it is read as {reading.moment:%Y-%m-%d}, "
                "as the site does"
            )
