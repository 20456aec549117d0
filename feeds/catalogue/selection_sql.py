"""Selections as SQL: the twin of `feeds.model.selection.matches`. A property test compares them.

Building a statement takes longer than running it. So the statements that run for every feed are
cached by the shape of the selection: those of a family differ only in their terms.
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
from feeds.model.selection import Age, All, AnyOf, Folder, Not, Range, Selection, Terms, at_age

T = TypeVar("T")

# The columns of `ShownEntry`.
_SHOWN = (entry.c.seq, entry.c.id, entry.c.content_hash, entry.c.published, entry.c.updated)
# Parameters: the time in seconds, the least date in seconds, the size of the feed.
_NOW, _LEAST, _SIZE = (bindparam(name, type_=BigInteger()) for name in ("now", "least", "size"))
# The number of keys in one statement. Databases limit it.
_BATCH = 1000
# The number of cached statements, one for each shape of a selection.
_CACHE_SIZE = 500


class PreparedQuery(NamedTuple):
    """A statement, and the values of its parameters."""

    statement: Select[Any]
    values: Mapping[str, Any]

    def rows(self, connection: Connection) -> Sequence[Any]:
        """Return all rows at once, because iterating row by row takes twice as long."""
        return connection.execute(self.statement, self.values).all()

    def one(self, connection: Connection) -> Any:
        """Return the first value of the first row; None if there is no row."""
        return connection.scalar(self.statement, self.values)


def batches(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split the keys into parts that fit into one statement."""
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


def _visible() -> ColumnElement[bool]:
    """Return the condition that an entry is neither withdrawn nor dated in the future."""
    return and_(entry.c.withdrawn.is_(None), entry.c.published <= _NOW)


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the column is in the parameter `keys`, a list.

    The statement is the same for any list, so it can be built once.
    """
    return column.in_(bindparam("keys", expanding=True))


def condition(
    selection: Selection, now: ColumnElement[int] | int | None = None
) -> ColumnElement[bool]:
    """Return a selection as a WHERE clause. It is never NULL, so that NOT negates it.

    `now`, in seconds, is only needed if the selection has ages
    (`feeds.model.selection.at_age`).
    """
    match selection:
        case Terms(field="topic", values=values):
            members = select(membership.c.entry).where(membership.c.topic.in_(_parameters(values)))
            return entry.c.seq.in_(members)
        case Terms(field=field, values=values):
            return func.coalesce(entry.c[field], "").in_(_parameters(values))
        case Folder(values=values):
            return or_(*(func.substr(entry.c.path, 1, len(v) + 1) == f"{v}/" for v in values))
        case Range(field=field, least=least, most=most):
            column = entry.c[field]
            bounds = [column >= least] if least is not None else []
            return and_(true(), *bounds, *([column <= most] if most is not None else []))
        case Age(seconds=seconds):
            assert now is not None  # noqa: S101 - callers without it have no ages
            return entry.c.published >= now - seconds
        case All(parts=parts):
            return and_(true(), *(condition(part, now) for part in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(condition(part, now) for part in parts))
        case Not(part=part):
            return not_(condition(part, now))


class _Name(str):
    """The name of a parameter that stands for a term."""


def _parameters(values: Sequence[str]) -> list[Any]:
    return [
        bindparam(value, type_=Text()) if isinstance(value, _Name) else value for value in values
    ]


def _shape(selection: Selection) -> tuple[Selection, dict[str, Any]]:
    """Return the selection with parameters instead of terms, and their values."""
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
    """Select (seq, id, content_hash, published, updated) of the entries of `feed`, in its order.

    The order is total: by heat if the feed asks for it, then newest first, then by id.
    """
    shape, values = _shape(feed.selection)
    values |= {"now": int(now.timestamp()), "size": feed.size}
    return PreparedQuery(_shown(shape, hottest=feed.order == "heat"), values)


@lru_cache(_CACHE_SIZE)
def _shown(shape: Selection, *, hottest: bool) -> Select[Any]:
    topic, rest = _one_topic(shape)
    statement = select(*_SHOWN).limit(_SIZE).where(_visible())
    if topic is None or hottest:
        heat = (entry.c.heat.desc(),) if hottest else ()
        return statement.where(condition(shape, _NOW)).order_by(
            *heat, entry.c.published.desc(), entry.c.id
        )
    # Memberships are stored by date, so only as many rows are read as are shown.
    return (
        statement.join(membership, membership.c.entry == entry.c.seq)
        .where(membership.c.topic == topic, membership.c.published <= _NOW, condition(rest, _NOW))
        .order_by(membership.c.published.desc(), entry.c.id)
    )


def placed(feed: FeedDefinition, now: datetime, archives: Sequence[int]) -> PreparedQuery:
    """Select the same and (archive, since) of the entries in these archive documents of `feed`."""
    of_feed = (place.c.feed == feed.path, place.c.archive.in_(archives))
    statement = _selected(feed.selection, _visible(), *_SHOWN, place.c.archive, place.c.since)
    ordered = (
        statement.join(place, place.c.entry == entry.c.seq)
        .where(*of_feed)
        .order_by(entry.c.published.desc(), entry.c.id)
    )
    return PreparedQuery(ordered, {"now": int(now.timestamp())})


def unplaced(feed: FeedDefinition) -> Select[Any]:
    """Select `seq` of entries in `feed` that have no place in its archives and do not wait."""
    has_one = select(place.c.entry).where(place.c.entry == entry.c.seq, place.c.feed == feed.path)
    is_unplaced = and_(entry.c.withdrawn.is_(None), not_(has_one.exists()))
    return _selected(feed.selection, is_unplaced, entry.c.seq)


def _selected(
    selection: Selection, also: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Select[Any]:
    """Select entries that match a selection without ages, by the memberships of its topic."""
    topic, rest = _one_topic(selection)
    statement = select(*columns).select_from(entry).where(also, condition(rest))
    if topic is None:
        return statement
    return statement.join(membership, membership.c.entry == entry.c.seq).where(
        membership.c.topic == topic
    )


def oldest(selection: Selection, least: int, crossing: int | None = None) -> PreparedQuery:
    """Select the earliest `published` from `least` on of selected entries.

    Without `crossing`, the selection must have no ages. With it: of entries that are selected
    either before or after that age, not both.
    """
    shape, values = _shape(selection)
    return PreparedQuery(_oldest(shape, crossing), {**values, "least": least})


@lru_cache(_CACHE_SIZE)
def _oldest(shape: Selection, crossing: int | None) -> Select[Any]:
    statement, published = _dates(shape, crossing)
    return statement.where(published >= _LEAST).order_by(published).limit(1)


def crossed(
    selection: Selection,
    age: int,
    least: int,
    most: int,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """Select the latest `published` of entries that are selected only on one side of `age`.

    From `least` to `most`, and among entries that meet the other `conditions`.
    """
    statement, published = _dates(selection, age)
    within = statement.where(published.between(least, most), *conditions)
    return within.order_by(published.desc()).limit(1)


def _dates(selection: Selection, crossing: int | None) -> tuple[Select[Any], ColumnElement[int]]:
    """Select `published` of entries that are not withdrawn, by an index that is ordered by it."""
    topic, rest = _one_topic(selection)
    published: ColumnElement[int] = entry.c.published
    source: FromClause = entry
    conditions: list[ColumnElement[bool]] = [entry.c.withdrawn.is_(None)]
    if topic is not None:
        published = membership.c.published
        source = membership.join(entry, membership.c.entry == entry.c.seq)
        conditions.append(membership.c.topic == topic)
    if crossing is None:
        conditions.append(condition(rest))
    else:
        young, old = (condition(at_age(rest, age)) for age in (crossing, crossing + 1))
        conditions.append(or_(and_(young, not_(old)), and_(old, not_(young))))
    return select(published).select_from(source).where(*conditions), published


def _one_topic(selection: Selection) -> tuple[Any, Selection]:
    """Split off the topic that every selected entry must have, if there is just one.

    Return the topic (a parameter in a shape; None if there is none) and the rest.
    """
    parts = selection.parts if isinstance(selection, All) else (selection,)
    for index, part in enumerate(parts):
        match part:
            case Terms(field="topic", values=(topic,)):
                return _parameters([topic])[0], All((*parts[:index], *parts[index + 1 :]))
    return None, selection
