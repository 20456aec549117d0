"""HTML pages, OPML lists and stylesheets."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from feeds.catalogue.records import FeedState
from feeds.config.definitions import FeedDefinition, Term
from feeds.config.site import Site
from feeds.model import selection
from feeds.model.document import Caching, Document
from feeds.model.entry import Entry, Image, Person, Provider
from feeds.model.selection import EVERYTHING, Selection
from feeds.render import envelope, feed_documents
from feeds.render.envelope import DocumentInfo
from feeds.render.site import description, documents, groups, opml, pages, reader_links
from tests.support.site import NOW, Publication, front_matter, make_site

SITE = make_site(language="de", rights="© Example", feeds_url="https://feeds.example.org/in/")
PUBLISHED = datetime(2024, 5, 31, 9, tzinfo=UTC)
INFO = DocumentInfo(updated=NOW, newest=PUBLISHED)
# The hashes of pages and envelopes at their current versions.
PAGES = {3: "40857340605b98ce41cd45bbf6013da9e53e270a84b671209ae7f03aac31a944"}
ENVELOPES = {3: "4f75245bd751fc49dbb452b5786e683443f4dfeca86e1b46486b092df22f0abd"}


def definition(path: str = "all", title: str = "Example: All", **fields: Any) -> FeedDefinition:
    defaults: dict[str, Any] = {
        "description": "What it brings", "selection": EVERYTHING, "order": "date", "size": 50,
        "caching": Caching(1800),
    }  # fmt: skip
    return FeedDefinition(path, title, **{**defaults, **fields})


def feed_state(path: str = "all", entries: int = 3) -> FeedState:
    return FeedState(path, "0" * 32, int(NOW.timestamp()), entries, int(PUBLISHED.timestamp()))


def entry(**fields: Any) -> Entry:
    defaults: dict[str, Any] = {
        "id": "tag:a", "path": "a.md", "title": "A <title>", "link": "https://a.example/",
        "published": PUBLISHED, "updated": PUBLISHED, "summary": "So & so.",
    }  # fmt: skip
    return Entry(**{**defaults, **fields})


def page(
    feed: FeedDefinition, entries: Sequence[Entry] = (), site: Site = SITE, **arguments: Any
) -> Any:
    document = pages.page(feed, entries, feed_state(feed.path), site, **arguments)
    return html.document_fromstring(document.body)


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.rule("B9")
def test_page_announces_its_feed_in_each_format() -> None:
    links = page(definition("topics/a&b", "Example: A & B")).xpath("//link[@rel='alternate']")
    assert [(link.get("type"), link.get("title"), link.get("href")) for link in links] == [
        ("application/rss+xml", "Example: A & B (RSS)", "../topics/a%26b.rss"),
        ("application/atom+xml", "Example: A & B (Atom)", "../topics/a%26b.atom"),
        ("application/feed+json", "Example: A & B (JSON Feed)", "../topics/a%26b.json"),
    ]


@pytest.mark.rule("B9")
def test_index_page_announces_the_main_feed_first() -> None:
    feeds = [definition("topics/a"), definition("all"), definition("best")]
    document: Any = html.document_fromstring(pages.index(feeds, {}, SITE).body)
    hrefs = [link.get("href") for link in document.xpath("//link[@rel='alternate']")]
    stems = list(dict.fromkeys(href.rpartition(".")[0] for href in hrefs))
    assert stems == ["./topics/a", "./all", "./best"]
    assert len(hrefs) == 9


@pytest.mark.rule("B5")
def test_page_shows_the_public_urls_of_its_feed() -> None:
    document = page(definition("topics/a"))
    urls = [code.text_content() for code in document.xpath("//code")]
    base = "https://feeds.example.org/in/topics/a"
    assert urls == [f"{base}.rss", f"{base}.atom", f"{base}.json"]


def test_subscription_links_contain_the_whole_url() -> None:
    url = "https://example.org/a%26b.atom"
    coded = "https%3A%2F%2Fexample.org%2Fa%2526b.atom"
    assert dict(reader_links.links(url)) == {
        "Feedly": f"https://feedly.com/i/subscription/feed%2F{coded}",
        "Inoreader": f"https://www.inoreader.com/?add_feed={coded}",
        "NewsBlur": f"https://www.newsblur.com/?url={coded}",
        "The Old Reader": f"https://theoldreader.com/feeds/subscribe?url={coded}",
        "Feedbin": f"https://feedbin.com/?subscribe={coded}",
    }
    assert reader_links.app_link(url) == "feeds://example.org/a%26b.atom"
    assert reader_links.app_link("http://example.org/a.rss") == "feed://example.org/a.rss"


def test_entry_is_shown_with_credit_and_date() -> None:
    provider = Provider("PC Magazine", "pc-magazine", home="https://pcmag.example/")
    shown = entry(
        provider=provider,
        via="https://pcmag.example/a",
        authors=(Person("Jane"), Person("PC Magazine")),
        language="fr",
    )
    (article,) = page(definition(), [shown]).xpath("//article")
    assert text(article) == "A <title> 31 May 2024 · by Jane · via PC Magazine So & so."
    links = [(link.text_content(), link.get("href")) for link in article.xpath(".//a")]
    assert links == [("A <title>", shown.link), ("PC Magazine", "https://pcmag.example/a")]
    assert article.xpath(".//time/@datetime") == ["2024-05-31T09:00:00Z"]
    assert set(article.xpath(".//@lang")) == {"fr"}


def test_content_in_the_language_of_the_site_has_lang() -> None:
    document = page(definition(), [entry()])
    assert document.get("lang") == "en"
    assert document.xpath("//h1/@lang") == ["de"]
    assert document.xpath("//h3/@lang") == ["de"]


@pytest.mark.parametrize(
    ("images", "url", "shown"),
    [
        ("own", "https://example.org/a.png", True),
        ("own", "https://cdn.example/x/a.png", True),
        ("own", "https://feeds.example.org/a.png", True),
        ("own", "https://elsewhere.example/a.png", False),
        ("own", "http://example.org/a.png", False),
        ("own", "https://example.org.evil.example/a.png", False),
        ("all", "https://elsewhere.example/a.png", True),
        ("none", "https://example.org/a.png", False),
    ],
)
def test_images_setting_decides_which_images_are_shown(images: str, url: str, shown: bool) -> None:
    site = make_site(
        pages={"images": images},
        assets_url="https://cdn.example/",
        feeds_url="https://feeds.example.org/",
    )
    elements = page(definition(), [entry(images=(Image(url),))], site).xpath("//article//img")
    assert [img.get("src") for img in elements] == ([url] if shown else [])
    assert all(img.get("alt") == "" and img.get("loading") == "lazy" for img in elements)


def test_page_has_the_date_and_caching_of_its_feed() -> None:
    document = pages.page(definition(caching=Caching(60)), [], feed_state(), SITE)
    assert (document.updated, document.caching, document.media_type) == (
        NOW,
        Caching(60),
        "text/html",
    )
    assert document == pages.page(definition(caching=Caching(60)), [], feed_state(), SITE)


def test_page_shows_the_newest_entries_of_its_feed(tmp_path: Path) -> None:
    site = Publication(
        tmp_path,
        {
            f"{number:02}.md": front_matter(
                title=f"t{number}",
                webUrl=f"https://example.org/{number}",
                publishedDateTime=f"2024-05-{number + 1:02}T09:00:00Z",
            )
            for number in range(14)
        },
    )
    site.build()
    with site.read() as reader:
        feed = feed_documents.all_feeds(site.site, reader, NOW)["topics/ai"]
        page = feed_documents.render_page(feed, site.site, reader, NOW)
        formats = feed_documents.render_feed(feed, site.site, reader, NOW)
    document: Any = html.document_fromstring(page.body)
    titles = [text(heading) for heading in document.xpath("//article//h3")]
    assert titles == site.titles("topics/ai")[: pages.ENTRIES]
    assert "14 articles" in text(document)
    assert page.updated == formats["rss"].updated


def test_neighbours_are_the_nearest_feeds_of_the_group() -> None:
    feeds = [definition(f"topics/{number:02}") for number in range(40)]
    by_folder = groups.group_by_folder(feeds)
    for position, feed in enumerate(feeds):
        near = groups.neighbours(feed, by_folder, SITE)
        assert len(near) == 12
        assert feed not in near
        assert all(abs(feeds.index(other) - position) <= 12 for other in near)
    assert groups.neighbours(feeds[1], groups.group_by_folder(feeds[:3]), SITE) == (
        feeds[0],
        feeds[2],
    )


def test_feed_of_the_parent_topic_is_the_first_neighbour() -> None:
    topics = {f"t{number:02}": {"name": f"T{number:02}"} for number in range(40)}
    topics["t01"]["parent"] = "T39"
    feeds = [definition(f"in/{key}", terms=(Term("topic", key, key),)) for key in topics]
    near = groups.neighbours(feeds[1], groups.group_by_folder(feeds), make_site(topics=topics))
    assert (near[0], len(near)) == (feeds[39], 12)


def test_folders_that_differ_only_in_case_are_one_group() -> None:
    feeds = [definition("Topics/a"), definition("topics/b")]
    assert set(documents.site_documents(feeds, {}, SITE)) == {
        "index.html", "feeds.opml", "feed.css", "pages.css", "topics/feeds.opml",
    }  # fmt: skip
    assert "../topics/feeds.opml" in page(feeds[0]).xpath("//footer//@href")


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Example: Maps", "Maps"),
        ("Example – Maps", "Maps"),
        ("Maps", "Maps"),
        ("Example", "Example"),
        ("Examples of maps", "Examples of maps"),
    ],
)
def test_short_title_omits_the_title_of_the_site(title: str, label: str) -> None:
    assert groups.short_title(definition(title=title), SITE) == label


def test_ids_of_the_index_page_are_unique() -> None:
    names = [f"{first}{number}" for first in "ab" for number in range(30)]
    feeds = [definition(f"topics/{name}", name) for name in names]
    feeds += [definition("topics-1/a"), definition("topics-2/a")]
    document: Any = html.document_fromstring(pages.index(feeds, {}, SITE).body)
    ids = document.xpath("//@id")
    assert {"in-topics", "in-topics-1", "in-topics:1", "in-topics:2"} <= set(ids)
    assert len(ids) == len(set(ids))
    hrefs = document.xpath("//nav//@href")
    assert {href.removeprefix("#") for href in hrefs if "#" in href} <= set(ids)


def test_index_shows_the_newest_articles_as_the_pages_of_feeds_do() -> None:
    shown = entry(authors=(Person("Jane"),))
    body = pages.index([definition()], {}, SITE, [shown]).body.decode()
    on_page = pages.page(definition(), [shown], feed_state(), SITE).body.decode()
    article = body[body.index("<article") : body.index("</article>")]
    assert article in on_page
    assert "Newest articles" not in pages.index([definition()], {}, SITE).body.decode()


def test_names_are_isolated_from_surrounding_text_direction() -> None:
    shown = entry(authors=(Person("ג'יין"), Person("Jane")), provider=Provider("מגזין", "p"))
    body = pages.page(definition(), [shown], feed_state(), SITE).body.decode()
    assert " · by <bdi>ג&#39;יין</bdi>, <bdi>Jane</bdi> · via <a " in body
    assert "<bdi>מגזין</bdi></a>" in body


def test_index_of_ten_thousand_feeds_has_a_bounded_size() -> None:
    feeds = [
        definition(f"topics/topic-number-{number}", f"Example: Topic number {number}")
        for number in range(10_000)
    ]
    states = {feed.path: feed_state(feed.path) for feed in feeds}
    body = pages.index(feeds, states, SITE).body
    assert len(body) < 150 * len(feeds)
    assert not html.document_fromstring(body).xpath("//details[@open]")


def outlines(document: Document) -> list[dict[str, str]]:
    root: Any = etree.fromstring(document.body)
    return [dict(element.attrib) for element in root.iter("outline")]


def test_site_opml_lists_every_feed_once_by_group() -> None:
    feeds = [definition("all", "All & <more>"), definition("topics/a"), definition("topics/b")]
    document = opml.document(feeds, {}, SITE)
    root: Any = etree.fromstring(document.body)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "Example"
    assert [outline["text"] for outline in outlines(document)] == [
        "All & <more>", "Topics", "Example: All", "Example: All",
    ]  # fmt: skip
    urls = [outline["xmlUrl"] for outline in outlines(document) if "xmlUrl" in outline]
    assert urls == [feed.url(SITE, "atom") for feed in feeds]


def test_each_group_has_its_own_opml() -> None:
    feeds = [definition("all"), definition("topics/a"), definition("topics/b")]
    states = {"all": FeedState("all", "", 2**31, 1, None), "topics/a": feed_state("topics/a")}
    document = documents.site_documents(feeds, states, SITE)["topics/feeds.opml"]()
    assert [outline["xmlUrl"] for outline in outlines(document)] == [
        feed.url(SITE, "atom") for feed in feeds[1:]
    ]
    assert etree.fromstring(document.body).findtext("head/title") == "Example: Topics"
    assert document.updated == NOW, "dated by a feed of another group"


def test_internal_links_of_all_pages_resolve(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site",
        {"a.md": front_matter(topics=["AI", "C++ & <C#>", "Роботы"], webUrl="https://a.example/")},
    )
    site.build()
    out = tmp_path / "out"
    site.export(out)
    base, linked = "https://example.org/", set()
    for file in out.rglob("*.html"):
        document: Any = html.document_fromstring(file.read_bytes())
        document.make_links_absolute(base + file.relative_to(out).as_posix())
        for _, _, link, _ in document.iterlinks():
            path, _, fragment = link.partition("#")
            if not path.startswith(base):
                continue
            target = out / unquote(path.removeprefix(base) or "index.html")
            assert target.is_file(), link
            linked.add(target.relative_to(out).as_posix())
            if fragment:
                linked_page: Any = html.document_fromstring(target.read_bytes())
                assert unquote(fragment) in linked_page.xpath("//@id")
    exported = {file.relative_to(out).as_posix() for file in out.rglob("[!.]*") if file.is_file()}
    assert exported - linked == {"feed.css"}


@pytest.mark.parametrize(
    ("raw", "articles"),
    [
        ({}, "All articles"),
        ({"topic": "Maps"}, "Articles on the topic Maps and charts"),
        ({"topic": ["Maps", "sea-ice"]},
         "Articles on any of the topics Maps and charts or sea ice"),
        ({"category": "ai-news"}, "Articles in the category ai news"),
        ({"provider": "PC Magazine"}, "Articles from PC Magazine"),
        ({"language": "pt-BR"}, "Articles in the language pt-br"),
        ({"folder": "_news"}, "Articles in the folder _news"),
        ({"folder": ["a", "b/c"]}, "Articles in the folders a or b/c"),
        ({"quality": 80}, "Articles whose quality is 80 or more"),
        ({"heat": {"max": 3}}, "Articles whose heat is at most 3"),
        ({"heat": {"min": 3, "max": 9}}, "Articles whose heat is from 3 to 9"),
        ({"quality": {"min": 3, "max": 3}}, "Articles whose quality is 3"),
        ({"age": "7d"}, "Articles no older than 1 week"),
        ({"age": "36h"}, "Articles no older than 36 hours"),
        ({"not": {"type": ["video", "podcast"]}},
         "Articles that are not of any of the types podcast or video"),
        ({"type": "video", "any": [{"quality": 8}, {"heat": 9}]},
         "Articles of the type video and (whose quality is 8 or more or whose heat is 9 or more)"),
        ({"type": "video", "topic": "Maps", "age": "90s"},
         "Articles of the type video, on the topic Maps and charts and no older than 90 seconds"),
    ],
)  # fmt: skip
def test_selection_is_described_in_words(raw: dict[str, Any], articles: str) -> None:
    site = make_site(
        topics={"maps": {"name": "Maps and charts"}}, providers={"pc": {"name": "PC Magazine"}}
    )
    feed = definition(selection=selection.parse(raw, {}), order="date", size=1000)
    assert description.describe(feed, site) == f"{articles}; newest first, at most 1,000."


def test_description_uses_the_names_of_family_terms() -> None:
    term = Term("topic", "c-plus-plus", "C++")
    feed = definition(
        selection=selection.parse({"topic": "c-plus-plus"}, {}), order="heat", terms=(term,)
    )
    sentence = "Articles on the topic C++; hottest first, at most 50."
    assert description.describe(feed, SITE) == sentence


def _selections() -> st.SearchStrategy[Selection]:
    leaves = st.one_of(
        st.builds(selection.Terms, st.sampled_from(selection.TERM_FIELDS), st.just(("a", "b"))),
        st.builds(selection.Age, st.integers(0, 10**9)),
        st.just(EVERYTHING),
        st.just(selection.AnyOf(())),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(selection.All, st.lists(inner, max_size=3).map(tuple))
            | st.builds(selection.Not, inner)
        ),
    )


@given(_selections())
def test_any_selection_can_be_described(chosen: Selection) -> None:
    sentence = description.describe(definition(selection=chosen), SITE)
    assert re.fullmatch(r"(All articles|Articles \S.*); newest first, at most 50\.", sentence)
    assert "  " not in sentence


@pytest.mark.rule("B4")
@pytest.mark.parametrize("path", ["all", "topics/a", "a/b/c"])
@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_feed_references_its_stylesheet_before_the_root(path: str, format_: Any) -> None:
    parts = envelope.make_envelope(definition(path), SITE, format_, INFO)
    root: Any = etree.fromstring(parts.head + parts.tail)
    (instruction,) = root.xpath("preceding-sibling::processing-instruction()")
    assert instruction.target == "xml-stylesheet"
    assert instruction.get("type") == "text/css"
    assert instruction.get("href") == "../" * path.count("/") + "feed.css"


def test_changed_pages_need_a_new_version() -> None:
    provider = Provider("PC Magazine", "pc-magazine", home="https://pcmag.example/")
    shown = entry(
        provider=provider, authors=(Person("Jane"),), images=(Image("https://example.org/a.png"),)
    )
    chosen = selection.parse({"topic": "maps", "not": {"age": "7d"}}, {})
    feed = definition("topics/maps", selection=chosen)
    neighbours = [definition("topics/a")]
    rendered = [
        pages.page(feed, [shown], feed_state(feed.path), SITE, neighbours),
        pages.page(definition(), [], FeedState("all", "", 0, 0, None), SITE),
    ]
    digest = hashlib.sha256(b"".join(document.body for document in rendered)).hexdigest()
    message = "pages changed: raise pages.VERSION, or exports keep old ones; then update the hash"
    assert {pages.VERSION: digest} == PAGES, message


def test_changed_envelopes_need_a_new_version() -> None:
    digest = hashlib.sha256()
    full = make_site(
        hub="https://hub.example/", icon="https://example.org/i.png", rights="© Example",
        logo="https://example.org/l.png", author={"name": "Jane", "email": "jane@example.org"},
    )  # fmt: skip
    for site in (SITE, full):
        for format_ in ("rss", "atom", "json"):
            parts = envelope.make_envelope(definition("topics/a"), site, format_, INFO)
            digest.update(parts.head + parts.separator + parts.tail)
    message = (
        "envelopes changed: raise envelope.VERSION, or exports keep old ones; then update the hash"
    )
    assert {envelope.VERSION: digest.hexdigest()} == ENVELOPES, message
