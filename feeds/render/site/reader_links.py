"""Links for subscribing to a feed in well-known feed readers. Pure; no I/O."""

from urllib.parse import quote

# The name of each reader, and its subscription link up to the percent-encoded URL of the feed.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
    ("Feedbin", "https://feedbin.com/?subscribe="),
)


def links(url: str) -> list[tuple[str, str]]:
    """Return (name of the reader, link) for the feed at `url`."""
    return [(name, f"{prefix}{quote(url, safe='')}") for name, prefix in _READERS]


def app_link(url: str) -> str:
    """Return the link that opens an installed feed reader, such as NetNewsWire.

    Readers register the scheme `feed`, and `feeds` for https.
    """
    return f"feed{url.removeprefix('http')}"
