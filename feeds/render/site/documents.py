"""The one list of what a site serves besides its feeds and their pages. Pure; no I/O."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.document import Document
from feeds.render.site import groups, opml, pages, stylesheets

Make = Callable[[], Document]


def site_documents(
    feeds: Sequence[FeedDefinition], states: Mapping[str, FeedState], site: Site
) -> dict[str, Make]:
    """How to make each document of the site, by its path below the feeds' URL.

    That is the index page, the OPML lists of the site and of each group, and the stylesheets.
    """
    known = groups.grouped(feeds)
    lists = {
        f"{group.folder}/{opml.NAME}": partial(opml.document, group.feeds, states, site, group)
        for group in known.values()
        if group.folder
    }
    return {
        pages.INDEX: partial(pages.index, feeds, states, site),
        opml.NAME: partial(opml.document, feeds, states, site),
        stylesheets.PAGES_CSS: partial(stylesheets.document, stylesheets.PAGES_CSS),
        stylesheets.FEED_CSS: partial(stylesheets.document, stylesheets.FEED_CSS),
        **lists,
    }
