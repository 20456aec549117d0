"""The catalogue: the same order in every database, and errors that tell no secret."""

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
from tests.build.test_changed_paths import dump
from tests.support.site import NOW, Publication, front_matter, make_site

LATER = NOW + timedelta(days=1)
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
    site.forget()
    with pytest.raises(CatalogueError, match=r"has schema 1, .* delete it only if"):
        site.build()


_AS_IN_VERSION_4 = """
ALTER TABLE entry DROP COLUMN sum;
ALTER TABLE fragment DROP COLUMN sum;
ALTER TABLE feed DROP COLUMN sum;
ALTER TABLE archive DROP COLUMN sum;
UPDATE meta SET value = '4' WHERE key = 'schema';
"""
_AS_IN_VERSION_3 = f"""
{_AS_IN_VERSION_4}
DROP TABLE place;
DROP TABLE archive;
DROP TABLE hub;
DROP TABLE ping;
UPDATE meta SET value = '3' WHERE key = 'schema';
"""
_AS_IN_VERSION_2 = f"""
{_AS_IN_VERSION_3}
DROP TABLE term;
DROP INDEX file_with_problems;
DROP INDEX entry_by_link;
CREATE INDEX entry_by_link ON entry (link);
ALTER TABLE feed DROP COLUMN title;
ALTER TABLE feed DROP COLUMN revision;
ALTER TABLE feed DROP COLUMN due;
DELETE FROM meta WHERE key IN ('feeds', 'terms', 'articles', 'linked', 'walked');
INSERT INTO meta VALUES ('refreshed', '1718452800');
UPDATE meta SET value = '2' WHERE key = 'schema';
"""


def test_a_catalogue_of_version_2_is_converted_and_keeps_its_memory(tmp_path: Path) -> None:
    articles = {
        "a.md": front_matter(title="a", webUrl="https://example.org/a"),
        "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Robots"]),
        "bad.md": front_matter(title=None),
    }
    site = Publication(tmp_path, articles)
    site.build()
    site.file("b.md").unlink()
    before = site.build()
    shown, everything = site.fetch(), dump(site.site)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        made.executescript(_AS_IN_VERSION_2)
    site.forget()
    assert site.fetch() == shown  # before any build
    after = site.build(LATER)
    assert (after.feeds_changed, after.problems) == ((), before.problems)
    now = dump(site.site)
    for table in ("entry", "membership", "fragment", "file", "term"):
        assert now[table] == everything[table]
    assert [row[:6] for row in now["feed"]] == [row[:6] for row in everything["feed"]]
    assert [row[-1] for row in now["feed"]] == [row[-1] for row in everything["feed"]]
    assert made_like(tmp_path / "catalogue.sqlite") == made_like(new(tmp_path / "other.sqlite"))


def new(file: Path) -> Path:
    Catalogue(f"sqlite:///{file}").close()
    return file


def made_like(file: Path) -> dict[str, set[tuple[object, ...]]]:
    """The tables' columns, and the indexes."""
    with closing(sqlite3.connect(file)) as made:
        names = [row[0] for row in made.execute("SELECT name FROM sqlite_master WHERE sql <> ''")]
        return {
            name: {row[1:4] for row in made.execute(f"PRAGMA table_info('{name}')")}
            | set(made.execute(f"PRAGMA index_info('{name}')"))
            for name in names
        }


def test_the_stamp_is_another_after_every_build_that_changes_anything(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        stamps = [catalogue.change_token()]
        site.build(LATER)
        assert catalogue.change_token() == stamps[0]
        for number in range(3):
            site.write("a.md", front_matter(title=f"Title {number}"))
            site.build(LATER)
            stamps.append(catalogue.change_token())
    assert len(set(stamps)) == 4


def test_a_catalogue_that_goes_is_an_error_and_never_made_anew(tmp_path: Path) -> None:
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


def test_a_catalogue_that_is_put_in_the_place_of_another_is_opened(tmp_path: Path) -> None:
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


def test_what_is_no_catalogue_is_not_taken_for_one_that_was_replaced(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        (tmp_path / "empty").touch()
        (tmp_path / "empty").replace(tmp_path / "catalogue.sqlite")
        with pytest.raises(CatalogueError, match="not been built yet"):
            catalogue.change_token()


def test_servers_wait_less_than_builds(tmp_path: Path) -> None:
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


def test_which_feeds_changed_since_a_revision(tmp_path: Path) -> None:
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


def test_a_catalogue_of_the_version_before_gets_the_tables_that_are_new(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "all", "size": 1, "history": "all"}]}
    site = Publication(tmp_path, {"a.md": front_matter()}, feeds)
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        ids = made.execute("SELECT id FROM entry").fetchall()
        made.executescript(_AS_IN_VERSION_3)
    site.forget()
    site.write("b.md", front_matter(webUrl="https://example.org/b"))
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as made:
        assert made.execute("SELECT id FROM entry WHERE seq = 1").fetchall() == ids
        assert made.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [("5",)]


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
        with pytest.raises(sa.exc.ArgumentError), catalogue.write():
            raise sa.exc.ArgumentError("a statement that makes no sense")


@pytest.mark.parametrize("name", ["a?b", "a%3Fb", "a#b&c", "a b", "ä/б", "x@y:z"])
def test_a_catalogue_lies_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir(parents=True)
    with closing(Catalogue(make_site(root).catalogue)) as catalogue:
        assert (root / "catalogue.sqlite").is_file()
        assert catalogue.change_token()
        catalogue.close()  # so that it is opened once more, where it is
        with catalogue.read() as reader:
            assert reader.meta.revision() == 0
    assert [file.name for file in tmp_path.iterdir()] == [name.partition("/")[0]]


def journal(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        found: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return found


def test_a_new_file_is_filled_without_a_log_and_read_with_one(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with catalogue.write() as writer:
            assert journal(file) == "delete"
            writer.meta.put("revision", "1")
        assert journal(file) == "wal"
        with catalogue.write() as writer:
            writer.meta.put("revision", "2")
            assert journal(file) == "wal"


def test_a_new_file_that_others_have_open_is_filled_as_any(tmp_path: Path) -> None:
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


def test_a_first_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as catalogue:
        with suppress(RuntimeError), catalogue.write() as writer:
            writer.meta.put("revision", "1")
            raise RuntimeError
        with catalogue.read() as reader:
            assert reader.meta.get("revision") == "0"
        assert journal(file) == "wal"


def test_a_catalogue_can_be_opened_while_a_new_file_is_filled(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite'}?timeout=0.1"
    with closing(Catalogue(url)) as catalogue, catalogue.write() as writer:
        writer.meta.put("revision", "1")
        with closing(Catalogue(url)) as other, other.read() as reader:
            assert reader.meta.get("revision") == "0"
    with closing(Catalogue(url)) as other, other.read() as reader:
        assert reader.meta.get("revision") == "1"
