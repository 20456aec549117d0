"""What can be read from the catalogue, within one transaction: one consistent state."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue import query
from feeds.catalogue.schema import entry, feed, file, fragment, membership, meta
from feeds.definitions import FeedDefinition, Term
from feeds.entry import Entry
from feeds.errors import Problem
from feeds.fragment import FORMATS, Format
from feeds.selection import TermField, ages, at_age

T = TypeVar("T")

_PROBLEMS = msgspec.json.Decoder(list[Problem])
_ENTRY = msgspec.json.Decoder(Entry)
# So many keys go into one statement; databases bound it.
_CHUNK = 1000


class Shown(msgspec.Struct, frozen=True):
    """One entry as a feed shows it; `seq` is the catalogue's own key. Times in seconds."""

    seq: int
    id: str
    content_hash: str
    published: int
    updated: int


class FeedState(msgspec.Struct, frozen=True):
    """What a feed showed at the last build, and when that last changed. Times in seconds."""

    path: str
    digest: str
    updated: int
    entries: int
    newest: int | None


class Seen(msgspec.Struct, frozen=True):
    """An article file as the last build saw it."""

    size: int
    mtime_ns: int
    digest: str


class Memory(msgspec.Struct, frozen=True):
    """What is remembered of an entry. Times in seconds; `withdrawn` is None while it is out."""

    seq: int
    id: str
    path: str
    first_seen: int
    content_hash: str
    updated: int
    withdrawn: int | None


_MEMORY = tuple(entry.c[name] for name in Memory.__struct_fields__)


def moment(seconds: int) -> datetime:
    """A time of the catalogue as a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


class Reader:
    """What can be asked of the catalogue, within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def meta(self, key: str) -> str:
        """The value of one of the keys that `feeds.catalogue.schema` names; empty if not set."""
        return self._connection.scalar(select(meta.c.value).where(meta.c.key == key)) or ""

    def shown(self, definition: FeedDefinition, now: datetime) -> list[Shown]:
        """The entries of a feed at the time `now`, in order."""
        rows = self._connection.execute(query.shown(definition, now))
        return [Shown(*row) for row in rows]

    def fragments(self, seqs: Sequence[int]) -> dict[int, dict[Format, bytes]]:
        """The fragments there are of these entries, by key and format."""
        columns = (fragment.c[name] for name in FORMATS)
        rows = self._connection.execute(
            select(fragment.c.entry, *columns).where(query.among(fragment.c.entry)),
            {"keys": list(seqs)},
        )
        return {seq: dict(zip(FORMATS, made, strict=True)) for seq, *made in rows}

    def without_fragments(self, seqs: Iterable[int]) -> list[int]:
        """Which of these entries have no fragments yet, in ascending order."""
        wanted = sorted(seqs)
        have: set[int] = set()
        for part in chunks(wanted):
            found = select(fragment.c.entry).where(fragment.c.entry.in_(part))
            have.update(self._connection.scalars(found))
        return [seq for seq in wanted if seq not in have]

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        """The entries with these keys."""
        found: dict[int, Entry] = {}
        for part in chunks(seqs):
            wanted = select(entry.c.seq, entry.c.data).where(entry.c.seq.in_(part))
            rows = self._connection.execute(wanted)
            found.update((seq, _ENTRY.decode(data)) for seq, data in rows)
        return found

    def encoded(self, seqs: Sequence[int]) -> list[tuple[int, bytes]]:
        """The entries with these keys, as stored, for rendering in another process."""
        rows = self._connection.execute(
            select(entry.c.seq, entry.c.data).where(entry.c.seq.in_(seqs)).order_by(entry.c.seq)
        )
        return [(seq, data) for seq, data in rows]

    def in_use(self, fields: Sequence[TermField], now: datetime) -> list[tuple[Term, ...]]:
        """The combinations of terms that entries have or had for `fields`, in order of slug.

        Withdrawn entries count: the feed of a topic outlives its last article, for a feed that
        answers 404 loses its subscribers.
        """
        columns: list[sa.ColumnElement[Any]] = []
        names: list[sa.ColumnElement[Any]] = []
        source: sa.FromClause = entry
        published = entry.c.published
        for each in fields:
            if each == "topic":
                published = membership.c.published
                source = membership
                if len(fields) > 1:
                    source = entry.join(membership, membership.c.entry == entry.c.seq)
                own = sa.case((membership.c.own, membership.c.name))
                names.append(func.coalesce(func.min(own), func.min(membership.c.name)))
                columns.append(membership.c.topic)
            else:
                name = entry.c.provider_name if each == "provider" else entry.c[each]
                names.append(func.min(name))
                columns.append(entry.c[each])
        rows = self._connection.execute(
            select(*columns, *names)
            .select_from(source)
            .where(
                published <= int(now.timestamp()),
                *(column.is_not(None) for column in columns),
            )
            .group_by(*columns)
            .order_by(*columns)
        )
        return [
            tuple(
                Term(each, slug, _label(each, name))
                for each, slug, name in zip(
                    fields, row[: len(fields)], row[len(fields) :], strict=True
                )
            )
            for row in rows
        ]

    def feed_states(self) -> dict[str, FeedState]:
        """What every feed showed at the last build, by path."""
        rows = self._connection.execute(select(feed))
        return {row.path: FeedState(*row) for row in rows}

    def feed_state(self, path: str) -> FeedState | None:
        """What one feed showed at the last build."""
        row = self._connection.execute(select(feed).where(feed.c.path == path)).first()
        return FeedState(*row) if row else None

    def next_due(self, now: datetime) -> datetime | None:
        """When the next entry dated in the future comes out, None if there is none."""
        future = entry.c.published > int(now.timestamp())
        found = self._connection.scalar(
            select(func.min(entry.c.published)).where(future, entry.c.withdrawn.is_(None))
        )
        return None if found is None else moment(found)

    def moved(self, definition: FeedDefinition, shown: Sequence[Shown], now: datetime) -> int:
        """When ageing alone last changed a feed that shows `shown` now, in seconds; else 0."""
        asked, wants = ages(definition.selection), definition.selection
        counts: list[sa.ColumnElement[bool]] = [entry.c.withdrawn.is_(None)]
        if asked and len(shown) == definition.size:
            # Who left and would stand behind the last of a full feed was not shown before either.
            keys = [*([entry.c.heat] if definition.order == "heat" else []), entry.c.published]
            end = self._connection.execute(select(*keys).where(entry.c.seq == shown[-1].seq)).one()
            counts.append(sa.tuple_(*keys) >= sa.tuple_(*end))
        # What came before the newest change of an entry dates nothing.
        since, last = max((each.updated for each in shown), default=0), 0
        for age in asked:
            young, old = (query.condition(at_age(wants, at), now) for at in (age, age + 1))
            moves = sa.or_(sa.and_(young, sa.not_(old)), sa.and_(old, sa.not_(young)))
            when = entry.c.published.between(since - age, int(now.timestamp()) - age - 1)
            newest = select(func.max(entry.c.published) + age + 1).where(when, moves, *counts)
            last = max(last, self._connection.scalar(newest) or 0)
        return last

    def files(self) -> dict[str, Seen]:
        """Every article file as the last build saw it, by path."""
        rows = self._connection.execute(
            select(file.c.path, file.c.size, file.c.mtime_ns, file.c.digest)
        )
        return {path: Seen(size, mtime_ns, digest) for path, size, mtime_ns, digest in rows}

    def problems(self) -> list[Problem]:
        """The report: what is wrong with the articles as they were last read, by path."""
        rows = self._connection.scalars(
            select(file.c.problems).where(file.c.problems != b"").order_by(file.c.path)
        )
        return [problem for row in rows for problem in _PROBLEMS.decode(row)]

    def memories(self, paths: Sequence[str]) -> dict[str, Memory]:
        """What is remembered of the entries of these articles, by path."""
        found: dict[str, Memory] = {}
        for part in chunks(paths):
            rows = self._connection.execute(select(*_MEMORY).where(entry.c.path.in_(part)))
            found.update((row.path, Memory(*row)) for row in rows)
        return found

    def any_entry(self) -> bool:
        """Whether there is any entry, withdrawn ones included."""
        return self._connection.scalar(select(entry.c.seq).limit(1)) is not None

    def count_out(self) -> int:
        """How many entries are not withdrawn, those dated in the future included."""
        out = select(func.count()).select_from(entry).where(entry.c.withdrawn.is_(None))
        return self._connection.scalar(out) or 0

    def paths_of_ids(self, ids: Sequence[str]) -> dict[str, str]:
        """The paths of the entries that have these ids, by id."""
        wanted = select(entry.c.id, entry.c.path).where(query.among(entry.c.id))
        rows = self._connection.execute(wanted, {"keys": list(ids)})
        return {id_: path for id_, path in rows}  # noqa: C416

    def newly_out(self, since: datetime, now: datetime) -> list[Entry]:
        """The entries whose date has come after `since` and by `now`."""
        rows = self._connection.scalars(
            select(entry.c.data).where(
                entry.c.withdrawn.is_(None),
                entry.c.published > int(since.timestamp()),
                entry.c.published <= int(now.timestamp()),
            )
        )
        return [_ENTRY.decode(data) for data in rows]

    def like(
        self, links: Sequence[str], likenesses: Sequence[str]
    ) -> list[tuple[Memory, str, str]]:
        """Entries with one of these links or likenesses, as (memory, link, likeness)."""
        rows = self._connection.execute(
            select(*_MEMORY, entry.c.link, entry.c.likeness)
            .where(entry.c.link.in_(links) | entry.c.likeness.in_(likenesses))
            .order_by(entry.c.seq)
        )
        return [(Memory(*row[:-2]), row[-2], row[-1]) for row in rows]

    def shared_links(self) -> list[tuple[str, str]]:
        """(path, link) of entries that are out and have a link in common, by link and path."""
        out = entry.c.withdrawn.is_(None)
        shared = select(entry.c.link).where(out).group_by(entry.c.link).having(func.count() > 1)
        rows = self._connection.execute(
            select(entry.c.path, entry.c.link)
            .where(out, entry.c.link.in_(shared))
            .order_by(entry.c.link, entry.c.path)
        )
        return [(path, link) for path, link in rows]

    def find(self, name: str) -> tuple[Memory, Entry] | None:
        """The entry with this id, or of the article at this path."""
        row = self._connection.execute(
            select(*_MEMORY, entry.c.data).where((entry.c.id == name) | (entry.c.path == name))
        ).first()
        return (Memory(*row[:-1]), _ENTRY.decode(row[-1])) if row else None


def chunks(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """The keys in parts that one statement can hold."""
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _label(field: TermField, name: str) -> str:
    """A term for people: categories and types are slugs, `ai-news` is `Ai news`."""
    return name.replace("-", " ").capitalize() if field in ("category", "type") else name
