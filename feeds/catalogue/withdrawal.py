"""What stays of a withdrawn entry: its memory, and nothing that could be read."""

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


def link_hash(plain: str) -> str:
    """What stands for the link of a withdrawn entry: it tells one that is the same, no more."""
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()[:32]}"


def withdraw(connection: sa.Connection, seqs: Sequence[int], at: int) -> None:
    """Note that these entries were withdrawn, in seconds, and forget what they said."""
    for part in batches(seqs):
        asked = select(*_COLUMNS).where(entry.c.seq.in_(part))
        known = [dict(row) for row in connection.execute(asked).mappings()]
        rows = [{"at": row["seq"], **_blanked({**row, "withdrawn": at})} for row in known]
        if not rows:
            continue
        values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "at"}
        connection.execute(
            update(entry).where(entry.c.seq == sa.bindparam("at")).values(values), rows
        )
        connection.execute(delete(membership).where(membership.c.entry.in_(part)))
        connection.execute(delete(fragment).where(fragment.c.entry.in_(part)))


def _blanked(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a withdrawn entry: its id, path, dates and hashes."""
    values = {name: row[name] for name in checksums.ENTRY} | dict.fromkeys(_TERMS)
    if not row["link"].startswith("sha256:"):
        values["link"] = link_hash(row["link"])
    kept = Entry(
        id=row["id"],
        path=row["path"],
        title="",
        link="",
        published=from_timestamp(row["published"]),
        updated=from_timestamp(row["updated"]),
    )
    values["data"] = msgspec.json.encode(kept)
    values["sum"] = checksums.of_entry([values[name] for name in checksums.ENTRY])
    return values
