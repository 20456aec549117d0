"""Feeds in groups: those whose paths lie in one folder, such as a family. Pure; no I/O."""

from collections.abc import Iterable, Mapping

import msgspec

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site

# So many other feeds of its group stand beside a feed.
_BESIDE = 12
_BETWEEN = " :|·-–—"


class FeedGroup(msgspec.Struct, frozen=True):
    """The feeds in one folder, their places by path, and they by their terms (field and slug).

    `folder` is empty for those in none.
    """

    folder: str
    feeds: list[FeedDefinition]
    places: dict[str, int]
    of_terms: dict[frozenset[tuple[str, str]], FeedDefinition]

    @property
    def title(self) -> str:
        """What people call it; empty for the feeds in no folder."""
        return self.folder.replace("/", " / ").capitalize()


def grouped(feeds: Iterable[FeedDefinition]) -> dict[str, FeedGroup]:
    """The feeds by the folder of their path, in the order given."""
    groups: dict[str, FeedGroup] = {}
    for feed in feeds:
        folder = folder_of(feed)
        group = groups.setdefault(folder, FeedGroup(folder, [], {}, {}))
        group.places[feed.path] = len(group.feeds)
        group.of_terms.setdefault(_terms(feed), feed)
        group.feeds.append(feed)
    return groups


def folder_of(feed: FeedDefinition) -> str:
    """The folder of a feed's path as its group has it, without a slash at its end.

    Folded, for some file systems take `Topics` and `topics` for one name.
    """
    return feed.path.rpartition("/")[0].casefold()


def neighbours(
    feed: FeedDefinition, groups: Mapping[str, FeedGroup], site: Site
) -> tuple[FeedDefinition, ...]:
    """At most 12 other feeds of its group: that of its topic's parent, then the nearest.

    So a page is of one size in any group, and a new feed changes few pages.
    """
    group = groups[folder_of(feed)]
    start = max(0, min(group.places[feed.path] - _BESIDE // 2, len(group.feeds) - _BESIDE - 1))
    near = [each for each in group.feeds[start : start + _BESIDE + 1] if each.path != feed.path]
    parent = _parent(feed, group, site)
    if parent is None:
        return tuple(near)
    return (parent, *(each for each in near if each.path != parent.path))[:_BESIDE]


def _parent(feed: FeedDefinition, group: FeedGroup, site: Site) -> FeedDefinition | None:
    """The feed of the topic that this feed's topic belongs to, all other terms the same."""
    terms = dict(_terms(feed))
    topic = site.topics.get(terms.get("topic", ""))
    if topic is None or topic.parent is None:
        return None
    terms["topic"] = site.topic_id(topic.parent)
    return group.of_terms.get(frozenset(terms.items()))


def _terms(feed: FeedDefinition) -> frozenset[tuple[str, str]]:
    return frozenset((term.field, term.slug) for term in feed.terms)


def label(feed: FeedDefinition, site: Site) -> str:
    """A feed's title without the site's in front, to be read among others of the site."""
    rest = feed.title.removeprefix(site.settings.title)
    return rest.strip(_BETWEEN) or feed.title if rest[:1] in tuple(_BETWEEN) else feed.title
