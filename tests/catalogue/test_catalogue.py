"""Opening a catalogue, its transactions, and its errors."""

import sqlite3
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from feeds.catalogue import schema
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError
from tests.support.site import NOW, Publication, front_matter, make_site

LATER = NOW + timedelta(days=1)
SECRET = "s3cret"


def dialect(name: str) -> sa.Dialect:
    return sa.make_url(f"{name}://").get_dialect()()


def test_text_is_compared_by_bytes_in_every_database() -> None:
    for table in schema.metadata.tables.values():
        statement = str(CreateTable(table).compile(dialect=dialect("postgresql")))
        texts = [column for column in table.columns if isinstance(column.type, sa.Text)]
        assert statement.count(' COLLATE "C"') == statement.count(" TEXT") == len(texts)
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
def test_errors_do_not_contain_the_password(url: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue(url)
    assert SECRET not in str(caught.value)


def test_change_token_differs_after_every_build_with_changes(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        tokens = [catalogue.change_token()]
        site.build(LATER)
        assert catalogue.change_token() == tokens[0]
        for number in range(3):
            site.write("a.md", front_matter(title=f"Title {number}"))
            site.build(LATER)
            tokens.append(catalogue.change_token())
    assert len(set(tokens)) == 4


def test_vanished_catalogue_is_an_error_and_not_created_again(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        catalogue.change_token()
        for file in tmp_path.glob("catalogue.sqlite*"):
            file.rename(file.with_name(f"away-{file.name}"))
        with pytest.raises(CatalogueError, match="is gone"):
            catalogue.change_token()
        with pytest.raises(CatalogueError, match="is gone"), catalogue.read():
            pass
        with pytest.raises(CatalogueError, match="is gone"), catalogue.write():
            pass
        assert not (tmp_path / "catalogue.sqlite").exists()
        for file in tmp_path.glob("away-*"):
            file.rename(file.with_name(file.name.removeprefix("away-")))
        with catalogue.read() as reader:
            assert reader.meta.revision() == 1


def test_replaced_catalogue_is_opened(tmp_path: Path) -> None:
    site = Publication(tmp_path / "one", {"a.md": front_matter(title="one")})
    site.build()
    other = Publication(tmp_path / "two", {"a.md": front_matter(title="two")})
    other.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        before = catalogue.change_token()
        (other.root / "catalogue.sqlite").replace(site.root / "catalogue.sqlite")
        assert catalogue.change_token() != before
        with catalogue.read() as reader:
            assert [entry.title for entry in reader.entries.get([1]).values()] == ["two"]


def test_empty_file_does_not_replace_a_catalogue(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        (tmp_path / "empty").touch()
        (tmp_path / "empty").replace(tmp_path / "catalogue.sqlite")
        with pytest.raises(CatalogueError, match="not been built yet"):
            catalogue.change_token()


def test_patience_limits_the_wait_for_another_writer(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with (
        closing(Catalogue(site.site.catalogue)) as builder,
        closing(Catalogue(site.site.catalogue, patience=0.1)) as server,
        builder.write(),
    ):
        start = time.monotonic()
        with pytest.raises(CatalogueError, match="locked"), server.write():
            pass
        assert time.monotonic() - start < 5
        with server.read() as reader:
            assert reader.meta.revision() == 1


def test_feeds_changed_since_a_revision(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter(title="a")})
    site.build()
    robots: dict[str, Any] = {"webUrl": "https://example.org/b", "topics": ["Robots"]}
    site.write("b.md", front_matter(title="b", **robots))
    site.build()
    with site.read() as reader:
        assert reader.meta.revision() == reader.meta.feeds_revision() == 2
        assert set(reader.feeds.changed_since(0)) == {"all", "topics/ai", "topics/robots"}
        assert set(reader.feeds.changed_since(1)) == {"all", "topics/robots"}
        assert reader.feeds.changed_since(2) == []
    site.write("b.md", front_matter(title="b2", **robots))
    site.build()
    with site.read() as reader:
        assert (reader.meta.revision(), reader.meta.feeds_revision()) == (3, 2)
        assert set(reader.feeds.changed_since(2)) == {"all", "topics/robots"}
    changed = Publication(tmp_path, {}, {"feeds": [{"path": "all"}]}, language="de")
    changed.build()
    with changed.read() as reader:
        assert reader.meta.feeds_revision() == 4
        assert reader.feeds.changed_since(3) == ["all"]


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.OperationalError("SELECT", {}, Exception("the database is unreachable")),
        sa.exc.InterfaceError("SELECT", {}, Exception("the database is unreachable")),
        sa.exc.InternalError("SELECT", {}, Exception("the database is unreachable")),
        sa.exc.DatabaseError("SELECT", {}, Exception("the database is unreachable")),
        sa.exc.TimeoutError("the database is unreachable"),
    ],
)
def test_database_failures_raise_catalogue_error(
    tmp_path: Path, error: sa.exc.SQLAlchemyError
) -> None:
    with (
        closing(Catalogue(f"sqlite:///{tmp_path}/c.sqlite")) as catalogue,
        pytest.raises(CatalogueError, match="the database is unreachable"),
        catalogue.read(),
    ):
        raise error


def test_programming_errors_are_not_wrapped(tmp_path: Path) -> None:
    with closing(Catalogue(f"sqlite:///{tmp_path}/c.sqlite")) as catalogue:
        with pytest.raises(sa.exc.IntegrityError), catalogue.connect(write=True) as connection:
            connection.execute(sa.insert(schema.meta), [{"key": "a", "value": None}])
        with pytest.raises(sa.exc.ArgumentError), catalogue.write():
            raise sa.exc.ArgumentError("an invalid statement")


@pytest.mark.parametrize("name", ["a?b", "a%3Fb", "a#b&c", "a b", "ä/б", "x@y:z"])
def test_folder_of_the_catalogue_may_have_any_name(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir(parents=True)
    with closing(Catalogue(make_site(root).catalogue)) as catalogue:
        assert (root / "catalogue.sqlite").is_file()
        assert catalogue.change_token()
        catalogue.close()  # so that it is opened again
        with catalogue.read() as reader:
            assert reader.meta.revision() == 0
    assert [file.name for file in tmp_path.iterdir()] == [name.partition("/")[0]]


def journal(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return mode


def test_first_build_writes_without_a_write_ahead_log(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with catalogue.write() as writer:
            assert journal(file) == "delete"
            writer.meta.put("revision", "1")
        assert journal(file) == "wal"
        with catalogue.write() as writer:
            writer.meta.put("revision", "2")
            assert journal(file) == "wal"


def test_first_build_uses_the_log_while_another_process_reads(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with (
        closing(Catalogue(f"sqlite:///{file}")) as catalogue,
        closing(Catalogue(f"sqlite:///{file}")) as other,
    ):
        with other.read() as reader, catalogue.write() as writer:
            writer.meta.put("revision", "1")
            assert reader.meta.get("revision") == "0"
        with other.read() as reader:
            assert reader.meta.get("revision") == "1"


def test_failed_first_build_leaves_the_catalogue_empty(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with suppress(RuntimeError), catalogue.write() as writer:
            writer.meta.put("revision", "1")
            raise RuntimeError
        with catalogue.read() as reader:
            assert reader.meta.get("revision") == "0"
        assert journal(file) == "wal"


def test_catalogue_can_be_opened_during_the_first_build(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite'}?timeout=0.1"
    with closing(Catalogue(url)) as catalogue, catalogue.write() as writer:
        writer.meta.put("revision", "1")
        with closing(Catalogue(url)) as other, other.read() as reader:
            assert reader.meta.get("revision") == "0"
    with closing(Catalogue(url)) as other, other.read() as reader:
        assert reader.meta.get("revision") == "1"
