"""Settings files: reading, decoding and parsing."""

from pathlib import Path

import pytest

from feeds.config import load
from feeds.errors import ConfigError
from tests.support.config_folder import SITE, load_error, load_site, write_config


def test_settings_may_be_enclosed_in_dashes(tmp_path: Path) -> None:
    assert load_site(tmp_path, f"---\n{SITE}---\nNot a setting: [").settings.title == "Example"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("title: ]", 1, "is not valid YAML"),
        ("title: a\nurl: b: c", 2, "is not valid YAML"),
        ("a: &a [x]\nb: [*b]", 2, "undefined alias"),
        ("[" * 60 + "]" * 60, 1, "nests deeper than 50"),
        ("title: A\nurl: x\ntitle: B", 3, "is already set on line 1"),
        ("articles:\n  folder: a\n  trust: mtime\n  folder: b", 4, "is already set on line 2"),
        ("- title: A\n  title: B", 2, "is already set on line 1"),
        ("a: &a {b: 1, b: 2}\nc: *a", 1, "is already set on line 1"),
    ],
)
def test_invalid_yaml_is_reported_with_its_line(
    text: str, line: int, message: str, tmp_path: Path
) -> None:
    error = load_error(tmp_path, text)
    assert (error.file, error.line) == (str(tmp_path / "site.yaml"), line)
    assert message in error.message


def test_two_mappings_may_have_equal_keys(tmp_path: Path) -> None:
    feeds = "feeds:\n  - {path: a, title: A}\n  - {path: b, title: A}\n"
    assert [feed.path for feed in load_site(tmp_path, feeds=feeds).feeds] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "title\n"])
def test_site_yaml_must_be_a_mapping(text: str, tmp_path: Path) -> None:
    assert "is not a mapping" in load_error(tmp_path, text).message


def test_key_that_is_not_text_is_reported(tmp_path: Path) -> None:
    error = load_error(tmp_path, SITE + "on: 5\n")  # YAML 1.1: the key is `true`
    assert error.file.endswith("site.yaml")
    assert "Expected `str`" in error.message


@pytest.mark.parametrize("name", ["site.yaml", "feeds.yaml"])
def test_missing_file_is_reported(name: str, tmp_path: Path) -> None:
    (write_config(tmp_path) / name).unlink()
    with pytest.raises(ConfigError, match="no such file") as caught:
        load.load(tmp_path, {})
    assert caught.value.file == str(tmp_path / name)


def test_file_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    (write_config(tmp_path) / "site.yaml").write_bytes(b"title: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(byte 10\)"):
        load.load(tmp_path, {})


def test_folder_in_place_of_a_file_is_reported(tmp_path: Path) -> None:
    (write_config(tmp_path) / "feeds.yaml").unlink()
    (tmp_path / "feeds.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load.load(tmp_path, {})


@pytest.mark.parametrize(
    ("site", "feeds", "key"),
    [
        (SITE + "author: {name: ''}\n", "feeds: [{path: a}]\n", "author.name"),
        (SITE, "feeds: [{path: a, title: ''}]\n", "feeds[0].title"),
        (SITE + 'rights: "a\\x01b"\n', "feeds: [{path: a}]\n", "rights"),
        (SITE, 'feeds: [{path: a, title: "\\x07"}]\n', "feeds[0].title"),
    ],
)
def test_text_that_feeds_cannot_contain_is_refused(
    tmp_path: Path, site: str, feeds: str, key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(tmp_path, site, feeds=feeds)
    assert caught.value.key == key
