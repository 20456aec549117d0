"""The stylesheets of pages, and of feeds that a browser opens as XML. No I/O but its own files."""

from functools import cache
from importlib.resources import files

from feeds.dates import NEVER
from feeds.document import Document, etag
from feeds.envelope import STYLESHEET

FEED_CSS = STYLESHEET
PAGES_CSS = "pages.css"
MEDIA_TYPE = "text/css"
# Seconds: a page and its stylesheet belong together.
_MAX_AGE = 300


@cache
def document(name: str) -> Document:
    """The stylesheet `FEED_CSS` or `PAGES_CSS`: the same for every site."""
    body = (files("feeds") / "static" / name).read_bytes()
    return Document(body, etag(body), NEVER, MEDIA_TYPE, _MAX_AGE)
