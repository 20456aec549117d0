"""Making the tables of a new catalogue, and those of an older version into ours."""

import sqlalchemy as sa
from sqlalchemy import delete, select, update
from sqlalchemy.schema import CreateColumn

from feeds.catalogue import schema
from feeds.catalogue.schema import entry, feed, file, meta

# The versions that can be converted.
CONVERTED = ("2", "3")


def create(connection: sa.Connection) -> None:
    """Make the tables in an empty database."""
    schema.metadata.create_all(connection)
    rows = {"schema": str(schema.VERSION), "revision": "0"}
    connection.execute(meta.insert(), [{"key": key, "value": value} for key, value in rows.items()])


def convert(connection: sa.Connection) -> None:
    """Bring a catalogue of version 2 or 3 to ours; what it remembers stays.

    All that is counted beside the entries since version 3 is made by the next build, which looks
    at every feed, for it finds no definitions.
    """
    before = connection.scalar(select(meta.c.value).where(meta.c.key == "schema"))
    schema.metadata.create_all(connection)  # the tables that are new
    if before == "2":
        _add_counts(connection)
    connection.execute(update(meta).where(meta.c.key == "schema").values(value=str(schema.VERSION)))


def _add_counts(connection: sa.Connection) -> None:
    """What version 3 has beside the entries."""
    for name in ("title", "revision", "due"):
        column = CreateColumn(feed.c[name]).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE feed ADD COLUMN {column}")
    by_link = next(index for index in entry.indexes if index.name == "entry_by_link")
    by_link.drop(connection)
    by_link.create(connection)
    for index in file.indexes:
        index.create(connection)
    connection.execute(delete(meta).where(meta.c.key.in_(["definitions", "refreshed"])))
