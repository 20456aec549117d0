"""What differs between two walks is found in the stretches that differ, and only there."""

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

# Paths of all kinds of characters, those among them that sort before the end of a path in a line.
PATHS = st.text("ab/ !\x01-é\U0001f600", min_size=1, max_size=4)
FILES = st.dictionaries(PATHS, st.integers(0, 2), max_size=30)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of few files, so that there are many."""
    monkeypatch.setattr(scan_digest, "_MIN_FILES", 2)


def drawn(files: Mapping[str, int], known: ScanDigest | None = None) -> PartitionedScan:
    scan = Scan({path: Stat(size, 0) for path, size in files.items()}, ())
    lines = scan.lines()
    return PartitionedScan(known or ScanDigest(), list(scan.files), lines, folder.digest(lines))


def differing(before: Mapping[str, int], after: Mapping[str, int], known: ScanDigest) -> set[str]:
    """The paths that differ, found as a build does: `before` is what the catalogue has."""
    found: set[str] = set()
    for first, last, lines in drawn(after, known).differing():
        had = {
            f"{path} {size} 0"
            for path, size in before.items()
            if (first is None or path >= first) and (last is None or path < last)
        }
        found |= {line.rsplit(" ", 2)[0] for line in had.symmetric_difference(lines)}
    return found


@given(FILES, FILES, FILES)
def test_all_that_differs_is_found(
    first: dict[str, int], change: dict[str, int], more: dict[str, int]
) -> None:
    before, known = first, ScanDigest()
    for after in (first | change, change | more, {}, first):
        other = {path for path in before | after if before.get(path) != after.get(path)}
        assert differing(before, after, known) == other
        known = drawn(after, known).updated_digest()
        assert differing(after, after, known) == set()
        assert not list(drawn(after, known).differing())
        before = after


@given(FILES, st.sets(PATHS, max_size=5))
def test_what_is_not_known_is_looked_at(files: dict[str, int], paths: set[str]) -> None:
    known = drawn(files).updated_digest().without(paths)
    there = {line for part in drawn(files, known).differing() for line in part.lines}
    assert there >= {f"{path} {files[path]} 0" for path in paths if path in files}
    assert ScanDigest.decoded(known.encoded()) == known


def test_files_are_in_stretches_of_like_length() -> None:
    files = {f"{number:04}.md": 1 for number in range(1000)}
    known = drawn(files).updated_digest()
    assert len(known.digests) == scan_digest._RANGES
    more = files | {f"9999-{number}.md": 1 for number in range(60)}  # all in the last one
    again = drawn(more, known).updated_digest()
    assert again.begins != known.begins
    assert len(again.digests) == pytest.approx(scan_digest._RANGES, abs=10)


@pytest.mark.parametrize(
    "said", ["", "0123456789abcdef", '{"whole": 1}', "[]", '{"whole":"a","begins":["x"]}']
)
def test_what_another_version_wrote_tells_nothing(said: str) -> None:
    assert ScanDigest.decoded(said) == ScanDigest()


NAMES = [f"{number:02}.md" for number in range(40)]
Ranges = list[tuple[str | None, str | None]]


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    made = Publication(tmp_path, {name: article(name) for name in NAMES}, guard=100)
    made.build()
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Ranges:
    """The stretches whose rows builds ask for."""
    noted: Ranges = []
    scan_lines = Files.scan_lines

    def noting(self: Files, first: str | None, last: str | None) -> set[str]:
        noted.append((first, last))
        return scan_lines(self, first, last)

    monkeypatch.setattr(Files, "scan_lines", noting)
    return noted


def article(name: str, title: str = "A title") -> str:
    return front_matter(title=title, webUrl=f"https://example.org/{name}/{title}")


def restore(site: Publication, name: str, content: bytes, ns: int) -> None:
    """Put a file back as it was, with its time: as rsync does."""
    site.file(name).write_bytes(content)
    os.utime(site.file(name), ns=(ns, ns))


def looks(site: Publication, name: str) -> tuple[bytes, int]:
    return site.file(name).read_bytes(), site.file(name).stat().st_mtime_ns


def shown(site: Publication) -> dict[str, str]:
    """The titles that are out, by path."""
    with site.read() as reader:
        found = {name: reader.entries.find(name) for name in (*NAMES, "21.html")}
    return {name: each[1].title for name, each in found.items() if each and not each[0].withdrawn}


def test_a_build_compares_the_stretches_that_changed_and_no_others(
    site: Publication, asked: Ranges
) -> None:
    site.write("21.md", article("21.md", "Other"))
    assert site.build().changed == 1
    [(first, last)] = asked
    assert first is not None
    assert last is not None
    assert first <= "21.md" < last
    asked.clear()
    assert site.build().read == 0
    assert asked == []


def test_a_file_that_has_to_be_read_each_time_costs_the_others_nothing(
    site: Publication, asked: Ranges
) -> None:
    site.write("30.md", b"x" * 20_000_000)
    for title in ("One", "Two"):
        asked.clear()
        site.write("05.md", article("05.md", title))
        assert site.build().read == 2
    assert len(asked) == 2


@pytest.mark.parametrize("kind", ["edit", "removal"])
def test_what_was_heard_and_taken_back_is_found(site: Publication, kind: str) -> None:
    before, was = shown(site), looks(site, "21.md")
    if kind == "edit":
        site.write("21.md", article("21.md", "Heard"))
    else:
        site.file("21.md").unlink()
    site.build(changed_paths=["21.md"])
    assert shown(site) != before
    restore(site, "21.md", *was)
    site.write("01.md", article("01.md"))
    site.build()
    assert shown(site) == before


def test_what_is_forgotten_is_read_again(site: Publication, asked: Ranges) -> None:
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        catalogue.write() as writer,
    ):
        writer.files.forget_times()
    assert site.build().read == len(NAMES)
    assert asked == [(None, None)]


@pytest.mark.parametrize("title", ["Version A", "Version B"])  # the time alone, or all of it
def test_what_changed_between_walk_and_reading_is_read_again(
    site: Publication, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    site.write("21.md", article("21.md", title))
    site.build()
    site.write("21.md", article("21.md", "Version A"))
    was, read = looks(site, "21.md"), folder.read

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
def test_what_changed_between_walk_and_look_is_looked_at_again(
    site: Publication, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    before, was, look = shown(site), looks(site, "21.md"), folder.scan_paths
    if kind == "beside":
        site.file("21.md").unlink()
    else:
        site.write("21.md", article("21.md", "Walked"))
    walked = None if kind == "beside" else looks(site, "21.md")
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
    if walked is None:
        site.file("21.html").unlink()
        site.build()
        assert shown(site) == {name: title for name, title in before.items() if name != "21.md"}
    else:
        restore(site, "21.md", *walked)
        site.build()
        assert shown(site) == before | {"21.md": "Walked"}


def test_a_file_beside_one_that_is_gone_may_go_too(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write("21.html", article("21", "Beside"))
    site.build()
    was, look = looks(site, "21.html"), folder.scan_paths
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


def test_what_is_gone_is_withdrawn_where_nobody_may_look(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that may be listed and not entered: a walk finds no fault with it."""
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


def test_articles_are_counted_as_they_are_stored(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, look = looks(site, "21.md"), folder.scan_paths
    site.file("21.md").unlink()

    def racing(site_: Site, paths: Iterable[str]) -> Scan | None:
        restore(site, "21.md", *was)
        return look(site_, paths)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "scan_paths", racing)
        assert site.build().articles == len(NAMES)
