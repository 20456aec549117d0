"""The base class of the tables of a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete

from feeds.catalogue.selection_sql import among, batches


class Table:
    """One table, or a few that belong together, within one transaction.

    Methods that write need a transaction that may write (`Catalogue.write`).
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        if not self._connection.dialect.positional:
            self._connection.execute(table.insert(), rows)
            return
        # SQLite: the driver takes every value as it is, so skipping SQLAlchemy doubles the speed.
        statement, names = _insert_statement(table, tuple(rows[0]), self._connection.dialect)
        values = itemgetter(*names)
        self._connection.exec_driver_sql(statement, [values(row) for row in rows])

    def _delete(self, column: sa.Column[Any], keys: Iterable[Any]) -> None:
        for batch in batches(list(keys)):
            statement = delete(column.table).where(among(column))
            self._connection.execute(statement, {"keys": list(batch)})


@lru_cache(100)
def _insert_statement(
    table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect
) -> tuple[str, Sequence[str]]:
    """Return the INSERT statement for these columns, and the order of its parameters."""
    compiled = table.insert().compile(dialect=dialect, column_keys=columns)
    return str(compiled), tuple(compiled.positiontup or ())
