"""What belongs in a feed: a small language, its parser, and the predicate. Pure; no I/O.

The SQL twin of `matches` is `catalogue.selection_sql.condition`; a property test compares them.
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
    """The entry's `field` is, or for topics holds, one of `values` (slugs)."""

    field: TermField
    values: tuple[str, ...]


class Range(msgspec.Struct, frozen=True, tag=True):
    """The entry's number lies between `least` and `most`, both included; None is open."""

    field: NumberField
    least: int | None = None
    most: int | None = None


class Age(msgspec.Struct, frozen=True, tag=True):
    """The entry was published at most `seconds` ago."""

    seconds: int


class All(msgspec.Struct, frozen=True, tag=True):
    """Every part holds; with no parts, everything belongs."""

    parts: tuple["Selection", ...] = ()


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """At least one part holds."""

    parts: tuple["Selection", ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """The part does not hold."""

    part: "Selection"


Selection: TypeAlias = Terms | Range | Age | All | AnyOf | Not
EVERYTHING = All()


class Facts(msgspec.Struct, frozen=True):
    """What a selection may ask about an entry. Terms are slugs; `topics` with all parents."""

    published: datetime
    topics: frozenset[str] = frozenset()
    category: str | None = None
    type: str | None = None
    provider: str | None = None
    language: str | None = None
    quality: int = 0
    heat: int = 0


def matches(selection: Selection, facts: Facts, now: datetime) -> bool:
    """Whether an entry with these facts belongs, at the time `now`."""
    match selection:
        case Terms(field="topic", values=values):
            return not facts.topics.isdisjoint(values)
        case Terms(field=field, values=values):
            return getattr(facts, field) in values
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
    """Every age in seconds that a selection asks for: what it holds changes with time alone."""
    match selection:
        case Age(seconds=seconds):
            return frozenset({seconds})
        case All(parts=parts) | AnyOf(parts=parts):
            return frozenset[int]().union(*map(ages, parts))
        case Not(part=part):
            return ages(part)
    return frozenset()


def depends_on_time(selection: Selection) -> bool:
    """Whether what is selected changes with time alone."""
    return bool(ages(selection))


def at_age(selection: Selection, age: int) -> Selection:
    """What the selection asks of an entry that is `age` seconds old, apart from its age."""
    match selection:
        case Age(seconds=seconds):
            return All() if age <= seconds else AnyOf(())
        case All(parts=parts) | AnyOf(parts=parts):
            return type(selection)(tuple(at_age(part, age) for part in parts))
        case Not(part=part):
            return Not(at_age(part, age))
    return selection


def may_match(selection: Selection, facts: Facts, now: datetime) -> bool:
    """Whether an entry with these facts belongs, now or at any other age."""
    asked = ages(selection)
    if not asked:
        return matches(selection, facts, now)
    at = {0, *asked, *(age + 1 for age in asked)}
    return any(matches(at_age(selection, age), facts, now) for age in at)


def required(selection: Selection) -> Terms | None:
    """Terms of which all that is selected must have one; None if there are none such."""
    for part in selection.parts if isinstance(selection, All) else (selection,):
        if isinstance(part, Terms):
            return part
    return None


def parse(raw: object, topic_ids: Mapping[str, str], key: str = "select") -> Selection:
    """The selection that a mapping from feeds.yaml describes; its keys must all hold.

    `topic_ids` gives the id of a topic for the slugs of its other names.
    Raises `ValueError` whose message names the key below `key` and the value.
    """
    if not isinstance(raw, Mapping):
        said = f"{key}: {raw!r} is not a mapping; write for example 'topic: AI'"
        raise ValueError(said)  # noqa: TRY004 - a wrong value, not a wrong call
    parts = tuple(
        _part(str(name), value, topic_ids, f"{key}.{name}") for name, value in raw.items()
    )
    return parts[0] if len(parts) == 1 else All(parts)


def _part(name: str, value: object, topic_ids: Mapping[str, str], key: str) -> Selection:
    if name == "topic":
        return Terms("topic", _terms(value, key, topic_ids))
    if name in TERM_FIELDS:
        return Terms(name, _terms(value, key, {}))
    if name in NUMBER_FIELDS:
        return _range(name, value, key)
    if name == "age":
        try:
            seconds = interval(value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
        if seconds > MOST_SECONDS:
            raise ValueError(f"{key}: {value!r} is more than 100 years; leave it out")
        return Age(seconds)
    if name in ("all", "any", "not"):
        listed = value if isinstance(value, list) else [value]
        if not listed:
            raise ValueError(f"{key}: {value!r} holds no selection; write for example 'topic: AI'")
        parts = tuple(parse(part, topic_ids, key) for part in listed)
        if name == "not":
            return Not(parts[0] if len(parts) == 1 else AnyOf(parts))
        return All(parts) if name == "all" else AnyOf(parts)
    known = ", ".join((*TERM_FIELDS, *NUMBER_FIELDS, "age", "all", "any", "not"))
    raise ValueError(f"{key}: no such selection; there are {known}")


def _terms(value: object, key: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each.strip() for each in values):
        raise ValueError(f"{key}: {value!r} is not a name or a list of names")
    slugs = {slug(each) for each in values}
    return tuple(sorted({ids.get(each, each) for each in slugs}))


def _range(name: NumberField, value: object, key: str) -> Range:
    raw: Mapping[str, Any] = value if isinstance(value, Mapping) else {"min": value}
    least, most = raw.get("min"), raw.get("max")
    numbers = [number for number in (least, most) if number is not None]
    if not raw or set(raw) - {"min", "max"} or not all(map(_is_number, raw.values())):
        raise ValueError(f"{key}: {value!r} is not a number or a mapping of min and max")
    if numbers != sorted(numbers):
        raise ValueError(f"{key}: {value!r} holds nothing, for min is above max")
    return Range(name, least, most)


def _is_number(value: object) -> bool:
    """Whether it is a whole number that databases hold."""
    return type(value) is int and abs(value) < 2**63
