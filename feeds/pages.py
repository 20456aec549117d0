"""The HTML page that lists the feeds for people. Pure; no I/O."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from feeds import document, opml
from feeds.catalogue.store import FeedState, moment
from feeds.definitions import FeedDefinition
from feeds.document import Document
from feeds.envelope import MEDIA_TYPES
from feeds.site import Site

INDEX = "index.html"
_FORMATS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}

_environment = Environment(
    loader=PackageLoader("feeds"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def index(feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState], site: Site) -> Document:
    """The index page: every feed with its formats, how many entries it has and how new it is."""
    groups = [
        (group, [_row(feed, states.get(feed.path), site) for feed in members])
        for group, members in opml.grouped(feeds).items()
    ]
    html = _environment.get_template("index.html").render(
        site=site.settings,
        groups=groups,
        formats=_FORMATS,
        media_types=MEDIA_TYPES,
        opml=opml.NAME,
    )
    body = html.encode() + b"\n"
    return document.make(body, opml.last_change(states), "text/html", opml.CACHING)


def _row(feed: FeedDefinition, state: FeedState | None, site: Site) -> dict[str, object]:
    newest = moment(state.newest) if state and state.newest is not None else None
    return {
        "title": feed.title,
        "entries": state.entries if state else 0,
        "newest": newest.strftime("%Y-%m-%d") if newest else None,
        # Relative, so that the page works wherever it is looked at; to copy, the public one.
        "hrefs": {format_: f"{quote(feed.path)}.{format_}" for format_ in _FORMATS},
        "url": feed.url(site, "atom"),
    }
