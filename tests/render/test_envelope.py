"""The metadata of feeds in each format."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from requests.utils import parse_header_links

from feeds.config import load
from feeds.config.definitions import FeedDefinition
from feeds.config.feed_settings import Picture
from feeds.model.document import FORMATS, Caching, Format
from feeds.model.selection import EVERYTHING
from feeds.render import envelope, links
from feeds.render.envelope import DocumentInfo
from tests.support.site import front_matter, write_site

ATOM = "{http://www.w3.org/2005/Atom}"
UPDATED = datetime(2024, 5, 31, 9, tzinfo=UTC)
NEWEST = datetime(2024, 5, 30, 9, tzinfo=UTC)
INFO = DocumentInfo(updated=UPDATED, newest=NEWEST)

FULL: dict[str, Any] = {
    "author": {"name": "Jane", "url": "https://example.org/jane", "email": "jane@example.org"},
    "rights": "© Example",
    "icon": "https://example.org/icon.png",
    "logo": "https://example.org/logo.png",
    "hub": "https://hub.example.org/",
    "language": "en-GB",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_site(tmp_path, {"a.md": front_matter()})


def render(
    root: Path, format_: Format, feed: dict[str, Any] | None = None, **settings: Any
) -> bytes:
    """A feed document without entries; `feed` are fields of its definition."""
    site = load.load(write_site(root, {}, **settings), {})
    return envelope.assemble(definition(**(feed or {})), site, format_, [], INFO).body


def definition(**fields: Any) -> FeedDefinition:
    defaults: dict[str, Any] = {
        "path": "topics/a&b",
        "title": "A & B < C",
        "description": "All of <it>",
        "selection": EVERYTHING,
        "order": "date",
        "size": 50,
        "caching": Caching(1800),
    }
    return FeedDefinition(**{**defaults, **fields})


def channel(body: bytes) -> Any:
    element = etree.fromstring(body).find("channel")
    assert element is not None
    return element


@pytest.mark.rule("R2", "R3")
def test_channel_has_each_element_once(root: Path) -> None:
    names = [element.tag for element in channel(render(root, "rss", **FULL))]
    once = [name for name in names if not str(name).startswith(ATOM)]
    assert len(once) == len(set(once))
    assert {"title", "link", "description", "language", "copyright", "ttl"} <= set(once)


@pytest.mark.rule("R2")
def test_channel_link_is_the_site_not_the_feed(root: Path) -> None:
    assert channel(render(root, "rss", **FULL)).findtext("link") == "https://example.org/"


@pytest.mark.rule("R44")
def test_plain_text_in_channel_uses_numeric_references(root: Path) -> None:
    assert b"<title>A &#x26; B &#x3C; C</title>" in render(root, "rss")


@pytest.mark.rule("R40")
def test_managing_editor_is_an_address_with_a_name_in_brackets(root: Path) -> None:
    assert channel(render(root, "rss", **FULL)).findtext("managingEditor") == (
        "jane@example.org (Jane)"
    )
    assert channel(render(root, "rss")).find("managingEditor") is None


@pytest.mark.rule("R35", "A14")
def test_feed_dates_are_those_of_the_content(root: Path) -> None:
    rss = channel(render(root, "rss"))
    assert rss.findtext("lastBuildDate") == "Fri, 31 May 2024 09:00:00 GMT"
    assert rss.findtext("pubDate") == "Thu, 30 May 2024 09:00:00 GMT"
    atom = etree.fromstring(render(root, "atom"))
    assert atom.findtext(f"{ATOM}updated") == "2024-05-31T09:00:00+00:00"


@pytest.mark.rule("R7")
def test_generator_has_no_version(root: Path) -> None:
    assert channel(render(root, "rss")).findtext("generator") == "feed-publisher"
    generator = etree.fromstring(render(root, "atom")).find(f"{ATOM}generator")
    assert generator is not None
    assert generator.get("version") is None


@pytest.mark.rule("R9")
def test_rss_image_only_if_small_and_of_a_known_type(root: Path) -> None:
    image = channel(render(root, "rss", **FULL)).find("image")
    assert image.findtext("url") == "https://example.org/logo.png"
    assert image.findtext("title") == "A & B < C"
    assert image.findtext("link") == "https://example.org/"
    for picture in (
        Picture(url="/wide.png", width=145),
        Picture(url="/odd.webp", width=100),
    ):
        assert channel(render(root, "rss", {"picture": picture})).find("image") is None


@pytest.mark.rule("R12", "A24", "W3")
def test_self_and_hub_links_are_in_every_format(root: Path) -> None:
    own = "https://example.org/topics/a%26b"
    links = {
        (link.get("rel"), link.get("href"))
        for link in channel(render(root, "rss", **FULL)).iter(f"{ATOM}link")
    }
    assert links == {("self", f"{own}.rss"), ("hub", "https://hub.example.org/")}
    links = {
        (link.get("rel"), link.get("href"))
        for link in etree.fromstring(render(root, "atom", **FULL)).iter(f"{ATOM}link")
    }
    assert links == {
        ("self", f"{own}.atom"),
        ("hub", "https://hub.example.org/"),
        ("alternate", "https://example.org/"),
    }
    feed = json.loads(render(root, "json", **FULL))
    assert feed["feed_url"] == f"{own}.json"
    assert feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]


@pytest.mark.rule("W1", "W3", "J12")
def test_hubs_are_in_order_in_body_and_header(root: Path) -> None:
    hubs = ["https://one.example.net/", "https://two.example.net/hub?a=1&b=2"]
    site = load.load(write_site(root, {}, hub=hubs), {})
    feed = definition()
    for format_ in FORMATS:
        body = render(root, format_, hub=hubs)
        if format_ == "json":
            parsed = json.loads(body)
            assert {hub["type"] for hub in parsed["hubs"]} == {"WebSub"}
            urls = [parsed["feed_url"], *(hub["url"] for hub in parsed["hubs"])]
        else:
            elements = list(etree.fromstring(body).iter(f"{ATOM}link"))
            urls = [
                str(link.get("href")) for rel in ("self", "hub") for link in elements
                if link.get("rel") == rel
            ]  # fmt: skip
        assert urls == [f"https://example.org/topics/a%26b.{format_}", *hubs]
        header = parse_links(links.link_header(links.feed_links(feed, site, format_)))
        assert [(urls[0], "self"), *((hub, "hub") for hub in hubs)] == header


def parse_links(header: str) -> list[tuple[str, str]]:
    return [(link["url"], link["rel"]) for link in parse_header_links(header)]


@pytest.mark.rule("W2")
def test_link_header_has_self_without_a_hub(root: Path) -> None:
    site = load.load(root, {})
    own = links.link_header(links.feed_links(definition(), site, "rss"))
    assert own == '<https://example.org/topics/a%26b.rss>; rel="self"'
    assert b"hub" not in render(root, "json")


@pytest.mark.rule("A2", "A5")
def test_atom_feed_has_id_title_updated_and_author(root: Path) -> None:
    atom = etree.fromstring(render(root, "atom"))
    for name in ("id", "title", "updated", "author"):
        assert len(atom.findall(f"{ATOM}{name}")) == 1
    assert atom.findtext(f"{ATOM}author/{ATOM}name") == "Example"
    assert atom.findtext(f"{ATOM}id") == "tag:example.org,2026:site/feeds:topics/a%26b"


@pytest.mark.rule("A26")
def test_language_of_the_feed_is_declared(root: Path) -> None:
    atom = etree.fromstring(render(root, "atom", **FULL))
    assert atom.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-GB"
    assert json.loads(render(root, "json", **FULL))["language"] == "en-GB"


@pytest.mark.rule("J1", "J3")
def test_json_feed_has_its_version_and_no_null(root: Path) -> None:
    feed = json.loads(render(root, "json"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["items"] == []
    assert None not in feed.values()


@pytest.mark.rule("A12")
def test_feed_id_does_not_change_with_title_or_url(root: Path) -> None:
    ids = {
        etree.fromstring(render(root, "atom", feed, **settings)).findtext(f"{ATOM}id")
        for feed, settings in (
            ({}, {}),
            ({"title": "Other"}, {}),
            ({}, {"url": "https://moved.example.net/"}),
        )
    }
    assert len(ids) == 1
