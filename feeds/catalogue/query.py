"""Selections as SQL: the twin of `feeds.selection.matches`. A property test holds them equal."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
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
from feeds.definitions import FeedDefinition
from feeds.selection import Age, All, AnyOf, Not, Range, Selection, Terms, at_age

T = TypeVar("T")

# What is told of an entry that a feed shows.
_SHOWN = (entry.c.seq, entry.c.id, entry.c.content_hash, entry.c.published, entry.c.updated)
# So many keys go into one statement; databases bound it.
_CHUNK = 1000


def chunks(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """The keys in parts that one statement can hold."""
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def visible(now: datetime) -> ColumnElement[bool]:
    """Entries that are out: not withdrawn, and not dated in the future."""
    return and_(entry.c.withdrawn.is_(None), entry.c.published <= int(now.timestamp()))


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """That the column is one of the parameter `keys`, a list: told once, and not key by key."""
    return column.in_(bindparam("keys", expanding=True))


def condition(selection: Selection, now: datetime | None) -> ColumnElement[bool]:
    """The WHERE clause that a selection is; never NULL, so that NOT means not.

    `now` is of no account where nothing is asked about ages (`feeds.selection.at_age`).
    """
    match selection:
        case Terms(field="topic", values=values):
            members = select(membership.c.entry).where(membership.c.topic.in_(values))
            return entry.c.seq.in_(members)
        case Terms(field=field, values=values):
            return func.coalesce(entry.c[field], "").in_(values)
        case Range(field=field, least=least, most=most):
            column = entry.c[field]
            bounds = [column >= least] if least is not None else []
            return and_(true(), *bounds, *([column <= most] if most is not None else []))
        case Age(seconds=seconds):
            assert now is not None  # noqa: S101 - who leaves it out has answered for ages
            return entry.c.published >= int(now.timestamp()) - seconds
        case All(parts=parts):
            return and_(true(), *(condition(part, now) for part in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(condition(part, now) for part in parts))
        case Not(part=part):
            return not_(condition(part, now))


def shown(feed: FeedDefinition, now: datetime) -> Select[Any]:
    """(seq, id, content_hash, published, updated) of what `feed` shows, in its order.

    The order is total: newest first or hottest first, then newest, equal dates by id.
    """
    wanted = select(*_SHOWN)
    topic, rest = _one_topic(feed.selection)
    if topic is None or feed.order == "heat":
        heat = (entry.c.heat.desc(),) if feed.order == "heat" else ()
        return (
            wanted.where(visible(now), condition(feed.selection, now))
            .order_by(*heat, entry.c.published.desc(), entry.c.id)
            .limit(feed.size)
        )
    # Along the memberships, which lie by date: only as many are looked at as are shown.
    return (
        wanted.join(membership, membership.c.entry == entry.c.seq)
        .where(membership.c.topic == topic, membership.c.published <= int(now.timestamp()))
        .where(visible(now), condition(rest, now))
        .order_by(membership.c.published.desc(), entry.c.id)
        .limit(feed.size)
    )


def placed(feed: FeedDefinition, now: datetime, archives: Sequence[int]) -> Select[Any]:
    """The same, with archive and `since`, of entries with a place in one of these archives."""
    of_feed = (place.c.feed == feed.path, place.c.archive.in_(archives))
    wanted = _selected(feed.selection, visible(now), *_SHOWN, place.c.archive, place.c.since)
    return (
        wanted.join(place, place.c.entry == entry.c.seq)
        .where(*of_feed)
        .order_by(entry.c.published.desc(), entry.c.id)
    )


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
    wanted = select(*columns).select_from(entry).where(also, condition(rest, None))
    if topic is None:
        return wanted
    return wanted.join(membership, membership.c.entry == entry.c.seq).where(
        membership.c.topic == topic
    )


def oldest(selection: Selection, least: int, crossing: int | None = None) -> Select[Any]:
    """The least `published`, from `least` on, of what is selected; asked about no age.

    With `crossing`, of what is selected before or after that age, but not both.
    """
    wanted, published = _dated(selection, crossing)
    return wanted.where(published >= least).order_by(published).limit(1)


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
    published = entry.c.published if topic is None else membership.c.published
    source: FromClause = entry
    within: list[ColumnElement[bool]] = [entry.c.withdrawn.is_(None)]
    if topic is not None:
        source = membership.join(entry, membership.c.entry == entry.c.seq)
        within.append(membership.c.topic == topic)
    if crossing is None:
        within.append(condition(rest, None))
    else:
        young, old = (condition(at_age(rest, age), None) for age in (crossing, crossing + 1))
        within.append(or_(and_(young, not_(old)), and_(old, not_(young))))
    return select(published).select_from(source).where(*within), published


def _one_topic(selection: Selection) -> tuple[str | None, Selection]:
    """The one topic that all that is selected must have, None if there is none, and the rest."""
    parts = selection.parts if isinstance(selection, All) else (selection,)
    for index, part in enumerate(parts):
        match part:
            case Terms(field="topic", values=(topic,)):
                return topic, All((*parts[:index], *parts[index + 1 :]))
    return None, selection
