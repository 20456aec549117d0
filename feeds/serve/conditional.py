"""Conditional requests: does the client have it already? RFC 9110 §13. Pure; no I/O."""

import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

# A tag, weak or strong, or one that lost its quotes on the way.
_TAG = re.compile(r'\s*(?:[Ww]/)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s,"]+))\s*(?:,|$)')
_SKIP = re.compile(r"[^,]*,?")
# What we and proxies put behind a tag for a coding or a connection: -gzip, ;br, --gzip, -ssl-df.
_SUFFIX = re.compile(r"(?:[-;]+\w{1,12})*")


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, base: str, updated: int
) -> bool:
    """Whether a GET or HEAD that would be 200 is to be 304.

    `base` is what the entity tags of all codings of the document begin with, `updated` its
    Last-Modified in seconds. If-None-Match comes first, and where it is there, even empty,
    If-Modified-Since is not looked at (§13.2.2). A date that is none is ignored (§13.1.3).
    """
    if if_none_match is not None:
        return matches(if_none_match, base)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        return updated <= (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return False


def matches(if_none_match: str, base: str) -> bool:
    """Whether an If-None-Match names the document, in whatever coding (§13.1.2).

    Tags are compared weakly (§8.8.3.2). Proxies and readers send back tags with suffixes, or
    without quotes; what counts is the base, for equal bases mean equal documents once decoded.
    """
    if if_none_match.strip() == "*":
        return True
    return any(
        tag.startswith(base) and _SUFFIX.fullmatch(tag, len(base)) for tag in _tags(if_none_match)
    )


def tags(if_none_match: str) -> tuple[str, ...]:
    """The opaque tags that an If-None-Match names, without quotes and marks of weakness."""
    return tuple(_tags(if_none_match))


def _tags(if_none_match: str) -> Iterator[str]:
    at = 0
    while at < len(if_none_match):
        found = _TAG.match(if_none_match, at)
        if found:
            yield found["quoted"] if found["quoted"] is not None else found["bare"]
        else:
            found = _SKIP.match(if_none_match, at)  # not a tag: go on behind the next comma
        at = max(found.end(), at + 1) if found else len(if_none_match)
