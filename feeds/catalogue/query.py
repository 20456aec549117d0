"""Selections as SQL: the twin of `feeds.selection.matches`. A property test holds them equal."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, not_, or_, select, true

from feeds.catalogue.schema import entry, membership
from feeds.definitions import FeedDefinition
from feeds.selection import Age, All, AnyOf, Not, Range, Selection, Terms


def visible(now: datetime) -> ColumnElement[bool]:
    """Entries that are out: not withdrawn, and not dated in the future."""
    return and_(entry.c.withdrawn.is_(None), entry.c.published <= int(now.timestamp()))


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """That the column is one of the parameter `keys`, a list: told once, and not key by key."""
    return column.in_(bindparam("keys", expanding=True))


def condition(selection: Selection, now: datetime) -> ColumnElement[bool]:
    """The WHERE clause that a selection is; never NULL, so that NOT means not."""
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
    wanted = select(
        entry.c.seq, entry.c.id, entry.c.content_hash, entry.c.published, entry.c.updated
    )
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


def _one_topic(selection: Selection) -> tuple[str | None, Selection]:
    """The one topic that all that is selected must have, None if there is none, and the rest."""
    parts = selection.parts if isinstance(selection, All) else (selection,)
    for index, part in enumerate(parts):
        match part:
            case Terms(field="topic", values=(topic,)):
                return topic, All((*parts[:index], *parts[index + 1 :]))
    return None, selection
