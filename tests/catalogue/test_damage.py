"""Damaged rows are never published; derived data is restored."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError
from feeds.serve.document_cache import DocumentCache
from feeds.serve.refresher import Refresher
from tests.support.site import NOW, Publication, front_matter

LATER = NOW + timedelta(days=1)
FEEDS = {
    "feeds": [
        {"path": "all", "size": 2, "history": "all"},
        {"path": "topics/{topic}", "each": "topic"},
    ]
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that is built."""
    articles = {
        f"{name}.md": front_matter(
            body=f"Body of {name}.",
            title=f"Title {name}",
            webUrl=f"https://example.org/{name}",
            topics=["Maps" if name in "abc" else "Ships"],
        )
        for name in "abcdef"
    }
    publication = Publication(tmp_path_factory.mktemp("original"), articles, FEEDS)
    publication.build()
    return publication.root


@pytest.fixture
def site(original: Path, tmp_path: Path) -> Publication:
    """A copy of this site."""
    shutil.copytree(original, tmp_path / "site")
    publication = Publication(tmp_path / "site", {}, FEEDS)
    publication.written += 3600  # after the files that were copied
    return publication


@pytest.fixture(scope="module")
def exported(original: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The documents of an export of this site."""
    return export(Publication(original, {}, FEEDS), tmp_path_factory.mktemp("exported"))


def damage(site: Publication, statement: str) -> None:
    """Change rows without updating their checksums."""
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()


def export(site: Publication, target: Path) -> dict[str, bytes]:
    site.export(target)
    return {
        file.relative_to(target).as_posix(): file.read_bytes()
        for file in target.rglob("*")
        if file.is_file() and not file.name.startswith(".feeds-")
    }


@pytest.mark.parametrize("format_", ["rss", "atom", "json"])
def test_damaged_fragments_are_rendered_again(
    site: Publication, tmp_path: Path, exported: dict[str, bytes], format_: str
) -> None:
    damage(site, f"UPDATE fragment SET {format_} = replace({format_}, 'Title', 'Titel')")
    assert export(site, tmp_path / "after") == exported
    site.build(verify=True)
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as connection:
        [(rendered,)] = connection.execute(f"SELECT min({format_}) FROM fragment").fetchall()
    assert b"Title" in rendered


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET data = CAST(replace(data, 'Title a', 'Title x') AS BLOB) "
        "WHERE path = 'a.md'",
        "UPDATE entry SET data = x'00' WHERE path = 'a.md'",
        "UPDATE entry SET published = published + 1 WHERE path = 'b.md'",
        "UPDATE entry SET published = 1 << 60 WHERE path = 'b.md'",
        "UPDATE entry SET updated = updated + 1 WHERE path = 'b.md'",
        "UPDATE entry SET id = id || 'x' WHERE path = 'b.md'",
        "UPDATE entry SET id = CAST(x'ff' AS TEXT) WHERE path = 'b.md'",
        "UPDATE entry SET content_hash = '1:0' WHERE path = 'b.md'",
        "UPDATE entry SET withdrawn = 1 WHERE path = 'b.md'",
        "UPDATE membership SET topic = 'mbps' WHERE entry = 2",
        "DELETE FROM membership WHERE entry = 2",
        "UPDATE feed SET updated = updated + 1 WHERE path = 'topics/maps'",
        "UPDATE feed SET digest = 'x' WHERE path = 'all'",
        "UPDATE feed SET path = 'topics/mbps' WHERE path = 'topics/maps'",
        "UPDATE term SET slugs = '[\"mbps\"]' WHERE slugs = '[\"maps\"]'",
        "UPDATE term SET names = '[\"Mbps\"]' WHERE slugs = '[\"maps\"]'",
        "UPDATE place SET archive = archive + 1 WHERE archive > 0 AND entry = 3",
        "UPDATE archive SET digest = 'x'",
        "UPDATE archive SET updated = updated + 1",
        "UPDATE meta SET value = 'q' WHERE key = 'revision'",
    ],
)
def test_other_damage_is_an_error_and_not_published(
    site: Publication, tmp_path: Path, exported: dict[str, bytes], statement: str
) -> None:
    damage(site, statement)
    damage(site, "DELETE FROM fragment")  # so that every entry is read
    with pytest.raises(CatalogueError, match="damaged"):
        export(site, tmp_path / "after")
    if "meta" in statement:
        return
    site.build()  # repairs the damage, which was noted
    after = export(site, tmp_path / "after")
    if "feed SET" not in statement and "archive" not in statement:
        assert after == exported
    site.build()
    assert export(site, tmp_path / "again") == after


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE place SET archive = 1 WHERE feed = 'few' AND entry = 1",
        "UPDATE place SET archive = 7 WHERE feed = 'few' AND entry = 1",
        "UPDATE archive SET feed = 'alk' WHERE number = 1",
        "UPDATE archive SET feed = 'alk' WHERE number = 2",
        "UPDATE archive SET feed = 'alk' WHERE number = 4",
        "UPDATE archive SET feed = 'alk'",
        "DELETE FROM archive WHERE number = 4",
        "UPDATE meta SET value = '1x96068175' WHERE key = 'clock'",
        "UPDATE meta SET value = '9' || substr(value, 2) WHERE key = 'clock'",
        "UPDATE meta SET value = value || '000000' WHERE key = 'clock'",
    ],
)
def test_damaged_places_archives_and_clocks_are_restored(
    tmp_path: Path, site: Publication, statement: str
) -> None:
    feeds = [{"path": "few", "size": 50, "history": "all"}, *FEEDS["feeds"]]
    (site.root / "feeds.yaml").write_text(json.dumps({"feeds": feeds}))
    site.build()
    before = export(site, tmp_path / "before")
    assert "all/archive/4.rss" in before
    damage(site, statement)
    with pytest.raises(CatalogueError, match="damaged"):
        export(site, tmp_path / "after")
    site.build(verify=True)
    assert export(site, tmp_path / "after").keys() == before.keys()
    if "archive SET" not in statement and "DELETE" not in statement:
        assert export(site, tmp_path / "again") == before


def test_a_damaged_schedule_is_restored(site: Publication) -> None:
    ends = (NOW + timedelta(hours=1)).isoformat()
    site.write("g.md", front_matter(webUrl="https://example.org/g", expires=ends))
    due = site.build().due
    damage(site, "UPDATE meta SET value = '{broken' WHERE key = 'awaited'")
    assert site.build().due == due


def test_lost_memory_is_an_error_unless_forced(site: Publication, tmp_path: Path) -> None:
    damage(site, "UPDATE entry SET id = 'x', updated = 9, content_hash = '' WHERE path = 'b.md'")
    with pytest.raises(CatalogueError, match=r"b\.md.*replace it with a backup.*--force"):
        site.build(verify=True)
    site.build(verify=True, force=True)
    assert "x" in [item["id"] for item in site.items("topics/maps")]
    assert export(site, tmp_path / "out")


def test_damaged_entry_is_withdrawn_if_its_article_is_unreadable(site: Publication) -> None:
    damage(site, "UPDATE entry SET data = x'00' WHERE path = 'b.md'")
    site.write("b.md", "no front matter")
    site.build(verify=True)
    assert site.titles("topics/maps") == ["Title a", "Title c"]
    id_ = "tag:example.org,2026:site/b"
    site.write("b.md", front_matter(title="Title b", webUrl="https://example.org/b"))
    site.build(LATER)
    assert id_ in [item["id"] for item in site.items()]


def test_server_fails_only_for_damaged_documents_until_repaired(
    site: Publication,
) -> None:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        cache = DocumentCache(site.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        good = cache.get("topics/ships.rss")
        damage(site, "UPDATE entry SET updated = updated + 1 WHERE path = 'b.md'")
        with pytest.raises(CatalogueError, match="damaged"):
            cache.get("topics/maps.rss")
        refresher.refresh()
        assert cache.get("topics/ships.rss") is good
        assert cache.get("topics/ships.html")
        site.build()  # as the builder does when it finds the note
        refresher.refresh()
        assert cache.get("topics/maps.rss")


def test_changes_by_time_and_slow_clocks_are_not_damage(site: Publication, tmp_path: Path) -> None:
    due = (NOW + timedelta(hours=1)).isoformat()
    site.write("g.md", front_matter(webUrl="https://example.org/g", publishedDateTime=due))
    site.build()
    for hours in (1, 2, -10_000):
        site.export(tmp_path / str(hours), NOW + timedelta(hours=hours))
