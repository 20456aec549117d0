"""Catalogues of older versions are converted, and keep the memory of their entries."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.catalogue import migrations, schema
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError
from tests.build.test_changed_paths import dump
from tests.support.old_catalogues import TO_VERSION_2, TO_VERSION_3
from tests.support.site import NOW, Publication, front_matter

LATER = NOW + timedelta(days=1)


def test_steps_lead_from_each_version_to_the_next() -> None:
    versions = [step.before for step in migrations.STEPS]
    assert [step.after for step in migrations.STEPS] == [*versions[1:], str(schema.VERSION)]
    assert tuple(versions) == migrations.CONVERTIBLE


def test_unconvertible_version_is_an_error(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
        connection.commit()
    site.forget()
    with pytest.raises(CatalogueError, match=r"has schema 1, .* delete it only if"):
        site.build()


def test_version_2_is_converted_without_changing_documents(tmp_path: Path) -> None:
    articles = {
        "a.md": front_matter(title="a", webUrl="https://example.org/a"),
        "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Robots"]),
        "bad.md": front_matter(title=None),
    }
    site = Publication(tmp_path, articles)
    site.build()
    site.file("b.md").unlink()
    before = site.build()
    documents, tables = site.fetch(), dump(site.site)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        connection.executescript(TO_VERSION_2)
    site.forget()
    assert site.fetch() == documents  # before any build
    after = site.build(LATER)
    assert (after.feeds_changed, after.problems) == ((), before.problems)
    converted = dump(site.site)
    for table in ("entry", "membership", "fragment", "file", "term"):
        assert converted[table] == tables[table]
    assert [row[:6] for row in converted["feed"]] == [row[:6] for row in tables["feed"]]
    assert [row[-1] for row in converted["feed"]] == [row[-1] for row in tables["feed"]]
    new = tmp_path / "new.sqlite"
    Catalogue(f"sqlite:///{new}").close()
    assert columns_and_indexes(tmp_path / "catalogue.sqlite") == columns_and_indexes(new)


def columns_and_indexes(file: Path) -> dict[str, set[tuple[object, ...]]]:
    """Return the columns of each table and of each index, by name."""
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT name FROM sqlite_master WHERE sql <> ''"
        names = [row[0] for row in connection.execute(query)]
        return {
            name: {row[1:4] for row in connection.execute(f"PRAGMA table_info('{name}')")}
            | set(connection.execute(f"PRAGMA index_info('{name}')"))
            for name in names
        }


def test_version_3_gets_the_tables_of_archives(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "all", "size": 1, "history": "all"}]}
    site = Publication(tmp_path, {"a.md": front_matter()}, feeds)
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        ids = connection.execute("SELECT id FROM entry").fetchall()
        connection.executescript(TO_VERSION_3)
    site.forget()
    site.write("b.md", front_matter(webUrl="https://example.org/b"))
    site.build()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        assert connection.execute("SELECT id FROM entry WHERE seq = 1").fetchall() == ids
        query = "SELECT value FROM meta WHERE key = 'schema'"
        assert connection.execute(query).fetchall() == [(str(schema.VERSION),)]
