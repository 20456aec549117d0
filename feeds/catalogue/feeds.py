"""What can be read of feeds: what they show, since when, and until when."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue import checksums, selection_sql, terms
from feeds.catalogue.records import FeedState, Shown
from feeds.catalogue.schema import entry, feed, meta, term
from feeds.config.definitions import FeedDefinition, Term
from feeds.errors import CatalogueError, DamageError
from feeds.model import archives
from feeds.model.selection import EVERYTHING, All, Selection, TermField, Terms, ages, at_age
from feeds.util.dates import from_timestamp

_STATE = tuple(feed.c[name] for name in FeedState.__struct_fields__)


class FeedReader:
    """What can be asked of feeds, within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._meta: dict[str, str] | None = None

    def meta(self, key: str) -> str:
        """The value of one of the keys that `feeds.catalogue.schema` names; empty if not set."""
        if self._meta is None:  # they are few and often asked for
            rows = self._connection.execute(select(meta.c.key, meta.c.value))
            self._meta = {each: value for each, value in rows}  # noqa: C416
        return self._meta.get(key, "")

    def published(self) -> dict[str, tuple[str, int]]:
        """The copies that this catalogue goes on from, by URL of the state: id and revision."""
        self.meta("published")
        said = {}
        for key, value in (self._meta or {}).items():
            if key.startswith("published:"):
                id_, revision = value.split()
                said[key.removeprefix("published:")] = id_, int(revision)
        return said

    def revision(self) -> int:
        """How many builds have changed anything; 0 before the first."""
        return self._number("revision")

    def articles(self) -> int:
        """How many article files there are."""
        return self._number("articles")

    def _number(self, key: str) -> int:
        """The number at a key; raises `CatalogueError` if it was damaged."""
        try:
            return int(self.meta(key))
        except ValueError:
            raise CatalogueError(
                f"the catalogue is damaged: meta.{key} is no number; put a backup in its place"
            ) from None

    def last_build(self) -> int:
        """The time of the last build that changed anything, in seconds; 0 before the first.

        Of a catalogue that earlier versions made, what that was at least.
        """
        if known := self.meta("clock"):
            return int(known)
        return self._connection.scalar(select(func.max(feed.c.updated))) or 0

    def shown_at(self, now: datetime) -> datetime:
        """The time that feeds are to be shown at: what is out stays out where a clock goes back."""
        return max(now, from_timestamp(self.last_build()))

    def changed_since(self, revision: int) -> list[str]:
        """The paths of feeds whose documents may differ from those of an earlier revision."""
        return list(self._connection.scalars(select(feed.c.path).where(feed.c.revision > revision)))

    def feeds_revision(self) -> int:
        """The revision in which the set of feeds, their order or their titles last changed."""
        return self._number("feeds") if self.meta("feeds") else 0

    def shown(self, definition: FeedDefinition, now: datetime) -> list[Shown]:
        """The entries of a feed at the time `now`, in order.

        A feed with a history also shows all that is in no archive document yet, for nothing
        may be in neither (RFC 5005 §4): an older entry that came to it late.
        """
        shown = [Shown(*row) for row in selection_sql.shown(definition, now).rows(self._connection)]
        if not definition.history:
            return shown
        waiting = selection_sql.placed(definition, now, [archives.WAITING]).rows(self._connection)
        there = {each.seq for each in shown}
        late = [Shown(*row) for *row, _, _ in waiting if row[0] not in there]
        return (
            sorted([*shown, *late], key=lambda each: (-each.published, each.id)) if late else shown
        )

    def in_use(self, fields: Sequence[TermField], now: datetime) -> list[tuple[Term, ...]]:
        """The combinations of terms that entries which are out have for `fields`, by slug.

        One that was withdrawn, or is yet to come, names no feed and keeps none.
        """
        seconds = int(now.timestamp())
        if terms.key(fields) in self.meta("terms").split():
            return terms.named(fields, terms.stored(self._connection, tuple(fields), seconds))
        # feeds.yaml is newer than the last build: nobody has counted for this family yet.
        counted = terms.count(self._connection, tuple(fields), seconds)
        return terms.named(fields, [each for each, _ in counted if not each.comes])

    def named_by(self, wanted: Sequence[Term], now: datetime) -> str | None:
        """The path of the first article that is out at the time `now` and has all these terms."""
        has = All(tuple(Terms(each.field, (each.slug,)) for each in wanted))
        asked = select(func.min(entry.c.path)).where(
            selection_sql.condition(has),
            entry.c.withdrawn.is_(None),
            entry.c.published <= int(now.timestamp()),
        )
        found: str | None = self._connection.scalar(asked)
        return found

    def feed_states(self, paths: Sequence[str] | None = None) -> dict[str, FeedState]:
        """What these feeds, or all, showed at the last build, by path."""
        states: dict[str, FeedState] = {}
        for part in [None] if paths is None else selection_sql.batches(paths):
            asked = select(*_STATE, feed.c.sum)
            rows = self._connection.execute(
                asked if part is None else asked.where(feed.c.path.in_(part))
            )
            for *row, known in rows:
                states[row[0]] = FeedState(*row)
                if known != checksums.of_feed(*row):
                    raise DamageError(f"the catalogue is damaged: what is known of feed {row[0]}")
        return states

    def feed_state(self, path: str) -> FeedState | None:
        """What one feed showed at the last build."""
        return self.feed_states([path]).get(path)

    def feed_titles(self) -> dict[str, str]:
        """The titles of all feeds at the last build, by path."""
        rows = self._connection.execute(select(feed.c.path, feed.c.title))
        return {path: title for path, title in rows}  # noqa: C416

    def next_due(self, now: datetime) -> datetime | None:
        """When the next entry dated in the future comes out, None if there is none."""
        return self._dated(EVERYTHING, int(now.timestamp()) + 1)

    def until(self, definition: FeedDefinition, now: datetime) -> datetime | None:
        """The next moment at which time alone may change a feed; None if it does not.

        An entry comes out, or one crosses an age that the selection asks for. It is never late,
        and early where that entry will not be among the first of the feed.
        """
        seconds, wants = int(now.timestamp()), definition.selection
        # What does not match while it is new comes in when it crosses an age.
        moments = [self._dated(at_age(wants, 0), seconds + 1)]
        for age in ages(wants):
            crossed = self._dated(wants, seconds - age, crossing=age)
            moments.append(crossed and from_timestamp(int(crossed.timestamp()) + age + 1))
        return min((each for each in moments if each is not None), default=None)

    def _dated(
        self, selection: Selection, least: int, crossing: int | None = None
    ) -> datetime | None:
        """The least date, from `least` on, of entries that the selection takes and are out.

        With `crossing`, of those that it takes before or after that age, but not both.
        """
        found = selection_sql.oldest(selection, least, crossing).one(self._connection)
        return None if found is None else from_timestamp(found)

    def next_change(self) -> datetime | None:
        """When time alone next changes a feed, or brings one, as far as the last build saw."""
        coming = select(func.min(term.c.comes)).where(term.c.comes > 0)
        found = [
            self._connection.scalar(select(func.min(feed.c.due))),
            self._connection.scalar(coming),
        ]
        return min((from_timestamp(each) for each in found if each is not None), default=None)

    def overdue(self, now: datetime) -> list[str]:
        """The paths of feeds that time alone may have changed since a build looked at them."""
        due = feed.c.due <= int(now.timestamp())
        return list(self._connection.scalars(select(feed.c.path).where(due)))

    def dues(self, paths: Sequence[str]) -> dict[str, int | None]:
        """When time alone next changes each of these feeds, as it was last seen, by path."""
        found: dict[str, int | None] = {}
        for part in selection_sql.batches(paths):
            rows = self._connection.execute(
                select(feed.c.path, feed.c.due).where(feed.c.path.in_(part))
            )
            found.update((path, due) for path, due in rows)
        return found

    def moved(self, definition: FeedDefinition, shown: Sequence[Shown], now: datetime) -> int:
        """When ageing alone last changed a feed that shows `shown` now, in seconds; else 0."""
        asked, wants = ages(definition.selection), definition.selection
        counts: list[sa.ColumnElement[bool]] = []
        if asked and len(shown) == definition.size:
            # Who left and would stand behind the last of a full feed was not shown before either.
            keys = [*([entry.c.heat] if definition.order == "heat" else []), entry.c.published]
            end = self._connection.execute(select(*keys).where(entry.c.seq == shown[-1].seq)).one()
            counts.append(sa.tuple_(*keys) >= sa.tuple_(*end))
        # What came before the newest change of an entry dates nothing.
        since, last = max((each.updated for each in shown), default=0), 0
        for age in asked:
            most = int(now.timestamp()) - age - 1
            asked_for = selection_sql.crossed(wants, age, since - age, most, counts)
            found = self._connection.scalar(asked_for)
            last = max(last, 0 if found is None else found + age + 1)
        return last
