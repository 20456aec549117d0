"""Compiled templates are kept, and never in the way."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from feeds.render.site.template_cache import TemplateCache

SOURCES = {"page": "{% for each in those %}<{{ each }}>{% endfor %}"}
FILLED = "<1><2>"


class _Uncompiling(Environment):
    """Templates that have to be kept already."""

    def compile(self, *_: object, **__: object) -> object:  # type: ignore[override]
        raise AssertionError("it was compiled again")


def filled(
    folder: Path,
    *,
    version: int = 1,
    source: str = SOURCES["page"],
    kind: type[Environment] = Environment,
) -> str:
    kept = TemplateCache(version, folder)
    made = kind(loader=DictLoader({"page": source}), bytecode_cache=kept)
    return made.get_template("page").render(those=[1, 2])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "__pycache__"


def test_template_is_compiled_once(folder: Path) -> None:
    assert filled(folder) == FILLED
    assert filled(folder, kind=_Uncompiling) == FILLED


def test_changed_source_or_version_is_compiled_again(folder: Path) -> None:
    filled(folder)
    assert filled(folder, source="other") == "other"
    with pytest.raises(AssertionError, match="compiled again"):
        filled(folder, version=2, source="other", kind=_Uncompiling)


def test_files_of_another_jinja_version_are_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    monkeypatch.setattr(metadata, "version", lambda _: "99.1")
    with pytest.raises(AssertionError, match="compiled again"):
        filled(folder, kind=_Uncompiling)


def test_cached_files_are_readable_by_all_users(folder: Path) -> None:
    filled(folder)
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o644]


def test_truncated_or_corrupt_file_is_ignored(folder: Path) -> None:
    filled(folder)
    [file] = folder.iterdir()
    whole = file.read_bytes()
    for length in range(0, len(whole), 13):
        file.write_bytes(whole[:length])
        assert filled(folder) == FILLED
    file.write_bytes(whole[:20] + b"\xff" * len(whole))
    assert filled(folder) == FILLED


def test_missing_folder_that_cannot_be_created_is_ignored(folder: Path) -> None:
    folder.write_text("a file")
    assert filled(folder) == FILLED


def test_nothing_is_written_if_python_must_not_write_bytecode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert filled(folder) == FILLED
    assert not folder.exists()
