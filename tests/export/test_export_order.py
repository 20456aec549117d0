"""The order in which files are written, by one process or several."""

import os
from pathlib import Path

import pytest

from feeds.errors import ExportError
from feeds.export import atomic_folder, execution, manifest
from feeds.export.atomic_folder import AtomicFolder
from feeds.model.document import FORMATS
from tests.support.site import Publication, front_matter

# The order in which files are written; a page is written after its own feed.
RANKS = {"archive": 0, "asset": 1, "feed": 2, "page": 2, "list": 3, "host": 4}


def test_files_are_written_before_those_that_link_to_them(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    write = AtomicFolder.write

    def note(self: AtomicFolder, name: str, body: bytes, ns: int | None = None) -> None:
        write(self, name, body, ns)
        order.append(name)

    monkeypatch.setattr(AtomicFolder, "write", note)
    site.export(out, host="nginx")
    recorded = manifest.read(out).files
    assert order.pop() == manifest.COMPLETION_NAME
    assert order[0] == order[-1] == manifest.NAME
    ranks = [RANKS[recorded[name].kind] for name in order[1:-1]]
    assert sorted(ranks) == ranks
    assert {recorded[name].kind for name in order[1:-1]} == {*RANKS} - {"archive"}
    pages = [
        name
        for name in order
        if name in recorded and recorded[name].kind == "page" and name.endswith(".html")
    ]
    assert pages
    for name in pages:
        formats = [f"{name.removesuffix('.html')}.{format_}" for format_ in FORMATS]
        assert max(map(order.index, formats)) < order.index(name)


@pytest.mark.usefixtures("forked_workers")
def test_several_processes_write_the_files_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {
        f"{number:03}.md": front_matter(title=f"Article {number}", topics=[f"T {number}", "All"])
        for number in range(60)
    }
    feeds = {
        "feeds": [
            {"path": "all", "size": 5, "history": "all"},
            {"path": "topics/{topic}", "each": "topic"},
        ]
    }
    publication = Publication(
        tmp_path / "site", articles, feeds=feeds, http={"cache_tags": "Cache-Tag"}
    )
    publication.build()
    one, many = tmp_path / "one", tmp_path / "many"
    for _ in range(2):
        written = []
        for folder, jobs in ((one, 1), (many, 2)):
            monkeypatch.setattr(execution, "processors", lambda jobs=jobs: jobs)
            written.append(publication.export(folder, host="apache").written)
        assert written[0] == written[1]
        assert {"all/archive/1.atom", "topics/t-59.rss", "topics/t-59.rss.gz"} < set(written[0])
        assert manifest.read(one) == manifest.read(many)
        for path in manifest.read(one).files:
            assert (one / path).read_bytes() == (many / path).read_bytes()
            assert (one / path).stat().st_mtime_ns == (many / path).stat().st_mtime_ns
        for path in articles:  # changes every document
            publication.write(
                path, front_matter(title="Other", topics=[f"T {int(path[:3])}", "All"])
            )
        publication.build(force=True)


@pytest.mark.usefixtures("forked_workers")
def test_several_processes_write_in_order_and_sync(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {f"{n}.md": front_matter(title=f"{n}", topics=[f"T {n}"]) for n in range(60)}
    feeds = {
        "feeds": [
            {"path": "all", "size": 5, "history": "all"},
            {"path": "topics/{topic}", "each": "topic"},
        ]
    }
    publication = Publication(tmp_path / "site", articles, feeds=feeds)
    publication.build()
    log, write_file, sync_folder = tmp_path / "log", AtomicFolder.write, atomic_folder._fsync_folder

    def note(line: str) -> None:
        with log.open("a", encoding="utf-8") as file:  # all processes, in order
            file.write(f"{os.getpid()} {line}\n")

    def write(self: AtomicFolder, name: str, body: bytes, ns: int | None = None) -> None:
        write_file(self, name, body, ns)
        note(name)

    def sync(folder: Path) -> None:
        sync_folder(folder)
        note(f"{folder.relative_to(out)}/")

    monkeypatch.setattr(AtomicFolder, "write", write)
    monkeypatch.setattr(atomic_folder, "_fsync_folder", sync)
    monkeypatch.setattr(execution, "processors", lambda: 2)
    publication.export(out, host="nginx")
    lines = [line.split(" ", 1) for line in log.read_text(encoding="utf-8").splitlines()]
    assert len({process for process, _ in lines}) == 3
    order = [name for _, name in lines]
    recorded = manifest.read(out).files
    last = {
        kind: max(order.index(n) for n in recorded if recorded[n].kind == kind) for kind in RANKS
    }
    first = {
        kind: min(order.index(n) for n in recorded if recorded[n].kind == kind) for kind in RANKS
    }
    assert last["archive"] < first["asset"] < last["asset"] < min(first["feed"], first["page"])
    assert max(last["feed"], last["page"]) < first["list"]
    for kind, folders in (("archive", {"all/archive/"}), ("feed", {"./", "topics/"})):
        synced = order[last[kind] : first["asset" if kind == "archive" else "list"] + 1]
        assert folders <= set(synced) | set(order[last["asset"] : first["feed"]])


def test_error_of_a_worker_process_ends_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {f"{n}.md": front_matter(title=f"{n}", topics=[f"T {n}"]) for n in range(60)}
    publication = Publication(tmp_path / "site", articles)
    publication.build()
    out = tmp_path / "out"
    monkeypatch.setattr(execution, "processors", lambda: 1)
    publication.export(out)
    monkeypatch.setattr(execution, "processors", lambda: 2)
    (out / "topics" / "t-30.rss").unlink()
    (out / "topics" / "t-30.rss").mkdir()
    for n in range(60):
        publication.write(f"{n}.md", front_matter(title=f"new {n}", topics=[f"T {n}"]))
    publication.build(force=True)
    with pytest.raises(ExportError, match=r"cannot write .*t-30\.rss: Is a directory"):
        publication.export(out)
    (out / "topics" / "t-30.rss").rmdir()
    publication.export(out)
    assert (out / "topics" / "t-30.rss").read_bytes().startswith(b"<?xml")
