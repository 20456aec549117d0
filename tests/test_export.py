"""The export: the bytes that are served as files, each whole, and no other file touched."""

import json
import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock
from lxml import etree

from feeds import documents, envelope, groups, sitepages
from feeds import export as exporting
from feeds.build import silent
from feeds.catalogue.store import Catalogue
from feeds.errors import ExportError
from feeds.export import ExportReport
from feeds.fragment import FORMATS
from tests.support import NOW, Publication, front_matter

ROOT = Path(__file__).parent.parent


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    made = Publication(
        tmp_path / "site",
        {
            "a.md": front_matter(title="a", topics=["AI", "C++ & <C#>"]),
            "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Роботы"]),
        },
    )
    made.build()
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> set[str]:
    """The files of an export that are for others, by path."""
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in found if not name.startswith(".feeds-export")}


SITE_FILES = {"index.html", "feeds.opml", "feed.css", "pages.css"}


def feed_files(*paths: str) -> set[str]:
    """The files of feeds: one of each format, and the page."""
    return {f"{path}.{extension}" for path in paths for extension in (*FORMATS, "html")}


def force(site: Publication, out: Path) -> ExportReport:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return exporting.export(site.site, catalogue, out, NOW, silent, force=True)


def test_files_hold_the_bytes_that_are_fetched(site: Publication, out: Path) -> None:
    report = site.export(out)
    with site.read() as reader:
        feeds = documents.every(site.site, reader, NOW)
        known = groups.grouped(feeds.values())
        for path, feed in feeds.items():
            fetched = documents.fetch(feed, site.site, reader, NOW)
            for format_ in FORMATS:
                assert (out / f"{path}.{format_}").read_bytes() == fetched[format_].body
            beside = groups.beside(feed, known, site.site)
            page = documents.page(feed, site.site, reader, NOW, beside)
            assert (out / f"{path}.html").read_bytes() == page.body
        makers = sitepages.makers(list(feeds.values()), reader.feed_states(), site.site)
        for name, make in makers.items():
            assert (out / name).read_bytes() == make().body
    assert set(makers) == SITE_FILES | {"topics/feeds.opml"}
    assert files(out) == feed_files(*feeds) | set(makers) == set(report.written)


def test_files_with_the_same_bytes_are_not_touched(site: Publication, out: Path) -> None:
    site.export(out)
    for file in out.rglob("*"):
        os.utime(file, (1, 1))
    assert site.export(out).written == ()
    site.write("b.md", front_matter(title="b2", webUrl="https://example.org/b", topics=["Роботы"]))
    site.build()
    report = site.export(out)
    assert set(report.written) >= feed_files("all", "topics/роботы")
    untouched = {name for name in files(out) if (out / name).stat().st_mtime == 1}
    assert untouched == files(out) - set(report.written)
    assert "topics/ai.rss" in untouched
    assert report.unchanged == len(untouched)


@pytest.mark.parametrize("damage", ["", "{", '{"files": 3}', '{"files": {"../site/a": ""}}'])
def test_an_export_without_its_manifest_compares_the_bytes(
    site: Publication, out: Path, damage: str
) -> None:
    site.export(out)
    (out / ".feeds-export.json").write_text(damage)
    assert site.export(out).written == ()
    (out / ".feeds-export.json").write_text(damage)
    (out / "all.rss").write_text("damaged")
    with pytest.raises(ExportError, match=r"all\.rss is there .* --force"):
        site.export(out)
    assert force(site, out).written == ("all.rss",)
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body


@pytest.mark.parametrize("name", ["index.html", "topics/ai.json"])
def test_a_file_that_is_not_of_an_export_is_overwritten_by_force_only(
    site: Publication, out: Path, name: str
) -> None:
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    for _ in range(2):
        with pytest.raises(ExportError, match=f"{name} is there and no export wrote it"):
            site.export(out)
        assert (out / name).read_text() == "mine"
    assert name in force(site, out).written
    assert (out / name).read_text() != "mine"


def test_an_export_that_was_killed_knows_its_files_again(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(exporting._Export, "_remove_gone", killed)
        with pytest.raises(KeyboardInterrupt):
            site.export(out)
    site.write("a.md", front_matter(title="a2"))
    site.build()
    assert "all.rss" in site.export(out).written
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body


def test_an_export_does_not_wait_for_another_for_ever(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_PATIENCE", 0.1)
    out.mkdir()
    with (
        FileLock(out / exporting.LOCK),
        pytest.raises(ExportError, match=r"another export .* is running"),
    ):
        site.export(out)


def test_what_pages_show_can_change_without_the_feeds(site: Publication, out: Path) -> None:
    site.export(out)
    feeds = out / "topics/ai.rss"
    before = feeds.read_bytes()
    with (site.root / "site.yaml").open("a") as file:
        file.write("pages: {images: none}\n")
    assert site.export(out).written == ()
    site.write("a.md", front_matter(title="a", topics=["AI", "New"]))
    site.build()
    written = set(site.export(out).written)
    assert "topics/ai.html" in written, "it names the other feeds of its group"
    assert feeds.read_bytes() == before or "topics/ai.rss" in written


def test_envelopes_of_an_earlier_version_are_written_anew(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(envelope, "VERSION", 1)
        patched.setattr(envelope, "STYLESHEET", "old.css")
        site.export(out)
        before = site.fetch()["rss"]
    report = site.export(out)
    assert "all.rss" in report.written
    after = site.fetch()["rss"]
    assert (out / "all.rss").read_bytes() == after.body != before.body
    assert after.updated == before.updated, "subscribers are shown nothing new"
    assert after.etag != before.etag


def test_a_file_that_is_missing_comes_back(site: Publication, out: Path) -> None:
    site.export(out)
    (out / "topics/ai.atom").unlink()
    assert site.export(out).written == ("topics/ai.atom",)


def test_a_file_that_was_cut_off_is_mended(site: Publication, out: Path) -> None:
    site.export(out)
    whole = (out / "all.atom").read_bytes()
    (out / "all.atom").write_bytes(b"")
    assert site.export(out).written == ("all.atom",)
    assert (out / "all.atom").read_bytes() == whole


def test_a_date_that_moves_without_a_change_of_order_is_exported(
    site: Publication, out: Path
) -> None:
    site.export(out)
    before = site.fetch()["rss"].updated
    site.write(
        "b.md",
        front_matter(
            title="b",
            webUrl="https://example.org/b",
            topics=["Роботы"],
            publishedDateTime="2024-05-31T09:00:01Z",
        ),
    )
    site.build()
    assert {"all.rss", "all.atom", "all.json"} <= set(site.export(out).written)
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body
    assert site.fetch()["rss"].updated > before


def test_files_of_feeds_that_are_no_more_go_and_others_stay(site: Publication, out: Path) -> None:
    site.export(out)
    (out / "CNAME").write_text("example.org")
    (out / "topics/mine.txt").write_text("mine")
    (out / "notes").mkdir()
    site = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    site.build()
    report = site.export(out)
    assert {name.partition("/")[0] for name in report.removed} == {"topics"}
    assert len(report.removed) == 3 * 4 + 1
    assert files(out) == feed_files("all") | SITE_FILES | {"CNAME", "topics/mine.txt"}
    assert (out / "notes").is_dir()
    (out / "topics/mine.txt").unlink()


def test_folders_that_are_left_empty_go(site: Publication, out: Path) -> None:
    site.export(out)
    site = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    site.build()
    site.export(out)
    assert not (out / "topics").exists()


def test_the_article_folder_is_no_target(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(site.file("."))
    for target in (site.file("."), site.file("sub/folder"), tmp_path / "link"):
        with pytest.raises(ExportError, match="lies in the article folder"):
            site.export(target)
    assert {file.name for file in site.file(".").iterdir()} == {"a.md", "b.md"}


def test_a_target_that_cannot_be_written_is_an_error(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(ExportError, match="is not a folder"):
        site.export(tmp_path / "file")
    with pytest.raises(ExportError, match="cannot write"):
        site.export(tmp_path / "file" / "below")
    (tmp_path / "out" / "all.rss").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"all\.rss"):
        site.export(tmp_path / "out")


# Exports in a child and kills it; a line on standard input says after how many feeds of an
# export, and how many seconds more.
_RUN = """
import datetime, os, signal, sys, time
from pathlib import Path
from feeds import config
from feeds.catalogue.store import Catalogue
from feeds.export import export
site, out = config.load(Path(sys.argv[1]), {}), Path(sys.argv[2])
now = datetime.datetime.fromisoformat(sys.argv[3])
for line in sys.stdin:
    feeds, seconds = line.split()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        tell = lambda *_: os.write(write, b".")
        while True:
            export(site, Catalogue(site.catalogue), out, now, tell)
            for file in [out / name for name in os.listdir(out) if name.startswith("all.")]:
                file.unlink()  # so that there is something to write
    for _ in range(int(feeds)):
        os.read(read, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


def parses(file: Path) -> bool:
    body = file.read_bytes()
    if file.suffix == ".json":
        return bool(json.loads(body))
    if file.suffix in (".html", ".css"):
        return body.rstrip().endswith((b"</html>", b"}"))
    return etree.fromstring(body) is not None


def test_every_file_is_whole_when_an_export_is_killed(site: Publication, out: Path) -> None:
    for number in range(30):
        site.write(f"{number}.md", front_matter("Text. " * 2000, title=f"t{number}"))
    site.build()
    (site.root / "run.py").write_text(_RUN)
    chance, seen = random.Random(1), set[str]()
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(site.root), str(out), NOW.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(12):
            process.stdin.write(f"{chance.randint(0, 6)} {chance.uniform(0, 0.01)}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "killed\n"
            found = files(out) if out.exists() else set()
            assert all(parses(out / name) for name in found), found
            seen |= found
        process.stdin.close()
    assert len(seen) > 5, "it was always killed before it wrote"
    site.export(out)
    hidden = {file.name for file in out.rglob(".*")}
    assert hidden == {".feeds-export.json", ".feeds-export.lock"}, "parts of files were left"
    assert files(out) == feed_files(*site.feeds()) | SITE_FILES | {"topics/feeds.opml"}
