"""Archive documents in exports."""

from pathlib import Path
from typing import Any

import pytest

from feeds.errors import ExportError
from feeds.export.atomic_folder import AtomicFolder
from feeds.model.document import FORMATS
from tests.support.archives import DAY, FEEDS, ServedSite, archive_site, article, exported_archives
from tests.support.site import NOW, Publication


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return archive_site(tmp_path / "site", 20)


def test_exported_archives_equal_served_ones(site: Publication, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    exported = exported_archives(tmp_path / "out")
    served = ServedSite(site)
    assert {name for name in exported if name.startswith("all/")} == {
        f"all/archive/{number}.{format_}" for number in range(1, 6) for format_ in FORMATS
    }
    for name, body in exported.items():
        document = served[name]
        assert document is not None
        assert document.body == body


def test_only_changed_archives_are_written(site: Publication, tmp_path: Path) -> None:
    site.export(tmp_path / "out")
    site.write("4.md", article(4, title="changed"))
    site.build(NOW + DAY)
    archives = [name for name in site.export(tmp_path / "out").written if "archive" in name]
    changed = [
        f"{path}.{format_}"
        for path in ("all/archive/2", "topics/ai/archive/3")
        for format_ in FORMATS
    ]
    assert archives == sorted(changed)
    for number in (30, 31):
        site.write(f"{number}.md", article(number))
    site.build(NOW + 2 * DAY)
    written = [name for name in site.export(tmp_path / "out").written if name.endswith(".atom")]
    assert [name for name in written if name.startswith("all/")] == [
        "all/archive/5.atom",  # now links to the next one
        "all/archive/6.atom",
    ]


def test_archives_are_written_before_feeds_that_link_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = archive_site(tmp_path / "site", 9)
    write = AtomicFolder.write

    def fail_for_archives(self: AtomicFolder, name: str, *rest: Any) -> None:
        if "archive" in name:
            raise OSError(28, "No space left on device", name)
        write(self, name, *rest)

    monkeypatch.setattr(AtomicFolder, "write", fail_for_archives)
    with pytest.raises(ExportError, match="No space left"):
        site.export(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.rss"))


def test_entry_that_time_published_and_a_build_archived_is_exported(
    tmp_path: Path,
) -> None:
    articles = {f"{number}.md": article(number) for number in range(21)}
    site = Publication(tmp_path / "site", {**articles, "101.md": article(101)}, FEEDS)
    site.build()
    site.export(tmp_path / "out")
    now = NOW + 2 * DAY
    site.write("50.md", article(50, topics=["Maps"]))
    site.build(now)
    site.export(tmp_path / "out", now)
    first, *archives = ServedSite(site, now).walk("topics/ai", "json")
    assert len(archives) == 10
    assert (tmp_path / "out/topics/ai.json").read_bytes() == first.body


def test_export_removes_archives_beyond_the_history_setting(
    site: Publication, tmp_path: Path
) -> None:
    site.export(tmp_path / "out")
    Publication(site.root, {}, {"feeds": [{"path": "all", "size": 6, "history": 1}]})
    site.build(force=True)
    site.export(tmp_path / "out")
    assert set(exported_archives(tmp_path / "out")) == {
        f"all/archive/5.{format_}" for format_ in FORMATS
    }
