"""The documents of a site besides its feeds and their pages. Pure; no I/O."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Document
from feeds.model.entry import Entry
from feeds.render.site import groups, opml, pages, stylesheets

DocumentFactory = Callable[[], Document]


def site_documents(
    feeds: Sequence[FeedDefinition],
    states: Mapping[str, FeedState],
    site: Site,
    newest: Sequence[Entry] = (),
) -> dict[str, DocumentFactory]:
    """Return functions that make each document, by its path below the feeds' URL.

    The documents are the index page, which shows the articles `newest`, the OPML lists of the site
    and of each group, and the stylesheets.
    """
    group_lists = {
        f"{group.folder}/{opml.NAME}": partial(opml.document, group.feeds, states, site, group)
        for group in groups.group_by_folder(feeds).values()
        if group.folder
    }
    return {
        pages.INDEX: partial(pages.index, feeds, states, site, newest),
        opml.NAME: partial(opml.document, feeds, states, site),
        stylesheets.PAGES_CSS: partial(stylesheets.document, stylesheets.PAGES_CSS),
        stylesheets.FEED_CSS: partial(stylesheets.document, stylesheets.FEED_CSS),
        **group_lists,
    }
