"""Making the tables of a new catalogue, and those of an older version into ours.

Each step is written out as its version had it: tables of today would be another version's.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from feeds.catalogue import checksums, schema
from feeds.catalogue.schema import meta

# The versions that can be converted.
CONVERTED = ("2", "3", "4")

_TO_3 = (
    "CREATE TABLE term (fields {text} NOT NULL, slugs {text} NOT NULL, names {text} NOT NULL, "
    "own BOOLEAN NOT NULL, comes BIGINT NOT NULL, entries INTEGER NOT NULL, "
    "PRIMARY KEY (fields, slugs, names, own, comes)){without_rowid}",
    "ALTER TABLE feed ADD COLUMN title {text} DEFAULT '' NOT NULL",
    "ALTER TABLE feed ADD COLUMN revision BIGINT DEFAULT '0' NOT NULL",
    "ALTER TABLE feed ADD COLUMN due BIGINT",
    "DROP INDEX entry_by_link",
    "CREATE INDEX entry_by_link ON entry (link, withdrawn, path)",
    "DELETE FROM meta WHERE key IN ('definitions', 'refreshed')",
)
_TO_3_SQLITE = "CREATE INDEX file_with_problems ON file (path) WHERE length(problems) > 0"
_TO_4 = (
    "CREATE TABLE place (feed {text} NOT NULL, archive INTEGER NOT NULL, entry INTEGER NOT NULL, "
    "since BIGINT NOT NULL, PRIMARY KEY (feed, archive, entry)){without_rowid}",
    "CREATE INDEX place_by_entry ON place (entry, feed)",
    "CREATE TABLE archive (feed {text} NOT NULL, number INTEGER NOT NULL, digest {text} NOT NULL, "
    "updated BIGINT NOT NULL, revision BIGINT NOT NULL, "
    "PRIMARY KEY (feed, number)){without_rowid}",
    "CREATE TABLE hub (url {text} NOT NULL, tries INTEGER NOT NULL, due BIGINT NOT NULL, "
    "PRIMARY KEY (url))",
    "CREATE TABLE ping (hub {text} NOT NULL, topic {text} NOT NULL, digest {text} NOT NULL, "
    "tries INTEGER NOT NULL, due BIGINT NOT NULL, PRIMARY KEY (hub, topic))",
)
_TO_5 = (
    *(
        f"ALTER TABLE {table} ADD COLUMN sum BIGINT DEFAULT '0' NOT NULL"
        for table in ("entry", "fragment", "feed", "archive")
    ),
    # Rendered again by the next build, which looks at every feed, for it finds no definitions.
    "DELETE FROM fragment",
    "DELETE FROM term",
    "DELETE FROM meta WHERE key IN ('definitions', 'terms')",
    "DELETE FROM membership WHERE entry IN (SELECT seq FROM entry WHERE withdrawn IS NOT NULL)",
    "UPDATE entry SET category = NULL, type = NULL, provider = NULL, provider_name = NULL, "
    "language = NULL WHERE withdrawn IS NOT NULL",
)
_IN_5 = (
    "id", "path", "first_seen", "content_hash", "updated", "withdrawn", "published", "link",
    "likeness", "category", "type", "provider", "provider_name", "language", "quality", "heat",
    "data",
)  # fmt: skip
_AT_ONCE = 500


def create(connection: sa.Connection) -> None:
    """Make the tables in an empty database."""
    schema.metadata.create_all(connection)
    rows = {"schema": str(schema.VERSION), "revision": "0"}
    connection.execute(meta.insert(), [{"key": key, "value": value} for key, value in rows.items()])


def convert(connection: sa.Connection) -> None:
    """Bring a catalogue of version 2, 3 or 4 to ours; what it remembers stays.

    All that is counted beside the entries since version 3 is made by the next build, which looks
    at every feed, for it finds no definitions.
    """
    found = sa.text("SELECT value FROM meta WHERE key = 'schema'")
    before = connection.scalar(found)
    if before == "2":
        _run(connection, *_TO_3)
        if connection.dialect.name == "sqlite":
            _run(connection, _TO_3_SQLITE)
    if before in ("2", "3"):
        _run(connection, *_TO_4)
    _run(connection, *_TO_5)
    _blank(connection)
    _sum(connection)
    _run(connection, "UPDATE meta SET value = '5' WHERE key = 'schema'")


def _run(connection: sa.Connection, *statements: str) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    text = "TEXT" if is_sqlite else 'TEXT COLLATE "C"'
    without_rowid = " WITHOUT ROWID" if is_sqlite else ""
    for statement in statements:
        said = statement.replace("{text}", text).replace("{without_rowid}", without_rowid)
        connection.exec_driver_sql(said)


def _blank(connection: sa.Connection) -> None:
    """Forget what withdrawn entries said, as withdrawing does since version 5."""
    put = sa.text("UPDATE entry SET link = :link, data = :data WHERE seq = :seq")
    for rows in _entries(connection, "withdrawn IS NOT NULL"):
        connection.execute(put, [_blanked(row) for row in rows])


def _blanked(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        "id": row["id"],
        "path": row["path"],
        "title": "",
        "link": "",
        "published": datetime.fromtimestamp(row["published"], UTC),
        "updated": datetime.fromtimestamp(row["updated"], UTC),
    }
    link = row["link"]
    if not link.startswith("sha256:"):
        link = f"sha256:{hashlib.sha256(link.encode()).hexdigest()[:32]}"
    return {"seq": row["seq"], "link": link, "data": msgspec.json.encode(kept)}


def _sum(connection: sa.Connection) -> None:
    """Give all rows their sums."""
    put = sa.text("UPDATE entry SET sum = :sum WHERE seq = :seq")
    for rows in _entries(connection, "1 = 1"):
        known = [
            {"seq": row["seq"], "sum": checksums.of_entry([row[name] for name in _IN_5])}
            for row in rows
        ]
        connection.execute(put, known)
    feeds = connection.execute(sa.text("SELECT path, digest, updated, entries, newest FROM feed"))
    for row in feeds.all():
        values = {"path": row[0], "sum": checksums.of_feed(*row)}
        connection.execute(sa.text("UPDATE feed SET sum = :sum WHERE path = :path"), values)
    archives = connection.execute(sa.text("SELECT feed, number, digest, updated FROM archive"))
    put = sa.text("UPDATE archive SET sum = :sum WHERE feed = :feed AND number = :number")
    for feed, number, *shows in archives.all():
        values = {"feed": feed, "number": number, "sum": checksums.of_archive(number, *shows)}
        connection.execute(put, values)


def _entries(connection: sa.Connection, wanted: str) -> Iterator[list[dict[str, Any]]]:
    """The entries, a few at a time."""
    asked = sa.text(
        f"SELECT seq, {', '.join(_IN_5)} FROM entry WHERE seq > :last AND {wanted} "  # noqa: S608
        "ORDER BY seq LIMIT :many"
    )
    last = -1
    while True:
        found = connection.execute(asked, {"last": last, "many": _AT_ONCE})
        rows = [dict(row) for row in found.mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["seq"]
