"""The generator of a site is found by its files, in the folder or one level below it."""

from pathlib import Path

import pytest

from feeds.init import detect, registry
from feeds.init.findings import Findings
from feeds.init.registry import Generator
from tests.init.sites import post, write


def by_file(name: str) -> Generator:
    """A generator that one file gives away."""

    def detected(root: Path) -> tuple[str, ...]:
        return (name,) if (root / name).is_file() else ()

    def inspect(root: Path) -> Findings:
        return Findings(preset="plain", generator=name, evidence=detected(root), root=root)

    return Generator(name.partition(".")[0], detected, inspect)


@pytest.fixture(autouse=True)
def two_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [by_file("first.toml"), by_file("second.toml"), registry.generator("plain")]
    monkeypatch.setattr(registry, "generators", lambda: known)
    monkeypatch.setattr(
        registry, "generator", lambda name: next(one for one in known if one.name == name)
    )


def names(folder: Path) -> list[tuple[str, str]]:
    matches = detect.matches(folder)
    return [(one.generator.name, one.root.relative_to(folder).as_posix()) for one in matches]


def test_of_two_that_fit_the_likelier_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {"second.toml": "", "first.toml": ""})
    assert names(tmp_path) == [("first", "."), ("second", ".")]


@pytest.mark.parametrize("folder", ["docs", "site", "website", "apps/web"])
def test_a_site_may_lie_below_the_folder(tmp_path: Path, folder: str) -> None:
    write(tmp_path, {f"{folder}/second.toml": "", "README.md": post("a")})
    assert names(tmp_path) == [("second", folder)]


def test_a_site_in_the_folder_is_likelier_than_one_below(tmp_path: Path) -> None:
    write(tmp_path, {"docs/first.toml": "", "second.toml": ""})
    assert names(tmp_path) == [("second", "."), ("first", "docs")]


def test_a_plain_folder_fits_only_if_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, {"notes/a.md": post("a")})
    assert names(tmp_path) == [("plain", ".")]
    write(tmp_path, {"first.toml": ""})
    assert names(tmp_path) == [("first", ".")]


def test_nothing_fits_a_folder_without_articles(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# Hello", "a.txt": ""})
    assert names(tmp_path) == []


def test_a_forced_generator_is_used_where_its_files_are(tmp_path: Path) -> None:
    write(tmp_path, {"first.toml": "", "docs/second.toml": ""})
    assert detect.forced(tmp_path, "second").root == tmp_path / "docs"
    assert detect.forced(tmp_path, "first").root == tmp_path
    (tmp_path / "first.toml").unlink()
    assert detect.forced(tmp_path, "first") == (registry.generator("first"), tmp_path, ())
