"""The config folder: the site, its topics and its providers."""

from pathlib import Path

import pytest

from feeds.config import load
from tests.support.config_folder import SITE, load_error, load_site, write_config


def test_three_keys_are_enough_for_a_site(tmp_path: Path) -> None:
    site = load_site(tmp_path)
    assert site.settings.url == site.feeds_url == site.assets_url == "https://example.org/"
    assert site.folder == tmp_path / "articles"
    assert site.catalogue == f"sqlite:///{tmp_path}/catalogue.sqlite"
    (feed,) = site.feeds
    assert (feed.path, feed.title, feed.size, feed.caching.max_age) == ("all", "{site}", 50, 1800)


def test_catalogue_may_be_a_database_url(tmp_path: Path) -> None:
    site = load_site(tmp_path, SITE + "catalogue: postgresql://db.example.net/feeds\n")
    assert site.catalogue == "postgresql://db.example.net/feeds"


@pytest.mark.parametrize(
    "id_",
    [
        "tag:example.org,2026:",
        "tag:me@example.org,2026-05-31:news",
        "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ],
)
def test_new_ids_extend_the_tag_uri_or_uuid(id_: str, tmp_path: Path) -> None:
    site = load_site(tmp_path, SITE.replace("tag:example.org,2026:", id_))
    assert site.new_id("a") == site.new_id("a") != site.new_id("b")
    assert site.new_id("a").startswith("tag:" if "tag:" in id_ else "urn:uuid:")


def test_topics_and_providers_come_from_a_list_and_from_files(tmp_path: Path) -> None:
    write_config(tmp_path, topics="- name: A\n", providers="- name: P\n")
    for folder, name in (("topics", "b.yml"), ("topics", "c.md"), ("providers", "q.yaml")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(f"---\nname: {name[0].upper()}\n---\n")
    (tmp_path / "topics" / "notes.txt").write_text("not a topic")
    (tmp_path / "topics" / ".b.yaml").write_text("left: by an editor")
    site = load.load(tmp_path, {})
    assert sorted(site.topics) == ["a", "b", "c"]
    assert sorted(site.providers) == ["p", "q"]


# The file, its text, and the key, line and message of the mistake in it.
WRONG_LISTS = [
    ("topics", "- name: A\n- nam: B", "[1].name", 2, "is missing"),
    ("topics", "- name: A\n- {}", "[1].name", 2, "is missing"),
    ("topics", "- name: A\n- {name: B, _id: a}", "[1].name", 2, "'a' is already a topic of"),
    ("topics", "name: A", "", None, "is not a list of topics"),
    ("topics", "- text", "[0]", 1, "'text'"),
    ("topics", "- name: A\n  images:\n  - url: logo.png", "[0].images[0].url", 3, "'logo.png'"),
    ("topics", "- name: A\n  images: [{url: /../a.png}]", "[0].images[0].url", 2, "leads out"),
    ("topics", "- name: A\n  images: [{url: /a, width: 0}]", "[0].images[0].width", 2, "0"),
    ("topics", "- name: A\n  images: [{urls: /a}]", "[0].images[0].url", 2, "is missing"),
    ("topics", "- name: A\n  images: [logo.png]", "[0].images[0].url", 2, "'logo.png'"),
    ("providers", "- name: A\n  url: a.example", "[0].url", 2, "'a.example' has no scheme"),
    ("providers", "- name: A\n  feed: 'feed:x'", "[0].feed", 2, "not http or https"),
    ("providers", "- name: A\n  images: [{url: a.png}]", "[0].images[0].url", 2, "'a.png'"),
    ("providers", "- name: A\n- name: a", "[1].name", 2, "'a' is already the name of a provider"),
    ("providers", "- name: A\n- {name: B, otherNames: [A]}", "[1].name", 2, "already"),
    ("providers", "- name: A\n  name: B", "name", 2, "is already set on line 1"),
]


@pytest.mark.parametrize(("name", "text", "key", "line", "message"), WRONG_LISTS)
def test_mistake_in_topics_or_providers_is_reported(
    name: str, text: str, key: str, line: int | None, message: str, tmp_path: Path
) -> None:
    error = load_error(tmp_path, **{name: text})
    assert (error.file, error.key, error.line) == (str(tmp_path / f"{name}.yaml"), key, line)
    assert message in error.message


def test_images_may_be_paths_below_assets_url(tmp_path: Path) -> None:
    topics = "[{name: A, images: [{url: /a.png}, {url: 'https://example.net/a.png'}]}]"
    site = load_site(tmp_path, topics=topics)
    assert [image.url for image in site.topics["a"].images] == [
        "/a.png",
        "https://example.net/a.png",
    ]


def test_provider_urls_become_canonical(tmp_path: Path) -> None:
    providers = "[{name: A, url: 'https://EXAMPLE.net', feed: 'https://example.net/a b'}]"
    provider = load_site(tmp_path, providers=providers).providers["a"]
    assert (provider.url, provider.feed) == ("https://example.net/", "https://example.net/a%20b")


def test_provider_is_found_by_names_and_domain(tmp_path: Path) -> None:
    providers = (
        "- {name: First Paper, domain: example.net, otherNames: [The First]}\n"
        "- {name: Second Paper, domain: example.net}\n"
    )
    providers_by_name = load_site(tmp_path, providers=providers).providers
    assert {name: provider.name for name, provider in providers_by_name.items()} == {
        "first paper": "First Paper",
        "the first": "First Paper",
        "second paper": "Second Paper",
        "example.net": "First Paper",
    }


def test_unknown_keys_of_topics_and_providers_are_ignored(tmp_path: Path) -> None:
    topics = "[{name: A, taxonomy: topic, keywords: 5, services: {news: x}}]"
    providers = "[{name: P, _id: p, taxonomy: organization, images: [{url: /a.png, alt: A}]}]"
    site = load_site(tmp_path, topics=topics, providers=providers)
    assert (site.topics["a"].name, site.providers["p"].name) == ("A", "P")


@pytest.mark.parametrize("name", ["topics", "providers"])
def test_images_may_be_plain_urls(name: str, tmp_path: Path) -> None:
    image = "https://example.net/b.png"
    site = load_site(tmp_path, **{name: f"[{{name: A, images: [/a.png, '{image}', {{url: /c}}]}}]"})
    images = getattr(site, name)["a"].images
    assert [picture.url for picture in images] == ["/a.png", image, "/c"]


@pytest.mark.parametrize(
    ("guard", "total", "limit"), [(20, 0, 20), (20, 104, 20), (20, 109, 21), (0, 999, 20)]
)
def test_withdrawal_limit_is_the_guards_percentage_or_twenty(
    guard: int, total: int, limit: int, tmp_path: Path
) -> None:
    assert load_site(tmp_path, f"{SITE}guard: {guard}\n").withdrawal_limit(total) == limit
