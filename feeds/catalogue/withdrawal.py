"""Erases withdrawn entries: ids, dates and hashes stay, nothing readable does."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import delete, select, update

from feeds.catalogue import checksums
from feeds.catalogue.schema import entry, fragment, membership
from feeds.catalogue.selection_sql import batches
from feeds.model.entry import Entry
from feeds.util.dates import from_timestamp

_TERMS = ("category", "type", "provider", "provider_name", "language")
_COLUMNS = (entry.c.seq, *(entry.c[name] for name in checksums.ENTRY))


def link_hash(link: str) -> str:
    """Return the stored substitute for the link of a withdrawn entry: equal for equal links."""
    return f"sha256:{hashlib.sha256(link.encode()).hexdigest()[:32]}"


def withdraw(connection: sa.Connection, seqs: Sequence[int], at: int) -> None:
    """Mark these entries as withdrawn at a time in seconds, and erase their content."""
    for batch in batches(seqs):
        statement = select(*_COLUMNS).where(entry.c.seq.in_(batch))
        stored = [dict(row) for row in connection.execute(statement).mappings()]
        rows = [{"at": row["seq"], **_erased({**row, "withdrawn": at})} for row in stored]
        if not rows:
            continue
        values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "at"}
        connection.execute(
            update(entry).where(entry.c.seq == sa.bindparam("at")).values(values), rows
        )
        connection.execute(delete(membership).where(membership.c.entry.in_(batch)))
        connection.execute(delete(fragment).where(fragment.c.entry.in_(batch)))


def _erased(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a withdrawn entry."""
    values = {name: row[name] for name in checksums.ENTRY} | dict.fromkeys(_TERMS)
    if not row["link"].startswith("sha256:"):
        values["link"] = link_hash(row["link"])
    erased = Entry(
        id=row["id"],
        path=row["path"],
        title="",
        link="",
        published=from_timestamp(row["published"]),
        updated=from_timestamp(row["updated"]),
    )
    values["data"] = msgspec.json.encode(erased)
    values["sum"] = checksums.of_entry([values[name] for name in checksums.ENTRY])
    return values
