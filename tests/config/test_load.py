"""Settings: what is wrong is told with file, line, key and value; variables win over files."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.config import load as config
from feeds.config.site import Site
from feeds.errors import ConfigError
from feeds.model.selection import Age, All, AnyOf, Not, Range, Selection, Terms

SITE = """\
id: "tag:example.org,2026:"
url: https://example.org
title: Example
"""
FEEDS = """\
feeds:
  - path: all
"""


def write(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> Path:
    (root / "articles").mkdir(exist_ok=True)
    (root / "site.yaml").write_text(site, encoding="utf-8")
    (root / "feeds.yaml").write_text(feeds, encoding="utf-8")
    for name, text in files.items():
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root


def load(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> Site:
    return config.load(write(root, site, feeds, **files), {})


def refused(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(root, site, feeds, **files)
    return caught.value


@pytest.mark.parametrize("value", ["0s", "often", -1, 0])
def test_how_often_all_files_are_looked_at_is_at_least_every_second(
    tmp_path: Path, value: object
) -> None:
    error = refused(tmp_path, f"{SITE}articles:\n  scan_every: {value}\n")
    assert error.key == "articles.scan_every"


def test_three_keys_make_a_site(tmp_path: Path) -> None:
    site = load(tmp_path)
    assert site.settings.url == site.feeds_url == site.assets_url == "https://example.org/"
    assert site.folder == tmp_path / "articles"
    assert site.catalogue == f"sqlite:///{tmp_path}/catalogue.sqlite"
    (feed,) = site.feeds
    assert (feed.path, feed.title, feed.size, feed.caching.max_age) == ("all", "{site}", 50, 1800)


def test_a_file_may_stand_between_lines_of_dashes(tmp_path: Path) -> None:
    assert load(tmp_path, f"---\n{SITE}---\nNot a setting: [").settings.title == "Example"


def test_the_catalogue_may_be_a_database(tmp_path: Path) -> None:
    site = load(tmp_path, SITE + "catalogue: postgresql://db.example.net/feeds\n")
    assert site.catalogue == "postgresql://db.example.net/feeds"


@pytest.mark.parametrize("key", ["url", "feeds_url", "assets_url"])
def test_urls_that_others_lie_below_end_in_a_slash(key: str, tmp_path: Path) -> None:
    text = SITE.replace("url: https://example.org\n", "") if key == "url" else SITE
    made = load(tmp_path, f"{text}{key}: https://Example.org/a b\n")
    assert getattr(made.settings, key) == "https://example.org/a%20b/"


# What site.yaml holds after its three keys, the key at fault, and what the message says.
WRONG_SITE = [
    ("titel: x", "titel", "no such setting; did you mean title?"),
    ("zzz: x", "zzz", "no such setting; see docs/reference/settings.md"),
    ("articles: {max_byte: 5}", "articles.max_byte", "did you mean max_bytes?"),
    ("articles: {defaults: {_a: {typ: b}}}", "articles.defaults._a.typ", "did you mean type?"),
    ("author: {url: https://example.org/}", "author.name", "is missing"),
    ("author: {name: A, mail: a@example.org}", "author.mail", "did you mean email?"),
    ("author: {name: A, url: 'javascript:x()'}", "author.url", "'javascript:x()'"),
    ("author: {name: A, email: nobody}", "author.email", "'nobody' is not an e-mail address"),
    ("author: nobody", "author", "'nobody'"),
    ("guard: 101", "guard", "101"),
    ("guard: many", "guard", "'many'"),
    ("related: -1", "related", "-1"),
    ("inherit_topics: maybe", "inherit_topics", "'maybe'"),
    ("rights: 2026", "rights", "2026"),
    ("link: both", "link", "'both'"),
    ("link: permalink", "link", "needs the setting permalink"),
    ("permalink: https://example.org/{slug}/", "permalink", "{slug} is not known"),
    ("permalink: /{name}/", "permalink", "has no scheme"),
    ("language: English!", "language", "'English!' is not a language tag"),
    ("timezone: Mars/Olympus", "timezone", "'Mars/Olympus' is not a time zone"),
    ("timezone: ../../etc/passwd", "timezone", "is not a time zone"),
    ("timezone: ''", "timezone", "'' is not a time zone"),
    ("feeds_url: feeds.example.org", "feeds_url", "'feeds.example.org' has no scheme"),
    ("assets_url: ftp://example.org/", "assets_url", "not http or https"),
    ("assets_url: https://example.org/?a=", "assets_url", "has a query or a fragment"),
    ("hub: //hub", "hub", "'//hub' has no scheme"),
    ("hub: [https://hub.example/, hub]", "hub[1]", "'hub' has no scheme"),
    ("hub: [https://a.example, https://a.example/]", "hub[1]", "stands there twice"),
    ("ping_delay: soon", "ping_delay", "'soon' is not a duration"),
    ("ping_delay: 11m", "ping_delay", "'11m' is not between 0s and 10m"),
    ("icon: icon.png", "icon", "'icon.png' has no scheme"),
    ("logo: https://", "logo", "'https://' is not a URL"),
    ("media_types: {gpx: xml}", "media_types.gpx", "'xml' is not a media type"),
    ("media_types: {.gpx: a/b}", "media_types..gpx", "'.gpx' is not a file extension"),
    ("media_types: {kml: a/b, gpx: 5}", "media_types.gpx", "5: "),
    ("articles: {folder: nowhere}", "articles.folder", "is not a folder"),
    ("articles: {max_bytes: 0}", "articles.max_bytes", "0"),
    ("articles: {trust: me}", "articles.trust", "'me'"),
    ("articles: {ignore: drafts}", "articles.ignore", "'drafts'"),
    ("articles: {extensions: [md]}", "articles.extensions[0]", "'md'"),
    ("articles: [a]", "articles", "['a']"),
]


# The same of where the site is published to.
WRONG_DESTINATION = [
    ("upload: {url: 'ftp://a/b'}", "upload.url", "'ftp://a/b' is not such as s3://"),
    ("upload: {url: 's3://b/../c'}", "upload.url", "has an empty part, or one of dots"),
    ("upload: {url: 's3://b/./c'}", "upload.url", "has an empty part, or one of dots"),
    ("upload: {url: 's3://b//c'}", "upload.url", "has an empty part, or one of dots"),
    ("upload: {url: 's3://b/%2E%2e/c'}", "upload.url", "has an empty part, or one of dots"),
    ("upload: {url: 's3://b', state: /a}", "upload.state", "'/a' is not such as s3://"),
    ("upload: {url: 's3://b', state: 's3://c/..'}", "upload.state", "one of dots; write the place"),
    ("upload: {url: 's3://b', state: 'gs://b'}", "upload.state", "is to be in the same kind"),
    ("upload: {url: 's3://b/c', state: 's3://b/c/'}", "upload.state", "has the feeds in it"),
    ("upload: {url: 's3://b/c/d', state: 's3://b/c'}", "upload.state", "has the feeds in it"),
    ("upload: {url: 's3://b', state: 's3://b/own'}", "upload.state", "lies among the feeds"),
    ("upload: {url: 's3://b', endpoint: a.example}", "upload.endpoint", "'a.example'"),
    (
        "upload: {url: 'gs://b', endpoint: 'https://a.example'}",
        "upload.endpoint",
        "s3:// and az://",
    ),
    ("upload: {url: 'gs://b', region: eu}", "upload.region", "is for s3:// only; take it out"),
    ("upload: {url: 'az://b', region: eu}", "upload.region", "is for s3:// only; take it out"),
    ("purge: [{via: cloudflare}]", "purge[0].zone", "is missing; cloudflare needs the id"),
    ("purge: [{via: http, zone: a}]", "purge[0].zone", "is not for http"),
    ("purge: [{via: http, soft: true}]", "purge[0].soft", "is for fastly only; take it out"),
    ("purge: [{via: http}, {via: bunny, servers: ['http://a']}]", "purge[1].servers", "http only"),
    ("purge: [{via: http, servers: [x]}]", "purge[0].servers[0]", "'x'"),
    ("purge: [{via: bunny}, {via: bunny}]", "purge[1]", "'bunny' is purge[0] already"),
    (
        "purge: [{via: http, servers: ['http://a', 'http://a']}]",
        "purge[0]",
        "remove one of the two",
    ),
    ("purge: [{via: bunny, by: tag}]", "purge[0].by", "'tag' needs the setting http.cache_tags"),
]
TAGGED = "http: {cache_tags: xkey}\n"
UNTAGGED = [
    ("purge: [{via: cloudfront, zone: a, by: tag}]", "'tag' is not for cloudfront; write 'url'"),
    ("{upload: {url: 'az://b'}, purge: [{via: http, by: tag}]}", "Azure keeps none; write 'url'"),
]


@pytest.mark.parametrize(("text", "key", "said"), WRONG_DESTINATION, ids=lambda value: str(value))
def test_a_mistake_in_where_to_publish_names_file_line_and_key(
    text: str, key: str, said: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, SITE + text + "\n")
    assert (error.file, error.line, error.key) == (str(tmp_path / "site.yaml"), 4, key)
    assert said in error.message


@pytest.mark.parametrize(("text", "said"), UNTAGGED)
def test_what_has_no_tags_is_not_purged_by_tag(text: str, said: str, tmp_path: Path) -> None:
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in yaml.safe_load(text).items())
    error = refused(tmp_path, SITE + TAGGED + lines)
    assert error.key == "purge[0].by"
    assert said in error.message


@pytest.mark.parametrize(
    "text",
    [
        "upload: {url: 's3://b', region: eu, state: 's3://b/.feeds-memory'}",
        "upload: {url: 's3://b/news/', state: 's3://b/news-memory/'}",
        "upload: {url: 'az://b/news', endpoint: 'https://a.example'}",
        "purge: [{via: http, servers: ['http://a', 'http://b']}, {via: fastly, soft: true}]",
        "purge: [{via: cloudflare, zone: a}, {via: cloudflare, zone: b, by: tag}]",
    ],
)
def test_what_can_be_published_to_is_taken(text: str, tmp_path: Path) -> None:
    load(tmp_path, f"{SITE}{TAGGED}{text}\n")


@pytest.mark.parametrize(("text", "key", "said"), WRONG_SITE, ids=lambda value: str(value)[:40])
def test_a_mistake_in_site_yaml_names_file_line_and_key(
    text: str, key: str, said: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, SITE + text + "\n")
    assert (error.file, error.line, error.key) == (str(tmp_path / "site.yaml"), 4, key)
    assert said in error.message
    assert str(error) == f"{error.file}:4: {key}: {error.message}"


@pytest.mark.parametrize("key", ["id", "url", "title"])
def test_a_key_that_is_needed_is_missed(key: str, tmp_path: Path) -> None:
    text = "".join(line for line in SITE.splitlines(True) if not line.startswith(f"{key}:"))
    error = refused(tmp_path, text)
    assert (error.key, error.message) == (key, "is missing; it has no default")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "example.org"),
        ("id", "tag:example.org"),
        ("id", "'tag:Example.org,2026:'"),
        ("id", "'tag:example.org,26:'"),
        ("id", "123"),
        ("id", "''"),
        ("url", "example.org"),
        ("url", "''"),
        ("url", "https://user:secret@example.org/"),
        ("title", "''"),
        ("title", "1984"),
    ],
)
def test_a_bad_value_of_a_needed_key_is_told(key: str, value: str, tmp_path: Path) -> None:
    lines = [f"{key}: {value}" if x.startswith(key) else x for x in SITE.splitlines()]
    error = refused(tmp_path, "\n".join(lines))
    assert (error.key, error.line) == (key, ["id", "url", "title"].index(key) + 1)
    assert value.strip("'") in error.message


@pytest.mark.parametrize(
    "id_",
    [
        "tag:example.org,2026:",
        "tag:me@example.org,2026-05-31:news",
        "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ],
)
def test_ids_are_made_below_a_tag_uri_or_a_uuid(id_: str, tmp_path: Path) -> None:
    site = load(tmp_path, SITE.replace("tag:example.org,2026:", id_))
    assert site.new_id("a") == site.new_id("a") != site.new_id("b")
    assert site.new_id("a").startswith("tag:" if "tag:" in id_ else "urn:uuid:")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("title: ]", 1, "is not valid YAML"),
        ("title: a\nurl: b: c", 2, "is not valid YAML"),
        ("a: &a [x]\nb: [*b]", 2, "undefined alias"),
        ("[" * 60 + "]" * 60, 1, "nests deeper than 50"),
        ("title: A\nurl: x\ntitle: B", 3, "stands on line 1 already"),
        ("articles:\n  folder: a\n  trust: mtime\n  folder: b", 4, "stands on line 2 already"),
        ("- title: A\n  title: B", 2, "stands on line 1 already"),
        ("a: &a {b: 1, b: 2}\nc: *a", 1, "stands on line 1 already"),
    ],
)
def test_text_that_is_not_yaml_is_told_with_its_line(
    text: str, line: int, said: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, text)
    assert (error.file, error.line) == (str(tmp_path / "site.yaml"), line)
    assert said in error.message


def test_keys_of_two_mappings_may_be_equal(tmp_path: Path) -> None:
    feeds = "feeds:\n  - {path: a, title: A}\n  - {path: b, title: A}\n"
    assert [feed.path for feed in load(tmp_path, feeds=feeds).feeds] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "title\n"])
def test_site_yaml_must_be_a_mapping(text: str, tmp_path: Path) -> None:
    assert "is not a mapping" in refused(tmp_path, text).message


def test_a_key_that_is_no_text_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path, SITE + "on: 5\n")  # YAML 1.1: the key is `true`
    assert error.file.endswith("site.yaml")
    assert "Expected `str`" in error.message


@pytest.mark.parametrize("name", ["site.yaml", "feeds.yaml"])
def test_a_file_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    (write(tmp_path) / name).unlink()
    with pytest.raises(ConfigError, match="no such file") as caught:
        config.load(tmp_path, {})
    assert caught.value.file == str(tmp_path / name)


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (write(tmp_path) / "site.yaml").write_bytes(b"title: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(byte 10\)"):
        config.load(tmp_path, {})


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    (write(tmp_path) / "feeds.yaml").unlink()
    (tmp_path / "feeds.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path, {})


# A feed, the key at fault below feeds[0], its line, and what the message says.
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
    ("each: topic", "path", 2, "'all' must hold {topic}"),
    ("max_age: soon", "max_age", 3, "'soon' is not a duration"),
    ("max_age: 1h30m", "max_age", 3, "'1h30m' is not a duration"),
    ("max_age: 59s", "max_age", 3, "'59s' is not between"),
    ("max_age: 6h", "max_age", 3, "'6h' is not between"),
    ("max_age: -5", "max_age", 3, "-5 is not a duration"),
    ("select: 5", "select", 3, "5"),
    ("select: {colour: red}", "select.colour", 3, "no such selection; there are topic"),
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
    ("text", "key", "line", "said"), WRONG_FEED, ids=lambda value: str(value)[:40]
)
def test_a_mistake_in_a_feed_names_file_line_and_key(
    text: str, key: str, line: int, said: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, feeds=f"{FEEDS}    {text}\n")
    assert (error.file, error.key) == (str(tmp_path / "feeds.yaml"), f"feeds[0].{key}")
    assert error.line == line
    assert said in error.message


@pytest.mark.parametrize(
    "path",
    ["/all", "all/", "a//b", "a b", ".hidden", "a/../b", "a/.b", "index", "Index", "feeds",
     "healthz", "news/{topic", "topic}", "{}", "a?b", "''"],
)  # fmt: skip
def test_a_path_that_no_url_can_have_is_refused(path: str, tmp_path: Path) -> None:
    error = refused(tmp_path, feeds=f"feeds:\n  - path: {path!r}\n".replace("\"''\"", "''"))
    assert (error.key, error.line) == ("feeds[0].path", 2)


@pytest.mark.parametrize("path", ["all", "a/b", "été", "~me", "a.b-c_d", "2026"])
def test_a_path_may_be(path: str, tmp_path: Path) -> None:
    assert load(tmp_path, feeds=f"feeds:\n  - path: {path!r}\n").feeds[0].path == path


def test_two_feeds_of_one_path_clash(tmp_path: Path) -> None:
    error = refused(tmp_path, feeds="feeds:\n  - path: a\n  - path: b\n  - path: a\n")
    assert (error.key, error.line) == ("feeds[2].path", 4)
    assert error.message == "'a' is the path of feeds[0] already"


@pytest.mark.parametrize("text", ["", "feeds:\n", "feeds: []\n", "feeds: {path: a}\n"])
def test_a_site_without_feeds_is_a_mistake(text: str, tmp_path: Path) -> None:
    error = refused(tmp_path, feeds=text)
    assert (error.file, error.key) == (str(tmp_path / "feeds.yaml"), "feeds")


def test_a_mistake_in_the_defaults_of_feeds_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path, feeds=FEEDS + "defaults:\n  sise: 5\n")
    assert (error.key, error.line) == ("defaults.sise", 4)
    assert "did you mean size?" in error.message


def test_feeds_take_what_they_do_not_say_from_the_defaults(tmp_path: Path) -> None:
    feeds = FEEDS + "  - {path: b, order: date, size: 9, max_age: 90}\n"
    first, second = load(
        tmp_path, feeds=feeds + "defaults: {order: heat, size: 7, max_age: 2h}\n"
    ).feeds
    assert (first.order, first.size, first.caching.max_age) == ("heat", 7, 7200)
    assert (second.order, second.size, second.caching.max_age) == ("date", 9, 90)


def test_a_family_without_a_title_is_named_for_its_terms(tmp_path: Path) -> None:
    feeds = "feeds:\n  - {path: '{type}/{topic}', each: [topic, type]}\n"
    (family,) = load(tmp_path, feeds=feeds).feeds
    assert (family.title, family.each) == ("{site} – {topic} – {type}", ("topic", "type"))


@pytest.mark.parametrize(
    ("text", "meant"),
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
def test_a_selection_means(text: str, meant: Selection, tmp_path: Path) -> None:
    topics = "[{name: Sea charts, _id: sea, shortname: Charts}]"
    site = load(tmp_path, feeds=f"{FEEDS}    select: {text}\n", topics=topics)
    assert site.feeds[0].selection == meant


def test_topics_and_providers_come_from_a_list_and_from_files(tmp_path: Path) -> None:
    write(tmp_path, topics="- name: A\n", providers="- name: P\n")
    for folder, name in (("topics", "b.yml"), ("topics", "c.md"), ("providers", "q.yaml")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(f"---\nname: {name[0].upper()}\n---\n")
    (tmp_path / "topics" / "notes.txt").write_text("not a topic")
    (tmp_path / "topics" / ".b.yaml").write_text("left: by an editor")
    site = config.load(tmp_path, {})
    assert sorted(site.topics) == ["a", "b", "c"]
    assert sorted(site.providers) == ["p", "q"]


# The file, its text, and the key, line and message of the mistake in it.
WRONG_LISTS = [
    ("topics", "- name: A\n- nam: B", "[1].nam", 2, "did you mean name?"),
    ("topics", "- name: A\n- {}", "[1].name", 2, "is missing"),
    ("topics", "- name: A\n- {name: B, _id: a}", "[1].name", 2, "'a' is a topic of"),
    ("topics", "name: A", "", None, "is not a list of topics"),
    ("topics", "- text", "[0]", 1, "'text'"),
    ("topics", "- name: A\n  images:\n  - url: logo.png", "[0].images[0].url", 3, "'logo.png'"),
    ("topics", "- name: A\n  images: [{url: /../a.png}]", "[0].images[0].url", 2, "leads out"),
    ("topics", "- name: A\n  images: [{url: /a, width: 0}]", "[0].images[0].width", 2, "0"),
    ("topics", "- name: A\n  images: [{urls: /a}]", "[0].images[0].urls", 2, "did you mean url?"),
    ("providers", "- name: A\n  url: a.example", "[0].url", 2, "'a.example' has no scheme"),
    ("providers", "- name: A\n  feed: 'feed:x'", "[0].feed", 2, "not http or https"),
    ("providers", "- name: A\n  images: [{url: a.png}]", "[0].images[0].url", 2, "'a.png'"),
    ("providers", "- name: A\n- name: a", "[1].name", 2, "'a' is the name of a provider already"),
    ("providers", "- name: A\n- {name: B, otherNames: [A]}", "[1].name", 2, "already"),
    ("providers", "- name: A\n  name: B", "name", 2, "stands on line 1 already"),
]


@pytest.mark.parametrize(("name", "text", "key", "line", "said"), WRONG_LISTS)
def test_a_mistake_in_topics_or_providers_is_told(
    name: str, text: str, key: str, line: int | None, said: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, **{name: text})
    assert (error.file, error.key, error.line) == (str(tmp_path / f"{name}.yaml"), key, line)
    assert said in error.message


def test_images_may_lie_below_the_assets(tmp_path: Path) -> None:
    topics = "[{name: A, images: [{url: /a.png}, {url: 'https://example.net/a.png'}]}]"
    site = load(tmp_path, topics=topics)
    assert [image.url for image in site.topics["a"].images] == [
        "/a.png",
        "https://example.net/a.png",
    ]


def test_the_urls_of_a_provider_become_canonical(tmp_path: Path) -> None:
    providers = "[{name: A, url: 'https://EXAMPLE.net', feed: 'https://example.net/a b'}]"
    provider = load(tmp_path, providers=providers).providers["a"]
    assert (provider.url, provider.feed) == ("https://example.net/", "https://example.net/a%20b")


def test_a_provider_is_found_by_its_names_and_its_domain(tmp_path: Path) -> None:
    providers = (
        "- {name: First Paper, domain: example.net, otherNames: [The First]}\n"
        "- {name: Second Paper, domain: example.net}\n"
    )
    found = load(tmp_path, providers=providers).providers
    assert {name: provider.name for name, provider in found.items()} == {
        "first paper": "First Paper",
        "the first": "First Paper",
        "second paper": "Second Paper",
        "example.net": "First Paper",
    }


def overridden(root: Path, site: str = SITE, **variables: str) -> Site:
    return config.load(write(root, site), variables)


@pytest.mark.parametrize(
    ("variable", "text", "meant"),
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
def test_a_variable_wins_over_the_file(
    variable: str, text: str, meant: object, tmp_path: Path
) -> None:
    written = "hub: https://hub.example.org/\narticles: {trust: mtime}\nguard: 1\n"
    found: Any = overridden(tmp_path, SITE + written, **{variable: text}).settings
    for key in variable.removeprefix("FEEDS_").lower().split("__"):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    assert found == meant


def test_a_variable_leaves_the_keys_beside_it(tmp_path: Path) -> None:
    text = SITE + "articles: {trust: content, max_bytes: 9}\n"
    articles = overridden(tmp_path, text, FEEDS_ARTICLES__MAX_BYTES="8").settings.articles
    assert (articles.trust, articles.max_bytes) == ("content", 8)


def test_a_variable_may_give_what_the_file_must(tmp_path: Path) -> None:
    text = SITE.replace("title: Example\n", "")
    assert overridden(tmp_path, text, FEEDS_TITLE="Given").settings.title == "Given"


def test_a_variable_moves_the_catalogue(tmp_path: Path) -> None:
    moved = overridden(tmp_path, FEEDS_CATALOGUE="elsewhere/c.sqlite")
    assert moved.catalogue == f"sqlite:///{tmp_path}/elsewhere/c.sqlite"
    database = overridden(tmp_path, FEEDS_CATALOGUE="postgresql://db.example.net/feeds")
    assert database.catalogue == "postgresql://db.example.net/feeds"


@pytest.mark.parametrize(
    ("variable", "text", "said"),
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
def test_a_bad_variable_is_named(variable: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden(tmp_path, **{variable: text})
    assert said in caught.value.message
    if "is missing" not in said:
        assert (caught.value.file, caught.value.line) == (variable, None)


def test_a_mistake_in_the_file_is_not_blamed_on_a_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden(tmp_path, SITE + "guard: 500\n", FEEDS_TITLE="Other")
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "site.yaml"), 4)


def test_a_variable_below_what_is_no_mapping_is_told(tmp_path: Path) -> None:
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
def test_variables_of_others_are_passed_over(variable: str, tmp_path: Path) -> None:
    assert overridden(tmp_path, **{variable: "tcp://10.0.0.1:80"}) == load(tmp_path)


@pytest.mark.parametrize(
    "path", ["a.rss/b", "x/a.atom/b", "a.json/b", "a.html/b", "feeds.opml/b", "feed.css/b"]
)
def test_a_folder_of_feeds_is_not_named_as_a_feeds_file_is(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a feed's path"):
        load(tmp_path, feeds=f"feeds: [{{path: a}}, {{path: {path}}}]\n")


def test_paths_that_differ_in_case_only_clash(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'News' is the path of"):
        load(tmp_path, feeds="feeds: [{path: news}, {path: News}]\n")


@pytest.mark.parametrize(
    ("site", "feeds", "key"),
    [
        (SITE + "author: {name: ''}\n", "feeds: [{path: a}]\n", "author.name"),
        (SITE, "feeds: [{path: a, title: ''}]\n", "feeds[0].title"),
        (SITE + 'rights: "a\\x01b"\n', "feeds: [{path: a}]\n", "rights"),
        (SITE, 'feeds: [{path: a, title: "\\x07"}]\n', "feeds[0].title"),
    ],
)
def test_what_no_feed_can_hold_is_refused_when_it_is_read(
    tmp_path: Path, site: str, feeds: str, key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, site, feeds=feeds)
    assert caught.value.key == key
