"""The terms in use, counted beside the entries: no build has to look at all entries for them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue.schema import entry, membership, term
from feeds.config.definitions import Term
from feeds.config.site import Site
from feeds.model.entry import Entry
from feeds.model.selection import TermField

Fields = tuple[TermField, ...]

_STRINGS = msgspec.json.Decoder(tuple[str, ...])


class TermCount(msgspec.Struct, frozen=True):
    """What is counted: a combination of terms under one set of names.

    `slugs` and `names` are JSON lists, as long as `fields`. `comes` in seconds, 0 for what is out.
    """

    fields: str
    slugs: str
    names: str
    own: bool
    comes: int


_KEY = tuple(term.c[name] for name in TermCount.__struct_fields__)


def families(site: Site) -> list[Fields]:
    """The fields of every family of feeds, each once."""
    return list(dict.fromkeys(spec.each for spec in site.feeds if spec.each))


def key(fields: Sequence[TermField]) -> str:
    """What stands for the fields of a family in the catalogue."""
    return ",".join(fields)


def topics(made: Entry, site: Site) -> dict[str, tuple[str, bool]]:
    """The topics that an entry belongs to, by slug: its name for each, and whether it is its own.

    A topic that is not its own is the parent of one that is.
    """
    found: dict[str, tuple[str, bool]] = {}
    for name in made.topics:
        own = site.topic_id(name)
        for slug in site.with_parents(own):
            if slug == own:
                found[slug] = (name, True)
            elif slug not in found:
                found[slug] = (site.topics[slug].name if slug in site.topics else slug, False)
    return found


def of(made: Entry, site: Site, each: Sequence[Fields], now: int) -> Iterator[TermCount]:
    """What an entry adds to the counts of these families, at the time `now` in seconds."""
    its, published = site.facts(made), int(made.published.timestamp())
    provider = made.provider.name if made.provider else None
    for fields in each:
        choices: list[list[tuple[str, str, bool]]] = []
        for field in fields:
            if field == "topic":
                own_topics = topics(made, site).items()
                choices.append([(slug, name, own) for slug, (name, own) in own_topics])
            else:
                slug: str | None = getattr(its, field)
                name = provider if field == "provider" else slug
                known = slug is not None and name is not None
                choices.append([(slug or "", name or "", True)] if known else [])
        for chosen in product(*choices):
            slugs, names, owns = zip(*chosen, strict=True)
            comes = published if published > now else 0
            yield TermCount(key(fields), _encoded(slugs), _encoded(names), all(owns), comes)


def count(connection: sa.Connection, fields: Fields, now: int) -> list[tuple[TermCount, int]]:
    """The same for all entries that are not withdrawn, with how many there are of each."""
    columns: list[sa.ColumnElement[Any]] = []
    names: list[sa.ColumnElement[Any]] = []
    source: sa.FromClause = entry
    published: sa.ColumnElement[int] = entry.c.published
    own: sa.ColumnElement[bool] = sa.true()
    for field in fields:
        if field == "topic":
            published, own = membership.c.published, membership.c.own
            source = membership
            if len(fields) > 1:
                source = entry.join(membership, membership.c.entry == entry.c.seq)
            names.append(membership.c.name)
            columns.append(membership.c.topic)
        else:
            names.append(entry.c.provider_name if field == "provider" else entry.c[field])
            columns.append(entry.c[field])
    comes = sa.case((published > now, published), else_=0)
    each = (
        select(
            *(column.label(f"slug{number}") for number, column in enumerate(columns)),
            *(name.label(f"name{number}") for number, name in enumerate(names)),
            own.label("own"),
            comes.label("comes"),
        )
        .select_from(source)
        .where(*(column.is_not(None) for column in columns))
        # A withdrawn entry has no topics.
        .where(sa.true() if source is membership else entry.c.withdrawn.is_(None))
        .subquery()
    )
    rows = connection.execute(select(*each.c, func.count()).group_by(*each.c))
    many = len(fields)
    return [
        (
            TermCount(
                key(fields), _encoded(row[:many]), _encoded(row[many:-3]), bool(row[-3]), row[-2]
            ),
            row[-1],
        )
        for row in rows
    ]


def stored(connection: sa.Connection, fields: Sequence[TermField], now: int) -> list[TermCount]:
    """What the catalogue has counted of entries that are out at the time `now`."""
    wanted = select(*_KEY).where(term.c.fields == key(fields), term.c.comes <= now)
    return [TermCount(*row) for row in connection.execute(wanted)]


def named(fields: Sequence[TermField], counted: Iterable[TermCount]) -> list[tuple[Term, ...]]:
    """The combinations of terms, in order of slug, each term under one name.

    A topic's name is the least of those that articles call it, else of those of its children.
    """
    best: dict[str, tuple[tuple[bool, str], ...]] = {}
    for each in counted:
        found = tuple(
            (field == "topic" and not each.own, name)
            for field, name in zip(fields, _STRINGS.decode(each.names), strict=True)
        )
        known = best.get(each.slugs, found)
        best[each.slugs] = tuple(map(min, known, found))
    combinations = sorted((_STRINGS.decode(slugs), names) for slugs, names in best.items())
    return [
        tuple(
            Term(field, slug, _label(field, name))
            for field, slug, (_, name) in zip(fields, slugs, names, strict=True)
        )
        for slugs, names in combinations
    ]


def _encoded(values: Sequence[str]) -> str:
    return msgspec.json.encode(tuple(values)).decode()


def _label(field: TermField, name: str) -> str:
    """A term for people: categories and types are slugs, `ai-news` is `Ai news`."""
    return name.replace("-", " ").capitalize() if field in ("category", "type") else name
