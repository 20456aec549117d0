"""What values of front matter mean: true or false, a word, a time. No I/O."""

import re
from datetime import datetime
from typing import Any

from feeds.articles.withholding_keys import fold, words
from feeds.config.site import Site
from feeds.util import dates
from feeds.util.text import quote_for_message

_TRUE, _FALSE = words("true yes on 1 y t"), words("false no off 0 n f")
_NO_DATE = frozenset({"", "never", "none", "no", "false"})
# Seconds or milliseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
_MAX_DATE = 100  # characters


def truth_of(value: Any) -> bool | None:
    """Return whether a value is a spelling of true or of false; None if neither."""
    word = word_of(value)
    return True if word in _TRUE else False if word in _FALSE else None


def word_of(value: Any) -> str:
    """Return a value in lower case, without hyphens, underscores and spaces."""
    # Quotation marks are part of the value where front matter is lines of `Key: value`.
    return fold(str(value).strip(" \"'")) if isinstance(value, str | int) else ""


def means_no_date(value: Any) -> bool:
    return value is None or (isinstance(value, str | int) and word_of(value) in _NO_DATE)


def shown(value: Any) -> str:
    """Return a value as messages show it."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else quote_for_message(value)


def time_of(value: Any, site: Site) -> datetime | None:
    """Return the time, in UTC, that a value stands for; None if it is not a date.

    Accepts seconds and milliseconds since 1970, and the mapping of `created` and `updated` of
    MkDocs, too.
    """
    if isinstance(value, dict):
        value = value.get("created")
    if isinstance(value, str) and len(value) > _MAX_DATE:
        return None
    if isinstance(value, str | int) and (epoch := _EPOCH.fullmatch(str(value).strip())):
        return dates.from_timestamp(int(epoch[0][:10]))
    try:
        return dates.parse(value, site.zone)
    except dates.BadDateError:
        return None
