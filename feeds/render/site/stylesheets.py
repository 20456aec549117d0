"""The stylesheets of pages, and of feeds that browsers show as XML. Reads only package files."""

from functools import cache
from importlib.resources import files

from feeds.model.document import Caching, Document, make_document
from feeds.render.envelope import STYLESHEET
from feeds.util.dates import NEVER

FEED_CSS = STYLESHEET
PAGES_CSS = "pages.css"
MEDIA_TYPE = "text/css"
# The same as for lists of feeds: a page needs the stylesheet of its own version.
_CACHING = Caching(max_age=300)


@cache
def document(name: str) -> Document:
    """Return the stylesheet named `FEED_CSS` or `PAGES_CSS`, the same for every site."""
    body = (files("feeds.render.site") / "static" / name).read_bytes()
    return make_document(body, NEVER, MEDIA_TYPE, _CACHING)
