"""Selections as SQL: the twin of `feeds.model.selection.matches`. A property test holds them equal.

To make a statement takes longer than to run it. So what is asked of every feed is made once for
all whose selections have one shape, as those of a family: they differ in their terms alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from feeds.catalogue.schema import entry, membership, place
from feeds.config.definitions import FeedDefinition
from feeds.model.selection import Age, All, AnyOf, Not, Range, Selection, Terms, at_age

T = TypeVar("T")

# What is told of an entry that a feed shows.
_SHOWN = (entry.c.seq, entry.c.id, entry.c.content_hash, entry.c.published, entry.c.updated)
# The time in seconds, the least date, the size of a feed.
_NOW, _LEAST, _SIZE = (bindparam(name, type_=BigInteger()) for name in ("now", "least", "size"))
# So many keys go into one statement; databases bound it.
_CHUNK = 1000
# So many statements are kept: one for each shape of a selection.
_KEPT = 500


class PreparedQuery(NamedTuple):
    """A statement, and the values of its parameters."""

    statement: Select[Any]
    values: Mapping[str, Any]

    def rows(self, connection: Connection) -> Sequence[Any]:
        """All rows: at once, for one by one takes twice as long."""
        return connection.execute(self.statement, self.values).all()

    def one(self, connection: Connection) -> Any:
        """The first value of the first row, None if there is none."""
        return connection.scalar(self.statement, self.values)


def batches(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """The keys in parts that one statement can hold."""
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _visible() -> ColumnElement[bool]:
    """Entries that are out: not withdrawn, and not dated in the future."""
    return and_(entry.c.withdrawn.is_(None), entry.c.published <= _NOW)


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """That the column is one of the parameter `keys`, a list: told once, and not key by key."""
    return column.in_(bindparam("keys", expanding=True))


def condition(
    selection: Selection, now: ColumnElement[int] | int | None = None
) -> ColumnElement[bool]:
    """The WHERE clause that a selection is; never NULL, so that NOT means not.

    `now`, in seconds, is of no account where nothing is asked about ages
    (`feeds.model.selection.at_age`).
    """
    match selection:
        case Terms(field="topic", values=values):
            members = select(membership.c.entry).where(membership.c.topic.in_(_given(values)))
            return entry.c.seq.in_(members)
        case Terms(field=field, values=values):
            return func.coalesce(entry.c[field], "").in_(_given(values))
        case Range(field=field, least=least, most=most):
            column = entry.c[field]
            bounds = [column >= least] if least is not None else []
            return and_(true(), *bounds, *([column <= most] if most is not None else []))
        case Age(seconds=seconds):
            assert now is not None  # noqa: S101 - who leaves it out has answered for ages
            return entry.c.published >= now - seconds
        case All(parts=parts):
            return and_(true(), *(condition(part, now) for part in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(condition(part, now) for part in parts))
        case Not(part=part):
            return not_(condition(part, now))


class _Name(str):
    """The name of a parameter, in the place of a term."""


def _given(values: Sequence[str]) -> list[Any]:
    return [bindparam(each, type_=Text()) if isinstance(each, _Name) else each for each in values]


def _shape(selection: Selection) -> tuple[Selection, dict[str, Any]]:
    """The selection with names of parameters for its terms, and what these are."""
    values: dict[str, Any] = {}

    def shaped(part: Selection) -> Selection:
        match part:
            case Terms(field=field, values=terms):
                names = [_Name(f"term{len(values) + number}") for number in range(len(terms))]
                values.update(zip(names, terms, strict=True))
                return Terms(field, tuple(names))
            case All(parts=parts):
                return All(tuple(map(shaped, parts)))
            case AnyOf(parts=parts):
                return AnyOf(tuple(map(shaped, parts)))
            case Not(part=negated):
                return Not(shaped(negated))
        return part

    return shaped(selection), values


def shown(feed: FeedDefinition, now: datetime) -> PreparedQuery:
    """(seq, id, content_hash, published, updated) of what `feed` shows, in its order.

    The order is total: newest first or hottest first, then newest, equal dates by id.
    """
    shape, values = _shape(feed.selection)
    values |= {"now": int(now.timestamp()), "size": feed.size}
    return PreparedQuery(_shown(shape, hottest=feed.order == "heat"), values)


@lru_cache(_KEPT)
def _shown(shape: Selection, *, hottest: bool) -> Select[Any]:
    topic, rest = _one_topic(shape)
    wanted = select(*_SHOWN).limit(_SIZE).where(_visible())
    if topic is None or hottest:
        heat = (entry.c.heat.desc(),) if hottest else ()
        return wanted.where(condition(shape, _NOW)).order_by(
            *heat, entry.c.published.desc(), entry.c.id
        )
    # Along the memberships, which lie by date: only as many are looked at as are shown.
    return (
        wanted.join(membership, membership.c.entry == entry.c.seq)
        .where(membership.c.topic == topic, membership.c.published <= _NOW, condition(rest, _NOW))
        .order_by(membership.c.published.desc(), entry.c.id)
    )


def placed(feed: FeedDefinition, now: datetime, archives: Sequence[int]) -> PreparedQuery:
    """The same, with archive and `since`, of entries with a place in one of these archives."""
    of_feed = (place.c.feed == feed.path, place.c.archive.in_(archives))
    wanted = _selected(feed.selection, _visible(), *_SHOWN, place.c.archive, place.c.since)
    ordered = (
        wanted.join(place, place.c.entry == entry.c.seq)
        .where(*of_feed)
        .order_by(entry.c.published.desc(), entry.c.id)
    )
    return PreparedQuery(ordered, {"now": int(now.timestamp())})


def unplaced(feed: FeedDefinition) -> Select[Any]:
    """`seq` of what is selected, not withdrawn, and has no place in the feed yet."""
    has_one = select(place.c.entry).where(place.c.entry == entry.c.seq, place.c.feed == feed.path)
    out = and_(entry.c.withdrawn.is_(None), not_(has_one.exists()))
    return _selected(feed.selection, out, entry.c.seq)


def _selected(
    selection: Selection, also: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Select[Any]:
    """What an untimed selection takes, through the memberships of its topic if it has one."""
    topic, rest = _one_topic(selection)
    wanted = select(*columns).select_from(entry).where(also, condition(rest))
    if topic is None:
        return wanted
    return wanted.join(membership, membership.c.entry == entry.c.seq).where(
        membership.c.topic == topic
    )


def oldest(selection: Selection, least: int, crossing: int | None = None) -> PreparedQuery:
    """The least `published`, from `least` on, of what is selected; asked about no age.

    With `crossing`, of what is selected before or after that age, but not both.
    """
    shape, values = _shape(selection)
    return PreparedQuery(_oldest(shape, crossing), {**values, "least": least})


@lru_cache(_KEPT)
def _oldest(shape: Selection, crossing: int | None) -> Select[Any]:
    wanted, published = _dated(shape, crossing)
    return wanted.where(published >= _LEAST).order_by(published).limit(1)


def crossed(
    selection: Selection,
    age: int,
    least: int,
    most: int,
    counts: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """The greatest `published` from `least` to `most` of what is selected on one side of `age`."""
    wanted, published = _dated(selection, age)
    within = wanted.where(published.between(least, most), *counts)
    return within.order_by(published.desc()).limit(1)


def _dated(selection: Selection, crossing: int | None) -> tuple[Select[Any], ColumnElement[int]]:
    """`published` of what is selected and not withdrawn, along an index that has it in order."""
    topic, rest = _one_topic(selection)
    published: ColumnElement[int] = entry.c.published
    source: FromClause = entry
    within: list[ColumnElement[bool]] = [entry.c.withdrawn.is_(None)]
    if topic is not None:
        published = membership.c.published
        source = membership.join(entry, membership.c.entry == entry.c.seq)
        within.append(membership.c.topic == topic)
    if crossing is None:
        within.append(condition(rest))
    else:
        young, old = (condition(at_age(rest, age)) for age in (crossing, crossing + 1))
        within.append(or_(and_(young, not_(old)), and_(old, not_(young))))
    return select(published).select_from(source).where(*within), published


def _one_topic(selection: Selection) -> tuple[Any, Selection]:
    """The one topic that all that is selected must have, None if there is none, and the rest.

    In a shape it is a parameter.
    """
    parts = selection.parts if isinstance(selection, All) else (selection,)
    for index, part in enumerate(parts):
        match part:
            case Terms(field="topic", values=(topic,)):
                return _given([topic])[0], All((*parts[:index], *parts[index + 1 :]))
    return None, selection
