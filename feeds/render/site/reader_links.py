"""Links by which people subscribe to a feed in well-known readers. Pure; no I/O."""

from urllib.parse import quote

# A reader, and what stands before a feed's URL, percent-encoded, in a link to subscribe to it.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
    ("Feedbin", "https://feedbin.com/?subscribe="),
)


def links(url: str) -> list[tuple[str, str]]:
    """(name of the reader, link) for the feed at `url`."""
    return [(name, f"{before}{quote(url, safe='')}") for name, before in _READERS]


def app_link(url: str) -> str:
    """The link that opens the reader installed on a machine, such as NetNewsWire.

    Those register for `feed://`, and `feeds://` for https.
    """
    return f"feed{url.removeprefix('http')}"
