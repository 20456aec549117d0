"""The table `entry`: entries, and the memory of entries; with `membership`, their topics."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select, update

from feeds.catalogue import checksums, selection_sql, terms, withdrawal
from feeds.catalogue.records import (
    EntryChange,
    EntryOrigin,
    RememberedEntry,
    ShownEntry,
    decode_entry,
)
from feeds.catalogue.schema import entry, fragment, membership
from feeds.catalogue.selection_sql import among, batches
from feeds.catalogue.table import Table
from feeds.config.definitions import Term
from feeds.config.site import Site
from feeds.errors import DamageError
from feeds.model.entry import Entry
from feeds.model.selection import All, Terms

# Built once, because building a statement takes longer than running it.
_ENCODED = (
    select(entry.c.seq, entry.c.sum, *(entry.c[name] for name in checksums.ENTRY))
    .where(among(entry.c.seq))
    .order_by(entry.c.seq)
)
_UNCHECKED = select(entry.c.seq, entry.c.data).where(among(entry.c.seq)).order_by(entry.c.seq)
_REMEMBERED = tuple(entry.c[name] for name in RememberedEntry.__struct_fields__)
_SHOWN = select(*(entry.c[name] for name in ShownEntry.__struct_fields__)).where(among(entry.c.seq))
_ORIGINS = select(entry.c.seq, *(entry.c[name] for name in EntryOrigin.__struct_fields__)).where(
    among(entry.c.seq)
)
_NOT_WITHDRAWN = entry.c.withdrawn.is_(None)


class Entries(Table):
    """Entries, by the catalogue's own key (`seq`), id or path."""

    def get(self, seqs: Sequence[int]) -> dict[int, Entry]:
        """Return the entries with these keys, by key; without those that lack their content."""
        rows = map(self.encoded, batches(seqs))
        return {seq: decode_entry(data) for batch in rows for seq, data in batch if data}

    def encoded(self, seqs: Sequence[int], *, fresh: bool = False) -> list[tuple[int, bytes]]:
        """Return (key, JSON) of the entries with these keys, for rendering in another process.

        Raises `DamageError` if an entry is not what was stored. With `fresh`, for entries that
        this same transaction has stored, there is no such check.
        """
        if fresh:
            stored = self._connection.execute(_UNCHECKED, {"keys": list(seqs)})
            return [(seq, data) for seq, data in stored]
        rows = self._connection.execute(_ENCODED, {"keys": list(seqs)})
        entries = []
        for seq, checksum, *values in rows:
            if checksums.of_entry(values) != checksum:
                raise DamageError(f"the catalogue is damaged: entry {seq}, of {values[1]}")
            entries.append((seq, values[-1]))
        return entries

    def stored(self, seqs: Sequence[int] | None = None) -> dict[int, EntryChange]:
        """Return the entries with these keys, or all that are not withdrawn, as they are stored."""
        names = ("seq", "first_seen", "content_hash", "likeness", "source")
        columns = [entry.c[name] for name in names]
        query = select(*columns, entry.c.data).where(_NOT_WITHDRAWN).order_by(entry.c.seq)
        selects = (
            [query]
            if seqs is None
            else [query.where(entry.c.seq.in_(batch)) for batch in batches(seqs)]
        )
        return {
            seq: EntryChange(decode_entry(data), seq, *values)
            for statement in selects
            for seq, *values, data in self._connection.execute(statement)
        }

    def find(self, name: str) -> tuple[RememberedEntry, Entry] | None:
        """Return the entry with this id, or of the article at this path; None if there is none."""
        row = self._connection.execute(
            select(*_REMEMBERED, entry.c.data).where((entry.c.id == name) | (entry.c.path == name))
        ).first()
        return (RememberedEntry(*row[:-1]), decode_entry(row[-1])) if row else None

    def remembered(self, paths: Sequence[str]) -> dict[str, RememberedEntry]:
        """Return the memory of the entries of these articles, by path."""
        remembered: dict[str, RememberedEntry] = {}
        for batch in batches(paths):
            rows = self._connection.execute(select(*_REMEMBERED).where(entry.c.path.in_(batch)))
            remembered.update((row.path, RememberedEntry(*row)) for row in rows)
        return remembered

    def shown(self, seqs: Sequence[int]) -> dict[int, ShownEntry]:
        """Return the parts of entries that feeds showing them need, by key."""
        shown: dict[int, ShownEntry] = {}
        for batch in batches(seqs):
            rows = self._connection.execute(_SHOWN, {"keys": list(batch)})
            shown.update((row[0], ShownEntry(*row)) for row in rows)
        return shown

    def origins(self, seqs: Sequence[int]) -> dict[int, EntryOrigin]:
        """Return where entries come from, by key."""
        origins: dict[int, EntryOrigin] = {}
        for batch in batches(seqs):
            rows = self._connection.execute(_ORIGINS, {"keys": list(batch)})
            origins.update((seq, EntryOrigin(*row)) for seq, *row in rows)
        return origins

    def with_shared_links(self, seqs: Sequence[int]) -> set[int]:
        """Return those of these entries whose link an older entry has too."""
        other = entry.alias("other")
        shared: set[int] = set()
        for batch in batches(seqs):
            statement = (
                select(entry.c.seq)
                .join(other, (other.c.link == entry.c.link) & (other.c.seq < entry.c.seq))
                .where(entry.c.seq.in_(batch), other.c.withdrawn.is_(None))
            )
            shared.update(self._connection.scalars(statement))
        return shared

    def any(self) -> bool:
        """Return whether there is any entry, withdrawn ones included."""
        return self._connection.scalar(select(entry.c.seq).limit(1)) is not None

    def count(self) -> int:
        """Return how many entries are not withdrawn, including those dated in the future."""
        statement = select(func.count()).select_from(entry).where(_NOT_WITHDRAWN)
        return self._connection.scalar(statement) or 0

    def paths_by_id(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the paths of the entries with these ids, by id."""
        statement = select(entry.c.id, entry.c.path).where(among(entry.c.id))
        return {
            entry_id: path
            for batch in batches(ids)
            for entry_id, path in self._connection.execute(statement, {"keys": list(batch)})
        }

    def keys_by_id(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the keys of the entries with these ids, by id."""
        keys: dict[str, int] = {}
        for batch in batches(ids):
            rows = self._connection.execute(
                select(entry.c.id, entry.c.seq).where(entry.c.id.in_(batch))
            )
            keys.update((entry_id, seq) for entry_id, seq in rows)
        return keys

    def similar(
        self, links: Sequence[str], likenesses: Sequence[str]
    ) -> list[tuple[RememberedEntry, str, str, int]]:
        """Return entries with one of these links or likenesses, oldest row first.

        Each as (memory, link, likeness, published). The links of withdrawn entries are stored
        as hashes; one that equals a link of `links` is returned as that link.
        """
        by_hash = {withdrawal.link_hash(link): link for link in links}
        rows = self._connection.execute(
            select(*_REMEMBERED, entry.c.link, entry.c.likeness, entry.c.published)
            .where(entry.c.link.in_([*links, *by_hash]) | entry.c.likeness.in_(likenesses))
            .order_by(entry.c.seq)
        )
        return [
            (RememberedEntry(*row[:-3]), by_hash.get(row[-3], row[-3]), row[-2], row[-1])
            for row in rows
        ]

    def first_path_with(self, wanted: Sequence[Term], now: datetime) -> str | None:
        """Return the first path of an article that is visible at `now` and has all these terms."""
        has_terms = All(tuple(Terms(term.field, (term.slug,)) for term in wanted))
        statement = select(func.min(entry.c.path)).where(
            selection_sql.condition(has_terms),
            _NOT_WITHDRAWN,
            entry.c.published <= int(now.timestamp()),
        )
        path: str | None = self._connection.scalar(statement)
        return path

    def put(self, changes: Sequence[EntryChange], site: Site) -> None:
        """Store new and changed entries, and delete the fragments of changed ones."""
        new = [_row(change, site) for change in changes if change.seq is None]
        changed = [_row(change, site) for change in changes if change.seq is not None]
        self._insert(entry, new)
        if changed:
            values: dict[str, Any] = {
                name: sa.bindparam(name) for name in changed[0] if name != "at"
            }
            statement = update(entry).where(entry.c.seq == sa.bindparam("at")).values(values)
            self._connection.execute(statement, changed)
        seqs = self._keys_by_path([change.entry.path for change in changes])
        old = [change.seq for change in changes if change.seq is not None]
        self._delete(fragment.c.entry, old)
        self._delete(membership.c.entry, old)
        self._insert(
            membership,
            [row for change in changes for row in _membership_rows(change, seqs, site)],
        )

    def _keys_by_path(self, paths: Sequence[str]) -> dict[str, int]:
        statement = select(entry.c.path, entry.c.seq).where(among(entry.c.path))
        keys: dict[str, int] = {}
        for batch in batches(paths):
            rows = self._connection.execute(statement, {"keys": list(batch)})
            keys.update((path, seq) for path, seq in rows)
        return keys

    def withdraw(self, seqs: Sequence[int], at: int) -> None:
        """Remove entries from every feed, erase their content, and store the time, in seconds."""
        withdrawal.withdraw(self._connection, seqs, at)


def _row(change: EntryChange, site: Site) -> dict[str, Any]:
    stored, facts = change.entry, site.facts(change.entry)
    row = {
        "id": stored.id,
        "path": stored.path,
        "first_seen": change.first_seen,
        "content_hash": change.content_hash,
        "updated": int(stored.updated.timestamp()),
        "withdrawn": None,
        "published": int(stored.published.timestamp()),
        "link": stored.link,
        "likeness": change.likeness,
        "category": facts.category,
        "type": facts.type,
        "provider": facts.provider,
        "provider_name": stored.provider.name if stored.provider else None,
        "language": facts.language,
        "quality": facts.quality,
        "heat": facts.heat,
        "source": change.source,
        "data": msgspec.json.encode(stored),
    }
    row["sum"] = checksums.of_entry([row[name] for name in checksums.ENTRY])
    return row if change.seq is None else {"at": change.seq, **row}


def _membership_rows(
    change: EntryChange, seqs: Mapping[str, int], site: Site
) -> Iterator[dict[str, Any]]:
    """Yield a row for each topic of an entry and for each parent of such a topic."""
    common = {
        "entry": seqs[change.entry.path],
        "published": int(change.entry.published.timestamp()),
    }
    for topic, (name, own) in terms.topics(change.entry, site).items():
        yield {"topic": topic, "name": name, "own": own, **common}
