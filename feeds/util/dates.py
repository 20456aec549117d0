"""Parses dates as authors write them, and formats them for feeds. No clock, no locale."""

import re
import warnings
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil_parser

from feeds.util.text import quote_for_message

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The time of change of a document that has never changed: any date independent of the clock.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)

_IN_NAME = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ISO_DURATION = re.compile(
    r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?", re.ASCII
)
_MAX_LENGTH = 100  # characters; dateutil needs quadratic time for text that is not a date
_MAX_DURATION = 10 * 366 * 86_400  # a longer one is a mistake
# The zones of RFC 822 §5.1. Other names mean different zones on different machines.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
# Day, month and year in an ambiguous order.
_DIGITS_ONLY = re.compile(r"[-+]?\d{1,3}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d+|[-+]\d")
# Defaults for missing parts. They differ in every part, which reveals missing parts.
_FILLERS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - the text names the zone


class BadDateError(ValueError):
    """A value is not a date; the message addresses its author."""


class _Century(dateutil_parser.parserinfo):
    """Reads two-digit years by RFC 2822 §4.3; dateutil's own rule depends on the clock."""

    def convertyear(self, year: int, century_specified: bool = False) -> int:
        if year >= 100 or century_specified:
            return year
        return year + (2000 if year < 50 else 1900)


def _zone(name: str | None, offset: int | None) -> timezone | None:
    """Return the zone that a date names, never the machine's. Raises `ValueError` if unknown."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    if name not in _ZONES:
        raise ValueError(f"unknown zone {name}")
    return timezone(timedelta(hours=_ZONES[name]))


_PARSER = dateutil_parser.parser(_Century())


def parse(value: object, zone: ZoneInfo) -> datetime:
    """Return the time of a front matter value, in UTC and whole seconds.

    Accepts YAML dates and times, and text in ISO 8601, RFC 822 or another form that dateutil
    reads. A value without a time of day means midnight, one without a zone is in `zone`.
    Raises `BadDateError` if the date does not exist, lacks a day, month or year, or names an
    unknown zone.
    """
    moment = parse_aware(value, zone)
    try:
        moment = moment.astimezone(UTC).replace(microsecond=0)
    except (OverflowError, ValueError):
        raise BadDateError(
            f"{quote_for_message(value)} is out of range; use a year from 1 to 9999"
        ) from None
    return moment


def parse_aware(value: object, zone: ZoneInfo) -> datetime:
    """Return the time that a value means, in the zone that it names, or else in `zone`.

    Accepts the values that `parse` accepts, and raises `BadDateError` as it does.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime.combine(value, time())
    elif isinstance(value, str):
        moment = _from_text(value.strip())
    else:
        raise BadDateError(
            f"{quote_for_message(value)} is not a date; write 2024-05-31T09:00:00Z, for example"
        )
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return a time in a zone; as it is where that would be before year 1 or after 9999."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def _from_text(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    if _DIGITS_ONLY.match(value):
        raise BadDateError(
            f"{quote_for_message(value)} can be read in two ways; write 2024-05-31, for example"
        )
    text = value if len(value) <= _MAX_LENGTH else ""  # not a date
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first, second = (
                _PARSER.parse(text, default=filler, tzinfos=_zone) for filler in _FILLERS
            )
    except (ValueError, OverflowError, TypeError, Warning):
        quoted = quote_for_message(value)
        raise BadDateError(
            f"{quoted} is not a date that exists; write 2024-05-31T09:00:00Z, for example"
        ) from None
    if first.replace(tzinfo=None) != second.replace(tzinfo=None):
        raise BadDateError(
            f"{quote_for_message(value)} lacks its year, month or day; write all three"
        )
    return first


def in_name(name: str, zone: ZoneInfo) -> datetime | None:
    """Return the date in a file name such as `2024-05-31-title.md`: midnight in `zone`, in UTC."""
    for match in _IN_NAME.finditer(name):
        year, month, day = (int(part) for part in match.groups())
        try:
            return datetime(year, month, day, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def without_date(name: str) -> str:
    """Return a file name without the date at its beginning, for permalinks."""
    rest = _IN_NAME.sub("", name, count=1).lstrip("-_ ") if _IN_NAME.match(name) else name
    return rest or name


def iso_duration(value: object) -> int | None:
    """Return an ISO 8601 duration (`PT1H30M`) or number of seconds as seconds; else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value <= _MAX_DURATION else None
    match = _ISO_DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    days, hours, minutes, seconds = (int(number) for number in match.groups(default="0"))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return total if 0 < total <= _MAX_DURATION else None


def rfc822(moment: datetime) -> str:
    """Return a time in the format of RSS: RFC 822 with a four-digit year (RSS best practices)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def rfc3339(moment: datetime) -> str:
    """Return a time in the format of Atom and JSON Feed (RFC 3339)."""
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


def from_timestamp(seconds: int) -> datetime:
    """Return a time of the catalogue, in seconds since the epoch, as a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


_DURATION = re.compile(r"(\d+)\s*(s|m|h|d|w)?", re.IGNORECASE)
# The upper limit of ages, so that `now - age` is a valid date.
MOST_SECONDS = 100 * 366 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def interval(value: object) -> int:
    """Return the number of seconds in `90`, `"90s"`, `"30m"`, `"12h"`, `"7d"` or `"2w"`.

    Raises `ValueError` for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write 30m, 12h or 7d, for example")
    return int(match[1]) * _UNITS[(match[2] or "s").lower()]
