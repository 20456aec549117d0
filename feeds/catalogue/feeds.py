"""The table `feed`: the state of each feed at the last build. Also queries its current entries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select, update

from feeds.catalogue import checksums, selection_sql
from feeds.catalogue.records import FeedState, ShownEntry
from feeds.catalogue.schema import archive, entry, feed, term
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table
from feeds.config.definitions import FeedDefinition
from feeds.errors import DamageError
from feeds.model import archives
from feeds.model.selection import EVERYTHING, Selection, ages, at_age
from feeds.util.dates import from_timestamp

_STATE = tuple(feed.c[name] for name in FeedState.__struct_fields__)
_KEYS = msgspec.msgpack.Decoder(list[int])


class Feeds(Table):
    """Feeds, by path."""

    def shown(self, definition: FeedDefinition, now: datetime) -> list[ShownEntry]:
        """Return the entries of a feed at the time `now`, in the order of the feed.

        A feed with archives also shows every entry that waits for an archive document, such as an
        old one that matched late: each entry must be in the feed or in an archive (RFC 5005 §4).
        """
        rows = selection_sql.shown(definition, now).rows(self._connection)
        shown = [ShownEntry(*row) for row in rows]
        if not definition.history:
            return shown
        waiting = selection_sql.placed(definition, now, [archives.WAITING]).rows(self._connection)
        keys = {item.seq for item in shown}
        late = [ShownEntry(*row) for *row, _, _ in waiting if row[0] not in keys]
        return (
            sorted([*shown, *late], key=lambda item: (-item.published, item.id)) if late else shown
        )

    def states(self, paths: Sequence[str] | None = None) -> dict[str, FeedState]:
        """Return the states at the last build of the feeds at `paths`, or of all, by path.

        Raises `DamageError` if a row is not what was stored.
        """
        states: dict[str, FeedState] = {}
        statement = select(*_STATE, feed.c.sum)
        for batch in [None] if paths is None else batches(paths):
            rows = self._connection.execute(
                statement if batch is None else statement.where(feed.c.path.in_(batch))
            )
            for *row, checksum in rows:
                states[row[0]] = FeedState(*row)
                if checksum != checksums.of_feed(*row):
                    raise DamageError(f"the catalogue is damaged: the state of feed {row[0]}")
        return states

    def state(self, path: str) -> FeedState | None:
        """Return the state of a feed at the last build; None if there was no such feed."""
        return self.states([path]).get(path)

    def titles(self) -> dict[str, str]:
        """Return the titles of all feeds at the last build, by path."""
        rows = self._connection.execute(select(feed.c.path, feed.c.title))
        return {path: title for path, title in rows}  # noqa: C416

    def digests(self) -> dict[str, str]:
        """Return the digests of the entries of all feeds at the last build, by path."""
        rows = self._connection.execute(select(feed.c.path, feed.c.digest))
        return {path: digest for path, digest in rows}  # noqa: C416

    def changed_since(self, revision: int) -> list[str]:
        """Return the paths of feeds whose documents may have changed after a revision."""
        return list(self._connection.scalars(select(feed.c.path).where(feed.c.revision > revision)))

    def shown_keys(self, paths: Sequence[str]) -> dict[str, list[int]]:
        """Return the keys of the entries that feeds showed at the last build, by path.

        Feeds that no build of this version has stored are left out.
        """
        shown: dict[str, list[int]] = {}
        for batch in batches(paths):
            rows = self._connection.execute(
                select(feed.c.path, feed.c.shown).where(
                    feed.c.path.in_(batch), feed.c.shown.is_not(None)
                )
            )
            shown.update((path, _KEYS.decode(keys)) for path, keys in rows)
        return shown

    def put(
        self,
        states: Sequence[FeedState],
        titles: Mapping[str, str],
        shown: Mapping[str, Sequence[int]],
        revision: int,
    ) -> None:
        """Store the states of feeds that changed in this revision.

        `titles` has their titles, and `shown` the keys of the entries that they show, by path.
        """
        self._delete(feed.c.path, [state.path for state in states])
        self._insert(
            feed,
            [
                {
                    **msgspec.structs.asdict(state),
                    "title": titles[state.path],
                    "revision": revision,
                    "due": None,
                    "shown": msgspec.msgpack.encode(list(shown[state.path])),
                    "sum": checksums.of_feed(*msgspec.structs.astuple(state)),
                }
                for state in states
            ],
        )

    def put_titles(self, titles: Mapping[str, str]) -> None:
        """Store new titles of feeds that are otherwise unchanged, by path."""
        rows = [{"at": path, "called": title} for path, title in titles.items()]
        if rows:
            statement = update(feed).where(feed.c.path == sa.bindparam("at"))
            self._connection.execute(statement.values(title=sa.bindparam("called")), rows)

    def forget(self, paths: Iterable[str]) -> None:
        """Delete feeds that no longer exist."""
        self._delete(feed.c.path, paths)

    def touch_all(self, revision: int) -> None:
        """Mark the documents of all feeds, archives included, as changed in this revision."""
        self._connection.execute(update(feed).values(revision=revision))
        self._connection.execute(update(archive).values(revision=revision))

    # Changes due to time alone: entries dated in the future, and selections by age.

    def overdue(self, now: datetime) -> list[str]:
        """Return the paths of feeds that time alone may have changed since they were built."""
        due = feed.c.due <= int(now.timestamp())
        return list(self._connection.scalars(select(feed.c.path).where(due)))

    def due_times(self, paths: Sequence[str]) -> dict[str, int | None]:
        """Return the stored times of the next change by time alone, in seconds, by path."""
        due: dict[str, int | None] = {}
        for batch in batches(paths):
            rows = self._connection.execute(
                select(feed.c.path, feed.c.due).where(feed.c.path.in_(batch))
            )
            due.update((path, seconds) for path, seconds in rows)
        return due

    def put_due_times(self, due: Mapping[str, int | None]) -> None:
        """Store when time alone next changes these feeds, in seconds, by path."""
        rows = [{"at": path, "when": seconds} for path, seconds in due.items()]
        if rows:
            statement = update(feed).where(feed.c.path == sa.bindparam("at"))
            self._connection.execute(statement.values(due=sa.bindparam("when")), rows)

    def next_change(self) -> datetime | None:
        """Return when time alone next changes or creates a feed, as known to the last build."""
        created = select(func.min(term.c.comes)).where(term.c.comes > 0)
        times = [
            self._connection.scalar(select(func.min(feed.c.due))),
            self._connection.scalar(created),
        ]
        return min((from_timestamp(time) for time in times if time is not None), default=None)

    def next_publication(self, now: datetime) -> datetime | None:
        """Return when the next entry dated in the future becomes visible; None if there is none."""
        return self._earliest(EVERYTHING, int(now.timestamp()) + 1)

    def next_change_of(self, definition: FeedDefinition, now: datetime) -> datetime | None:
        """Return when time alone may next change a feed; None if it does not.

        That is when an entry becomes visible, or crosses an age in the selection. The result is
        never too late, but may be too early: the entry may not be among the first of the feed.
        """
        seconds, selection = int(now.timestamp()), definition.selection
        # An entry that does not match while it is new enters when it crosses an age.
        times = [self._earliest(at_age(selection, 0), seconds + 1)]
        for age in ages(selection):
            crossed = self._earliest(selection, seconds - age, crossing=age)
            times.append(crossed and from_timestamp(int(crossed.timestamp()) + age + 1))
        return min((time for time in times if time is not None), default=None)

    def _earliest(
        self, selection: Selection, least: int, crossing: int | None = None
    ) -> datetime | None:
        """Return the earliest date from `least` on of selected entries that are not withdrawn.

        With `crossing`: of entries that are selected either before or after that age, not both.
        """
        seconds = selection_sql.oldest(selection, least, crossing).one(self._connection)
        return None if seconds is None else from_timestamp(seconds)

    def last_ageing(
        self, definition: FeedDefinition, shown: Sequence[ShownEntry], now: datetime
    ) -> int:
        """Return when ageing alone last changed a feed that now shows `shown`, in seconds; else 0.

        Changes before the newest change of an entry do not count.
        """
        selection = definition.selection
        all_ages = ages(selection)
        conditions: list[sa.ColumnElement[bool]] = []
        if all_ages and len(shown) == definition.size:
            # An entry that left, but sorts behind the last of a full feed, was not shown before.
            keys = [*([entry.c.heat] if definition.order == "heat" else []), entry.c.published]
            end = self._connection.execute(select(*keys).where(entry.c.seq == shown[-1].seq)).one()
            conditions.append(sa.tuple_(*keys) >= sa.tuple_(*end))
        since, last = max((item.updated for item in shown), default=0), 0
        for age in all_ages:
            most = int(now.timestamp()) - age - 1
            statement = selection_sql.crossed(selection, age, since - age, most, conditions)
            published = self._connection.scalar(statement)
            last = max(last, 0 if published is None else published + age + 1)
        return last
