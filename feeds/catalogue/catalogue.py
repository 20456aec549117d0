"""The catalogue: opens the database and begins transactions (`feeds.catalogue.transaction`)."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import sqlalchemy as sa
from sqlalchemy import select

from feeds.catalogue import backend, damage, migrations, schema
from feeds.catalogue.backend import Backend
from feeds.catalogue.presence import Make
from feeds.catalogue.schema import meta
from feeds.catalogue.sqlite import SQLite, lost_error, not_built_error
from feeds.catalogue.transaction import ReadTransaction, WriteTransaction
from feeds.errors import CatalogueError, DamageError, FeedsError

# Seconds that a transaction waits for a lock, unless the URL says otherwise: sqlite:///f?timeout=5
_PATIENCE_SECONDS = 30
# Page cache of each connection to an SQLite file, in KiB.
_CACHE_KIB = 32_000


class Catalogue:
    """A catalogue at an SQLAlchemy URL. Raises `CatalogueError` if it cannot be opened.

    `patience`: seconds that a transaction waits for a lock before it raises `CatalogueError`.
    Servers use less than builds. `cache`: page cache of each connection to an SQLite file, in KiB.
    `make`: whether a missing or empty SQLite file may be created. With `first`, not if there was
    a catalogue before, because its ids would be lost. With `never`, for servers, the catalogue is
    opened as soon as it exists, and each use until then raises `CatalogueError`.
    """

    def __init__(
        self,
        url: str,
        patience: float = _PATIENCE_SECONDS,
        cache: int = _CACHE_KIB,
        make: Make = "always",
    ) -> None:
        parsed = backend.parse_url(url)
        self._backend: Backend = (
            SQLite(parsed, patience, cache, make)
            if parsed.get_backend_name() == "sqlite"
            else Backend(parsed)
        )
        if self._backend.is_missing:
            return
        try:
            self._create_or_convert()
        except BaseException:
            self._backend.close()
            raise
        self._backend.note_created()

    def _create_or_convert(self) -> None:
        with self.connect() as connection:
            if self._is_current(connection):
                return
        with self.connect(write=True) as connection:
            if self._is_current(connection):
                return  # another process was faster
            if not sa.inspect(connection).get_table_names():
                migrations.create(connection)
                return
            migrations.convert(connection)
        self._backend.vacuum()

    def _is_current(self, connection: sa.Connection) -> bool:
        """Return whether the tables exist in the current version.

        Raises `CatalogueError` if the database belongs to another program, or cannot be converted.
        """
        tables = sa.inspect(connection).get_table_names()
        if not tables:
            return False
        version = None
        if "meta" in tables and _columns(connection, "meta") == set(meta.c.keys()):
            version = connection.scalar(select(meta.c.value).where(meta.c.key == "schema"))
        if version is None:
            raise CatalogueError(f"{self._backend.name} is another program's database; use another")
        if version != str(schema.VERSION) and version not in migrations.CONVERTIBLE:
            raise CatalogueError(
                f"{self._backend.name} has schema {version}, this version needs {schema.VERSION} "
                "and cannot convert it: use the version that created it; delete it only if the "
                "ids and dates of entries need not be kept"
            )
        return bool(version == str(schema.VERSION))

    @property
    def file(self) -> str | None:
        """The path of an SQLite file; None for other databases."""
        return self._backend.file

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the open SQLite file; None for other databases."""
        return self._backend.identity

    def change_token(self) -> tuple[int, ...]:
        """Return a value that differs after every build that has changed anything.

        Takes a few microseconds with SQLite, and a small query with other databases. Raises
        `CatalogueError` if the catalogue is missing or cannot be read.
        """
        self._reopen_if_replaced()
        if (token := self._backend.change_token()) is not None:
            return token
        with self.read() as reader:
            return (reader.meta.revision(),)

    def _reopen_if_replaced(self) -> None:
        if not self._backend.reopen_if_replaced():
            return
        with self.connect() as connection:
            if not self._is_current(connection):
                self._backend.reject()
                raise not_built_error(self._backend.name)

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
            nullcontext() if is_built else self._backend.bulk_load(),
            self.connect(write=True) as connection,
        ):
            yield WriteTransaction(connection)

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """Return a connection in one transaction, which is committed at the end.

        Raises `DamageError` if the body fails on values that turn out to be damaged.
        """
        self._reopen_if_replaced()
        engine, name = self._backend.engine, self._backend.name
        with backend.wrap_errors(name), engine.connect() as connection:
            options = self._backend.transaction_options(write=write)
            connection = connection.execution_options(**options)
            with connection.begin():
                try:
                    yield connection
                except FeedsError:
                    raise
                except Exception as error:
                    # Senseless values may be damage; otherwise it is a bug.
                    if self._backend.may_be_damage(error) and damage.find(connection):
                        raise DamageError(f"{name} is damaged: {error}") from error
                    raise

    def lost_error(self) -> CatalogueError:
        """Return the error for a missing catalogue of which a mark says that it was built."""
        return lost_error(self._backend.name)

    def note_built(self) -> None:
        """Mark an SQLite file as built, so that its loss is noticed later."""
        self._backend.note_built()

    def truncate_log(self) -> bool:
        """Erase withdrawn content from SQLite's write-ahead log; False if a reader uses it."""
        return self._backend.truncate_log()

    def note_exported(self, revision: int) -> None:
        """Store that this revision was exported, so that adopted ids may be out."""
        with self.read() as reader:
            if reader.meta.get("exported") == str(revision):
                return
        with self.write() as writer:
            writer.meta.put("exported", str(revision))

    def note_damage(self, message: str) -> None:
        """Have the next build repair the damaged rows."""
        with self.read() as reader:
            if reader.meta.get("damaged"):
                return
        with self.write() as writer:
            writer.meta.put("damaged", message)

    @contextmanager
    def damage_noted(self) -> Iterator[None]:
        """Note a `DamageError` for the next build to repair, and raise `CatalogueError` instead."""
        try:
            yield
        except DamageError as error:
            self.note_damage(str(error))
            raise CatalogueError(
                f"{error}; nothing based on it was written. Run the same command again to restore "
                "what the articles can restore"
            ) from error

    def close(self) -> None:
        """Close every connection."""
        self._backend.close()


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}
