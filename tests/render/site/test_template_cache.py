"""The cache of compiled templates; its failures never prevent rendering."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from feeds.render.site.template_cache import TemplateCache

SOURCES = {"page": "{% for number in numbers %}<{{ number }}>{% endfor %}"}
RENDERED = "<1><2>"


class _CacheOnly(Environment):
    """Fails for templates that are not in the cache."""

    def compile(self, *_: object, **__: object) -> object:  # type: ignore[override]
        raise AssertionError("compiled again")


def render(
    folder: Path,
    *,
    version: int = 1,
    source: str = SOURCES["page"],
    kind: type[Environment] = Environment,
) -> str:
    cache = TemplateCache(version, folder)
    environment = kind(loader=DictLoader({"page": source}), bytecode_cache=cache)
    return environment.get_template("page").render(numbers=[1, 2])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "__pycache__"


def test_template_is_compiled_once(folder: Path) -> None:
    assert render(folder) == RENDERED
    assert render(folder, kind=_CacheOnly) == RENDERED


def test_changed_source_or_version_is_compiled_again(folder: Path) -> None:
    render(folder)
    assert render(folder, source="other") == "other"
    with pytest.raises(AssertionError, match="compiled again"):
        render(folder, version=2, source="other", kind=_CacheOnly)


def test_files_of_another_jinja_version_are_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(folder)
    monkeypatch.setattr(metadata, "version", lambda _: "99.1")
    with pytest.raises(AssertionError, match="compiled again"):
        render(folder, kind=_CacheOnly)


def test_cached_files_are_readable_by_all_users(folder: Path) -> None:
    render(folder)
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o644]


def test_truncated_or_corrupt_file_is_ignored(folder: Path) -> None:
    render(folder)
    [file] = folder.iterdir()
    whole = file.read_bytes()
    for length in range(0, len(whole), 13):
        file.write_bytes(whole[:length])
        assert render(folder) == RENDERED
    file.write_bytes(whole[:20] + b"\xff" * len(whole))
    assert render(folder) == RENDERED


def test_missing_folder_that_cannot_be_created_is_ignored(folder: Path) -> None:
    folder.write_text("a file")
    assert render(folder) == RENDERED


def test_nothing_is_written_if_python_must_not_write_bytecode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(folder) == RENDERED
    assert not folder.exists()
