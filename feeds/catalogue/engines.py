"""Engines for the databases that a catalogue may be in."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from feeds.catalogue import schema
from feeds.errors import CatalogueError
from feeds.util import private_files


def parse_url(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # Not told as it stands: what cannot be read may hold a password anywhere.
        said = "the catalogue's URL cannot be read; write for example postgresql://user@host/name"
        raise CatalogueError(said) from None


def create_engine(
    url: sa.URL, patience: float, cache: int, may_make: Callable[[], bool]
) -> sa.Engine:
    if url.drivername.partition("+")[0] != "sqlite":
        return _opened(url)
    if url.database and may_make():
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"the folder of the catalogue {url!r} cannot be made: {error.strerror}"
            raise CatalogueError(said) from error
    if "timeout" not in url.query:
        url = url.update_query_dict({"timeout": str(patience)})
    made = _opened(url)
    _prepare_sqlite(made, cache, may_make)
    return made


def _opened(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        said = f"the catalogue {url!r} needs a driver that is not installed: {error}"
        raise CatalogueError(said) from error
    except (sa.exc.ArgumentError, ValueError):
        # In our words, for SQLAlchemy's may hold the password.
        raise CatalogueError(f"the catalogue {url!r} is no URL of a database") from None


def _prepare_sqlite(engine: sa.Engine, cache: int, may_make: Callable[[], bool]) -> None:
    """WAL, so that readers never wait, and transactions that begin when they say so.

    Where no file may be made a missing one is an error.
    """

    @sa.event.listens_for(engine, "do_connect")
    def connecting(_d: object, _r: object, cargs: list[Any], cparams: dict[str, Any]) -> None:
        if not may_make() and not cparams.get("uri"):
            cargs[0] = f"file:{quote(cargs[0])}?mode=rw"
            cparams["uri"] = True
        elif engine.url.database not in (None, "", ":memory:") and not cparams.get("uri"):
            with suppress(OSError):  # it is there, or SQLite says better why it cannot be made
                private_files.create(
                    Path(cargs[0])
                )  # what SQLite puts beside it gets the same mode

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA page_size=16384")  # an entry with its fragments fits into one
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")  # what is taken back is in no free page
        connection.execute(f"PRAGMA cache_size=-{cache}")
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in connection.execute(names)}
        if (
            not tables or tables >= schema.metadata.tables.keys()
        ):  # a file that is another program's stays as it is
            set_journal(connection, "WAL")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def set_journal(connection: sqlite3.Connection | sa.PoolProxiedConnection, mode: str) -> None:
    """Write by this journal from now on; as before while others use the file."""
    with suppress(sqlite3.OperationalError):
        connection.cursor().execute(f"PRAGMA journal_mode={mode}")
