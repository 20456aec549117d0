"""Environment variables override site.yaml."""

from pathlib import Path
from typing import Any

import pytest

from feeds.config import load
from feeds.config.site import Site
from feeds.errors import ConfigError
from tests.support.config_folder import SITE, load_site, write_config


def overridden(root: Path, site: str = SITE, **variables: str) -> Site:
    return load.load(write_config(root, site), variables)


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("FEEDS_TITLE", "Other", "Other"),
        ("FEEDS_TITLE", "1984", "1984"),
        ("FEEDS_TITLE", "yes", "yes"),
        ("FEEDS_TITLE", "null", "null"),
        ("FEEDS_TITLE", "[draft]: a", "[draft]: a"),
        ("FEEDS_TITLE", "2026-05-31", "2026-05-31"),
        ("FEEDS_URL", "https://example.net", "https://example.net/"),
        ("FEEDS_GUARD", "7", 7),
        ("FEEDS_INHERIT_TOPICS", "true", True),
        ("FEEDS_INHERIT_TOPICS", "on", True),
        ("FEEDS_LINK", "source", "source"),
        ("FEEDS_HUB", "", None),
        ("FEEDS_DESCRIPTION", "", ""),
        ("FEEDS_ARTICLES__MAX_BYTES", "5000", 5000),
        ("FEEDS_ARTICLES__TRUST", "content", "content"),
        ("FEEDS_ARTICLES__IGNORE", "[drafts, old]", ("drafts", "old")),
        ("FEEDS_MEDIA_TYPES__GPX", "application/gpx+xml", "application/gpx+xml"),
        ("FEEDS_MEDIA_TYPES", "{kml: a/b}", {"kml": "a/b"}),
        ("FEEDS_AUTHOR__NAME", "Someone", "Someone"),
    ],
)
def test_variable_overrides_the_file(
    variable: str, text: str, expected: object, tmp_path: Path
) -> None:
    written = "hub: https://hub.example.org/\narticles: {trust: mtime}\nguard: 1\n"
    value: Any = overridden(tmp_path, SITE + written, **{variable: text}).settings
    for key in variable.removeprefix("FEEDS_").lower().split("__"):
        value = value[key] if isinstance(value, dict) else getattr(value, key)
    assert value == expected


def test_variable_keeps_sibling_keys(tmp_path: Path) -> None:
    text = SITE + "articles: {trust: content, max_bytes: 9}\n"
    articles = overridden(tmp_path, text, FEEDS_ARTICLES__MAX_BYTES="8").settings.articles
    assert (articles.trust, articles.max_bytes) == ("content", 8)


def test_variable_may_set_a_required_key(tmp_path: Path) -> None:
    text = SITE.replace("title: Example\n", "")
    assert overridden(tmp_path, text, FEEDS_TITLE="Given").settings.title == "Given"


def test_variable_sets_the_catalogue(tmp_path: Path) -> None:
    moved = overridden(tmp_path, FEEDS_CATALOGUE="elsewhere/c.sqlite")
    assert moved.catalogue == f"sqlite:///{tmp_path}/elsewhere/c.sqlite"
    database = overridden(tmp_path, FEEDS_CATALOGUE="postgresql://db.example.net/feeds")
    assert database.catalogue == "postgresql://db.example.net/feeds"


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("FEEDS_TITEL", "x", "there is no setting titel; did you mean FEEDS_TITLE?"),
        ("FEEDS_ZZZ", "x", "there is no setting zzz; unset it"),
        ("FEEDS_PORTAL", "x", "there is no setting portal"),
        ("FEEDS_ARTICLES__FOLDR", "x", "did you mean FEEDS_ARTICLES__FOLDER?"),
        ("FEEDS_TITLE__DEEP", "x", "there is no setting title.deep"),
        ("FEEDS_", "x", "there is no setting"),
        ("FEEDS_GUARD", "101", "'101'"),
        ("FEEDS_GUARD", "many", "'many'"),
        ("FEEDS_GUARD", "", "''"),
        ("FEEDS_TITLE", "", "''"),
        ("FEEDS_LINK", "both", "'both'"),
        ("FEEDS_LINK", "permalink", "needs the setting permalink"),
        ("FEEDS_TIMEZONE", "Mars", "'Mars' is not a time zone"),
        ("FEEDS_LANGUAGE", "?", "'?' is not a language tag"),
        ("FEEDS_ID", "x", "'x' is neither a tag URI"),
        ("FEEDS_URL", "ftp://example.org/", "not http or https"),
        ("FEEDS_HUB", "nowhere", "'nowhere' has no scheme"),
        ("FEEDS_ARTICLES__FOLDER", "nowhere", "is not a folder"),
        ("FEEDS_ARTICLES__MAX_BYTES", "0", "'0'"),
        ("FEEDS_ARTICLES__IGNORE", "drafts", "'drafts'"),
        ("FEEDS_ARTICLES__IGNORE", "[", "'['"),
        ("FEEDS_ARTICLES", "{foldr: x}", "did you mean folder?"),
        ("FEEDS_AUTHOR__EMAIL", "a@example.org", "is missing"),
    ],
)
def test_mistake_in_a_variable_names_it(
    variable: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden(tmp_path, **{variable: text})
    assert message in caught.value.message
    if "is missing" not in message:
        assert (caught.value.file, caught.value.line) == (variable, None)


def test_mistake_in_the_file_does_not_name_a_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden(tmp_path, SITE + "guard: 500\n", FEEDS_TITLE="Other")
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "site.yaml"), 4)


def test_variable_below_a_value_that_is_not_a_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'x' is not a mapping") as caught:
        overridden(tmp_path, SITE + "articles: x\n", FEEDS_ARTICLES__TRUST="mtime")
    assert (caught.value.key, caught.value.line) == ("articles", 4)


@pytest.mark.parametrize(
    "variable",
    [
        "FEEDS_CONFIG",
        "FEEDS_PORT",
        "FEEDS_PORT_80_TCP",
        "FEEDS_PORT_80_TCP_ADDR",
        "FEEDS_SERVICE_HOST",
        "FEEDS_SERVICE_PORT",
        "FEEDS_SERVICE_PORT_HTTP",
        "FEEDS_WEB_SERVICE_HOST",
        "FEEDS_WEB_PORT_8000_TCP_PROTO",
        "OTHER_TITLE",
        "feeds_title",
    ],
)
def test_unrelated_variables_are_ignored(variable: str, tmp_path: Path) -> None:
    assert overridden(tmp_path, **{variable: "tcp://10.0.0.1:80"}) == load_site(tmp_path)
