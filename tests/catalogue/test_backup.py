"""Copies of a catalogue, and restoring them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError
from tests.support.published_site import article
from tests.support.site import Publication


def test_copy_contains_everything_but_fragments(tmp_path: Path) -> None:
    site = Publication(tmp_path / "a", {"a.md": article("a")})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy", ("a", "its-id", 1))
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        tables = {
            name: copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("entry", "file", "membership", "feed", "fragment")
        }
        id_ = copy.execute("SELECT value FROM meta WHERE key = 'published:a'").fetchone()
    assert tables == {"entry": 1, "file": 1, "membership": 1, "feed": 2, "fragment": 0}
    assert id_ == ("its-id 1",)


def test_restore_is_atomic_for_readers(tmp_path: Path) -> None:
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    two = Publication(tmp_path / "b", {"b.md": article("b"), "c.md": article("c")})
    one.build()
    two.build()
    with closing(Catalogue(two.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    with closing(Catalogue(one.site.catalogue)) as catalogue:
        token = catalogue.change_token()
        with catalogue.read() as reader:
            assert reader.entries.count() == 1
            backup.restore(catalogue, tmp_path / "copy")
            assert reader.entries.count() == 1
        assert catalogue.change_token() != token
    assert one.titles() == ["b", "c"]


def test_restore_marks_every_feed_and_archive_as_changed(tmp_path: Path) -> None:
    """Otherwise a server that compares revisions would go on serving old documents."""
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    two = Publication(tmp_path / "b", {"b.md": article("b")})
    for name in "cde":
        one.build()
        one.write(f"{name}.md", article(name))
    one.build()
    two.build()
    with closing(Catalogue(two.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    with closing(Catalogue(one.site.catalogue)) as catalogue:
        with catalogue.read() as reader:
            before = reader.meta.revision()
        assert backup.restore(catalogue, tmp_path / "copy") == before + 1
        with catalogue.read() as reader:
            assert reader.meta.revision() == reader.meta.feeds_revision() == before + 1
            assert set(reader.feeds.changed_since(before)) == set(reader.feeds.states())


def test_invalid_copy_is_reported(tmp_path: Path) -> None:
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    one.build()
    (tmp_path / "copy").write_bytes(b"not a database" * 100)
    with closing(Catalogue(one.site.catalogue)) as catalogue, pytest.raises(CatalogueError):
        backup.restore(catalogue, tmp_path / "copy")
    assert one.titles() == ["a"]
