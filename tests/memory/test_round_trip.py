"""A catalogue that was deleted and restored from its memory gives the same documents."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.errors import CatalogueError, DamageError, GuardError
from feeds.serve.snapshot import require_build
from tests.support.archives import FEEDS as ARCHIVED
from tests.support.archives import archive_site
from tests.support.built_site import LATER, article
from tests.support.carried_memory import delete_catalogue, export_memory, import_memory
from tests.support.commands import run
from tests.support.site import NOW, Publication

HOUR = timedelta(hours=1)


def exported(site: Publication, out: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and the time of each document of an export."""
    site.export(out, LATER)
    return {
        path.relative_to(out).as_posix(): (path.read_bytes(), int(path.stat().st_mtime))
        for path in sorted(out.rglob("[!.]*.*"))
        if path.suffix in (".rss", ".atom", ".json", ".html", ".opml")
    }


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """A site whose catalogue has a rename, withdrawals, edits, archives and undated articles."""
    site = archive_site(tmp_path / "site", 20, ARCHIVED)
    site.write("undated.md", article("undated", publishedDateTime=None))
    site.write("renamed.md", article("renamed"))
    site.build(NOW)
    site.file("undated.md").rename(site.file("still-undated.md"))
    site.file("renamed.md").rename(site.file("new-name.md"))
    site.file("3.md").unlink()
    site.write("5.md", article("edited"))
    site.build(NOW + HOUR)
    site.file("19.md").rename(tmp_path / "19.md")
    site.write("undated.md", article("another", publishedDateTime=None))
    site.build(NOW + 2 * HOUR)
    return site


def test_documents_and_times_are_the_same_after_a_loss(site: Publication, tmp_path: Path) -> None:
    before = exported(site, tmp_path / "before")
    memory = export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    import_memory(site, tmp_path / "memory.jsonl")
    site.build(LATER)
    assert exported(site, tmp_path / "after") == before
    assert export_memory(site, tmp_path / "again.jsonl") == memory


def test_withdrawn_entry_returns_with_its_id_and_date(site: Publication, tmp_path: Path) -> None:
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    import_memory(site, tmp_path / "memory.jsonl")
    (tmp_path / "19.md").rename(site.file("19-again.md"))
    site.build(LATER)
    (item,) = (item for item in site.items(now=LATER) if item["title"] == "t19")
    assert item["id"].endswith("/19")


def test_file_renamed_since_the_export_keeps_its_id(site: Publication, tmp_path: Path) -> None:
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    site.file("18.md").rename(site.file("moved.md"))
    import_memory(site, tmp_path / "memory.jsonl")
    site.build(LATER)
    (item,) = (item for item in site.items(now=LATER) if item["title"] == "t18")
    assert item["id"].endswith("/18")


def test_file_removed_since_the_export_is_withdrawn(site: Publication, tmp_path: Path) -> None:
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    site.file("18.md").unlink()
    import_memory(site, tmp_path / "memory.jsonl")
    assert site.build(LATER).withdrawn == 1
    assert "t18" not in site.titles(now=LATER)


def test_guard_protects_the_first_build_after_an_import(tmp_path: Path) -> None:
    articles = {f"{number}.md": article(f"t{number}") for number in range(30)}
    site = Publication(tmp_path / "site", articles)
    site.build()
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    import_memory(site, tmp_path / "memory.jsonl")
    for number in range(28):
        site.file(f"{number}.md").unlink()
    with pytest.raises(GuardError, match="28 of 30 entries would be withdrawn"):
        site.build(LATER)


def test_article_that_is_broken_after_an_import_is_withdrawn(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {"a.md": article("a"), "b.md": article("b")})
    site.build()
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    import_memory(site, tmp_path / "memory.jsonl")
    site.write("a.md", article("a", publishedDateTime="never"))
    report = site.build(LATER)
    assert [problem.path for problem in report.problems] == ["a.md"]
    assert "as it was before" not in report.problems[0].message
    assert site.titles(now=LATER) == ["b"]


def test_export_warns_of_entries_whose_last_good_version_is_only_in_the_catalogue(
    tmp_path: Path,
) -> None:
    site = Publication(tmp_path / "site", {"a.md": article("a"), "b.md": article("b")})
    site.build()
    site.write("a.md", article("a", publishedDateTime="never"))
    site.build(LATER)
    result = run("memory", "export", "--config", str(site.root))
    assert "warning: published entries whose articles have errors today: 1." in result.stderr
    assert result.stdout.startswith('{"format":"feeds-memory","version":1}\n{"kind":"entry"')


def test_lost_catalogue_is_restored_by_the_commands(site: Publication, tmp_path: Path) -> None:
    file, config = str(tmp_path / "memory.jsonl"), ("--config", str(site.root))
    assert "23 entries" in run("memory", "export", file, *config).stdout
    delete_catalogue(site)
    lost = run("build", *config)
    assert lost.exit_code == 2
    assert "feeds memory import" in lost.stderr
    imported = run("memory", "import", file, *config)
    assert imported.stdout.endswith("run feeds build\n")
    assert run("build", *config).exit_code == 0
    again = run("memory", "import", file, *config)
    assert again.stdout == "nothing to change: the catalogue has this memory\n"


def test_nothing_is_served_between_import_and_build(site: Publication, tmp_path: Path) -> None:
    export_memory(site, tmp_path / "memory.jsonl")
    delete_catalogue(site)
    import_memory(site, tmp_path / "memory.jsonl")
    with site.read() as reader, pytest.raises(CatalogueError, match="no build was made"):
        require_build(reader)


def test_memory_of_withdrawn_entries_has_nothing_readable(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("secret"), "b.md": article("b")})
    site.build()
    site.file("a.md").unlink()
    site.build(LATER)
    memory = export_memory(site, tmp_path / "memory.jsonl")
    assert b"secret" not in memory
    assert b'"withdrawn":"2024-06-16T12:00:00Z"' in memory


def test_damaged_memory_is_not_exported(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a")})
    site.build()
    file = tmp_path / "memory.jsonl"
    before = export_memory(site, file)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection, connection:
        connection.execute("UPDATE entry SET first_seen = first_seen + 1")
    with pytest.raises(DamageError, match="a checksum does not match"):
        export_memory(site, file)
    assert file.read_bytes() == before


def test_edit_changes_only_the_lines_of_its_entry_and_feeds(tmp_path: Path) -> None:
    articles = {f"{name}.md": article(name, topics=[name]) for name in "abc"}
    site = Publication(tmp_path, articles)
    site.build()
    before = export_memory(site, tmp_path / "memory.jsonl").splitlines()
    site.write("a.md", article("other", topics=["a"]))
    site.build(LATER)
    after = export_memory(site, tmp_path / "memory.jsonl").splitlines()
    changed = [line for line in after if line not in before]
    assert [line.split(b",")[0] for line in changed] == [
        b'{"kind":"entry"', b'{"kind":"feed"', b'{"kind":"feed"'
    ]  # fmt: skip
