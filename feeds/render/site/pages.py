"""HTML pages: the index of all feeds, a page for each feed, and the 404 page. Pure; no I/O.

Pages need no scripts. By default they load nothing from other hosts (see `_thumbnail`).
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
from feeds.model.document import FORMAT_NAMES, MEDIA_TYPES, Document, Format
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
# The number of entries on the page of a feed.
ENTRIES = 10
# The number of entries on the index page.
NEWEST = 3
# The length of a summary, in characters.
_SUMMARY = 300
# Raise this when the templates, or the way they are compiled (`environment`), change: exports
# then rewrite the pages, and templates are compiled again.
VERSION = 3

# The index divides groups with more feeds than this by first letter,
_MAX_UNDIVIDED = 40
# unless there are more first letters than this, as in Chinese.
_MAX_LETTERS = 40
# Groups are open at first on sites with at most this many feeds.
_MAX_OPEN = 60
# The number of feeds that browsers and readers can discover on the index page.
_MAX_DISCOVERABLE = 10


@cache
def environment() -> "Environment":
    """Return the Jinja environment of all templates, including the subscriber report's."""
    # Imported here because it is slow and most commands need no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from feeds.render.site import template_cache

    jinja = Environment(
        loader=PackageLoader("feeds.render.site"),
        bytecode_cache=template_cache.TemplateCache(VERSION),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # saves checking the template files for every page
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(day=description.day, rfc3339=dates.rfc3339)
    return jinja


def page_path(feed: FeedDefinition) -> str:
    """Return the path of a feed's page, which is that of the feed with `.html`."""
    return f"{feed.path}.html"


def index(
    feeds: Sequence[FeedDefinition],
    states: Mapping[str, FeedState],
    site: Site,
    newest: Sequence[Entry] = (),
) -> Document:
    """Return the index page: every feed by group, with its number of entries, and new articles.

    Feeds in no folder come first and in detail. Browsers and readers can discover those, and the
    very first feed.
    """
    by_folder = groups.group_by_folder(feeds)
    top = by_folder[""].feeds if "" in by_folder else []
    discoverable = list({feed.path: feed for feed in (*feeds[:1], *top)}.values())
    updated = opml.last_change(feeds, states)
    values = {
        "top": [_row(feed, states, site) for feed in top],
        "groups": [_group(group, states, site) for group in by_folder.values() if group.folder],
        "alternates": [
            link for feed in discoverable[:_MAX_DISCOVERABLE] for link in _alternates(feed, "")
        ],
        "unfolded": len(feeds) <= _MAX_OPEN,
        "total": len(feeds),
        "newest": [_entry(entry, site) for entry in newest],
        "opml": opml.NAME,
        "updated": updated if states else None,
    }
    body = _render("index.html", "", site, values)
    return document.make_document(body, updated, MEDIA_TYPE, opml.CACHING)


def not_found(site: Site) -> Document:
    """Return the 404 page. Its links work at any URL, because they have absolute paths."""
    body = _render("404.html", site.mount, site, {"alternates": []})
    return document.make_document(body, dates.NEVER, MEDIA_TYPE, opml.CACHING)


def page(
    feed: FeedDefinition,
    entries: Sequence[Entry],
    state: FeedState,
    site: Site,
    neighbours: Sequence[FeedDefinition] = (),
) -> Document:
    """Return the page of a feed: how to subscribe, a description, and these `entries`.

    It links to `neighbours`, which are other feeds of its group. Its date is that of the feed.
    """
    up = "../" * feed.path.count("/")
    folder = groups.folder_of(feed)
    updated = from_timestamp(state.updated)
    url = feed.url(site, "atom")
    values = {
        "feed": feed,
        "description": description.describe(feed, site),
        "formats": [(link, feed.url(site, format_)) for format_, link in _links(feed, up).items()],
        "alternates": _alternates(feed, up),
        "readers": reader_links.links(url),
        "app": reader_links.app_link(url),
        "entries": [_entry(entry, site) for entry in entries],
        "count": state.entries,
        "updated": updated if state.entries else None,
        "folder": folder,
        "folder_title": groups.folder_title(folder),
        "neighbours": [(_href(other, up), groups.short_title(other, site)) for other in neighbours],
        "opml": quote(f"{folder}/{opml.NAME}" if folder else opml.NAME),
    }
    body = _render("page.html", up, site, values)
    return document.make_document(body, updated, MEDIA_TYPE, feed.caching)


def _render(template: str, up: str, site: Site, values: Mapping[str, Any]) -> bytes:
    """Render a template; `up` is the relative URL of the folder of all feeds."""
    icon = site.settings.icon
    html = (
        environment()
        .get_template(template)
        .render(
            site=site.settings,
            language=site.settings.language,
            # An empty icon stops browsers from requesting /favicon.ico, which may not exist.
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
    """Return the relative URL of a feed's page, so that pages work wherever they are published."""
    return f"{up or './'}{quote(page_path(feed))}"


def _links(feed: FeedDefinition, up: str) -> dict[Format, dict[str, str]]:
    """Return the name, media type and relative URL of the feed in each format."""
    return {
        format_: {
            "name": name,
            "type": MEDIA_TYPES[format_],
            "href": f"{up or './'}{quote(feed.path)}.{format_}",
        }
        for format_, name in FORMAT_NAMES.items()
    }


def _alternates(feed: FeedDefinition, up: str) -> list[dict[str, str]]:
    """Return the links by which browsers and readers discover a feed (autodiscovery)."""
    links = _links(feed, up)
    return [{**link, "title": f"{feed.title} ({link['name']})"} for link in links.values()]


def _row(feed: FeedDefinition, states: Mapping[str, FeedState], site: Site) -> dict[str, Any]:
    state = states.get(feed.path)
    return {
        "label": groups.short_title(feed, site),
        "title": feed.title,
        "description": feed.description,
        "entries": state.entries if state else 0,
        "href": _href(feed, ""),
        "formats": _links(feed, "").values(),
    }


def _group(group: FeedGroup, states: Mapping[str, FeedState], site: Site) -> dict[str, Any]:
    """Return the rows of a group, and those of a long group by first letter."""
    rows = [_row(feed, states, site) for feed in group.feeds]
    letters: dict[str, list[dict[str, Any]]] = {}
    if len(rows) > _MAX_UNDIVIDED:
        for row in sorted(rows, key=lambda row: (_folded(row["label"]), row["href"])):
            letters.setdefault(_initial(row["label"]), []).append(row)
    return {
        "id": f"in-{group.folder}",
        "anchor": quote(f"in-{group.folder}"),
        "title": group.title,
        "rows": rows,
        "letters": letters if 1 < len(letters) <= _MAX_LETTERS else {},
        "opml": f"./{quote(group.folder)}/{opml.NAME}",
    }


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKD", label).casefold()


def _initial(label: str) -> str:
    """Return the letter under which a label is listed, `#` if it begins with none."""
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
    """Return the image to show of an entry: only the site's own, unless the settings allow more."""
    allowed = site.settings.pages.images
    if not images or allowed == "none":
        return None
    return images[0].url if allowed == "all" or _is_own(images[0].url, site) else None


def _is_own(url: str, site: Site) -> bool:
    """Return whether a URL is on one of the site's own hosts."""
    bases = (site.settings.url, site.feeds_url, site.assets_url)
    return urlsplit(url)[:2] in [urlsplit(base)[:2] for base in bases]
