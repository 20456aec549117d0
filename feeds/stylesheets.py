"""The stylesheets of pages, and of feeds that a browser opens as XML. No I/O but its own files."""

from functools import cache
from importlib.resources import files

from feeds.dates import NEVER
from feeds.document import Document, make
from feeds.envelope import STYLESHEET
from feeds.site import Caching

FEED_CSS = STYLESHEET
PAGES_CSS = "pages.css"
MEDIA_TYPE = "text/css"
# A page and its stylesheet belong together.
_CACHING = Caching(max_age=300)


@cache
def document(name: str) -> Document:
    """The stylesheet `FEED_CSS` or `PAGES_CSS`: the same for every site."""
    body = (files("feeds") / "static" / name).read_bytes()
    return make(body, NEVER, MEDIA_TYPE, _CACHING)
