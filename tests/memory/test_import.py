"""Importing a memory into a catalogue that has one."""

from contextlib import closing
from pathlib import Path

import pytest

from feeds.catalogue import damage
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import MemoryConflictError, MemoryFileError
from tests.support.built_site import LATER, article, touch
from tests.support.carried_memory import export_memory, import_memory
from tests.support.commands import run
from tests.support.site import NOW, Publication

EARLIER = int(NOW.timestamp()) - 5 * 86_400


def built(folder: Path, *names: str) -> Publication:
    site = Publication(folder, {f"{name}.md": article(name) for name in names})
    site.build()
    return site


def damaged_rows(site: Publication) -> int:
    with closing(Catalogue(site.site.catalogue)) as catalogue, catalogue.connect() as connection:
        return len(damage.find(connection))


def test_entries_of_another_machine_are_added(tmp_path: Path) -> None:
    one, other = built(tmp_path / "one", "a", "b"), built(tmp_path / "other", "b", "c")
    other.file("c.md").unlink()
    other.build(LATER)
    export_memory(other, tmp_path / "other.jsonl")
    import_memory(one, tmp_path / "other.jsonl")
    assert damaged_rows(one) == 0
    one.write("c-again.md", article("c"))
    one.build(LATER)
    assert [item["id"][-2:] for item in one.items(now=LATER)] == ["/a", "/b", "/c"]
    assert damaged_rows(one) == 0


def test_undated_entry_gets_the_earliest_date(tmp_path: Path) -> None:
    one, other = (
        Publication(tmp_path / name, {"a.md": article("a", publishedDateTime=None)})
        for name in ("one", "other")
    )
    touch(other.file("a.md"), EARLIER)
    one.build()
    other.build()
    export_memory(other, tmp_path / "other.jsonl")
    import_memory(one, tmp_path / "other.jsonl")
    one.build(LATER)
    assert one.items(now=LATER)[0]["date_published"] == "2024-06-10T12:00:00Z"


def test_second_import_changes_nothing(tmp_path: Path) -> None:
    one, other = built(tmp_path / "one", "a"), built(tmp_path / "other", "a", "b")
    export_memory(other, tmp_path / "other.jsonl")
    assert import_memory(one, tmp_path / "other.jsonl").rows > 0
    before = export_memory(one, tmp_path / "before.jsonl")
    assert import_memory(one, tmp_path / "other.jsonl").rows == 0
    assert export_memory(one, tmp_path / "after.jsonl") == before


def test_two_files_merge_into_a_new_catalogue(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for name, file in zip("ab", files, strict=True):
        export_memory(built(tmp_path / name, name), file)
    new = Publication(tmp_path / "new", {})
    assert import_memory(new, *files).entries == 2


def test_last_good_version_of_a_broken_article_survives_an_import(tmp_path: Path) -> None:
    one, other = built(tmp_path / "one", "a"), built(tmp_path / "other", "a", "b")
    one.write("a.md", article("a", publishedDateTime="never"))
    one.build(LATER)
    touch(other.file("a.md"), EARLIER)
    other.write("a.md", article("a", excerpt="Another text."))
    other.build(LATER)
    export_memory(other, tmp_path / "other.jsonl")
    import_memory(one, tmp_path / "other.jsonl")
    one.build(LATER)
    assert one.titles(now=LATER) == ["a"]
    assert damaged_rows(one) == 0


def test_entries_may_exchange_their_paths(tmp_path: Path) -> None:
    one = built(tmp_path / "one", "a", "b", "c")
    file = tmp_path / "memory.jsonl"
    export_memory(one, file)
    for name in "ab":
        one.file(f"{name}.md").unlink()
    one.build(LATER)
    text = file.read_text(encoding="utf-8").replace('"updated":"2024', '"updated":"2025')
    for old, new in (("a.md", "x.md"), ("b.md", "a.md"), ("x.md", "b.md")):
        text = text.replace(f'"path":"{old}"', f'"path":"{new}"')
    file.write_text(text, encoding="utf-8")
    import_memory(one, file)
    lines = export_memory(one, tmp_path / "after.jsonl").decode().splitlines()
    assert 'site/a","path":"b.md"' in lines[1]
    assert 'site/b","path":"a.md"' in lines[2]


def test_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    site = built(tmp_path / "site", "a")
    with pytest.raises(MemoryFileError, match="cannot be written: No such file or directory"):
        export_memory(site, tmp_path / "missing" / "memory.jsonl")


def test_conflicts_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    one, other = built(tmp_path / "one", "a"), built(tmp_path / "other", "a", "b")
    file = tmp_path / "other.jsonl"
    export_memory(other, file)
    file.write_text(file.read_text().replace('"path":"a.md"', '"path":"z.md"'))
    before = export_memory(one, tmp_path / "before.jsonl")
    with pytest.raises(MemoryConflictError) as caught:
        import_memory(one, file)
    assert caught.value.more == (
        f"tag:example.org,2026:site/a: path: a.md in the catalogue but z.md in {file}; make them "
        "equal, or delete one of the rows",
    )
    assert export_memory(one, tmp_path / "after.jsonl") == before
    result = run("memory", "import", str(file), "--config", str(one.root))
    assert result.exit_code == 2
    assert (
        "feeds: the memories contradict each other, and nothing was changed; conflicts: 1"
        in result.stderr
    )
