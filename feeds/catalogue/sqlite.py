"""SQLite: one file in WAL mode, which may vanish or be replaced while it is open."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from feeds.catalogue import presence, schema
from feeds.catalogue.backend import Backend, create_engine, wrap_errors
from feeds.catalogue.presence import Make
from feeds.errors import CatalogueError
from feeds.util import private_files

_log = logging.getLogger("feeds")

_NO_DATABASE = (None, "", ":memory:")
# The identity of a file that is missing or cannot be used. No file has it.
# Time to wait for readers before the write-ahead log is truncated.
_TRUNCATE_MILLISECONDS = 1_000
_NO_FILE = (-1, -1)


class SQLite(Backend):
    """An SQLite file, or a database in memory.

    `patience`: seconds to wait for a lock. `cache`: page cache of each connection, in KiB.
    """

    def __init__(self, url: sa.URL, patience: float, cache: int, make: Make) -> None:
        self.name = url.render_as_string(hide_password=True)
        self.file = presence.file_of(url)
        self._lock = threading.Lock()
        self._watcher: sqlite3.Connection | None = None
        if self.file is not None and presence.is_lost(self.file, make):
            if make == "first":
                raise lost_error(self.name)
            self.identity = _NO_FILE
        if url.database and self._may_create():
            _create_folder(url)
        if "timeout" not in url.query:
            url = url.update_query_dict({"timeout": str(patience)})
        self.engine = create_engine(url)
        _configure(self.engine, cache, self._may_create)

    def _may_create(self) -> bool:
        return self.identity is None

    @property
    def is_missing(self) -> bool:  # type: ignore[override]
        return self.identity == _NO_FILE

    def note_created(self) -> None:
        self.identity = presence.identity(self.file)
        if self.file:
            private_files.keep(Path(f"{self.file}{suffix}") for suffix in ("", "-wal", "-shm"))

    def note_built(self) -> None:
        if self.file is not None:
            presence.note(self.file)

    def change_token(self) -> tuple[int, ...] | None:
        if self.file is None:
            return None
        with self._lock:
            try:
                watcher = self._watcher = self._watcher or self._separate_connection()
                version = watcher.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                raise CatalogueError(f"{self.name} cannot be used: {error}") from error
            return (*(self.identity or ()), version)

    def _separate_connection(self) -> sqlite3.Connection:
        """Open a connection outside the pool: `data_version` shows commits of other connections."""
        with wrap_errors(self.name):
            pooled = self.engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError(f"{connection!r} is not a connection of sqlite3")
        return connection

    def reopen_if_replaced(self) -> bool:
        """As in `Backend`. A missing file is never created again, because ids would be lost."""
        if self.identity is None or (current := presence.identity(self.file)) == self.identity:
            return False
        if current is None:
            raise CatalogueError(f"{self.name} is gone; put it back, or restart without it")
        with self._lock:
            if current == self.identity:
                return False
            self._close()
            self.identity = _NO_FILE  # until it turns out to be a catalogue
            if self.file is None or not presence.is_built(self.file):
                raise not_built_error(self.name)
            self.identity = current
        return True

    def reject(self) -> None:
        self.identity = _NO_FILE

    @contextmanager
    def bulk_load(self) -> Iterator[None]:
        """Write without a write-ahead log, which would double the work. Readers wait meanwhile.

        No effect if other connections have the file open.
        """
        self._set_journal("DELETE")
        try:
            yield
        finally:
            self._set_journal("WAL")

    def _set_journal(self, mode: str) -> None:
        with wrap_errors(self.name), closing(self.engine.raw_connection()) as connection:
            _set_journal(connection, mode)

    def truncate_log(self) -> bool:
        with wrap_errors(self.name), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_TRUNCATE_MILLISECONDS}")
            try:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:  # locked
                busy = True
            connection.detach()  # because of its busy timeout
        return not busy

    def vacuum(self) -> None:
        """Rewrite the file, because deleted content is still in its free pages."""
        try:
            with closing(self.engine.raw_connection()) as raw:
                raw.cursor().execute("VACUUM")
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            _log.warning(
                "the catalogue %s was converted, but withdrawn content may remain in free pages "
                "of the file (%s); run VACUUM on it",
                self.name,
                error,
            )

    def may_be_damage(self, error: Exception) -> bool:
        return isinstance(error, sa.exc.IntegrityError) or super().may_be_damage(error)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        super().close()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None


def lost_error(name: str) -> CatalogueError:
    """Return the error for a catalogue that is missing, although it was built before."""
    return CatalogueError(
        f"{name} is gone or empty, but there was a catalogue before: with a new one, all entries "
        "would be new to all subscribers. Put it back, restore a backup, or run feeds memory "
        "import with an exported memory; if it is lost for good, run feeds build --force"
    )


def not_built_error(name: str) -> CatalogueError:
    """Return the error for a file that was put in the catalogue's place, and is not a catalogue."""
    return CatalogueError(f"{name} was replaced by a file that has not been built yet")


def _create_folder(url: sa.URL) -> None:
    try:
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueError(
            f"the folder of the catalogue {url!r} cannot be created: {error.strerror}"
        ) from error


def _configure(engine: sa.Engine, cache: int, may_create: Callable[[], bool]) -> None:
    """Use WAL, so that readers never wait, and begin transactions explicitly.

    If no file may be created, a missing one is an error.
    """

    @sa.event.listens_for(engine, "do_connect")
    def connecting(_d: object, _r: object, cargs: list[Any], cparams: dict[str, Any]) -> None:
        if not may_create() and not cparams.get("uri"):
            cargs[0] = f"file:{quote(cargs[0])}?mode=rw"
            cparams["uri"] = True
        elif engine.url.database not in _NO_DATABASE and not cparams.get("uri"):
            # The files that SQLite puts beside it get the same mode. Errors are left to SQLite.
            with suppress(OSError):
                private_files.create(Path(cargs[0]))

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA page_size=16384")  # fits an entry with its fragments
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")  # withdrawn content stays in no free page
        connection.execute(f"PRAGMA cache_size=-{cache}")
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in connection.execute(names)}
        # The file of another program is not modified.
        if not tables or tables >= schema.metadata.tables.keys():
            _set_journal(connection, "WAL")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _set_journal(connection: sqlite3.Connection | sa.PoolProxiedConnection, mode: str) -> None:
    """Change the journal mode, unless other connections use the file."""
    with suppress(sqlite3.OperationalError):
        connection.cursor().execute(f"PRAGMA journal_mode={mode}")


def check_integrity(connection: sa.Connection) -> None:
    """Raise `CatalogueError` if an SQLite file is damaged. Damaged indexes are rebuilt."""
    if connection.dialect.name != "sqlite":
        return
    fault = _fault(connection)
    if fault and connection.get_execution_options().get("write"):
        connection.exec_driver_sql("REINDEX")
        fault = _fault(connection)
    if fault:
        raise CatalogueError(
            f"the catalogue is damaged ({fault.splitlines()[-1]}); replace it with a backup"
        )


def _fault(connection: sa.Connection) -> str:
    fault = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
    return "" if fault == "ok" else fault


@contextmanager
def invalid_text_replaced(connection: sa.Connection) -> Iterator[None]:
    """Read invalid UTF-8 with replacement characters instead of raising. Only for SQLite."""
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    before: Callable[[bytes], Any] = driver.text_factory
    driver.text_factory = lambda text: text.decode(errors="replace")
    try:
        yield
    finally:
        driver.text_factory = before
