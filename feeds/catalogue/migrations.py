"""Creates the tables of a new catalogue, and converts catalogues of older versions.

Each step is frozen as its version wrote it, because `feeds.catalogue.schema` describes only the
current version. Never change a step; append a new one to `STEPS`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from feeds.catalogue import checksums, schema
from feeds.catalogue.schema import meta


class Step(NamedTuple):
    """Converts a catalogue from one version to the next.

    `{text}`, `{blob}` and `{without_rowid}` in the SQL are replaced for each database. `run` makes
    the changes that SQL cannot express.
    """

    before: str
    after: str
    sql: tuple[str, ...]
    sqlite_only: tuple[str, ...] = ()
    run: Callable[[sa.Connection], None] = lambda _: None


def create(connection: sa.Connection) -> None:
    """Create the tables of the current version in an empty database."""
    schema.metadata.create_all(connection)
    rows = {"schema": str(schema.VERSION), "revision": "0"}
    connection.execute(meta.insert(), [{"key": key, "value": value} for key, value in rows.items()])


def convert(connection: sa.Connection) -> None:
    """Convert a catalogue of an older version (`CONVERTIBLE`) to the current one.

    The memory of entries stays. The steps delete the derived tables and `meta.definitions`, so
    that the next build derives them again for every feed.
    """
    version = connection.scalar(sa.text("SELECT value FROM meta WHERE key = 'schema'"))
    for step in STEPS:
        if step.before == version:
            _execute(connection, step)
            version = step.after
    put = sa.text("UPDATE meta SET value = :version WHERE key = 'schema'")
    connection.execute(put, {"version": version})


def _execute(connection: sa.Connection, step: Step) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    text, blob = ("TEXT", "BLOB") if is_sqlite else ('TEXT COLLATE "C"', "BYTEA")
    without_rowid = " WITHOUT ROWID" if is_sqlite else ""
    for statement in (*step.sql, *(step.sqlite_only if is_sqlite else ())):
        connection.exec_driver_sql(
            statement.replace("{text}", text)
            .replace("{blob}", blob)
            .replace("{without_rowid}", without_rowid)
        )
    step.run(connection)


# The columns of `entry` in version 5, in the order of its checksum.
_ENTRY_5 = (
    "id", "path", "first_seen", "content_hash", "updated", "withdrawn", "published", "link",
    "likeness", "category", "type", "provider", "provider_name", "language", "quality", "heat",
    "data",
)  # fmt: skip
_BATCH = 500


def _fill_5(connection: sa.Connection) -> None:
    """Erase the content of withdrawn entries, as withdrawing does since version 5; add checksums.

    If a later version computes checksums differently, its step computes them again.
    """
    put = sa.text("UPDATE entry SET link = :link, data = :data WHERE seq = :seq")
    for rows in _entries(connection, "withdrawn IS NOT NULL", _ENTRY_5):
        connection.execute(put, [_erased_5(row) for row in rows])
    put = sa.text("UPDATE entry SET sum = :sum WHERE seq = :seq")
    for rows in _entries(connection, "1 = 1", _ENTRY_5):
        sums = [
            {"seq": row["seq"], "sum": checksums.of_entry([row[name] for name in _ENTRY_5])}
            for row in rows
        ]
        connection.execute(put, sums)
    feeds = connection.execute(sa.text("SELECT path, digest, updated, entries, newest FROM feed"))
    put = sa.text("UPDATE feed SET sum = :sum WHERE path = :path")
    for row in feeds.all():
        connection.execute(put, {"path": row[0], "sum": checksums.of_feed(*row)})
    archives = connection.execute(sa.text("SELECT feed, number, digest, updated FROM archive"))
    put = sa.text("UPDATE archive SET sum = :sum WHERE feed = :feed AND number = :number")
    for feed, number, *state in archives.all():
        values = {"feed": feed, "number": number, "sum": checksums.of_archive(number, *state)}
        connection.execute(put, values)


def _erased_5(row: Mapping[str, Any]) -> dict[str, Any]:
    data = {
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
    return {"seq": row["seq"], "link": link, "data": msgspec.json.encode(data)}


def _entries(
    connection: sa.Connection, condition: str, columns: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield these columns of entries, in batches."""
    statement = sa.text(
        f"SELECT seq, {', '.join(columns)} FROM entry WHERE seq > :last AND {condition} "  # noqa: S608
        "ORDER BY seq LIMIT :many"
    )
    last = -1
    while True:
        result = connection.execute(statement, {"last": last, "many": _BATCH})
        rows = [dict(row) for row in result.mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["seq"]


_ENTRY_6 = (*_ENTRY_5[:-1], "source", "data")


def _fill_6(connection: sa.Connection) -> None:
    """Add the new column to the checksums of entries that are not damaged."""
    put = sa.text("UPDATE entry SET sum = :sum WHERE seq = :seq")
    for rows in _entries(connection, "1 = 1", (*_ENTRY_6, "sum")):
        sums = [
            {"seq": row["seq"], "sum": checksums.of_entry([row[name] for name in _ENTRY_6])}
            for row in rows
            if checksums.of_entry([row[name] for name in _ENTRY_5]) == row["sum"]
        ]
        if sums:
            connection.execute(put, sums)


STEPS = (
    Step(
        "2", "3",
        (
            "CREATE TABLE term (fields {text} NOT NULL, slugs {text} NOT NULL, names {text} "
            "NOT NULL, own BOOLEAN NOT NULL, comes BIGINT NOT NULL, entries INTEGER NOT NULL, "
            "PRIMARY KEY (fields, slugs, names, own, comes)){without_rowid}",
            "ALTER TABLE feed ADD COLUMN title {text} DEFAULT '' NOT NULL",
            "ALTER TABLE feed ADD COLUMN revision BIGINT DEFAULT '0' NOT NULL",
            "ALTER TABLE feed ADD COLUMN due BIGINT",
            "DROP INDEX entry_by_link",
            "CREATE INDEX entry_by_link ON entry (link, withdrawn, path)",
            "DELETE FROM meta WHERE key IN ('definitions', 'refreshed')",
        ),
        sqlite_only=(
            "CREATE INDEX file_with_problems ON file (path) WHERE length(problems) > 0",
        ),
    ),
    Step(
        "3", "4",
        (
            "CREATE TABLE place (feed {text} NOT NULL, archive INTEGER NOT NULL, entry INTEGER "
            "NOT NULL, since BIGINT NOT NULL, PRIMARY KEY (feed, archive, entry)){without_rowid}",
            "CREATE INDEX place_by_entry ON place (entry, feed)",
            "CREATE TABLE archive (feed {text} NOT NULL, number INTEGER NOT NULL, digest {text} "
            "NOT NULL, updated BIGINT NOT NULL, revision BIGINT NOT NULL, "
            "PRIMARY KEY (feed, number)){without_rowid}",
            "CREATE TABLE hub (url {text} NOT NULL, tries INTEGER NOT NULL, due BIGINT NOT NULL, "
            "PRIMARY KEY (url))",
            "CREATE TABLE ping (hub {text} NOT NULL, topic {text} NOT NULL, digest {text} "
            "NOT NULL, tries INTEGER NOT NULL, due BIGINT NOT NULL, PRIMARY KEY (hub, topic))",
        ),
    ),
    Step(
        "4", "5",
        (
            "ALTER TABLE entry ADD COLUMN sum BIGINT DEFAULT '0' NOT NULL",
            "ALTER TABLE fragment ADD COLUMN sum BIGINT DEFAULT '0' NOT NULL",
            "ALTER TABLE feed ADD COLUMN sum BIGINT DEFAULT '0' NOT NULL",
            "ALTER TABLE archive ADD COLUMN sum BIGINT DEFAULT '0' NOT NULL",
            "DELETE FROM fragment",
            "DELETE FROM term",
            "DELETE FROM meta WHERE key IN ('definitions', 'terms')",
            "DELETE FROM membership WHERE entry IN "
            "(SELECT seq FROM entry WHERE withdrawn IS NOT NULL)",
            "UPDATE entry SET category = NULL, type = NULL, provider = NULL, "
            "provider_name = NULL, language = NULL WHERE withdrawn IS NOT NULL",
        ),
        run=_fill_5,
    ),
    Step(
        "5", "6",
        (
            "ALTER TABLE entry ADD COLUMN source {text} DEFAULT '' NOT NULL",
            "ALTER TABLE feed ADD COLUMN shown {blob}",
            "CREATE TABLE departure (feed {text} NOT NULL, entry INTEGER NOT NULL, since BIGINT "
            "NOT NULL, PRIMARY KEY (feed, entry)){without_rowid}",
            "CREATE TABLE adopted (entry INTEGER NOT NULL, permalink BOOLEAN NOT NULL, published "
            "BIGINT NOT NULL, updated BIGINT NOT NULL, authored BIGINT NOT NULL, old_id {text} "
            "NOT NULL, old_updated BIGINT NOT NULL, revision BIGINT NOT NULL, PRIMARY KEY (entry))",
            # The next build then reads every article, and fills the column `source`.
            "DELETE FROM meta WHERE key = 'fingerprint'",
        ),
        run=_fill_6,
    ),
)  # fmt: skip
# The versions that can be converted.
CONVERTIBLE = tuple(step.before for step in STEPS)
