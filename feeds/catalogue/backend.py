"""The database of a catalogue. `Backend` is PostgreSQL; `feeds.catalogue.sqlite` overrides it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa

from feeds.errors import CatalogueError, DamageError

# Exceptions for a database that is unreachable, busy, full or damaged.
_FAILURES = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)
# Parts of SQLite's messages about damaged files.
_DAMAGE_SIGNS = ("malformed", "not a database", "database corruption")


class Backend:
    """An engine, and the ways in which databases differ. Raises `CatalogueError`.

    `file` and `identity` (device and inode) are None unless the database is a file.
    """

    file: str | None = None
    identity: tuple[int, int] | None = None
    # True if there is no usable database yet, and none may be created.
    is_missing = False

    def __init__(self, url: sa.URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        self.engine = create_engine(url)

    def transaction_options(self, *, write: bool) -> dict[str, Any]:
        """Return the execution options of a connection that begins a transaction."""
        options: dict[str, Any] = {"write": write}
        if not write and self.engine.dialect.name == "postgresql":
            # By default, each statement sees a separate snapshot.
            options["isolation_level"] = "REPEATABLE READ"
        return options

    def note_created(self) -> None:
        """Finish opening: the tables exist now."""

    def note_built(self) -> None:
        """Leave a mark that a build has written to the catalogue."""

    def change_token(self) -> tuple[int, ...] | None:
        """Return a value that differs after every commit; None if only the tables show it."""
        return None

    def reopen_if_replaced(self) -> bool:
        """Reopen the database if another has replaced it; return whether that was the case."""
        return False

    def reject(self) -> None:
        """Do not use a database that was reopened."""

    def bulk_load(self) -> AbstractContextManager[None]:
        """Return a context in which a new catalogue is written at once."""
        return nullcontext()

    def vacuum(self) -> None:
        """Erase deleted rows from the storage, as far as the database does not do so itself."""

    def truncate_log(self) -> bool:
        """Erase committed pages from the write-ahead log; return whether that was possible."""
        return True

    def may_be_damage(self, error: Exception) -> bool:
        """Return whether an exception raised within a transaction may be due to damaged rows."""
        return not isinstance(error, sa.exc.SQLAlchemyError)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def parse_url(url: str) -> sa.URL:
    """Parse the URL of a catalogue. Raises `CatalogueError`."""
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # The URL is not quoted, because an unreadable one may hold a password anywhere.
        raise CatalogueError(
            "the catalogue's URL cannot be read; an example of a valid one is "
            "postgresql://user@host/name"
        ) from None


def create_engine(url: sa.URL) -> sa.Engine:
    """Create an engine. Raises `CatalogueError`."""
    try:
        return sa.create_engine(url)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        raise CatalogueError(
            f"the catalogue {url!r} needs a driver that is not installed: {error}"
        ) from error
    except (sa.exc.ArgumentError, ValueError):
        # Not SQLAlchemy's message, which may contain the password.
        raise CatalogueError(f"the catalogue {url!r} is not the URL of a database") from None


@contextmanager
def wrap_errors(name: str) -> Iterator[None]:
    """Raise `CatalogueError` for failures of the database `name`. Errors of our code pass."""
    try:
        yield
    except UnicodeDecodeError as error:  # raised for a damaged SQLite schema
        raise CatalogueError(
            f"the catalogue {name} is damaged: {error}; replace it with a backup"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        # SQLite raises plain `DatabaseError` for "not a database"; its subclasses, such as
        # `IntegrityError`, are bugs.
        if not isinstance(error, _FAILURES) and type(error) is not sa.exc.DatabaseError:
            raise
        message = str(getattr(error, "orig", None) or error)
        if "Could not decode to UTF-8" in message:  # SQLite does not validate stored text
            raise DamageError(f"the catalogue {name} is damaged: {message}") from error
        if any(sign in message for sign in _DAMAGE_SIGNS):
            message += "; replace it with a backup"
        raise CatalogueError(f"the catalogue {name} cannot be used: {message}") from error
