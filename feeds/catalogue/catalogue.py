"""The catalogue: opening it. What it says is `feeds.catalogue.reader`, writing is `.writer`.

All speak SQLAlchemy Core, and no SQL of one database.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from feeds.catalogue import damage, engines, migrations, presence, schema
from feeds.catalogue.presence import Make
from feeds.catalogue.schema import meta
from feeds.catalogue.transaction import ReadTransaction, WriteTransaction
from feeds.errors import CatalogueError, DamageError, FeedsError
from feeds.util import private_files

_log = logging.getLogger("feeds")

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


# What SQLite calls a file that is damaged.
_RUINED = ("malformed", "not a database", "database corruption")
# No file has it: it stands for one that is not there yet, or cannot be taken.
_NONE = (-1, -1)


@contextmanager
def _wrapped(name: str) -> Iterator[None]:
    """Turn what a database's state raises into `CatalogueError`; bugs pass."""
    try:
        yield
    except UnicodeDecodeError as error:  # of what SQLite says of a damaged schema
        raise CatalogueError(
            f"the catalogue {name} is damaged: {error}; put a backup in its place"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        # Its kinds are bugs, such as a constraint that fails; itself it is "not a database".
        if not isinstance(error, _FAILURES) and type(error) is not sa.exc.DatabaseError:
            raise
        message = str(getattr(error, "orig", None) or error)
        if "Could not decode to UTF-8" in message:  # SQLite stores text as it comes
            raise DamageError(f"the catalogue {name} is damaged: {message}") from error
        if any(sign in message for sign in _RUINED):
            message += "; put a backup in its place"
        raise CatalogueError(f"the catalogue {name} cannot be used: {message}") from error


class Catalogue:
    """A catalogue at an SQLAlchemy URL. Raises `CatalogueError` if it cannot be opened.

    `patience` is how many seconds a transaction waits for another's before it raises that too:
    less for servers than for builds. `cache` is how much of an SQLite file each of its connections
    keeps in memory, in KiB. `make` says whether a missing or empty one may be made: with `first`
    not where there was one before, for its ids would be lost; with `never`, which is for servers,
    it is opened once it is there, and each use until then raises.
    """

    def __init__(
        self,
        url: str,
        patience: float = _PATIENCE_SECONDS,
        cache: int = _CACHE_KIB,
        make: Make = "always",
    ) -> None:
        parsed = engines.parse_url(url)
        self._name = parsed.render_as_string(hide_password=True)
        self._file = presence.file_of(parsed)
        self._identity: tuple[int, int] | None = None
        self._watched: sqlite3.Connection | None = None
        self._opening = threading.Lock()
        if self._file is not None and presence.is_lost(self._file, make):
            self._identity = _NONE  # such a file is never made
        self._engine = engines.create_engine(
            parsed, patience, cache, lambda: self._identity is None
        )
        if self._identity == _NONE:
            if make == "first":
                raise self.lost()
            return
        try:
            self._create()
        except BaseException:
            self._close()
            raise
        self._identity = presence.identity(self._file)
        if self._file:
            private_files.keep(Path(f"{self._file}{each}") for each in ("", "-wal", "-shm"))

    def lost(self) -> CatalogueError:
        """The error for a catalogue that was here once."""
        return CatalogueError(
            f"{self._name} is gone or empty, and there was a catalogue before: with a new one, all "
            "entries would be new to all subscribers. Put it back, or a backup; if it is lost for "
            "good, say feeds build --force"
        )

    def note_built(self) -> None:
        """Note, beside its file, that there is a catalogue now."""
        if self._file is not None:
            presence.note(self._file)

    def note_damage(self, message: str) -> None:
        """Note that rows are damaged: the next build makes again what can be."""
        with self.read() as reader:
            if reader.meta.get("damaged"):
                return
        with self.connect(write=True) as connection:
            connection.execute(sa.delete(meta).where(meta.c.key == "damaged"))
            connection.execute(meta.insert(), [{"key": "damaged", "value": message}])

    def _create(self) -> None:
        converted = False
        with self.connect() as connection:
            if self._is_made(connection):
                return
        with self.connect(write=True) as connection:
            if self._is_made(connection):
                return  # by another process, meanwhile
            if not sa.inspect(connection).get_table_names():
                migrations.create(connection)
            else:
                migrations.convert(connection)
                converted = True
        if converted and self._engine.dialect.name == "sqlite":
            # What was taken back before is still in pages that are free.
            try:
                with closing(self._engine.raw_connection()) as raw:
                    raw.cursor().execute("VACUUM")
            except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
                _log.warning(
                    "the catalogue %s was converted, but not all that was taken back could be "
                    "cleared (%s); run VACUUM on it",
                    self._name,
                    error,
                )

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
        if known != str(schema.VERSION) and known not in migrations.CONVERTED:
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

    def change_token(self) -> tuple[int, ...]:
        """A cheap sign of change: another one after every build that has changed anything.

        Takes a few microseconds for SQLite, a small query for other databases. Raises
        `CatalogueError` if the catalogue is not there or cannot be read.
        """
        if self._file is None:
            with self.read() as reader:
                return (reader.meta.revision(),)
        self._reopen_if_replaced()
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

    def _reopen_if_replaced(self) -> None:
        """See that the catalogue's file is still there, and the one that is open.

        One that was put in its place is opened instead. None is made anew: ids would be lost.
        """
        if self._identity is None or (found := presence.identity(self._file)) == self._identity:
            return
        if found is None:
            raise CatalogueError(f"{self._name} is gone; put it back, or start again without it")
        with self._opening:
            if found == self._identity:
                return
            self._close()
            self._identity = _NONE  # until it is known to be one
            if self._file is None or not presence.is_built(self._file):
                raise CatalogueError(f"{self._name} was replaced by one that is to be built first")
            self._identity = found
        with self.connect() as connection:
            if not self._is_made(connection):
                self._identity = _NONE
                raise CatalogueError(f"{self._name} was replaced by one that is to be built first")

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """A connection in one transaction: a consistent state, committed at the end."""
        self._reopen_if_replaced()
        options: dict[str, Any] = {"write": write}
        if not write and self._engine.dialect.name == "postgresql":
            # Its default gives each statement a state of its own; SQLite has one a transaction.
            options["isolation_level"] = "REPEATABLE READ"
        with _wrapped(self._name), self._engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                try:
                    yield connection
                except FeedsError:
                    raise
                except Exception as error:
                    # Values that make no sense may be damage; else it is a bug.
                    if _may_be_damage(error, self._engine) and damage.find(connection):
                        raise DamageError(f"{self._name} is damaged: {error}") from error
                    raise

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        """Read one consistent state."""
        with self.connect() as connection:
            yield ReadTransaction(connection)

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """Write in one transaction, which readers see whole or not at all.

        Only one at a time: a second writer waits, and raises `CatalogueError` after `patience`.
        """
        with self.read() as reader:
            is_built = reader.meta.get("revision") != "0"
        with (
            nullcontext() if is_built else self._bulk_load(),
            self.connect(write=True) as connection,
        ):
            yield WriteTransaction(connection)

    @contextmanager
    def _bulk_load(self) -> Iterator[None]:
        """Load a new catalogue fast.

        A new SQLite file is written without a write-ahead log, which would double the work;
        readers wait meanwhile. No effect on other databases, and on files that others have open.
        """
        self._set_journal("DELETE")
        try:
            yield
        finally:
            self._set_journal("WAL")

    def _set_journal(self, mode: str) -> None:
        if self._engine.dialect.name == "sqlite":
            with _wrapped(self._name), closing(self._engine.raw_connection()) as connection:
                engines.set_journal(connection, mode)

    def close(self) -> None:
        """Close every connection."""
        with self._opening:
            self._close()

    def _close(self) -> None:
        self._engine.dispose()
        if self._watched is not None:
            self._watched.close()
            self._watched = None


def _may_be_damage(error: Exception, engine: sa.Engine) -> bool:
    if isinstance(error, sa.exc.SQLAlchemyError):
        return isinstance(error, sa.exc.IntegrityError) and engine.dialect.name == "sqlite"
    return True


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}
