"""Benchmarks: generated sites, limits, and tools that cannot be installed."""

from pathlib import Path

import pytest
from rich.console import Console

from bench import compare
from bench.lib.corpus import Corpus
from bench.lib.measure import Mark, Measured, verdict
from bench.lib.peers import MissingError, Tool, installed


def written(root: Path, corpus: Corpus) -> dict[str, bytes]:
    corpus.write(root)
    return {file.name: file.read_bytes() for file in root.rglob("*.md")}


def test_same_numbers_generate_the_same_site(tmp_path: Path) -> None:
    first, again = (written(tmp_path / name, Corpus(30, 5, related=3)) for name in "ab")
    assert first == again
    assert all(text.count(b"\n  - title:") == 3 for text in first.values())


def test_share_of_withheld_articles(tmp_path: Path) -> None:
    files = written(tmp_path, Corpus(80, 5, withheld=0.875))
    assert 60 <= sum(b"\npublished: false\n" in text for text in files.values()) < 80


@pytest.mark.parametrize(("cold", "holds"), [(2.9, True), (3.1, False)])
def test_mark_holds_up_to_its_limit(cold: float, holds: bool) -> None:
    setting = compare.SETTINGS["large"]
    measured = {
        "hugo": Measured(10, 20, 3000),
        "feeds, cold": Measured(cold, 5, 300),
        "feeds, one edit": Measured(0.2, 0.2, 100),
        "feeds, no change": Measured(0.9, 0.9, 100),
    }
    marks = compare._marks(measured, setting)
    assert [mark.value <= mark.limit for mark in marks] == [holds, True, True, True]
    console = Console(record=True, width=80)
    assert verdict(marks, console) is holds
    assert console.export_text().count("does not hold") == (not holds)
    assert verdict([Mark("a", 1, 1)], console)


def test_tool_that_cannot_be_installed_reports_why(tmp_path: Path) -> None:
    def install(_: Path) -> None:
        raise OSError("no network")

    def never(*_: Path) -> list[str]:
        raise AssertionError

    with pytest.raises(MissingError, match="no network"):
        installed(Tool("x", install, never, never), tmp_path / "peers")
