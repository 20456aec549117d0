"""The feeds of feeds.yaml: those that a site had, and those that its terms are fit for. No I/O."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from feeds.config.definitions import RESERVED
from feeds.config.feed_settings import Generator
from feeds.init.commented_yaml import dump
from feeds.init.findings import Findings, OldFeed
from feeds.init.trial import LEAST, Trial, rare
from feeds.model.selection import TERM_FIELDS
from feeds.util.text import slug

_SAME_ADDRESS = re.compile(r"([\w~-][\w.~/-]*)\.(rss|atom|json)")
_FEED_KEY = re.compile(r"feeds\[(\d+)\]")
_MAX_SIZE = 1000
_DEFAULT_SIZE = 20
_FOLDERS = {
    "topic": "topics", "category": "categories", "language": "languages", "type": "types",
    "provider": "providers", "folder": "sections",
}  # fmt: skip


class PlannedFeed(msgspec.Struct):
    """One definition of feeds.yaml with its comment; `is_active` is False to comment it out."""

    comment: str
    settings: dict[str, Any]
    is_active: bool = True


class FeedPlan(msgspec.Struct):
    """The contents of feeds.yaml. `moved` are old addresses with their new ones."""

    feeds: list[PlannedFeed]
    moved: dict[str, str] = {}
    replaces: tuple[str, ...] = ()

    def remove(self, key: str) -> bool:
        """Remove the feed or old address at a dotted key; False if it is neither."""
        if match := _FEED_KEY.match(key):
            active = [feed for feed in self.feeds if feed.is_active]
            number = int(match[1])
            if 0 < number < len(active):  # not the main feed
                self.feeds.remove(active[number])
                return True
        return self.moved.pop(key.removeprefix("moved."), None) is not None

    def text(self) -> str:
        """Return feeds.yaml."""
        parts = [_HEAD, "feeds:\n"]
        for feed in self.feeds:
            mark = "  " if feed.is_active else "  # "
            lines = "".join(f"{mark}{line}\n" for line in dump([feed.settings]).splitlines())
            parts.append(f"  # {feed.comment}\n{lines}\n")
        if self.moved:
            parts.append("# Old addresses, so that no subscriber is lost.\n")
            parts.append(dump({"moved": self.moved}))
        if self.replaces:
            parts.append("\n# Further addresses that this generator gives to its feeds.\n")
            parts.append(dump({"replaces": list(self.replaces)}))
        return "".join(parts).rstrip() + "\n"


_HEAD = """\
# The feeds of the site. Each is made as RSS (.rss), Atom (.atom) and JSON Feed (.json), with a page
# (.html). `feeds list` prints their addresses.

"""


def plan(findings: Findings, trial: Trial) -> FeedPlan:
    """Return the feeds for a site, with its old addresses."""
    known = [feed for feed in findings.old_feeds if feed.field is None]
    main = [feed for feed in known if feed.term is None or _has_all(feed.term, trial)]
    path = next((path for feed in main if (path := _same_path(feed))), "all")
    result = FeedPlan([PlannedFeed("Everything.", _main(path, main, findings))])
    _move(result, main, path)
    for term, feeds in _by_term(known).items():
        if feeds[0] not in main and _number(term, trial):
            _add_term(result, term, feeds)
    _add_families(result, findings, trial)
    if findings.preset in get_args(Generator):
        result.replaces = (str(findings.preset),)
    return result


def _same_path(feed: OldFeed) -> str:
    """Return the path of a feed of ours that has the address of an old one; empty if none has."""
    match = _SAME_ADDRESS.fullmatch(feed.path)
    return match[1] if match and match[1].casefold() not in RESERVED else ""


def _number(term: tuple[str, str], trial: Trial) -> int:
    """Return how many entries have a term."""
    if term[0] == "folder":
        return sum(entry.path.startswith(f"{term[1]}/") for entry in trial.entries)
    counts = _terms(trial).get(term[0], Counter())
    return sum(number for name, number in counts.items() if slug(name) == slug(term[1]))


def _has_all(term: tuple[str, str], trial: Trial) -> bool:
    return 0 < len(trial.entries) == _number(term, trial)


def _terms(trial: Trial) -> Mapping[str, Counter[str]]:
    return {"topic": trial.topics, "category": trial.categories, "language": trial.languages}


def _main(path: str, old: list[OldFeed], findings: Findings) -> dict[str, Any]:
    title = next((feed.title for feed in old if feed.title), "")
    settings: dict[str, Any] = {
        "path": path,
        "title": title if title and title != findings.title else "{site}",
    }
    return settings | {"size": _size(old)}


def _size(old: list[OldFeed]) -> int:
    """Return the size of the old feed, so that its subscribers see no older entries as new."""
    sizes = [feed.size or _MAX_SIZE for feed in old]
    return min(sizes[0], _MAX_SIZE) if sizes else _DEFAULT_SIZE


def _move(result: FeedPlan, old: list[OldFeed], path: str) -> None:
    for feed in old:
        new = f"{path}.{feed.format}"
        if feed.path and feed.path != new:
            result.moved[feed.path] = new


def _by_term(old: list[OldFeed]) -> dict[tuple[str, str], list[OldFeed]]:
    terms: dict[tuple[str, str], list[OldFeed]] = {}
    for feed in old:
        if feed.term is not None:
            field, term = feed.term
            key = term if field == "folder" else slug(term)
            terms.setdefault((field, key), []).append(feed)
    return terms


def _add_term(result: FeedPlan, term: tuple[str, str], old: list[OldFeed]) -> None:
    """Add the feed of one term, at an old address if one of them has our form."""
    field, key = term
    name = old[0].term[1] if old[0].term else key
    path = next((path for feed in old if (path := _same_path(feed))), f"{_FOLDERS[field]}/{key}")
    if path in [known.settings["path"] for known in result.feeds]:
        path = f"{_FOLDERS[field]}/{key}"
    title = next((feed.title for feed in old if feed.title), f"{{site}}: {name}")
    settings: dict[str, Any] = {"path": path, "title": title, "size": _size(old)}
    settings["select"] = {field: key}
    result.feeds.append(PlannedFeed(f"The {field} {name}.", settings))
    _move(result, old, path)


def _add_families(result: FeedPlan, findings: Findings, trial: Trial) -> None:
    old = {feed.field: feed for feed in findings.old_feeds if feed.field in TERM_FIELDS}
    for field, counts in _terms(trial).items():
        wanted = field in old or (field == "topic" and counts)
        if not wanted:
            continue
        single = sum(count == 1 for count in counts.values())
        frequent = len(counts) - rare(counts)
        fits = single * 2 <= len(counts) and frequent > 0 and field != "language"
        is_active = fits or (field == "language" and len(counts) > 1)
        path = f"{_FOLDERS[field]}/{{{field}}}"
        comment = f"One feed for each {field} on {LEAST} articles or more ({frequent:,})."
        if not is_active:
            comment = (
                f"One feed for each {field}: {single:,} of {len(counts):,} are on a single article."
            )
        title = f"{{site}}: {{{field}}}"
        settings: dict[str, Any] = {"path": path, "title": title, "each": field}
        if field != "language":
            settings["min"] = LEAST
        result.feeds.append(PlannedFeed(comment, settings, is_active))
        for feed in findings.old_feeds if is_active else ():
            if feed.field == field:
                result.moved[feed.path] = f"{path}.{feed.format}"
