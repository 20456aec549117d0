"""Writing to the catalogue: one build, one transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums, terms, withdrawal
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.clock_repair import ClockRepair
from feeds.catalogue.reader import Reader
from feeds.catalogue.records import EntryChange, FeedState, Seen, Shown
from feeds.catalogue.schema import entry, feed, file, fragment, membership, meta, term
from feeds.catalogue.selection_sql import among, batches
from feeds.catalogue.terms import TermCount
from feeds.config.site import Site
from feeds.errors import Problem
from feeds.model.document import FORMATS, Format

_COUNTED = TermCount.__struct_fields__


@contextmanager
def write_transaction(catalogue: Catalogue) -> Iterator["Writer"]:
    """Write within one transaction, which readers see whole or not at all.

    One at a time: a second writer waits, and raises `CatalogueError` if that takes too long.
    """
    with catalogue.read() as reader:
        built = reader.meta("revision") != "0"
    with nullcontext() if built else catalogue.bulk_load(), catalogue.connect(write=True) as at:
        yield Writer(at)


class Writer(Reader):
    """What a build may change."""

    @property
    def clock(self) -> ClockRepair:
        """What the clock has dated, within the same transaction."""
        return ClockRepair(self._connection)

    def put_meta(self, key: str, value: str) -> None:
        """Set one of the keys that `feeds.catalogue.schema` names."""
        self._delete(meta.c.key, [key])
        self._insert(meta, [{"key": key, "value": value}])
        self._meta = None

    def forget_file_times(self) -> None:
        """Forget how files look, though not what is in them: the next build reads them all."""
        self._connection.execute(update(file).values(size=-1))
        for key in ("walked", "linked"):
            self.put_meta(key, "")

    def put_files(self, seen: Mapping[str, tuple[Seen, Sequence[Problem]]]) -> None:
        """Remember how these files look, and what is wrong with them."""
        self._delete(file.c.path, seen)
        self._insert(
            file,
            [
                {
                    "path": path,
                    "size": state.size,
                    "mtime_ns": state.mtime_ns,
                    "digest": state.digest,
                    "problems": msgspec.json.encode(problems) if problems else b"",
                }
                for path, (state, problems) in seen.items()
            ],
        )

    def add_problem(self, problem: Problem) -> None:
        """Add to what is wrong with a file that is known."""
        at = file.c.path == problem.path
        known = self._connection.scalar(select(file.c.problems).where(at)) or b"[]"
        problems = [*msgspec.json.decode(known, type=list[Problem]), problem]
        self._connection.execute(
            update(file).where(at).values(problems=msgspec.json.encode(problems))
        )

    def touch_files(self, seen: Mapping[str, Seen]) -> None:
        """Remember new times of files whose content is the same."""
        rows = [
            {"at": path, "size": state.size, "mtime_ns": state.mtime_ns}
            for path, state in seen.items()
        ]
        if rows:
            same = update(file).where(file.c.path == sa.bindparam("at"))
            self._connection.execute(same, rows)

    def forget_files(self, paths: Iterable[str]) -> None:
        """Forget files that are gone. Their entries stay, withdrawn."""
        self._delete(file.c.path, paths)

    def put_entries(self, changes: Sequence[EntryChange], site: Site) -> None:
        """Store entries as they are now. Their old fragments go."""
        fresh = [_row(change, site) for change in changes if change.seq is None]
        known = [_row(change, site) for change in changes if change.seq is not None]
        self._insert(entry, fresh)
        if known:
            values: dict[str, Any] = {name: sa.bindparam(name) for name in known[0] if name != "at"}
            self._connection.execute(
                update(entry).where(entry.c.seq == sa.bindparam("at")).values(values), known
            )
        seqs = self._seqs([change.entry.path for change in changes])
        old = [change.seq for change in changes if change.seq is not None]
        self._delete(fragment.c.entry, old)
        self._delete(membership.c.entry, old)
        self._insert(
            membership,
            [row for change in changes for row in _members(change, seqs, site)],
        )

    def _seqs(self, paths: Sequence[str]) -> dict[str, int]:
        wanted = select(entry.c.path, entry.c.seq).where(among(entry.c.path))
        found: dict[str, int] = {}
        for part in batches(paths):
            rows = self._connection.execute(wanted, {"keys": list(part)})
            found.update((path, seq) for path, seq in rows)
        return found

    def withdraw(self, seqs: Sequence[int], at: int) -> None:
        """Take entries out of every feed, remember when, and forget what they said."""
        withdrawal.withdraw(self._connection, seqs, at)

    def put_fragments(
        self, rendered: Sequence[tuple[int, Mapping[Format, bytes]]], shown: Mapping[int, Shown]
    ) -> None:
        """Store the fragments of entries that have none, as feeds show them now."""
        self._insert(
            fragment,
            [
                {
                    "entry": seq,
                    **{str(name): made[name] for name in FORMATS},
                    "sum": shown[seq].sum_of([made[name] for name in FORMATS]),
                }
                for seq, made in rendered
            ],
        )

    def drop_fragments(self) -> None:
        """Forget all fragments, for they were made with other settings."""
        self._connection.execute(delete(fragment))

    def put_feeds(
        self, states: Sequence[FeedState], titles: Mapping[str, str], revision: int
    ) -> None:
        """Remember what feeds show now, and that they do since this revision."""
        self._delete(feed.c.path, [state.path for state in states])
        self._insert(
            feed,
            [
                {
                    **msgspec.structs.asdict(state),
                    "title": titles[state.path],
                    "revision": revision,
                    "due": None,
                    "sum": checksums.of_feed(*msgspec.structs.astuple(state)),
                }
                for state in states
            ],
        )

    def put_titles(self, titles: Mapping[str, str]) -> None:
        """Remember other titles of feeds that show the same as before."""
        rows = [{"at": path, "called": title} for path, title in titles.items()]
        if rows:
            at = update(feed).where(feed.c.path == sa.bindparam("at"))
            self._connection.execute(at.values(title=sa.bindparam("called")), rows)

    def forget_feeds(self, paths: Iterable[str]) -> None:
        """Forget feeds that no longer exist."""
        self._delete(feed.c.path, paths)

    def touch_feeds(self, revision: int) -> None:
        """Note that the documents of every feed may be others since this revision."""
        self._connection.execute(update(feed).values(revision=revision))
        self.places.touch(revision)

    def put_dues(self, dues: Mapping[str, int | None]) -> None:
        """Remember when time alone next changes these feeds, in seconds."""
        rows = [{"at": path, "when": due} for path, due in dues.items()]
        if rows:
            at = update(feed).where(feed.c.path == sa.bindparam("at"))
            self._connection.execute(at.values(due=sa.bindparam("when")), rows)

    def count_all_terms(self, families: Sequence[terms.Fields], now: int) -> None:
        """Count the terms in use anew, for these families."""
        self._connection.execute(delete(term))
        for fields in families:
            counted = terms.count(self._connection, fields, now)
            self._insert(term, [_counted(each, number) for each, number in counted])
        self.put_meta("terms", " ".join(map(terms.key, families)))

    def count_terms(self, changes: Mapping[TermCount, int]) -> bool | None:
        """Add to the counts of terms in use. Returns whether there are other ones now.

        None where the counts prove wrong: then all are to be counted anew.
        """
        other = False
        for each, change in changes.items():
            if not change:
                continue
            at = sa.and_(*(term.c[name] == getattr(each, name) for name in _COUNTED))
            known = self._connection.scalar(select(term.c.entries).where(at)) or 0
            if (number := known + change) < 0:
                return None
            self._connection.execute(delete(term).where(at))
            if number:
                self._insert(term, [_counted(each, number)])
            other = other or (not each.comes and not (known and number))
        return other

    def terms_come(self, now: int) -> Counter[TermCount]:
        """What entries that have come out since the last build change in the counts of terms."""
        wanted = select(*(term.c[name] for name in _COUNTED), term.c.entries).where(
            term.c.comes.between(1, now)
        )
        changes: Counter[TermCount] = Counter()
        for *key, number in self._connection.execute(wanted):
            each = TermCount(*key)
            changes[each] -= number
            changes[msgspec.structs.replace(each, comes=0)] += number
        return changes

    def _insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        if not self._connection.dialect.positional:
            self._connection.execute(table.insert(), rows)
            return
        # Straight to the driver (SQLite's): as fast again, for every value is as it takes it.
        statement, names = _insertion(table, tuple(rows[0]), self._connection.dialect)
        values = itemgetter(*names)
        self._connection.exec_driver_sql(statement, [values(row) for row in rows])

    def _delete(self, column: sa.Column[Any], keys: Iterable[Any]) -> None:
        for part in batches(list(keys)):
            gone = delete(column.table).where(among(column))
            self._connection.execute(gone, {"keys": list(part)})


@lru_cache(100)
def _insertion(
    table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect
) -> tuple[str, Sequence[str]]:
    """The statement that inserts these columns, and their order in it."""
    made = table.insert().compile(dialect=dialect, column_keys=columns)
    return str(made), tuple(made.positiontup or ())


def _row(change: EntryChange, site: Site) -> dict[str, Any]:
    made, known = change.entry, site.facts(change.entry)
    row = {
        "id": made.id,
        "path": made.path,
        "first_seen": change.first_seen,
        "content_hash": change.content_hash,
        "updated": int(made.updated.timestamp()),
        "withdrawn": None,
        "published": int(made.published.timestamp()),
        "link": made.link,
        "likeness": change.likeness,
        "category": known.category,
        "type": known.type,
        "provider": known.provider,
        "provider_name": made.provider.name if made.provider else None,
        "language": known.language,
        "quality": known.quality,
        "heat": known.heat,
        "data": msgspec.json.encode(made),
    }
    row["sum"] = checksums.of_entry([row[name] for name in checksums.ENTRY])
    return row if change.seq is None else {"at": change.seq, **row}


def _members(change: EntryChange, seqs: Mapping[str, int], site: Site) -> Iterator[dict[str, Any]]:
    """The membership rows of an entry: its topics as it names them, and their parents."""
    always = {
        "entry": seqs[change.entry.path],
        "published": int(change.entry.published.timestamp()),
    }
    for topic, (name, own) in terms.topics(change.entry, site).items():
        yield {"topic": topic, "name": name, "own": own, **always}


def _counted(each: TermCount, number: int) -> dict[str, Any]:
    return {**msgspec.structs.asdict(each), "entries": number}
