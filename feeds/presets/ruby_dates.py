"""Dates in text as Ruby's `Time.parse` reads them, which Jekyll calls. No I/O."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"(?:(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"|(?P<first>\d{1,2})[./](?P<second>\d{1,2})[./](?P<last>\d{4}))"
    r"(?:[Tt,\s-]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<seconds>\d{1,2}))?)?"
    r"(?P<zone>\s*[A-Za-z]+(?:[+-]\d{1,4})?)?"
)
# lib/time.rb: ZoneOffset. Other names, such as CET, are passed over.
_KNOWN_ZONE = re.compile(r"(?:UTC?|GMT|Z|[ECMP][SD]T|[AP]M)", re.IGNORECASE)


def parse(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the time in `zone` that a text means if Ruby reads it differently from others.

    The day stands first in `05/01/2013`, `24:00` is midnight at the end of the day, and zones that
    Ruby does not know are passed over. None if the text has another form, or a zone that counts.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None or _KNOWN_ZONE.fullmatch((match["zone"] or "").strip()):
        return None
    year, month, day = (
        int(match[name] or match[other])
        for name, other in (("year", "last"), ("month", "second"), ("day", "first"))
    )
    hour, minute, seconds = (int(match[name] or 0) for name in ("hour", "minute", "seconds"))
    ends_day = hour == 24 and not minute and not seconds
    try:
        moment = datetime(year, month, day, 0 if ends_day else hour, minute, seconds, tzinfo=zone)
        return moment + timedelta(days=ends_day)
    except (ValueError, OverflowError):
        return None
