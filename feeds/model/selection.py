"""Selects entries for a feed: a small language, its parser, and its evaluation. No I/O.

`catalogue.selection_sql.condition` is the SQL equivalent of `matches`; a property test compares
the two.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec

from feeds.util.dates import MOST_SECONDS, interval
from feeds.util.text import slug

TermField = Literal["topic", "category", "type", "provider", "language"]
NumberField = Literal["quality", "heat"]
TERM_FIELDS: tuple[TermField, ...] = ("topic", "category", "type", "provider", "language")
NUMBER_FIELDS: tuple[NumberField, ...] = ("quality", "heat")


class Terms(msgspec.Struct, frozen=True, tag=True):
    """The entry's `field` is one of `values` (slugs); for topics, contains one of them."""

    field: TermField
    values: tuple[str, ...]


class Folder(msgspec.Struct, frozen=True, tag=True):
    """The article is in one of these folders, or below one."""

    values: tuple[str, ...]


class Range(msgspec.Struct, frozen=True, tag=True):
    """The entry's number is between `least` and `most`, inclusive; None means no bound."""

    field: NumberField
    least: int | None = None
    most: int | None = None


class Age(msgspec.Struct, frozen=True, tag=True):
    """The entry was published at most `seconds` ago."""

    seconds: int


class All(msgspec.Struct, frozen=True, tag=True):
    """All parts match; without parts, every entry does."""

    parts: tuple["Selection", ...] = ()


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """At least one part matches."""

    parts: tuple["Selection", ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """The part does not match."""

    part: "Selection"


Selection: TypeAlias = Terms | Folder | Range | Age | All | AnyOf | Not
EVERYTHING = All()


class Facts(msgspec.Struct, frozen=True):
    """The properties of an entry that a selection tests: slugs and numbers.

    `topics` include all parents. `folder` is that of the article, with `/`; empty at the top.
    """

    published: datetime
    folder: str = ""
    topics: frozenset[str] = frozenset()
    category: str | None = None
    type: str | None = None
    provider: str | None = None
    language: str | None = None
    quality: int = 0
    heat: int = 0


def matches(selection: Selection, facts: Facts, now: datetime) -> bool:
    """Return whether an entry with these facts is selected at the time `now`."""
    match selection:
        case Terms(field="topic", values=values):
            return not facts.topics.isdisjoint(values)
        case Terms(field=field, values=values):
            return getattr(facts, field) in values
        case Folder(values=values):
            return any(f"{facts.folder}/".startswith(f"{folder}/") for folder in values)
        case Range(field=field, least=least, most=most):
            number: int = getattr(facts, field)
            return (least is None or number >= least) and (most is None or number <= most)
        case Age(seconds=seconds):
            return facts.published >= now - timedelta(seconds=seconds)
        case All(parts=parts):
            return all(matches(part, facts, now) for part in parts)
        case AnyOf(parts=parts):
            return any(matches(part, facts, now) for part in parts)
        case Not(part=part):
            return not matches(part, facts, now)


def ages(selection: Selection) -> frozenset[int]:
    """Return all ages, in seconds, in a selection; with any, its result changes with time."""
    match selection:
        case Age(seconds=seconds):
            return frozenset({seconds})
        case All(parts=parts) | AnyOf(parts=parts):
            return frozenset[int]().union(*map(ages, parts))
        case Not(part=part):
            return ages(part)
    return frozenset()


def depends_on_time(selection: Selection) -> bool:
    """Return whether the result of a selection changes with time alone."""
    return bool(ages(selection))


def at_age(selection: Selection, age: int) -> Selection:
    """Return the selection reduced to an entry of this age in seconds: no part tests the age."""
    match selection:
        case Age(seconds=seconds):
            return All() if age <= seconds else AnyOf(())
        case All(parts=parts) | AnyOf(parts=parts):
            return type(selection)(tuple(at_age(part, age) for part in parts))
        case Not(part=part):
            return Not(at_age(part, age))
    return selection


def may_match(selection: Selection, facts: Facts, now: datetime) -> bool:
    """Return whether an entry with these facts is selected, now or at any other age."""
    limits = ages(selection)
    if not limits:
        return matches(selection, facts, now)
    representative = {0, *limits, *(limit + 1 for limit in limits)}
    return any(matches(at_age(selection, age), facts, now) for age in representative)


def required(selection: Selection) -> Terms | None:
    """Return terms of which every selected entry has at least one; None if there are none."""
    for part in selection.parts if isinstance(selection, All) else (selection,):
        if isinstance(part, Terms):
            return part
    return None


def parse(raw: object, topic_ids: Mapping[str, str], key: str = "select") -> Selection:
    """Parse a mapping from feeds.yaml, all keys of which must match.

    `topic_ids` has the ids of topics by the slugs of their other names. Raises `ValueError`, whose
    message names the value and its dotted path, which begins with `key`.
    """
    if not isinstance(raw, Mapping):
        message = f"{key}: {raw!r} is not a mapping; write 'topic: AI', for example"
        raise ValueError(message)  # noqa: TRY004 - a wrong value, not a wrong call
    parts = tuple(
        _part(str(name), value, topic_ids, f"{key}.{name}") for name, value in raw.items()
    )
    return parts[0] if len(parts) == 1 else All(parts)


def _part(name: str, value: object, topic_ids: Mapping[str, str], key: str) -> Selection:
    if name in TERM_FIELDS:
        return Terms(name, _terms(value, key, topic_ids if name == "topic" else {}))
    if name == "folder":
        return Folder(_folders(value, key))
    if name in NUMBER_FIELDS:
        return _range(name, value, key)
    if name == "age":
        try:
            seconds = interval(value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
        if seconds > MOST_SECONDS:
            raise ValueError(f"{key}: {value!r} is more than 100 years; remove it")
        return Age(seconds)
    if name in ("all", "any", "not"):
        listed = value if isinstance(value, list) else [value]
        if not listed:
            raise ValueError(
                f"{key}: {value!r} contains no selection; write 'topic: AI', for example"
            )
        parts = tuple(parse(part, topic_ids, key) for part in listed)
        if name == "not":
            return Not(parts[0] if len(parts) == 1 else AnyOf(parts))
        return All(parts) if name == "all" else AnyOf(parts)
    known = ", ".join((*TERM_FIELDS, "folder", *NUMBER_FIELDS, "age", "all", "any", "not"))
    raise ValueError(f"{key}: no such selection; use one of {known}")


def _terms(value: object, key: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(name, str) and name.strip() for name in values):
        raise ValueError(f"{key}: {value!r} is not a name or a list of names")
    slugs = {slug(name) for name in values}
    return tuple(sorted({ids.get(key, key) for key in slugs}))


def _folders(value: object, key: str) -> tuple[str, ...]:
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(path, str) and path.strip("/ ") for path in values):
        raise ValueError(f"{key}: {value!r} is not a folder or a list of folders")
    return tuple(sorted({path.strip("/ ") for path in values}))


def _range(name: NumberField, value: object, key: str) -> Range:
    raw: Mapping[str, Any] = value if isinstance(value, Mapping) else {"min": value}
    least, most = raw.get("min"), raw.get("max")
    numbers = [number for number in (least, most) if number is not None]
    if not raw or set(raw) - {"min", "max"} or not all(map(_is_number, raw.values())):
        raise ValueError(f"{key}: {value!r} is not a number or a mapping of min and max")
    if numbers != sorted(numbers):
        raise ValueError(f"{key}: {value!r} matches nothing, because min is above max")
    return Range(name, least, most)


def _is_number(value: object) -> bool:
    """Return whether `value` is an integer that fits in a database column."""
    return type(value) is int and abs(value) < 2**63
