"""Compares the entries of a site with the items of its old feed. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

import msgspec

from feeds.config.site import Site
from feeds.model.entry import Entry
from feeds.old_feeds.documents import OldDocument, OldItem
from feeds.old_feeds.matching import pairs_of
from feeds.presets import ids
from feeds.presets.ids import IdRule
from feeds.util.dates import rfc3339
from feeds.util.text import one_line

Part = Literal["item", "link", "date", "title", "id"]
_SHOWN = 3


class Difference(msgspec.Struct, frozen=True):
    """One part of an item that is not the same; `advice` names the setting that changes it."""

    title: str
    part: Part
    old: str
    new: str
    advice: str

    def __str__(self) -> str:
        if self.part == "item":
            return f"{self.title}: {self.old} is no published article; see {self.advice}"
        return f"{self.title}: {self.part} {self.old} became {self.new}; see {self.advice}"


class Comparison(msgspec.Struct, kw_only=True):
    """How the entries of a site differ from an old feed of `total` items.

    `same` items have the same link, date and id. `parts` are the numbers of items of which each
    part is the same. `differences` are the first ones. `added` entries of the new feed, of the old
    feed's size, are not in the old feed. `ids` is the rule that gives most of the old ids.
    """

    name: str
    total: int
    same: int
    parts: dict[Part, int]
    differences: list[Difference]
    added: int
    ids: IdRule


class _Pair(msgspec.Struct):
    item: OldItem
    entry: Entry


def compare(
    document: OldDocument, entries: Sequence[Entry], site: Site, rule: IdRule | None = None
) -> Comparison:
    """Return how the entries differ from the items of an old feed.

    Their ids are those of `rule`, or else of the rule that fits best.
    """
    pairs = pairs_of(document, entries)
    known = [_Pair(item, entry) for item, entry in pairs if entry is not None]
    rule = rule or _best_rule(known, site)
    counts: Counter[Part] = Counter({"item": len(known)})
    differences: list[Difference] = []
    same = 0
    for item, entry in pairs:
        if entry is None:
            differences.append(_missing(item))
            continue
        changes = list(_differences(item, entry, rule, site))
        wrong = {difference.part for difference in changes}
        counts.update(part for part in get_args(Part)[1:] if part not in wrong)
        same += wrong <= {"title"}
        differences += changes
    return Comparison(
        name=document.name,
        total=len(pairs),
        same=same,
        parts={part: counts[part] for part in get_args(Part)},
        differences=_first(differences),
        added=_added(document, entries, rule, site),
        ids=rule,
    )


def new_id(entry: Entry, rule: IdRule, site: Site) -> str:
    """Return the id of an entry by a rule."""
    if rule == site.settings.ids:
        return entry.id
    published = entry.published.astimezone(site.zone)
    return ids.mint(rule, entry.link, published) or entry.id


def _best_rule(pairs: Sequence[_Pair], site: Site) -> IdRule:
    """Return the rule that gives the most old ids; that of the settings if none is better."""
    best = site.settings.ids
    most = _matches(pairs, best, site)
    for rule in get_args(IdRule):
        number = _matches(pairs, rule, site) if rule not in ("own", "wordpress") else 0
        if number > most:
            best, most = rule, number
    return best


def _matches(pairs: Sequence[_Pair], rule: IdRule, site: Site) -> int:
    return sum(new_id(pair.entry, rule, site) == pair.item.id for pair in pairs)


def _differences(item: OldItem, entry: Entry, rule: IdRule, site: Site) -> Iterable[Difference]:
    if item.link and unquote(item.link) != unquote(entry.link):
        yield Difference(entry.title, "link", item.link, entry.link, _link_advice(item, entry))
    if item.published and int(item.published.timestamp()) != int(entry.published.timestamp()):
        old, new = rfc3339(item.published), rfc3339(entry.published)
        yield Difference(entry.title, "date", old, new, _date_advice(item, entry))
    # Some plugins escape titles twice.
    if item.title and entry.title not in (one_line(item.title), unescape(one_line(item.title))):
        yield Difference(entry.title, "title", item.title, entry.title, "articles.fields.title")
    identifier = new_id(entry, rule, site)
    if item.id and item.id != identifier:
        yield Difference(entry.title, "id", item.id, identifier, "ids")


def _link_advice(item: OldItem, entry: Entry) -> str:
    old, new = urlsplit(item.link), urlsplit(entry.link)
    if old[:2] != new[:2]:
        return "url"
    old_digits, new_digits = (
        [part for part in path.split("/") if part.isdigit()] for path in (old.path, new.path)
    )
    is_day = len(old_digits) == len(new_digits) and old_digits != new_digits
    return "timezone, or permalink_zone" if is_day else "permalink"


def _date_advice(item: OldItem, entry: Entry) -> str:
    assert item.published  # noqa: S101
    seconds = abs((item.published - entry.published).total_seconds())
    is_zone = seconds % 900 == 0 and seconds <= 14 * 3600
    return "timezone" if is_zone else "articles.fields.published"


def _missing(item: OldItem) -> Difference:
    title, address = item.title or item.link or item.id, item.link or item.id
    advice = "articles.folder, include or ignore; or it is withheld"
    return Difference(title, "item", address, "", advice)


def _first(differences: Sequence[Difference]) -> list[Difference]:
    """Return the first differences, of every part one before any second one."""
    by_part: Mapping[Part, list[Difference]] = {
        part: [item for item in differences if item.part == part] for part in get_args(Part)
    }
    ranked = [
        difference
        for rank in range(_SHOWN)
        for part in get_args(Part)
        for difference in by_part[part][rank : rank + 1]
    ]
    return ranked[:_SHOWN]


def _added(document: OldDocument, entries: Sequence[Entry], rule: IdRule, site: Site) -> int:
    old = {item.id for item in document.items}
    newest = sorted(entries, key=lambda entry: entry.published, reverse=True)
    return sum(new_id(entry, rule, site) not in old for entry in newest[: len(document.items)])
