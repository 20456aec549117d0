"""Feeds of a real site match the live site, and every reader parses them alike.

The corpus lies beside the repository, as other people's data that is no part of it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import groupby
from pathlib import Path
from time import struct_time
from typing import Any, NamedTuple, TypeAlias
from xml.parsers import expat

import fastfeedparser
import feedparser
import feedparser_rs
import pytest
import reader
from lxml import etree, html

from feeds.config.definitions import FeedDefinition
from feeds.model.document import FORMATS, Document, Format
from feeds.model.entry import Entry
from feeds.render import feed_documents
from feeds.util import urls
from tests.support.site import CORPUS, Publication

SITE, RELATED = CORPUS / "powerapps", CORPUS / "related-sample"
NEWS = SITE / "api" / "news"

pytestmark = [
    pytest.mark.skipif(not SITE.is_dir(), reason=f"needs {CORPUS}"),
    pytest.mark.xdist_group("corpus"),  # one process builds it once
]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FEEDS: Mapping[str, Any] = {
    "defaults": {"size": 1000},
    "feeds": [
        {"path": "all"},
        {"path": "news", "select": {"category": "news"}},
        {"path": "news/{topic}", "each": "topic", "select": {"category": "news"}},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "{category}/in/{topic}", "each": ["category", "topic"]},
        {"path": "from/{provider}", "each": "provider"},
        {"path": "types/{type}", "each": "type"},
        {"path": "hot", "order": "heat", "size": 60},
        {
            "path": "files",
            "select": {"any": [{"category": "samples"}, {"type": "video"}]},
            "size": 60,
        },
    ],
}
SPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


class Corpus(NamedTuple):
    """A site of the corpus: every feed in every format, and the entries of each."""

    folder: Path
    feeds: dict[str, FeedDefinition]
    documents: dict[str, dict[Format, Document]]
    entries: dict[str, list[Entry]]


def publish(root: Path, folder: Path, **settings: Any) -> Corpus:
    publication = Publication(root, {}, FEEDS, **settings)
    (root / "topics").symlink_to(SITE / "_data" / "topics")
    (root / "providers").symlink_to(SITE / "_data" / "organizations")
    publication.build(NOW)
    site = publication.site
    with publication.read() as catalogue:
        feeds = feed_documents.all_feeds(site, catalogue, NOW)
        shown = {
            path: [each.seq for each in catalogue.feeds.shown(feed, NOW)]
            for path, feed in feeds.items()
        }
        known = catalogue.entries.get(sorted({seq for seqs in shown.values() for seq in seqs}))
        return Corpus(
            folder,
            feeds,
            {
                path: feed_documents.render_feed(feed, site, catalogue, NOW)
                for path, feed in feeds.items()
            },
            {path: [known[seq] for seq in seqs] for path, seqs in shown.items()},
        )


@pytest.fixture(scope="module")
def powerapps(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return publish(
        tmp_path_factory.mktemp("powerapps"),
        SITE,
        id="tag:everyday.cc,2024:powerapps",
        url="https://everyday.cc/powerapps",
        assets_url="https://everyday-cc.github.io/powerapps",
        permalink="https://everyday.cc/powerapps/{path}/",
        language="en-us",
        articles={"folder": str(SITE), "ignore": ["_data", "api"]},
    )


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return publish(tmp_path_factory.mktemp("related"), RELATED, articles={"folder": str(RELATED)})


@pytest.fixture(params=["powerapps", "related"])
def corpus(request: pytest.FixtureRequest) -> Corpus:
    publication: Corpus = request.getfixturevalue(request.param)
    return publication


# --- the live site's articles


class Story(NamedTuple):
    """The properties of an article that both the live site and a feed contain."""

    published: datetime
    title: str
    excerpt: str
    link: str
    provider: str
    images: tuple[str, ...]


def squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


def live(path: Path) -> list[Story]:
    """The articles of one page of the live site's API."""
    return [
        Story(
            datetime.fromisoformat(each["publishedDateTime"]),
            squeezed(each["title"]),  # a feed's titles are of one line
            squeezed(each["excerpt"]),
            urls.absolute(each["webUrl"] or each["originalUrl"]),
            each["provider"]["name"],
            tuple(urls.absolute(image["url"]) for image in each["images"] or ()),
        )
        for each in json.loads(path.read_text(encoding="utf-8"))["value"]
    ]


def from_rss(body: bytes) -> list[Story]:
    def story(item: Any) -> Story:
        # A description is HTML, even if only because of its escaping.
        description = html.fragment_fromstring(
            item.findtext("description") or "", create_parent=True
        )
        return Story(
            parsedate_to_datetime(item.findtext("pubDate")),
            item.findtext("title"),
            squeezed(description.text_content()),
            item.findtext("link"),
            item.findtext("source"),
            tuple(item.xpath("media:content[@medium='image']/@url", namespaces=SPACES)),
        )

    return [story(item) for item in etree.fromstring(body).iterfind("channel/item")]


def from_atom(body: bytes) -> list[Story]:
    def story(entry: Any) -> Story:
        def text(path: str) -> str:
            return str(entry.findtext(path, namespaces=SPACES) or "")

        link = "string(a:link[not(@rel) or @rel='alternate']/@href)"
        return Story(
            datetime.fromisoformat(text("a:published")),
            text("a:title"),
            squeezed(text("a:summary")),
            entry.xpath(link, namespaces=SPACES),
            text("a:source/a:title"),
            tuple(entry.xpath("media:content[@medium='image']/@url", namespaces=SPACES)),
        )

    return [story(each) for each in etree.fromstring(body).iterfind("a:entry", SPACES)]


def from_json(body: bytes) -> list[Story]:
    def images(item: Mapping[str, Any]) -> tuple[str, ...]:
        # An image of unknown type cannot be an attachment; the first is `image` all the same.
        attached = [
            file["url"]
            for file in item.get("attachments", ())
            if file["mime_type"].startswith("image/")
        ]
        return tuple(dict.fromkeys([*([item["image"]] if "image" in item else ()), *attached]))

    return [
        Story(
            datetime.fromisoformat(item["date_published"]),
            item["title"],
            squeezed(item.get("summary")),
            item["url"],
            item["_source"]["title"],
            images(item),
        )
        for item in json.loads(body)["items"]
    ]


FROM: Mapping[Format, Callable[[bytes], list[Story]]] = {
    "rss": from_rss,
    "atom": from_atom,
    "json": from_json,
}


def by_date(stories: Sequence[Story]) -> list[list[Story]]:
    """The stories in their order, but those of one moment in any."""
    return [sorted(group) for _, group in groupby(stories, key=lambda each: each.published)]


@pytest.mark.parametrize("format_", FORMATS)
def test_the_news_feed_holds_what_the_live_site_shows(powerapps: Corpus, format_: Format) -> None:
    pages = sorted((NEWS / "page").iterdir(), key=lambda page: int(page.name))
    shown = [story for page in pages for story in live(page / "index.json")]
    assert len(shown) == 428
    published = FROM[format_](powerapps.documents["news"][format_].body)
    assert by_date(published) == by_date(shown)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "topic", ["ai-builder", "canvas-apps", "common-data-service", "teams-integration"]
)
def test_a_topics_feed_holds_what_the_live_site_shows(
    powerapps: Corpus, topic: str, format_: Format
) -> None:
    shown = live(NEWS / topic / "index.json")
    assert shown
    published = FROM[format_](powerapps.documents[f"news/{topic}"][format_].body)
    assert by_date(published) == by_date(shown)


# --- every feed


def bodies(corpus: Corpus, format_: Format) -> Iterator[tuple[str, bytes]]:
    for path, documents in corpus.documents.items():
        yield path, documents[format_].body


@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_every_feed_is_well_formed_and_its_ids_unique(corpus: Corpus, format_: Format) -> None:
    ids = "channel/item/guid" if format_ == "rss" else "a:entry/a:id"
    for path, body in bodies(corpus, format_):
        expat.ParserCreate().Parse(body, True)
        shown = [element.text for element in etree.fromstring(body).iterfind(ids, SPACES)]
        expected = [entry.id for entry in corpus.entries[path]]
        assert shown == expected
        assert len(set(shown)) == len(shown)


def test_every_json_feed_has_the_same_ids(corpus: Corpus) -> None:
    for path, body in bodies(corpus, "json"):
        shown = [item["id"] for item in json.loads(body)["items"]]
        assert shown == [entry.id for entry in corpus.entries[path]]


def test_there_is_a_feed_of_every_kind(powerapps: Corpus, related: Corpus) -> None:
    for path in ("topics/ai-builder", "types/video", "from/microsoft", "news/in/canvas-apps"):
        assert powerapps.entries[path], path
    assert len(powerapps.entries["all"]) == 1000
    assert len(related.entries["all"]) == 100
    assert len(powerapps.feeds) > 50


# The corpus holds ciphertext in base64: by the end of each, which is padded, it can be found.
_SECURED = re.compile(rb'^secured: "[^"]*?([A-Za-z0-9+/]{22}==)"', re.MULTILINE)
_PADDED = re.compile(rb"[A-Za-z0-9+/]{22}==")


def test_nothing_that_is_secured_leaves(corpus: Corpus) -> None:
    files = corpus.folder.rglob("*.md")
    endings = {end for file in files for end in _SECURED.findall(file.read_bytes())}
    assert len(endings) > 50
    for format_ in FORMATS:
        for path, body in bodies(corpus, format_):
            assert endings.isdisjoint(_PADDED.findall(body)), (path, format_)
    assert "secured" not in {key for item in items(corpus) for key in item}


def items(corpus: Corpus) -> Iterator[dict[str, Any]]:
    for _, body in bodies(corpus, "json"):
        yield from json.loads(body)["items"]


def test_no_url_in_content_is_relative(corpus: Corpus) -> None:
    contents = {entry.content for entries in corpus.entries.values() for entry in entries}
    for content in contents:
        for _, attribute, link, _ in html.fragment_fromstring(content, "div").iterlinks():
            assert re.match(r"(?:https?://[^/]|mailto:|tel:)", link), (attribute, link)


# --- other people's readers


class Read(NamedTuple):
    """An entry as a reader parses it; None if the reader or the format has no such property."""

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime | None
    enclosures: list[tuple[str, str]] | None
    source: str | None


# A reader, as what it makes of a feed's bytes.
Reading: TypeAlias = Callable[[bytes], list[Read]]


def moment(value: struct_time | str) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return datetime(*value[:6], tzinfo=UTC)


def by_feedparser(body: bytes) -> list[Read]:
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.bozo_exception
    return [
        Read(
            each.id,
            each.title,
            each.link,
            moment(each.published_parsed),
            moment(each.updated_parsed) if parsed.version == "atom10" else None,
            [(file["href"], file["type"]) for file in each.enclosures],
            each.get("source", {}).get("title"),
        )
        for each in parsed.entries
    ]


def by_fastfeedparser(body: bytes) -> list[Read]:
    """It knows no source; Atom's enclosures it leaves among the links."""

    def files(each: Any) -> list[tuple[str, str]]:
        links = [link for link in each.get("links", ()) if link["rel"] == "enclosure"]
        return [
            *((file["url"], file["type"]) for file in each.get("enclosures") or ()),
            *((link["href"], link["type"]) for link in links),
        ]

    return [
        Read(
            each["id"],
            each["title"],
            each["link"],
            moment(each["published"]),
            moment(each["updated"]) if "updated" in each else None,
            files(each),
            None,
        )
        for each in fastfeedparser.parse(body).entries
    ]


def by_feedparser_rs(body: bytes) -> list[Read]:
    """A parser in Rust. It leaves `&amp;` in Atom's links, and reads no source from JSON Feed."""
    parsed = feedparser_rs.parse(body, sanitize_html=False)
    assert not parsed.bozo, parsed.bozo_exception
    return [
        Read(
            entry.id,
            entry.title,
            entry.link,
            moment(entry.published_parsed),
            None if parsed.version == "rss20" else moment(entry.updated_parsed),
            [(file["href"].replace("&amp;", "&"), file["type"]) for file in entry.enclosures],
            entry.source and entry.source["title"],
        )
        for entry in parsed.entries
    ]


def by_reader(body: bytes, folder: Path, name: str) -> list[Read]:
    """lemon24's reader; its RSS entries have no `updated`, because RSS has none."""
    (folder / name).write_bytes(body)
    with reader.make_reader(":memory:", feed_root=str(folder)) as client:
        client.add_feed(name)
        client.update_feed(name)
        return [
            Read(
                entry.id,
                entry.title or "",
                entry.link or "",
                entry.published or datetime.min.replace(tzinfo=UTC),
                entry.updated,
                [(file.href, file.type or "") for file in entry.enclosures],
                str(entry.source.title) if isinstance(entry.source, reader.EntrySource) else None,
            )
            for entry in client.get_entries()
        ]


def expected(entries: Sequence[Entry], format_: Format, *, source: bool) -> list[Read]:
    """Return the entries as a reader should parse them from this format."""
    return [
        Read(
            entry.id,
            entry.title,
            entry.link,
            entry.published,
            None if format_ == "rss" else entry.updated,
            # RSS has room for one enclosure (RSS best practices); media:content has the rest.
            [(file.url, file.media_type) for file in entry.enclosures][
                : 1 if format_ == "rss" else None
            ],
            entry.provider.name if source and entry.provider else None,
        )
        for entry in entries
    ]


READERS: list[tuple[str, Format, Reading, bool]] = [
    # feedparser reads no JSON Feed.
    ("feedparser", "rss", by_feedparser, True),
    ("feedparser", "atom", by_feedparser, True),
    ("fastfeedparser", "rss", by_fastfeedparser, False),
    ("fastfeedparser", "atom", by_fastfeedparser, False),
    ("fastfeedparser", "json", by_fastfeedparser, False),
    ("feedparser-rs", "rss", by_feedparser_rs, True),
    ("feedparser-rs", "atom", by_feedparser_rs, True),
    ("feedparser-rs", "json", by_feedparser_rs, False),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # theirs
@pytest.mark.parametrize("path", ["hot", "files"])
@pytest.mark.parametrize(
    ("format_", "read", "source"),
    [case[1:] for case in READERS],
    ids=[f"{name}-{format_}" for name, format_, _, _ in READERS],
)
def test_parsers_read_what_was_written(
    powerapps: Corpus, path: str, format_: Format, read: Reading, source: bool
) -> None:
    parsed = read(powerapps.documents[path][format_].body)
    assert parsed == expected(powerapps.entries[path], format_, source=source)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # theirs
@pytest.mark.parametrize("path", ["hot", "files"])
@pytest.mark.parametrize("format_", FORMATS)
def test_lemon24s_reader_reads_what_was_written(
    powerapps: Corpus, tmp_path: Path, path: str, format_: Format
) -> None:
    parsed = by_reader(powerapps.documents[path][format_].body, tmp_path, f"feed.{format_}")
    # It sorts entries its own way.
    assert sorted(parsed) == sorted(
        expected(powerapps.entries[path], format_, source=format_ != "json")
    )


def test_the_feeds_that_are_read_show_every_kind_of_enclosure(powerapps: Corpus) -> None:
    entries = [*powerapps.entries["hot"], *powerapps.entries["files"]]
    media = {file.medium for entry in entries for file in entry.enclosures}
    assert media >= {"image", "document"}
    assert any(entry.provider and entry.provider.home for entry in entries)
