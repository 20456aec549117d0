"""Feeds in groups: those whose paths lie in one folder, such as a family. Pure; no I/O."""

from collections.abc import Iterable, Mapping

import msgspec

from feeds.definitions import FeedDefinition
from feeds.site import Site

# So many other feeds of its group stand beside a feed.
_BESIDE = 12
_BETWEEN = " :|·-–—"


class Group(msgspec.Struct, frozen=True):
    """The feeds in one folder, by path. `folder` is empty for those in none."""

    folder: str
    feeds: dict[str, FeedDefinition]
    places: dict[str, int]

    @property
    def title(self) -> str:
        """What people call it; empty for the feeds in no folder."""
        return self.folder.replace("/", " / ").capitalize()


def grouped(feeds: Iterable[FeedDefinition]) -> dict[str, Group]:
    """The feeds by the folder of their path, in the order given.

    Folders that differ in case only are one group, for some file systems take them for one name.
    """
    groups: dict[str, Group] = {}
    for feed in feeds:
        folder = folder_of(feed)
        group = groups.setdefault(folder.casefold(), Group(folder, {}, {}))
        group.places[feed.path] = len(group.feeds)
        group.feeds[feed.path] = feed
    return groups


def group_of(feed: FeedDefinition, groups: Mapping[str, Group]) -> Group:
    """The group of a feed, out of what `grouped` made."""
    return groups[folder_of(feed).casefold()]


def folder_of(feed: FeedDefinition) -> str:
    """The folder of a feed's path, without a slash at its end."""
    return feed.path.rpartition("/")[0]


def beside(feed: FeedDefinition, group: Group) -> tuple[FeedDefinition, ...]:
    """The feeds of its group that stand nearest to `feed`, at most 12.

    So a page is of one size in any group, and a new feed changes few pages.
    """
    listed = list(group.feeds.values())
    place = group.places[feed.path]
    start = max(0, min(place - _BESIDE // 2, len(listed) - _BESIDE - 1))
    return tuple(each for each in listed[start : start + _BESIDE + 1] if each is not feed)


def label(feed: FeedDefinition, site: Site) -> str:
    """A feed's title without the site's in front, to be read among others of the site."""
    rest = feed.title.removeprefix(site.settings.title)
    return rest.strip(_BETWEEN) or feed.title if rest[:1] in tuple(_BETWEEN) else feed.title
