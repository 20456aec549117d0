"""feeds.yaml: feeds, defaults, paths and selections."""

from pathlib import Path

import pytest

from feeds.errors import ConfigError
from feeds.model.selection import Age, All, AnyOf, Not, Range, Selection, Terms
from tests.support.config_folder import FEEDS, load_error, load_site

# A feed, the wrong key below feeds[0], its line, and text of the message.
WRONG_FEED = [
    ("siez: 5", "siez", 3, "did you mean size?"),
    ("size: 0", "size", 3, "0"),
    ("size: 1001", "size", 3, "1001"),
    ("size: '5'", "size", 3, "'5'"),
    ("order: newest", "order", 3, "'newest'"),
    ("title: 5", "title", 3, "5"),
    ("title: '{topic}'", "title", 3, "{topic} is not among this feed's 'each'"),
    ("description: '{nothing}'", "description", 3, "{nothing} is not among"),
    ("each: author", "each", 3, "'author' is not one of topic"),
    ("each: [topic, topic]", "each", 3, "'topic' is not one of"),
    ("each: topic", "path", 2, "'all' must contain {topic}"),
    ("max_age: soon", "max_age", 3, "'soon' is not a duration"),
    ("max_age: 1h30m", "max_age", 3, "'1h30m' is not a duration"),
    ("max_age: 59s", "max_age", 3, "'59s' is not between"),
    ("max_age: 6h", "max_age", 3, "'6h' is not between"),
    ("max_age: -5", "max_age", 3, "-5 is not a duration"),
    ("select: 5", "select", 3, "5"),
    ("select: {colour: red}", "select.colour", 3, "no such selection; use one of topic"),
    ("select: {topic: 5}", "select.topic", 3, "5 is not a name"),
    ("select: {topic: []}", "select.topic", 3, "[] is not a name"),
    ("select: {topic: ['']}", "select.topic", 3, "[''] is not a name"),
    ("select: {quality: high}", "select.quality", 3, "'high' is not a number"),
    ("select: {quality: true}", "select.quality", 3, "True is not a number"),
    ("select: {heat: {least: 5}}", "select.heat", 3, "is not a number or a mapping of min"),
    ("select: {age: old}", "select.age", 3, "'old' is not a duration"),
    ("select: {any: [maps]}", "select.any", 3, "'maps' is not a mapping"),
    ("select: {not: {typ: a}}", "select.not.typ", 3, "no such selection"),
    ("select:\n      all:\n        - age: x", "select.all.age", 4, "'x' is not a duration"),
]


@pytest.mark.parametrize(
    ("text", "key", "line", "message"), WRONG_FEED, ids=lambda value: str(value)[:40]
)
def test_mistake_in_a_feed_names_file_line_and_key(
    text: str, key: str, line: int, message: str, tmp_path: Path
) -> None:
    error = load_error(tmp_path, feeds=f"{FEEDS}    {text}\n")
    assert (error.file, error.key) == (str(tmp_path / "feeds.yaml"), f"feeds[0].{key}")
    assert error.line == line
    assert message in error.message


@pytest.mark.parametrize(
    "path",
    ["/all", "all/", "a//b", "a b", ".hidden", "a/../b", "a/.b", "index", "Index", "feeds",
     "healthz", "news/{topic", "topic}", "{}", "a?b", "''"],
)  # fmt: skip
def test_invalid_feed_path_is_refused(path: str, tmp_path: Path) -> None:
    error = load_error(tmp_path, feeds=f"feeds:\n  - path: {path!r}\n".replace("\"''\"", "''"))
    assert (error.key, error.line) == ("feeds[0].path", 2)


@pytest.mark.parametrize("path", ["all", "a/b", "été", "~me", "a.b-c_d", "2026"])
def test_valid_feed_path_is_accepted(path: str, tmp_path: Path) -> None:
    assert load_site(tmp_path, feeds=f"feeds:\n  - path: {path!r}\n").feeds[0].path == path


def test_two_feeds_with_the_same_path_are_refused(tmp_path: Path) -> None:
    error = load_error(tmp_path, feeds="feeds:\n  - path: a\n  - path: b\n  - path: a\n")
    assert (error.key, error.line) == ("feeds[2].path", 4)
    assert error.message == "'a' is already the path of feeds[0]"


@pytest.mark.parametrize("text", ["", "feeds:\n", "feeds: []\n", "feeds: {path: a}\n"])
def test_site_without_feeds_is_refused(text: str, tmp_path: Path) -> None:
    error = load_error(tmp_path, feeds=text)
    assert (error.file, error.key) == (str(tmp_path / "feeds.yaml"), "feeds")


def test_mistake_in_defaults_is_reported(tmp_path: Path) -> None:
    error = load_error(tmp_path, feeds=FEEDS + "defaults:\n  sise: 5\n")
    assert (error.key, error.line) == ("defaults.sise", 4)
    assert "did you mean size?" in error.message


def test_feeds_inherit_defaults(tmp_path: Path) -> None:
    feeds = FEEDS + "  - {path: b, order: date, size: 9, max_age: 90}\n"
    first, second = load_site(
        tmp_path, feeds=feeds + "defaults: {order: heat, size: 7, max_age: 2h}\n"
    ).feeds
    assert (first.order, first.size, first.caching.max_age) == ("heat", 7, 7200)
    assert (second.order, second.size, second.caching.max_age) == ("date", 9, 90)


def test_default_title_of_a_family_names_its_terms(tmp_path: Path) -> None:
    feeds = "feeds:\n  - {path: '{type}/{topic}', each: [topic, type]}\n"
    (family,) = load_site(tmp_path, feeds=feeds).feeds
    assert (family.title, family.each) == ("{site} – {topic} – {type}", ("topic", "type"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", All()),
        ("{topic: Sea charts}", Terms("topic", ("sea",))),
        ("{topic: [Charts, Zoo]}", Terms("topic", ("sea", "zoo"))),
        ("{type: Video}", Terms("type", ("video",))),
        ("{quality: 80}", Range("quality", 80)),
        ("{heat: {max: 5}}", Range("heat", None, 5)),
        ("{age: 7d}", Age(604_800)),
        ("{type: a, age: 60}", All((Terms("type", ("a",)), Age(60)))),
        ("{not: {type: a}}", Not(Terms("type", ("a",)))),
        ("{not: [{type: a}, {age: 1}]}", Not(AnyOf((Terms("type", ("a",)), Age(1))))),
        ("{any: [{type: a}, {age: 1}]}", AnyOf((Terms("type", ("a",)), Age(1)))),
    ],
)
def test_selection_is_parsed(text: str, expected: Selection, tmp_path: Path) -> None:
    topics = "[{name: Sea charts, _id: sea, shortname: Charts}]"
    site = load_site(tmp_path, feeds=f"{FEEDS}    select: {text}\n", topics=topics)
    assert site.feeds[0].selection == expected


@pytest.mark.parametrize(
    "path", ["a.rss/b", "x/a.atom/b", "a.json/b", "a.html/b", "feeds.opml/b", "feed.css/b"]
)
def test_folder_with_the_extension_of_a_feed_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a feed's path"):
        load_site(tmp_path, feeds=f"feeds: [{{path: a}}, {{path: {path}}}]\n")


def test_paths_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'News' is also the path of"):
        load_site(tmp_path, feeds="feeds: [{path: news}, {path: News}]\n")
