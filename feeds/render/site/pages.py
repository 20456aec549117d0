"""HTML pages for people: the list of all feeds, and a page for each feed. Pure; no I/O.

No page needs a script, and none loads anything but the site's own: see `_thumbnail`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model import document
from feeds.model.document import FORMATS, MEDIA_TYPES, Document, Format
from feeds.model.entry import Entry, Image
from feeds.render.site import description, groups, opml, reader_links
from feeds.render.site.groups import FeedGroup
from feeds.render.site.stylesheets import PAGES_CSS
from feeds.util import dates
from feeds.util.dates import from_timestamp
from feeds.util.text import shorten

if TYPE_CHECKING:
    from jinja2 import Environment

INDEX = "index.html"
NOT_FOUND = "404.html"
MEDIA_TYPE = "text/html"
# So many entries stand on the page of a feed.
ENTRIES = 10
# Characters of a summary.
_SUMMARY = 300
# Raised with any change to the templates, or to how they are compiled (`environment`): exported
# pages are made anew, and templates compiled anew.
VERSION = 2

_FORMATS: dict[Format, str] = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
# A longer group is cut by first letters, a site with more feeds than that is folded up.
_LETTERED = 40
_UNFOLDED = 60
# Scripts with more first letters than that, such as Chinese, are listed as one.
_LETTERS = 40
# So many feeds at most are named to browsers and readers that look for them on the index page.
_DISCOVERED = 10


@cache
def environment() -> "Environment":
    """The templates, of these pages and of any other for people."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # here, for most need no page

    from feeds.render.site import template_cache

    made = Environment(
        loader=PackageLoader("feeds.render.site"),
        bytecode_cache=template_cache.TemplateCache(VERSION),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # else each page begins with a look at the files of its templates
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(day=description.day, rfc3339=dates.rfc3339)
    return made


def name(feed: FeedDefinition) -> str:
    """The path of a feed's page, beside the feed."""
    return f"{feed.path}.html"


def index(feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState], site: Site) -> Document:
    """The index page: every feed in its group, with how many entries it has.

    The first feed is what people are sent to first; feeds in no folder are shown at length.
    """
    known = groups.grouped(feeds)
    top = known[""].feeds if "" in known else []
    found = list({each.path: each for each in (*feeds[:1], *top)}.values())[:_DISCOVERED]
    updated = opml.last_change(feeds, states)
    values = {
        "top": [_row(feed, states, site) for feed in top],
        "groups": [_group(each, states, site) for each in known.values() if each.folder],
        "found": [link for feed in found for link in _alternates(feed, "")],
        "unfolded": len(feeds) <= _UNFOLDED,
        "total": len(feeds),
        "opml": opml.NAME,
        "updated": updated if states else None,
    }
    body = _rendered("index.html", "", site, values)
    return document.make_document(body, updated, MEDIA_TYPE, opml.CACHING)


def not_found(site: Site) -> Document:
    """The page for addresses at which nothing is: it works wherever it is shown."""
    body = _rendered("404.html", site.mount, site, {"found": []})
    return document.make_document(body, dates.NEVER, MEDIA_TYPE, opml.CACHING)


def page(
    feed: FeedDefinition,
    entries: Sequence[Entry],
    state: FeedState,
    site: Site,
    beside: Sequence[FeedDefinition] = (),
) -> Document:
    """The page of a feed: what it brings, how to subscribe, and its newest `entries`.

    `beside` are other feeds of its group. Its date is that of the feed.
    """
    up = "../" * feed.path.count("/")
    folder = groups.folder_of(feed)
    updated = from_timestamp(state.updated)
    url = feed.url(site, "atom")
    values = {
        "feed": feed,
        "covers": description.describe(feed, site),
        "formats": [(link, feed.url(site, each)) for each, link in _links(feed, up).items()],
        "found": _alternates(feed, up),
        "readers": reader_links.links(url),
        "app": reader_links.app_link(url),
        "entries": [_entry(each, site) for each in entries],
        "count": state.entries,
        "newest": None if state.newest is None else from_timestamp(state.newest),
        "updated": updated if state.entries else None,
        "folder": folder,
        "folder_title": groups.grouped([feed]).popitem()[1].title,
        "beside": [(_href(each, up), groups.label(each, site)) for each in beside],
        "opml": quote(f"{folder}/{opml.NAME}" if folder else opml.NAME),
    }
    body = _rendered("page.html", up, site, values)
    return document.make_document(body, updated, MEDIA_TYPE, feed.caching)


def _rendered(template: str, up: str, site: Site, values: Mapping[str, Any]) -> bytes:
    """The template filled in; `up` leads from the page to the folder of all feeds."""
    icon = site.settings.icon
    html = (
        environment()
        .get_template(template)
        .render(
            site=site.settings,
            language=site.settings.language,
            # Without an icon of its own a browser asks for one that may not be there.
            icon=icon if icon and _is_own(icon, site) else "data:,",
            css=f"{up}{PAGES_CSS}",
            up=up,
            home=up or "./",
            counted=description.counted,
            **values,
        )
    )
    return html.encode() + b"\n"


def _href(feed: FeedDefinition, up: str) -> str:
    """Relative, so that pages work wherever they are looked at."""
    return f"{up or './'}{quote(name(feed))}"


def _links(feed: FeedDefinition, up: str) -> dict[Format, dict[str, str]]:
    """The feed in each format, with what the format is called."""
    return {
        each: {
            "name": called,
            "type": MEDIA_TYPES[each],
            "href": f"{up or './'}{quote(feed.path)}.{each}",
        }
        for each, called in _FORMATS.items()
    }


def _alternates(feed: FeedDefinition, up: str) -> list[dict[str, str]]:
    """What browsers and readers find of a feed on a page (autodiscovery)."""
    links = _links(feed, up)
    return [{**links[each], "title": f"{feed.title} ({links[each]['name']})"} for each in FORMATS]


def _row(feed: FeedDefinition, states: Mapping[str, FeedState], site: Site) -> dict[str, Any]:
    state = states.get(feed.path)
    return {
        "label": groups.label(feed, site),
        "title": feed.title,
        "description": feed.description,
        "entries": state.entries if state else 0,
        "href": _href(feed, ""),
        "formats": _links(feed, "").values(),
    }


def _group(group: FeedGroup, states: Mapping[str, FeedState], site: Site) -> dict[str, Any]:
    """The rows of a group, and by first letter those of a long one."""
    rows = [_row(feed, states, site) for feed in group.feeds]
    letters: dict[str, list[dict[str, Any]]] = {}
    if len(rows) > _LETTERED:
        for row in sorted(rows, key=lambda row: (_folded(row["label"]), row["href"])):
            letters.setdefault(_initial(row["label"]), []).append(row)
    return {
        "id": f"in-{group.folder}",
        "anchor": quote(f"in-{group.folder}"),
        "title": group.title,
        "rows": rows,
        "letters": letters if 1 < len(letters) <= _LETTERS else {},
        "opml": f"./{quote(group.folder)}/{opml.NAME}",
    }


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKD", label).casefold()


def _initial(label: str) -> str:
    """The letter under which people look for a label; `#` for all that is no letter."""
    first = _folded(label)[:1].upper()[:1]
    return first if first.isalpha() else "#"


def _entry(entry: Entry, site: Site) -> dict[str, Any]:
    provider, names = entry.provider, [person.name for person in entry.authors]
    return {
        "title": entry.title,
        "link": entry.link,
        "summary": shorten(entry.summary, _SUMMARY),
        "published": entry.published,
        "language": entry.language or site.settings.language,
        "image": _thumbnail(entry.images, site),
        "provider": provider.name if provider else None,
        "credit": (entry.via or provider.home or entry.link) if provider else None,
        "authors": [name for name in names if provider is None or name != provider.name],
    }


def _thumbnail(images: Sequence[Image], site: Site) -> str | None:
    """The picture to show of an entry: by itself a page asks nothing of other people's hosts."""
    allowed = site.settings.pages.images
    if not images or allowed == "none":
        return None
    return images[0].url if allowed == "all" or _is_own(images[0].url, site) else None


def _is_own(url: str, site: Site) -> bool:
    """Whether a URL is of a host of the site's."""
    own = (site.settings.url, site.feeds_url, site.assets_url)
    return urlsplit(url)[:2] in [urlsplit(base)[:2] for base in own]
