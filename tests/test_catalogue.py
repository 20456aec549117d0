"""The catalogue: the same order in every database, and errors that tell no secret."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from feeds.catalogue import schema
from feeds.catalogue.store import Catalogue
from feeds.catalogue.writer import writing
from feeds.errors import CatalogueError
from tests.support import Publication, front_matter, make_site

SECRET = "s3cret"


def dialect(name: str) -> sa.Dialect:
    return sa.make_url(f"{name}://").get_dialect()()


def test_text_is_ordered_by_its_bytes_in_every_database() -> None:
    for table in schema.metadata.tables.values():
        made = str(CreateTable(table).compile(dialect=dialect("postgresql")))
        texts = [column for column in table.columns if isinstance(column.type, sa.Text)]
        assert made.count(' COLLATE "C"') == made.count(" TEXT") == len(texts)
        assert "COLLATE" not in str(CreateTable(table).compile(dialect=dialect("sqlite")))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+none://me:{SECRET}@host/feeds",
        f"mystery://me:{SECRET}@host/feeds",
        f"postgresql://me:{SECRET}@host:port/feeds",
        f"postgresql//me:{SECRET}@host/feeds",
        f"sqlite://me:{SECRET}@host/feeds",
        f"sqlite://me:{SECRET}@/feeds?timeout=long",
    ],
)
def test_an_error_does_not_tell_the_password(url: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue(url)
    assert SECRET not in str(caught.value)


def test_a_catalogue_of_an_older_version_is_left_alone(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        made.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
        made.commit()
    with pytest.raises(CatalogueError, match=r"has schema 1, .* delete it only if"):
        site.build()


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.OperationalError("SELECT", {}, Exception("the database is away")),
        sa.exc.InterfaceError("SELECT", {}, Exception("the database is away")),
        sa.exc.InternalError("SELECT", {}, Exception("the database is away")),
        sa.exc.DatabaseError("SELECT", {}, Exception("the database is away")),
        sa.exc.TimeoutError("the database is away"),
    ],
)
def test_a_database_that_fails_is_an_error_of_ours(
    tmp_path: Path, error: sa.exc.SQLAlchemyError
) -> None:
    with (
        closing(Catalogue(f"sqlite:///{tmp_path}/c.sqlite")) as catalogue,
        pytest.raises(CatalogueError, match="the database is away"),
        catalogue.read(),
    ):
        raise error


def test_bugs_pass(tmp_path: Path) -> None:
    with closing(Catalogue(f"sqlite:///{tmp_path}/c.sqlite")) as catalogue:
        with pytest.raises(sa.exc.IntegrityError), catalogue.connect(write=True) as connection:
            connection.execute(sa.insert(schema.meta), [{"key": "a", "value": None}])
        with pytest.raises(sa.exc.ArgumentError), writing(catalogue):
            raise sa.exc.ArgumentError("a statement that makes no sense")


@pytest.mark.parametrize("name", ["a?b", "a%3Fb", "a#b&c", "a b", "ä/б", "x@y:z"])
def test_a_catalogue_lies_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir(parents=True)
    with closing(Catalogue(make_site(root).catalogue)):
        assert (root / "catalogue.sqlite").is_file()
    assert [file.name for file in tmp_path.iterdir()] == [name.partition("/")[0]]


def journal(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        found: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return found


def test_a_new_file_is_filled_without_a_log_and_read_with_one(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with writing(catalogue) as writer:
            assert journal(file) == "delete"
            writer.put_meta("revision", "1")
        assert journal(file) == "wal"
        with writing(catalogue) as writer:
            writer.put_meta("revision", "2")
            assert journal(file) == "wal"


def test_a_new_file_that_others_have_open_is_filled_as_any(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with (
        closing(Catalogue(f"sqlite:///{file}")) as catalogue,
        closing(Catalogue(f"sqlite:///{file}")) as other,
    ):
        with other.read() as reader, writing(catalogue) as writer:
            writer.put_meta("revision", "1")
            assert reader.meta("revision") == "0"
        with other.read() as reader:
            assert reader.meta("revision") == "1"


def test_a_first_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with suppress(RuntimeError), writing(catalogue) as writer:
            writer.put_meta("revision", "1")
            raise RuntimeError
        with catalogue.read() as reader:
            assert reader.meta("revision") == "0"
        assert journal(file) == "wal"


def test_a_catalogue_can_be_opened_while_a_new_file_is_filled(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite'}?timeout=0.1"
    with closing(Catalogue(url)) as catalogue, writing(catalogue) as writer:
        writer.put_meta("revision", "1")
        with closing(Catalogue(url)) as other, other.read() as reader:
            assert reader.meta("revision") == "0"
    with closing(Catalogue(url)) as other, other.read() as reader:
        assert reader.meta("revision") == "1"
