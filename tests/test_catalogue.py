"""The catalogue: the same order in every database, and errors that tell no secret."""

import sqlite3
from contextlib import closing
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


def test_a_catalogue_of_the_version_before_gets_the_tables_that_are_new(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "all", "size": 1, "history": "all"}]}
    site = Publication(tmp_path, {"a.md": front_matter()}, feeds)
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        ids = made.execute("SELECT id FROM entry").fetchall()
        made.executescript(
            "DROP TABLE place; DROP TABLE archive; DROP TABLE hub; DROP TABLE ping;"
            "UPDATE meta SET value = '3' WHERE key = 'schema'"
        )
    site.write("b.md", front_matter(webUrl="https://example.org/b"))
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        assert made.execute("SELECT id FROM entry WHERE seq = 1").fetchall() == ids
        assert made.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [("4",)]


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
