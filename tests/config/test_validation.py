"""Checks of site.yaml; every mistake names file, line, key and value."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.config_folder import SITE, load_error, load_site


@pytest.mark.parametrize("value", ["0s", "often", -1, 0])
def test_scan_every_below_one_second_is_refused(tmp_path: Path, value: object) -> None:
    error = load_error(tmp_path, f"{SITE}articles:\n  scan_every: {value}\n")
    assert error.key == "articles.scan_every"


@pytest.mark.parametrize("key", ["url", "feeds_url", "assets_url"])
def test_base_urls_become_canonical_and_end_in_a_slash(key: str, tmp_path: Path) -> None:
    text = SITE.replace("url: https://example.org\n", "") if key == "url" else SITE
    site = load_site(tmp_path, f"{text}{key}: https://Example.org/a b\n")
    assert getattr(site.settings, key) == "https://example.org/a%20b/"


# Lines of site.yaml after its three keys, the wrong key, and text of the message.
WRONG_SITE = [
    ("titel: x", "titel", "no such setting; did you mean title?"),
    ("zzz: x", "zzz", "no such setting; see docs/reference/settings.md"),
    ("articles: {max_byte: 5}", "articles.max_byte", "did you mean max_bytes?"),
    ("articles: {defaults: {_a: {typ: b}}}", "articles.defaults._a.typ", "did you mean type?"),
    ("author: {url: https://example.org/}", "author.name", "is missing"),
    ("author: {name: A, mail: a@example.org}", "author.mail", "did you mean email?"),
    ("author: {name: A, url: 'javascript:x()'}", "author.url", "'javascript:x()'"),
    ("author: {name: A, email: nobody}", "author.email", "'nobody' is not an email address"),
    ("author: nobody", "author", "'nobody'"),
    ("guard: 101", "guard", "101"),
    ("guard: many", "guard", "'many'"),
    ("related: -1", "related", "-1"),
    ("inherit_topics: maybe", "inherit_topics", "'maybe'"),
    ("rights: 2026", "rights", "2026"),
    ("link: both", "link", "'both'"),
    ("link: permalink", "link", "needs the setting permalink"),
    ("permalink: https://example.org/{slugs}/", "permalink", "{slugs} is not known"),
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
    ("hub: [https://a.example, https://a.example/]", "hub[1]", "is listed twice"),
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
    ("upload: {url: 'ftp://a/b'}", "upload.url", "'ftp://a/b' is not a URL such as s3://"),
    ("upload: {url: 's3://b/../c'}", "upload.url", "has an empty, '.' or '..' segment"),
    ("upload: {url: 's3://b/./c'}", "upload.url", "has an empty, '.' or '..' segment"),
    ("upload: {url: 's3://b//c'}", "upload.url", "has an empty, '.' or '..' segment"),
    ("upload: {url: 's3://b/%2E%2e/c'}", "upload.url", "has an empty, '.' or '..' segment"),
    ("upload: {url: 's3://b', state: /a}", "upload.state", "'/a' is not a URL such as s3://"),
    (
        "upload: {url: 's3://b', state: 's3://c/..'}",
        "upload.state",
        "'.' or '..' segment",
    ),
    ("upload: {url: 's3://b', state: 'gs://b'}", "upload.state", "must be in the same kind"),
    ("upload: {url: 's3://b/c', state: 's3://b/c/'}", "upload.state", "contains the feeds"),
    ("upload: {url: 's3://b/c/d', state: 's3://b/c'}", "upload.state", "contains the feeds"),
    ("upload: {url: 's3://b', state: 's3://b/own'}", "upload.state", "lies among the public feeds"),
    ("upload: {url: 's3://b', endpoint: a.example}", "upload.endpoint", "'a.example'"),
    (
        "upload: {url: 'gs://b', endpoint: 'https://a.example'}",
        "upload.endpoint",
        "s3:// and az://",
    ),
    ("upload: {url: 'gs://b', region: eu}", "upload.region", "is for s3:// only; remove it"),
    ("upload: {url: 'az://b', region: eu}", "upload.region", "is for s3:// only; remove it"),
    ("purge: [{via: cloudflare}]", "purge[0].zone", "is missing; cloudflare needs the id"),
    ("purge: [{via: http, zone: a}]", "purge[0].zone", "is not for http"),
    ("purge: [{via: http, soft: true}]", "purge[0].soft", "is for fastly only; remove it"),
    ("purge: [{via: http}, {via: bunny, servers: ['http://a']}]", "purge[1].servers", "http only"),
    ("purge: [{via: http, servers: [x]}]", "purge[0].servers[0]", "'x'"),
    ("purge: [{via: bunny}, {via: bunny}]", "purge[1]", "'bunny' is already purge[0]"),
    (
        "purge: [{via: http, servers: ['http://a', 'http://a']}]",
        "purge[0]",
        "is already purge[0]; remove one",
    ),
    ("purge: [{via: bunny, by: tag}]", "purge[0].by", "'tag' needs the setting http.cache_tags"),
]


TAGGED = "http: {cache_tags: xkey}\n"


UNTAGGED = [
    (
        "purge: [{via: cloudfront, zone: a, by: tag}]",
        "not supported by cloudfront; write 'url'",
    ),
    ("{upload: {url: 'az://b'}, purge: [{via: http, by: tag}]}", "Azure stores none; write 'url'"),
]


@pytest.mark.parametrize(
    ("text", "key", "message"), WRONG_DESTINATION, ids=lambda value: str(value)
)
def test_mistake_in_destination_names_file_line_and_key(
    text: str, key: str, message: str, tmp_path: Path
) -> None:
    error = load_error(tmp_path, SITE + text + "\n")
    assert (error.file, error.line, error.key) == (str(tmp_path / "site.yaml"), 4, key)
    assert message in error.message


@pytest.mark.parametrize(("text", "message"), UNTAGGED)
def test_purging_by_tag_needs_stored_tags(text: str, message: str, tmp_path: Path) -> None:
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in yaml.safe_load(text).items())
    error = load_error(tmp_path, SITE + TAGGED + lines)
    assert error.key == "purge[0].by"
    assert message in error.message


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
def test_valid_destinations_are_accepted(text: str, tmp_path: Path) -> None:
    load_site(tmp_path, f"{SITE}{TAGGED}{text}\n")


@pytest.mark.parametrize(("text", "key", "message"), WRONG_SITE, ids=lambda value: str(value)[:40])
def test_mistake_in_site_yaml_names_file_line_and_key(
    text: str, key: str, message: str, tmp_path: Path
) -> None:
    error = load_error(tmp_path, SITE + text + "\n")
    assert (error.file, error.line, error.key) == (str(tmp_path / "site.yaml"), 4, key)
    assert message in error.message
    assert str(error) == f"{error.file}:4: {key}: {error.message}"


@pytest.mark.parametrize("key", ["id", "url", "title"])
def test_missing_required_key_is_reported(key: str, tmp_path: Path) -> None:
    text = "".join(line for line in SITE.splitlines(True) if not line.startswith(f"{key}:"))
    error = load_error(tmp_path, text)
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
def test_bad_value_of_required_key_is_reported(key: str, value: str, tmp_path: Path) -> None:
    lines = [f"{key}: {value}" if x.startswith(key) else x for x in SITE.splitlines()]
    error = load_error(tmp_path, "\n".join(lines))
    assert (error.key, error.line) == (key, ["id", "url", "title"].index(key) + 1)
    assert value.strip("'") in error.message
