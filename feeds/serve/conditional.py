"""Conditional requests (RFC 9110 §13). No I/O."""

import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

# An entity tag, weak or strong, or one whose quotes a proxy has removed.
_TAG = re.compile(r'\s*(?:[Ww]/)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s,"]+))\s*(?:,|$)')
_SKIP = re.compile(r"[^,]*,?")
# Suffixes that servers and proxies add for an encoding or a connection: -gzip, ;br, -ssl-df.
_SUFFIX = re.compile(r"(?:[-;]+\w{1,12})*")


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, base: str, updated: int
) -> bool:
    """Return whether a GET or HEAD that would be answered with 200 must be answered with 304.

    `base` is the common prefix of the entity tags of the document in all encodings, `updated` its
    Last-Modified in seconds since 1970. If-None-Match, even an empty one, overrules
    If-Modified-Since (§13.2.2). An invalid date is ignored (§13.1.3).
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
    """Return whether If-None-Match names the document in any encoding (§13.1.2).

    Tags are compared weakly (§8.8.3.2). Only their base is compared, because proxies and readers
    add suffixes or remove quotes, and tags with the same base have the same decoded content.
    """
    if if_none_match.strip() == "*":
        return True
    return any(
        tag.startswith(base) and _SUFFIX.fullmatch(tag, len(base)) for tag in _tags(if_none_match)
    )


def tags(if_none_match: str) -> tuple[str, ...]:
    """Return the opaque tags of an If-None-Match, without quotes and `W/`."""
    return tuple(_tags(if_none_match))


def _tags(if_none_match: str) -> Iterator[str]:
    position = 0
    while position < len(if_none_match):
        match = _TAG.match(if_none_match, position)
        if match:
            yield match["quoted"] if match["quoted"] is not None else match["bare"]
        else:
            match = _SKIP.match(if_none_match, position)  # not a tag: continue after the next comma
        position = max(match.end(), position + 1) if match else len(if_none_match)
