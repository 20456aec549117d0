"""HTTP header values that several rooms use. Pure; no I/O."""

import urllib3

# Sent with every request of this program.
USER_AGENT = "feed-publisher"


def retry_after(answer: urllib3.BaseHTTPResponse) -> int:
    """The seconds of Retry-After (RFC 9110 §10.2.3), whether it is a number or a date; else 0."""
    try:
        return int(urllib3.Retry(0).get_retry_after(answer) or 0)
    except urllib3.exceptions.InvalidHeader:
        return 0
