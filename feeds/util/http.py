"""HTTP header values. No I/O."""

import urllib3

# Sent with every request of this program.
USER_AGENT = "feed-publisher"


def retry_after(response: urllib3.BaseHTTPResponse) -> int:
    """Return the seconds of Retry-After (RFC 9110 §10.2.3), a number or a date; 0 without it."""
    try:
        return int(urllib3.Retry(0).get_retry_after(response) or 0)
    except urllib3.exceptions.InvalidHeader:
        return 0
