"""Groups of feeds: those with paths in the same folder, such as a family. Pure; no I/O."""

from collections.abc import Iterable, Mapping

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site

# The number of other feeds that the page of a feed links to.
_NEIGHBOURS = 12
# The characters between a site's title and the rest of a feed's title.
_SEPARATORS = " :|·-–—"


class FeedGroup(msgspec.Struct, frozen=True):
    """The feeds in one folder, with their positions by path.

    `by_terms` gives the first feed with each set of terms (field and slug). `folder` is empty for
    feeds in no folder.
    """

    folder: str
    feeds: list[FeedDefinition]
    positions: dict[str, int]
    by_terms: dict[frozenset[tuple[str, str]], FeedDefinition]

    @property
    def title(self) -> str:
        """The title to display; empty for feeds in no folder."""
        return folder_title(self.folder)


def group_by_folder(feeds: Iterable[FeedDefinition]) -> dict[str, FeedGroup]:
    """Return the groups by folder, each with its feeds in the order given."""
    groups: dict[str, FeedGroup] = {}
    for feed in feeds:
        folder = folder_of(feed)
        group = groups.setdefault(folder, FeedGroup(folder, [], {}, {}))
        group.positions[feed.path] = len(group.feeds)
        group.by_terms.setdefault(_terms(feed), feed)
        group.feeds.append(feed)
    return groups


def folder_of(feed: FeedDefinition) -> str:
    """Return the folder of a feed's path, casefolded and without a final slash.

    Casefolded because some file systems treat `Topics` and `topics` as the same name.
    """
    return feed.path.rpartition("/")[0].casefold()


def folder_title(folder: str) -> str:
    """Return the title of the group in a folder."""
    return folder.replace("/", " / ").capitalize()


def neighbours(
    feed: FeedDefinition, groups: Mapping[str, FeedGroup], site: Site
) -> tuple[FeedDefinition, ...]:
    """Return at most 12 other feeds of the group: that of the topic's parent, then the nearest.

    This bounds the size of a page, and a new feed changes only a few pages.
    """
    group = groups[folder_of(feed)]
    start = min(group.positions[feed.path] - _NEIGHBOURS // 2, len(group.feeds) - _NEIGHBOURS - 1)
    start = max(0, start)
    window = group.feeds[start : start + _NEIGHBOURS + 1]
    nearest = [other for other in window if other.path != feed.path]
    parent = _parent(feed, group, site)
    if parent is None:
        return tuple(nearest)
    return (parent, *(other for other in nearest if other.path != parent.path))[:_NEIGHBOURS]


def _parent(feed: FeedDefinition, group: FeedGroup, site: Site) -> FeedDefinition | None:
    """Return the feed of the parent of this feed's topic, with all other terms the same."""
    terms = dict(_terms(feed))
    topic = site.topics.get(terms.get("topic", ""))
    if topic is None or topic.parent is None:
        return None
    terms["topic"] = site.topic_id(topic.parent)
    return group.by_terms.get(frozenset(terms.items()))


def _terms(feed: FeedDefinition) -> frozenset[tuple[str, str]]:
    return frozenset((term.field, term.slug) for term in feed.terms)


def short_title(feed: FeedDefinition, site: Site) -> str:
    """Return a feed's title without the site's in front, for lists of feeds of the site."""
    rest = feed.title.removeprefix(site.settings.title)
    return rest.strip(_SEPARATORS) or feed.title if rest[:1] in tuple(_SEPARATORS) else feed.title
