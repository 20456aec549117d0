"""The table `term`: counts of the terms in use, so that a build need not read every entry."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, func, select

from feeds.catalogue.meta import Meta
from feeds.catalogue.schema import entry, membership, term
from feeds.catalogue.table import Table
from feeds.catalogue.terms import Fields, TermCount, combinations, encode, family_key
from feeds.config.definitions import Term
from feeds.model.selection import TermField

_KEY_NAMES = TermCount.__struct_fields__
_KEY = tuple(term.c[name] for name in _KEY_NAMES)


class TermCounts(Table):
    """How many entries have each combination of terms, for the families of feeds."""

    def __init__(self, connection: sa.Connection, meta: Meta) -> None:
        super().__init__(connection)
        self._meta = meta

    def in_use(
        self, fields: Sequence[TermField], now: datetime, least: int = 1
    ) -> list[tuple[Term, ...]]:
        """Return the combinations of terms that `least` visible entries have for `fields`, by slug.

        Withdrawn entries and entries dated in the future do not count.
        """
        seconds = int(now.timestamp())
        if family_key(fields) in self._meta.get("terms").split():
            stored = select(*_KEY, term.c.entries).where(
                term.c.fields == family_key(fields), term.c.comes <= seconds
            )
            rows = self._connection.execute(stored)
            counted = [(TermCount(*key), number) for *key, number in rows]
        else:
            # feeds.yaml is newer than the last build, which did not count for this family.
            counted = self.count(tuple(fields), seconds)
            counted = [(count, number) for count, number in counted if not count.comes]
        return combinations(fields, _frequent(counted, least))

    def recount(self, families: Sequence[Fields], now: int) -> None:
        """Count the terms of all entries again, for these families, at `now` in seconds."""
        self._connection.execute(delete(term))
        for fields in families:
            counted = self.count(fields, now)
            self._insert(term, [_row(count, number) for count, number in counted])
        self._meta.put("terms", " ".join(map(family_key, families)))

    def add(self, changes: Mapping[TermCount, int], least: Mapping[str, int]) -> bool | None:
        """Add to the stored counts. Return whether the set of visible terms may have changed.

        `least` is the number of entries with which terms count for a family, by its key.

        None if a count would be negative: the stored counts are wrong, and need a `recount`.
        """
        changed = False
        for count, change in changes.items():
            if not change:
                continue
            condition = sa.and_(*(term.c[name] == getattr(count, name) for name in _KEY_NAMES))
            before = self._connection.scalar(select(term.c.entries).where(condition)) or 0
            if (number := before + change) < 0:
                return None
            self._connection.execute(delete(term).where(condition))
            if number:
                self._insert(term, [_row(count, number)])
            # Names of one term are counted apart: their sum crosses the limit only if one is below.
            rare = min(before, number) < least.get(count.fields, 1)
            changed = changed or (not count.comes and rare)
        return changed

    def newly_visible(self, now: int) -> Counter[TermCount]:
        """Return the changes of counts for entries that became visible since the last build."""
        statement = select(*_KEY, term.c.entries).where(term.c.comes.between(1, now))
        changes: Counter[TermCount] = Counter()
        for *key, number in self._connection.execute(statement):
            count = TermCount(*key)
            changes[count] -= number
            changes[msgspec.structs.replace(count, comes=0)] += number
        return changes

    def count(self, fields: Fields, now: int) -> list[tuple[TermCount, int]]:
        """Count the combinations of terms of all entries that are not withdrawn."""
        rows = self._connection.execute(_count_statement(fields, now))
        many = len(fields)
        return [
            (
                TermCount(
                    family_key(fields), encode(row[:many]), encode(row[many:-3]),
                    bool(row[-3]), row[-2],
                ),
                row[-1],
            )
            for row in rows
        ]  # fmt: skip


def _frequent(counted: Iterable[tuple[TermCount, int]], least: int) -> list[TermCount]:
    """Return the counts of the terms that at least `least` entries have under all their names."""
    counts = list(counted)
    totals: Counter[str] = Counter()
    for count, number in counts:
        totals[count.slugs] += number
    return [count for count, _ in counts if totals[count.slugs] >= least]


def _count_statement(fields: Fields, now: int) -> sa.Select[Any]:
    """Return a query for rows of slugs, names, `own`, `comes`, and the number of entries."""
    slugs: list[sa.ColumnElement[Any]] = []
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
            slugs.append(membership.c.topic)
        else:
            names.append(entry.c.provider_name if field == "provider" else entry.c[field])
            slugs.append(entry.c[field])
    comes = sa.case((published > now, published), else_=0)
    terms = (
        select(
            *(column.label(f"slug{number}") for number, column in enumerate(slugs)),
            *(name.label(f"name{number}") for number, name in enumerate(names)),
            own.label("own"),
            comes.label("comes"),
        )
        .select_from(source)
        .where(*(column.is_not(None) for column in slugs))
        # Withdrawn entries have no rows in `membership`.
        .where(sa.true() if source is membership else entry.c.withdrawn.is_(None))
        .subquery()
    )
    return select(*terms.c, func.count()).group_by(*terms.c)


def _row(count: TermCount, number: int) -> dict[str, Any]:
    return {**msgspec.structs.asdict(count), "entries": number}
