"""Dates as authors write them -> UTC, and UTC as the formats write it. No clock, no locale."""

import re
import warnings
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil_parser

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_IN_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ISO_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.\d+)?S)?)?"
)
# Two fillers that share no part: what a text does not say comes out differently.
_FILLERS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - zone is the text's


class BadDateError(ValueError):
    """Why a value is not a date, in words for its author."""


def parse(value: object, zone: ZoneInfo) -> datetime:
    """The moment, in UTC and whole seconds, that a front matter value means.

    Takes YAML's dates and times and text in ISO 8601, RFC 822 and what dateutil reads. A value
    without a time of day means midnight, one without a zone means `zone`.
    Raises `BadDateError` for what does not exist, lacks its day, month or year, or names an
    unknown zone.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime.combine(value, time())
    elif isinstance(value, str):
        moment = _from_text(value.strip())
    else:
        raise BadDateError(f"{value!r} is not a date; write for example 2024-05-31T09:00:00Z")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        moment = moment.astimezone(UTC).replace(microsecond=0)
    except (OverflowError, ValueError):
        raise BadDateError(f"{str(value)!r} is out of range; use a year from 1 to 9999") from None
    return moment


def _from_text(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first, second = (dateutil_parser.parse(value, default=filler) for filler in _FILLERS)
    except (ValueError, OverflowError, TypeError, Warning):
        said = f"{value!r} is not a date that exists; write for example 2024-05-31T09:00:00Z"
        raise BadDateError(said) from None
    if first.replace(tzinfo=None) != second.replace(tzinfo=None):
        raise BadDateError(f"{value!r} lacks its year, month or day; write all three")
    return first


def in_name(name: str, zone: ZoneInfo) -> datetime | None:
    """The date in a file name such as `2024-05-31-title.md`, at midnight in `zone`, in UTC."""
    for found in _IN_NAME.finditer(name):
        year, month, day = (int(part) for part in found.groups())
        try:
            return datetime(year, month, day, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def without_date(name: str) -> str:
    """A file name without the date in front of it, as permalinks have it."""
    return _IN_NAME.sub("", name, count=1).lstrip("-_ ") if _IN_NAME.match(name) else name


def duration(value: object) -> int | None:
    """Seconds of an ISO 8601 duration (`PT1H30M`) or a number of seconds; None if neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value > 0 else None
    found = _ISO_DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    parts = {name: int(number[:9]) for name, number in found.groupdict(default="0").items()}
    return int(timedelta(**parts).total_seconds()) or None


def rfc822(moment: datetime) -> str:
    """A UTC moment as RSS writes it (RFC 822 with a four-digit year, RSS best practices)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def rfc3339(moment: datetime) -> str:
    """A UTC moment as Atom and JSON Feed write it (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
