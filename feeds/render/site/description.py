"""The description of a feed's selection, in plain English for its page. Pure; no I/O."""

from collections.abc import Callable, Sequence
from datetime import datetime

from feeds.config.definitions import FeedDefinition
from feeds.config.site import Site
from feeds.model.selection import (
    EVERYTHING,
    Age,
    All,
    AnyOf,
    Folder,
    Not,
    Range,
    Selection,
    TermField,
    Terms,
)
from feeds.util import text

# Returns the display name of a term, given its field and slug.
_TermNames = Callable[[TermField, str], str]

_PREPOSITIONS: dict[TermField, tuple[str, str]] = {
    "topic": ("on the topic", "on any of the topics"),
    "category": ("in the category", "in any of the categories"),
    "type": ("of the type", "of any of the types"),
    "provider": ("from", "from any of"),
    "language": ("in the language", "in any of the languages"),
}
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
# strftime would use the locale of the process.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def describe(feed: FeedDefinition, site: Site) -> str:
    """Return the selection, order and size of a feed as one sentence."""
    if feed.selection == EVERYTHING:
        articles = "All articles"
    else:
        phrase = _phrase(feed.selection, lambda field, slug: _term_name(feed, site, field, slug))
        articles = f"Articles {phrase}"
    order = "newest first" if feed.order == "date" else "hottest first"
    return f"{articles}; {order}, at most {feed.size:,}."


def day(moment: datetime) -> str:
    """Format a date, such as `31 May 2024`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun: `1 article`, `1,200 articles`."""
    return f"{number:,} {one if number == 1 else many}"


def _phrase(selection: Selection, name: _TermNames) -> str:
    match selection:
        case Terms(field=field, values=values):
            return _terms(field, [name(field, slug) for slug in values])
        case Folder(values=values):
            noun = "folder" if len(values) == 1 else "folders"
            return f"in the {noun} {_enumerate(values, 'or')}"
        case Range(field=field, least=least, most=most):
            return f"whose {field} is {_range(least, most)}"
        case Age(seconds=seconds):
            return f"no older than {_duration(seconds)}"
        case All(parts=parts):
            return (
                _enumerate([_nested_phrase(part, name) for part in parts], "and") or "of every kind"
            )
        case AnyOf(parts=parts):
            return _enumerate([_nested_phrase(part, name) for part in parts], "or") or "of no kind"
        case Not(part=part):
            return f"that are not {_nested_phrase(part, name)}"


def _nested_phrase(part: Selection, name: _TermNames) -> str:
    """Return the phrase for a part of a selection, in brackets if it would be ambiguous."""
    phrase = _phrase(part, name)
    has_parts = isinstance(part, All | AnyOf) and len(part.parts) > 1
    return f"({phrase})" if has_parts else phrase


def _terms(field: TermField, names: list[str]) -> str:
    one, several = _PREPOSITIONS[field]
    return f"{one} {names[0]}" if len(names) == 1 else f"{several} {_enumerate(names, 'or')}"


def _range(least: int | None, most: int | None) -> str:
    if least == most:
        return str(least)
    if most is None:
        return f"{least} or more"
    return f"at most {most}" if least is None else f"from {least} to {most}"


def _duration(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return counted(seconds // size, unit, f"{unit}s")


def _enumerate(parts: Sequence[str], last: str) -> str:
    """Join as in `a`, `a and b`, `a, b and c`; `last` is the word before the last part."""
    *first, end = parts or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def _term_name(feed: FeedDefinition, site: Site, field: TermField, slug: str) -> str:
    """Return the display name of a term: that of the feed's family, else of the site's files."""
    for term in feed.terms:
        if (term.field, term.slug) == (field, slug):
            return term.name
    if field == "topic" and slug in site.topics:
        return site.topics[slug].name
    if field == "provider":
        names = (provider.name for provider in site.providers.values())
        matching = (name for name in names if text.slug(name) == slug)
        return next(matching, slug.replace("-", " "))
    return slug if field == "language" else slug.replace("-", " ")
