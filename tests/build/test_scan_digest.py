"""Differences between two scans are found by comparing only the ranges that differ."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.articles import folder, scan_digest
from feeds.articles.folder import Scan, Stat
from feeds.articles.scan_digest import PartitionedScan, ScanDigest
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.files import Files
from feeds.config.site import Site
from tests.support.site import Publication, front_matter

# Includes characters that sort before the separator after the path in a line.
PATHS = st.text("ab/ !\x01-é\U0001f600", min_size=1, max_size=4)
FILES = st.dictionaries(PATHS, st.integers(0, 2), max_size=30)


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use ranges of few files, so that a test has many of them."""
    monkeypatch.setattr(scan_digest, "_MIN_FILES", 2)


def partition(files: Mapping[str, int], previous: ScanDigest | None = None) -> PartitionedScan:
    scan = Scan({path: Stat(size, 0) for path, size in files.items()}, ())
    lines = scan.lines()
    return PartitionedScan(previous or ScanDigest(), list(scan.files), lines, folder.digest(lines))


def changed_paths(
    before: Mapping[str, int], after: Mapping[str, int], previous: ScanDigest
) -> set[str]:
    """Paths that differ, found as in a build; `before` are the files in the catalogue."""
    paths: set[str] = set()
    for first, last, lines in partition(after, previous).differing():
        stored = {
            f"{path} {size} 0"
            for path, size in before.items()
            if (first is None or path >= first) and (last is None or path < last)
        }
        paths |= {line.rsplit(" ", 2)[0] for line in stored.symmetric_difference(lines)}
    return paths


@given(FILES, FILES, FILES)
def test_every_difference_is_found(
    first: dict[str, int], change: dict[str, int], more: dict[str, int]
) -> None:
    before, previous = first, ScanDigest()
    for after in (first | change, change | more, {}, first):
        expected = {path for path in before | after if before.get(path) != after.get(path)}
        assert changed_paths(before, after, previous) == expected
        previous = partition(after, previous).updated_digest()
        assert changed_paths(after, after, previous) == set()
        assert not list(partition(after, previous).differing())
        before = after


@given(FILES, st.sets(PATHS, max_size=5))
def test_forgotten_paths_differ(files: dict[str, int], paths: set[str]) -> None:
    previous = partition(files).updated_digest().without(paths)
    lines = {line for part in partition(files, previous).differing() for line in part.lines}
    assert lines >= {f"{path} {files[path]} 0" for path in paths if path in files}
    assert ScanDigest.decoded(previous.encoded()) == previous


def test_ranges_have_similar_lengths() -> None:
    files = {f"{number:04}.md": 1 for number in range(1000)}
    previous = partition(files).updated_digest()
    assert len(previous.digests) == scan_digest._RANGES
    more = files | {f"9999-{number}.md": 1 for number in range(60)}  # all in the last range
    again = partition(more, previous).updated_digest()
    assert again.begins != previous.begins
    assert len(again.digests) == pytest.approx(scan_digest._RANGES, abs=10)


@pytest.mark.parametrize(
    "stored", ["", "0123456789abcdef", '{"whole": 1}', "[]", '{"whole":"a","begins":["x"]}']
)
def test_digest_of_another_version_is_ignored(stored: str) -> None:
    assert ScanDigest.decoded(stored) == ScanDigest()


NAMES = [f"{number:02}.md" for number in range(40)]
Ranges = list[tuple[str | None, str | None]]


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    publication = Publication(tmp_path, {name: article(name) for name in NAMES}, guard=100)
    publication.build()
    return publication


@pytest.fixture
def read_ranges(monkeypatch: pytest.MonkeyPatch) -> Ranges:
    """The ranges whose rows are read by builds."""
    ranges: Ranges = []
    scan_lines = Files.scan_lines

    def record(self: Files, first: str | None, last: str | None) -> set[str]:
        ranges.append((first, last))
        return scan_lines(self, first, last)

    monkeypatch.setattr(Files, "scan_lines", record)
    return ranges


def article(name: str, title: str = "A title") -> str:
    return front_matter(title=title, webUrl=f"https://example.org/{name}/{title}")


def restore(site: Publication, name: str, content: bytes, ns: int) -> None:
    """Restore a file with its time, like rsync."""
    site.file(name).write_bytes(content)
    os.utime(site.file(name), ns=(ns, ns))


def state_of(site: Publication, name: str) -> tuple[bytes, int]:
    return site.file(name).read_bytes(), site.file(name).stat().st_mtime_ns


def shown(site: Publication) -> dict[str, str]:
    """Published titles by path."""
    with site.read() as reader:
        rows = {name: reader.entries.find(name) for name in (*NAMES, "21.html")}
    return {name: row[1].title for name, row in rows.items() if row and not row[0].withdrawn}


def test_build_compares_only_changed_ranges(site: Publication, read_ranges: Ranges) -> None:
    site.write("21.md", article("21.md", "Other"))
    assert site.build().changed == 1
    [(first, last)] = read_ranges
    assert first is not None
    assert last is not None
    assert first <= "21.md" < last
    read_ranges.clear()
    assert site.build().read == 0
    assert read_ranges == []


def test_file_read_every_time_does_not_affect_other_ranges(
    site: Publication, read_ranges: Ranges
) -> None:
    site.write("30.md", b"x" * 20_000_000)
    for title in ("One", "Two"):
        read_ranges.clear()
        site.write("05.md", article("05.md", title))
        assert site.build().read == 2
    assert len(read_ranges) == 2


@pytest.mark.parametrize("kind", ["edit", "removal"])
def test_reverted_change_is_found(site: Publication, kind: str) -> None:
    before, was = shown(site), state_of(site, "21.md")
    if kind == "edit":
        site.write("21.md", article("21.md", "Reported"))
    else:
        site.file("21.md").unlink()
    site.build(changed_paths=["21.md"])
    assert shown(site) != before
    restore(site, "21.md", *was)
    site.write("01.md", article("01.md"))
    site.build()
    assert shown(site) == before


def test_build_without_digest_compares_everything(site: Publication, read_ranges: Ranges) -> None:
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        catalogue.write() as writer,
    ):
        writer.files.forget_times()
    assert site.build().read == len(NAMES)
    assert read_ranges == [(None, None)]


# A change of the time only, or of the content too.
@pytest.mark.parametrize("title", ["Version A", "Version B"])
def test_change_between_scan_and_reading_is_read_again(
    site: Publication, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    site.write("21.md", article("21.md", title))
    site.build()
    site.write("21.md", article("21.md", "Version A"))
    was, read = state_of(site, "21.md"), folder.read

    def racing(root: Path, path: str, most: int) -> tuple[bytes, Stat]:
        if path == "21.md":
            restore(site, path, article(path, title).encode(), was[1] + 10**9)
        return read(root, path, most)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "read", racing)
        site.build()
    assert shown(site)["21.md"] == title
    restore(site, "21.md", article("21.md", "Version C").encode(), was[1])
    site.write("01.md", article("01.md", "Other"))
    site.build()
    assert shown(site)["21.md"] == "Version C"


@pytest.mark.parametrize("kind", ["changed back", "gone", "beside"])
def test_change_between_scan_and_stat_is_found(
    site: Publication, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    before, was, look = shown(site), state_of(site, "21.md"), folder.scan_paths
    if kind == "beside":
        site.file("21.md").unlink()
    else:
        site.write("21.md", article("21.md", "Scanned"))
    scanned = None if kind == "beside" else state_of(site, "21.md")
    done: list[bool] = []

    def racing(site_: Site, paths: Iterable[str]) -> Scan | None:
        if not done:
            done.append(True)
            if kind == "changed back":
                restore(site, "21.md", *was)
            elif kind == "gone":
                site.file("21.md").unlink()
            else:
                site.write("21.html", article("21", "Beside"))
        return look(site_, paths)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "scan_paths", racing)
        site.build()
    site.write("01.md", article("01.md"))
    if scanned is None:
        site.file("21.html").unlink()
        site.build()
        assert shown(site) == {name: title for name, title in before.items() if name != "21.md"}
    else:
        restore(site, "21.md", *scanned)
        site.build()
        assert shown(site) == before | {"21.md": "Scanned"}


def test_neighbour_of_a_removed_file_may_be_removed_too(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write("21.html", article("21", "Beside"))
    site.build()
    was, look = state_of(site, "21.html"), folder.scan_paths
    site.file("21.md").unlink()

    def racing(site_: Site, paths: Iterable[str]) -> Scan | None:
        site.file("21.html").unlink(missing_ok=True)
        return look(site_, paths)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "scan_paths", racing)
        site.build()
    restore(site, "21.html", *was)
    site.write("01.md", article("01.md"))
    site.build()
    assert shown(site)["21.html"] == "Beside"


def test_removed_article_is_withdrawn_in_an_unreadable_folder(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that may be listed but not entered; a scan reports no problem with it."""
    site.file("21.md").unlink()
    lstat = os.lstat

    def forbidden(path: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("/21.md"):
            raise PermissionError(13, "Permission denied", path)
        return lstat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", forbidden)
        assert site.build().withdrawn == 1
    assert site.build().withdrawn == 0
    assert "21.md" not in shown(site)


def test_articles_are_counted_as_stored(site: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    was, look = state_of(site, "21.md"), folder.scan_paths
    site.file("21.md").unlink()

    def racing(site_: Site, paths: Iterable[str]) -> Scan | None:
        restore(site, "21.md", *was)
        return look(site_, paths)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "scan_paths", racing)
        assert site.build().articles == len(NAMES)
