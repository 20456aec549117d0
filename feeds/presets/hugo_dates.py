"""Where Hugo finds the dates of a page (gohugo.io/configuration/front-matter). No I/O."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from feeds.presets.matter import Matter, Value
from feeds.util import dates

DATE = ("date", "publishdate", "pubdate", "published", "lastmod", "modified")
PUBLISH_DATE = ("publishdate", "pubdate", "published", "date")
LASTMOD = (":git", "lastmod", "modified", "date", "publishdate", "pubdate", "published")
EXPIRY_DATE = ("expirydate", "unpublishdate")
_FILE_NAME = ":filename"
_DAY, _TIME = 10, 19  # the characters of 2024-05-31 and 2024-05-31-09-00-00
_DELIMITERS = " -_"
# Seconds since 1970: 1973 and 9999. Smaller numbers are flags, and years.
_EARLIEST, _LATEST = 100_000_000, 253_402_300_799


class Dated(NamedTuple):
    """A date, the value it comes from, and the slug after a date in the file name."""

    moment: datetime
    value: Value | None = None
    slug: str = ""


def first(names: Iterable[str], matter: Matter, file_name: str, zone: ZoneInfo) -> Dated | None:
    """Return the first date of these keys; `:filename` means the one in the file name."""
    for name in names:
        if name == _FILE_NAME:
            if found := in_name(file_name, zone):
                return found
            continue
        value = matter.get(name)
        if value is None or not is_set(value):
            continue
        try:
            return Dated(_moment(value.value, zone), value)
        except dates.BadDateError:
            continue
    return None


def is_date(value: Value, zone: ZoneInfo) -> bool:
    """Return whether a value is a date that can be read, or Go's zero time."""
    if isinstance(value.value, bool | dict | list):
        return False
    try:
        return not is_set(value) or bool(_moment(value.value, zone))
    except dates.BadDateError:
        return False


def is_set(value: Value) -> bool:
    """Return whether a value means a date; booleans and Go's zero time do not."""
    return not isinstance(value.value, bool | dict | list) and not str(value.value).startswith(
        "0001-01-01"
    )


def in_name(name: str, zone: ZoneInfo) -> Dated | None:
    """Return the date in front of a file name, with the rest as slug."""
    time = f"{name[:_DAY]}T{name[_DAY + 1 : _TIME].replace('-', ':')}"
    for text, length in ((time, _TIME), (name[:_DAY], _DAY)):
        if len(name) < length:
            continue
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=zone)
        except ValueError:
            continue
        return Dated(moment, slug=name[length:].strip(_DELIMITERS))
    return None


def _moment(value: object, zone: ZoneInfo) -> datetime:
    if isinstance(value, int):
        if not _EARLIEST <= value <= _LATEST:
            raise dates.BadDateError(f"{value} is not a date; write 2024-05-31, for example")
        return dates.from_timestamp(value)
    return dates.parse_aware(value, zone)
