"""What differs between two walks is found in the stretches that differ, and only there."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import outline
from feeds.catalogue.reader import Reader
from feeds.folder import Scan, Stat
from feeds.outline import Drawn, Outline
from tests.support import Publication, front_matter

# Paths of all kinds of characters, those among them that sort before the end of a path in a line.
PATHS = st.text("ab/ !\x01-é\U0001f600", min_size=1, max_size=4)
FILES = st.dictionaries(PATHS, st.integers(0, 2), max_size=30)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of few files, so that there are many."""
    monkeypatch.setattr(outline, "_FEW", 2)


def drawn(files: Mapping[str, int], known: Outline | None = None) -> Drawn:
    scan = Scan({path: Stat(size, 0) for path, size in files.items()}, ())
    return Drawn(known or Outline(), list(scan.files), scan.lines())


def differing(before: Mapping[str, int], after: Mapping[str, int], known: Outline) -> set[str]:
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
    before, known = first, Outline()
    for after in (first | change, change | more, {}, first):
        other = {path for path in before | after if before.get(path) != after.get(path)}
        assert differing(before, after, known) == other
        known = drawn(after, known).outline()
        assert differing(after, after, known) == set()
        assert not list(drawn(after, known).differing())
        before = after


@given(FILES, st.sets(PATHS, max_size=5))
def test_what_is_not_known_is_looked_at(files: dict[str, int], paths: set[str]) -> None:
    known = drawn(files).outline().without(paths)
    there = {line for part in drawn(files, known).differing() for line in part.lines}
    assert there >= {f"{path} {files[path]} 0" for path in paths if path in files}
    assert Outline.decoded(known.encoded()) == known


def test_files_are_in_stretches_of_like_length() -> None:
    files = {f"{number:04}.md": 1 for number in range(1000)}
    known = drawn(files).outline()
    assert len(known.digests) == outline._STRETCHES
    more = files | {f"9999-{number}.md": 1 for number in range(60)}  # all in the last one
    again = drawn(more, known).outline()
    assert again.begins != known.begins
    assert len(again.digests) == pytest.approx(outline._STRETCHES, abs=10)


def test_a_build_compares_the_stretches_that_changed_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number:02}.md" for number in range(40)]
    site = Publication(tmp_path, {name: front_matter(title=name) for name in names})
    site.build()
    asked: list[tuple[str | None, str | None]] = []
    lines = Reader.lines

    def noted(self: Reader, first: str | None, last: str | None) -> set[str]:
        asked.append((first, last))
        return lines(self, first, last)

    monkeypatch.setattr(Reader, "lines", noted)
    site.write("21.md", front_matter(title="Other"))
    assert site.build().changed == 1
    [(first, last)] = asked
    assert first is not None
    assert last is not None
    assert first <= "21.md" < last
    site.write("22.md", front_matter(title="Heard"))
    assert site.build(heard=["22.md"]).changed == 1
    asked.clear()
    assert site.build().read == 0
    assert len(asked) == 1, "what changed since the walk is looked at, and that is all"
    asked.clear()
    assert site.build().read == 0
    assert asked == []
