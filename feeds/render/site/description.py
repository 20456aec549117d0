"""What a feed brings, in plain English for its page. Pure; no I/O."""

from collections.abc import Callable
from datetime import datetime

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.selection import (
    EVERYTHING,
    Age,
    All,
    AnyOf,
    Not,
    Range,
    Selection,
    TermField,
    Terms,
)
from feeds.util import text

# Gives the name for people of a term: its field, its slug.
_Names = Callable[[TermField, str], str]

_IN_FRONT: dict[TermField, tuple[str, str]] = {
    "topic": ("on the topic", "on any of the topics"),
    "category": ("in the category", "in any of the categories"),
    "type": ("of the type", "of any of the types"),
    "provider": ("from", "from any of"),
    "language": ("in the language", "in any of the languages"),
}
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
# Not strftime's, which are those of the process's locale.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def describe(feed: FeedDefinition, site: Site) -> str:
    """What belongs in a feed, in which order and how much of it, as one sentence."""
    said = _said(feed.selection, lambda field, slug: _name(feed, site, field, slug))
    order = "newest first" if feed.order == "date" else "hottest first"
    what = "All articles" if feed.selection == EVERYTHING else f"Articles {said}"
    return f"{what}; {order}, at most {feed.size:,}."


def day(moment: datetime) -> str:
    """A date as people read it: `31 May 2024`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def counted(number: int, one: str, many: str) -> str:
    """`1 article`, `1,200 articles`."""
    return f"{number:,} {one if number == 1 else many}"


def _said(selection: Selection, name: _Names) -> str:
    match selection:
        case Terms(field=field, values=values):
            return _terms(field, [name(field, slug) for slug in values])
        case Range(field=field, least=least, most=most):
            return f"whose {field} is {_range(least, most)}"
        case Age(seconds=seconds):
            return f"no older than {_duration(seconds)}"
        case All(parts=parts):
            return _joined([_inner(part, name) for part in parts], "and") or "of every kind"
        case AnyOf(parts=parts):
            return _joined([_inner(part, name) for part in parts], "or") or "of no kind"
        case Not(part=part):
            return f"that are not {_inner(part, name)}"


def _inner(part: Selection, name: _Names) -> str:
    """A part of a longer sentence: in brackets, where it would else be read wrongly."""
    said = _said(part, name)
    several = isinstance(part, All | AnyOf) and len(part.parts) > 1
    return f"({said})" if several else said


def _terms(field: TermField, names: list[str]) -> str:
    one, several = _IN_FRONT[field]
    return f"{one} {names[0]}" if len(names) == 1 else f"{several} {_joined(names, 'or')}"


def _range(least: int | None, most: int | None) -> str:
    if least == most:
        return str(least)
    if most is None:
        return f"{least} or more"
    return f"at most {most}" if least is None else f"from {least} to {most}"


def _duration(seconds: int) -> str:
    unit, length = next(each for each in _UNITS if seconds % each[1] == 0)
    return counted(seconds // length, unit, f"{unit}s")


def _joined(parts: list[str], last: str) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, end = parts or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def _name(feed: FeedDefinition, site: Site, field: TermField, slug: str) -> str:
    """What people call a term: as the feed's family has it, else as the site's files do."""
    for term in feed.terms:
        if (term.field, term.slug) == (field, slug):
            return term.name
    if field == "topic" and slug in site.topics:
        return site.topics[slug].name
    if field == "provider":
        known = (each.name for each in site.providers.values() if text.slug(each.name) == slug)
        return next(known, slug.replace("-", " "))
    return slug if field == "language" else slug.replace("-", " ")
