"""The catalogue: opening it. What it says is `feeds.catalogue.reader`, writing is `.writer`.

All speak SQLAlchemy Core, and no SQL of one database.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import select

from feeds import private
from feeds.catalogue import migration, schema
from feeds.catalogue.feeds import FeedState, Shown, moment
from feeds.catalogue.reader import Memory, Reader, Seen, Standing
from feeds.catalogue.schema import meta
from feeds.errors import CatalogueError

__all__ = ["Catalogue", "FeedState", "Memory", "Reader", "Seen", "Shown", "Standing", "moment"]

# How long a transaction waits for another's, unless the URL says it: sqlite:///f?timeout=5
_PATIENCE_SECONDS = 30
# What a connection to an SQLite file keeps of it in memory, in KiB.
_CACHE_KIB = 32_000


# What a database that is away, busy, full or damaged raises.
_FAILURES = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)


@contextmanager
def _wrapped(name: str) -> Iterator[None]:
    """Turn what a database's state raises into `CatalogueError`; bugs pass."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        # Its kinds are bugs, such as a constraint that fails; itself it is "not a database".
        if not isinstance(error, _FAILURES) and type(error) is not sa.exc.DatabaseError:
            raise
        said = str(getattr(error, "orig", None) or error)
        raise CatalogueError(f"the catalogue {name} cannot be used: {said}") from error


class Catalogue:
    """A catalogue at an SQLAlchemy URL. Raises `CatalogueError` if it cannot be opened.

    `patience` is how many seconds a transaction waits for another's before it raises that too:
    less for servers than for builds. `cache` is how much of an SQLite file each of its connections
    keeps in memory, in KiB.
    """

    def __init__(
        self, url: str, patience: float = _PATIENCE_SECONDS, cache: int = _CACHE_KIB
    ) -> None:
        parsed = _parsed(url)
        self._name = parsed.render_as_string(hide_password=True)
        self._file = _file(parsed)
        self._identity: tuple[int, int] | None = None
        self._engine = _engine(parsed, patience, cache, lambda: self._identity is None)
        self._watched: sqlite3.Connection | None = None
        self._opening = threading.Lock()
        try:
            self._create()
        except BaseException:
            self._close()
            raise
        self._identity = _identity(self._file)
        if self._file:
            private.keep(Path(f"{self._file}{each}") for each in ("", "-wal", "-shm"))

    def _create(self) -> None:
        with self.connect() as connection:
            if self._is_made(connection):
                return
        with self.connect(write=True) as connection:
            if self._is_made(connection):
                return  # by another process, meanwhile
            if not sa.inspect(connection).get_table_names():
                migration.create(connection)
            else:
                migration.convert(connection)

    def _is_made(self, connection: sa.Connection) -> bool:
        """Whether our tables are there; raises `CatalogueError` where others' are."""
        tables = sa.inspect(connection).get_table_names()
        if not tables:
            return False
        known = None
        if "meta" in tables and _columns(connection, "meta") == set(meta.c.keys()):
            known = connection.scalar(select(meta.c.value).where(meta.c.key == "schema"))
        if known is None:
            raise CatalogueError(f"{self._name} is another program's database; name another")
        if known != str(schema.VERSION) and known not in migration.CONVERTED:
            raise CatalogueError(
                f"{self._name} has schema {known}, this version needs {schema.VERSION} and cannot "
                "convert it: use the version that made it; delete it only if the ids and dates "
                "of entries need not be kept"
            )
        return bool(known == str(schema.VERSION))

    @property
    def file(self) -> str | None:
        """The file that it is in; None for a database that is none."""
        return self._file

    @property
    def identity(self) -> tuple[int, int] | None:
        """Which file is open; None for a database that is none."""
        return self._identity

    def stamp(self) -> tuple[int, ...]:
        """A cheap sign of change: another one after every build that has changed anything.

        Takes a few microseconds for SQLite, a small query for other databases. Raises
        `CatalogueError` if the catalogue is not there or cannot be read.
        """
        if self._file is None:
            with self.read() as reader:
                return (reader.revision(),)
        self._look()
        with self._opening:
            try:
                watched = self._watched = self._watched or self._connected()
                version = watched.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                raise CatalogueError(f"{self._name} cannot be used: {error}") from error
            return (*(self._identity or ()), version)

    def _connected(self) -> sqlite3.Connection:
        """A connection of its own: `data_version` tells what others have committed."""
        with _wrapped(self._name):
            pooled = self._engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError(f"{connection!r} is no connection of sqlite3")
        return connection

    def _look(self) -> None:
        """See that the catalogue's file is still there, and the one that is open.

        One that was put in its place is opened instead. None is made anew: ids would be lost.
        """
        if self._identity is None or (found := _identity(self._file)) == self._identity:
            return
        if found is None:
            raise CatalogueError(f"{self._name} is gone; put it back, or start again without it")
        with self._opening:
            if found != self._identity:
                self._close()
                self._identity = found
        with self.connect() as connection:
            if not self._is_made(connection):
                raise CatalogueError(f"{self._name} was replaced by one that is to be built first")

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """A connection in one transaction: a consistent state, committed at the end."""
        self._look()
        options: dict[str, Any] = {"write": write}
        if not write and self._engine.dialect.name == "postgresql":
            # Its default gives each statement a state of its own; SQLite has one a transaction.
            options["isolation_level"] = "REPEATABLE READ"
        with _wrapped(self._name), self._engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Read one consistent state."""
        with self.connect() as connection:
            yield Reader(connection)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """What is written now is most of all there will be, and nobody reads meanwhile.

        In a new SQLite file, everything is then written once: a write-ahead log would be copied
        into the file. Whoever does read all the same waits. Where others have the file open
        already, or with other databases, nothing is different.
        """
        self._set_journal("DELETE")
        try:
            yield
        finally:
            self._set_journal("WAL")

    def _set_journal(self, mode: str) -> None:
        if self._engine.dialect.name == "sqlite":
            with _wrapped(self._name), closing(self._engine.raw_connection()) as connection:
                _set_journal(connection, mode)

    def close(self) -> None:
        """Close every connection."""
        with self._opening:
            self._close()

    def _close(self) -> None:
        self._engine.dispose()
        if self._watched is not None:
            self._watched.close()
            self._watched = None


def _file(url: sa.URL) -> str | None:
    """The file of an SQLite catalogue; None for other databases, and for one in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return url.database


def _identity(file: str | None) -> tuple[int, int] | None:
    """Which file is there; None if there is none."""
    if file is not None:
        with suppress(OSError):
            stat = os.stat(file)  # noqa: PTH116 - asked often, and this is three times as fast
            return stat.st_dev, stat.st_ino
    return None


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # Not told as it stands: what cannot be read may hold a password anywhere.
        said = "the catalogue's URL cannot be read; write for example postgresql://user@host/name"
        raise CatalogueError(said) from None


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def _engine(url: sa.URL, patience: float, cache: int, may_make: Callable[[], bool]) -> sa.Engine:
    if url.drivername.partition("+")[0] != "sqlite":
        return _opened(url)
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"the folder of the catalogue {url!r} cannot be made: {error.strerror}"
            raise CatalogueError(said) from error
    if "timeout" not in url.query:
        url = url.update_query_dict({"timeout": str(patience)})
    engine = _opened(url)
    _prepare_sqlite(engine, cache, may_make)
    return engine


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
                private.create(Path(cargs[0]))  # what SQLite puts beside it gets the same mode

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA page_size=16384")  # an entry with its fragments fits into one
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{cache}")
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in connection.execute(names)}
        if (
            not tables or tables >= schema.metadata.tables.keys()
        ):  # a file that is another program's stays as it is
            _set_journal(connection, "WAL")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _set_journal(connection: sqlite3.Connection | sa.PoolProxiedConnection, mode: str) -> None:
    """Write by this journal from now on; as before while others use the file."""
    with suppress(sqlite3.OperationalError):
        connection.cursor().execute(f"PRAGMA journal_mode={mode}")
