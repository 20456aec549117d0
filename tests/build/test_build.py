"""`feeds build` is reproducible, incremental and atomic."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.build.builder import BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import EntryChange
from feeds.config import load
from feeds.errors import CatalogueError
from feeds.model.document import FORMATS
from feeds.model.entry import Entry, content_hash
from tests.support.built_site import article
from tests.support.site import FEEDS, NOW, Publication

ROOT = Path(__file__).parents[2]
LATER = NOW + timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """Articles of two topics, built and exported."""
    publication = Publication(
        tmp_path,
        {"a.md": article("a"), "b.md": article("b"), "c.md": article("c", topics=["Robots"])},
    )
    publication.build()
    publication.export(tmp_path / "out")
    return publication


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def times(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def catalogue_bytes(site: Publication) -> bytes:
    return (site.root / "catalogue.sqlite").read_bytes()


@pytest.mark.rule("H7")
def test_build_without_changes_writes_nothing(site: Publication) -> None:
    first, before, files = site.build(), catalogue_bytes(site), times(site.root / "out")
    second = site.build(LATER)
    assert (second.feeds_changed, second.revision) == ((), first.revision)
    assert catalogue_bytes(site) == before
    assert not (site.root / "catalogue.sqlite-wal").exists()
    site.export(site.root / "out", LATER)
    manifest = {".feeds-export.json", ".feeds-export.lock"}
    after = times(site.root / "out")
    assert {f: t for f, t in after.items() if f.name not in manifest} == {
        f: t for f, t in files.items() if f.name not in manifest
    }


def test_edit_changes_only_the_feeds_that_show_it(site: Publication) -> None:
    before = contents(site.root / "out")
    site.write("c.md", article("c", excerpt="New.", topics=["Robots"]))
    report = site.build()
    assert set(report.feeds_changed) == {"all", "topics/robots"}
    site.export(site.root / "out")
    after = contents(site.root / "out")
    differ = {name.rpartition(".")[0] for name in after if after[name] != before[name]}
    # The manifest and the lists of feeds are not feeds.
    assert differ - {"", "index", "feeds", ".feeds-export"} == {"all", "topics/robots"}
    assert all(
        after[f"topics/robots.{name}"] != before[f"topics/robots.{name}"] for name in FORMATS
    )


def test_change_of_topic_changes_both_feeds(site: Publication) -> None:
    site.write("a.md", article("a", topics=["Robots"]))
    report = site.build()
    assert set(report.feeds_changed) == {"all", "topics/ai", "topics/robots"}
    assert site.titles("topics/ai") == ["b"]
    assert sorted(site.titles("topics/robots")) == ["a", "c"]


def test_edit_beyond_the_size_of_a_feed_does_not_change_it(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "newest", "size": 1}, {"path": "all"}]}
    old = article("old", publishedDateTime="2024-01-01")
    site = Publication(tmp_path, {"a.md": article("a"), "old.md": old}, feeds)
    site.build()
    site.write("old.md", article("old", excerpt="New.", publishedDateTime="2024-01-01"))
    assert site.build().feeds_changed == ("all",)


def test_change_of_feeds_yaml_is_dated_by_the_build(
    site: Publication,
) -> None:
    """Documents do not depend on the clock, even if feeds.yaml is newer than the catalogue."""
    changed = Publication(site.root, {}, {"feeds": [{"path": "all", "title": "Other"}]})
    assert changed.fetch(now=NOW) == changed.fetch(now=LATER)
    assert changed.build(LATER).feeds_changed == ("all",)
    assert changed.fetch(now=LATER)["rss"].updated == LATER


def test_feed_by_age_changes_only_when_an_entry_expires(
    tmp_path: Path,
) -> None:
    feeds = {"feeds": [{"path": "recent", "select": {"age": "1d"}}]}
    articles = {
        "a.md": article("a", publishedDateTime="2024-06-15T00:00:00Z"),
        "b.md": article("b", publishedDateTime="2024-06-15T08:00:00Z"),
    }
    site = Publication(tmp_path, articles, feeds)
    site.build()
    at = datetime(2024, 6, 16, tzinfo=UTC)
    assert site.titles("recent", at) == ["b", "a"]
    gone = at + timedelta(seconds=1)
    assert site.titles("recent", gone) == ["b"]
    first = site.fetch("recent", gone)
    assert first == site.fetch("recent", gone + timedelta(hours=3))
    assert first["atom"].updated == gone
    assert site.build(gone).feeds_changed == ("recent",)


_RUN = """
import sys, datetime
from pathlib import Path
from feeds.config.load import load
from feeds.build.builder import BuildRequest, build, silent
from feeds.catalogue.catalogue import Catalogue
from feeds.export.exporter import export
root, out, now, jobs = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
if __name__ == "__main__":
    site = load(root, {"FEEDS_CATALOGUE": str(out) + ".sqlite"})
    catalogue, now = Catalogue(site.catalogue), datetime.datetime.fromisoformat(now)
    report = build(site, catalogue, now, BuildRequest(jobs=jobs))
    export(site, catalogue, out, now, silent)
    print(report.revision, report.added)
"""


def start(
    site: Publication, out: Path, now: datetime, jobs: int = 1, **environment: str
) -> "subprocess.Popen[str]":
    """Build and export in another process."""
    (site.root / "run.py").write_text(_RUN)
    return subprocess.Popen(
        [sys.executable, site.root / "run.py", site.root, out, now.isoformat(), str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def finish(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()


def many(root: Path, number: int) -> Publication:
    articles = {
        f"_news/{n:04}.md": article(
            f"t{n}",
            body=f"Text *{n}*",
            topics=[f"T{n % 7}", f"T{n % 3}"],
            publishedDateTime=None if n % 10 == 0 else f"2024-05-{n % 28 + 1:02} 10:00",
            provider={"name": f"P{n % 5}", "domain": f"p{n % 5}.example"},
            quality=n % 9,
        )
        for n in range(number)
    }
    feeds = {
        "feeds": [
            *FEEDS["feeds"],
            {"path": "{category}/{topic}", "each": ["category", "topic"]},
            {"path": "from/{provider}", "each": "provider", "order": "heat"},
            {"path": "best", "select": {"quality": {"min": 5}}, "size": 1000},
        ]
    }
    return Publication(root, articles, feeds)


@pytest.mark.rule("H7")
def test_bytes_do_not_depend_on_hash_seed_zone_or_clock(
    tmp_path: Path,
) -> None:
    site = many(tmp_path / "site", 40)
    outs = tmp_path / "one", tmp_path / "two"
    running = [
        start(site, outs[0], NOW, PYTHONHASHSEED="1", TZ="Asia/Tokyo", LC_ALL="C"),
        start(site, outs[1], NOW + timedelta(days=400), PYTHONHASHSEED="2", TZ="US/Pacific"),
    ]
    for process in running:
        finish(process)
    one, two = map(contents, outs)
    assert one == two
    assert len(one) > 30


def test_number_of_workers_does_not_change_the_result(tmp_path: Path) -> None:
    site = many(tmp_path / "site", 450)
    finish(start(site, tmp_path / "many", NOW, jobs=2))
    assert site.build(jobs=1).added == 450
    site.export(tmp_path / "one")
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


@pytest.mark.rule("H7")
def test_new_catalogue_gives_the_same_bytes(site: Publication) -> None:
    (site.root / "catalogue.sqlite").unlink()
    site.build(LATER)
    site.export(site.root / "again", LATER)
    assert contents(site.root / "again") == contents(site.root / "out")


def test_concurrent_builds_do_the_work_once(tmp_path: Path) -> None:
    """Including the first builds, which create the catalogue."""
    site = many(tmp_path / "site", 60)
    for process in [start(site, tmp_path / "out", NOW) for _ in range(3)]:
        finish(process)
    file = sqlite3.connect(tmp_path / "out.sqlite")
    with closing(file):
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT count(*), count(DISTINCT id) FROM entry").fetchone() == (60, 60)
        assert file.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone() == ("1",)


_KILLED = """
import datetime, os, signal, sys
from pathlib import Path
from feeds.config.load import load
from feeds.build.builder import BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
site = load(Path(sys.argv[1]), {})
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
build(site, Catalogue(site.catalogue), datetime.datetime.fromisoformat(sys.argv[2]), progress=kill)
"""


def test_killed_build_leaves_the_catalogue_unchanged(site: Publication) -> None:
    before = site.items()
    site.write("a.md", article("a2"))
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(site.root), NOW.isoformat()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert site.items() == before
    site.build()
    assert "a2" in site.titles()


def test_readers_see_the_previous_state_until_commit(site: Publication) -> None:
    seen: list[list[str]] = []
    site.write("a.md", article("a2"))
    site.build(progress=lambda *_: seen.append(sorted(site.titles())))
    assert seen
    assert all(titles == ["a", "b", "c"] for titles in seen)
    assert sorted(site.titles()) == ["a2", "b", "c"]


def test_entry_that_cannot_be_rendered_does_not_affect_the_rest(site: Publication) -> None:
    """No article should cause this; the rest is published nevertheless."""
    bad = Entry(
        id="tag:example.org,2026:bad", path="a.md", title="\x01", link="https://example.org/bad",
        published=NOW, updated=NOW,
    )  # fmt: skip
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        catalogue.write() as writer,
    ):
        stored = writer.entries.remembered(["a.md"])["a.md"]
        writer.entries.put([EntryChange(bad, stored.seq, 0, content_hash(bad), "", "")], site.site)
    assert sorted(site.titles()) == ["b", "c"]
    changed = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    changed.written = site.written
    report = changed.build()
    assert sorted(changed.titles()) == ["b", "c"]
    assert (report.withdrawn, [(row.path, row.fatal) for row in report.problems]) == (
        1,
        [("a.md", True)],
    )
    assert changed.build().withdrawn == 0
    changed.write("a.md", article("a3"))
    changed.build()
    assert sorted(changed.titles()) == ["a3", "b", "c"]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield


def test_locked_catalogue_can_be_read_but_not_built(site: Publication) -> None:
    file = site.root / "catalogue.sqlite"
    url = f"sqlite:///{file}?timeout=0.1"
    with locked(file), closing(Catalogue(url)) as catalogue:
        with catalogue.read() as reader:
            assert reader.entries.count() == 3
        with pytest.raises(CatalogueError, match="locked"):
            build(site.site, catalogue, NOW, BuildRequest(jobs=1))


def test_file_that_is_not_a_database_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Remember the milk. " * 100)
    with pytest.raises(CatalogueError, match="not a database"):
        Catalogue(f"sqlite:///{file}")
    assert file.read_text() == "Remember the milk. " * 100


@pytest.mark.parametrize("table", ["songs (title)", "meta (key, value)", "meta (id)"])
def test_database_of_another_program_is_not_touched(tmp_path: Path, table: str) -> None:
    file = tmp_path / "music.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"CREATE TABLE {table}")
    before = file.read_bytes()
    with pytest.raises(CatalogueError):
        Catalogue(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_broken_catalogue_is_an_error(site: Publication) -> None:
    loaded = load.load(site.root, {})
    file = site.root / "catalogue.sqlite"
    damaged = bytearray(file.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    file.write_bytes(damaged)
    with pytest.raises(CatalogueError):
        build(loaded, Catalogue(loaded.catalogue), NOW, BuildRequest(jobs=1))


@pytest.mark.parametrize("url", ["sqlite:////proc/no/where.sqlite", "nonsense", "mystery://host/x"])
def test_catalogue_that_cannot_be_opened_is_an_error(url: str) -> None:
    with pytest.raises(CatalogueError):
        Catalogue(url)


def test_catalogue_of_another_version_is_an_error(site: Publication) -> None:
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
        connection.commit()
    site.forget()
    with pytest.raises(CatalogueError, match="schema 999"):
        site.items()
