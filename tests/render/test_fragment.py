"""Fragments keep the rules of element format, and joined they equal a document by feedgen."""

import json
import re
import string
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feeds.config.definitions import FeedDefinition
from feeds.errors import RenderError
from feeds.model import document
from feeds.model.document import Caching
from feeds.model.entry import Enclosure, Entry, Image, Person, Player, Provider, Related
from feeds.model.selection import All
from feeds.render import envelope, feedgen_channel, feedgen_entry, fragment
from feeds.render.envelope import DocumentInfo
from feeds.util import dates
from feeds.util.text import one_line
from tests.support.site import make_site

SITE = make_site()
FEED = FeedDefinition("all", "All & <more>", "Everything", All(), "date", 50, Caching(1800))
PUBLISHED = datetime(2024, 5, 31, 9, tzinfo=UTC)
UPDATED = datetime(2024, 6, 1, 10, 11, 12, tzinfo=UTC)
INFO = DocumentInfo(updated=UPDATED, newest=PUBLISHED)
A = "{http://www.w3.org/2005/Atom}"
M = "{http://search.yahoo.com/mrss/}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
FULL = Entry(
    id="tag:example.org,2026:site/a",
    path="a.md",
    title="AT&T <b>a < b</b>",
    link="https://example.org/a?x=1&y=2",
    published=PUBLISHED,
    updated=UPDATED,
    summary="Q&A: a < b",
    content='<p>Full <a href="https://example.org/?a=1&amp;b=2">x</a> ]]&gt;</p>',
    via="https://origin.example/a",
    language="de",
    authors=(
        Person("Jane & Joe", "https://jane.example/", "https://jane.example/j.png"),
        Person("P"),
    ),
    provider=Provider(
        "PC & Co",
        "pc-co",
        "https://pc.example/",
        "https://pc.example/feed",
        "https://pc.example/i.png",
    ),
    category="news",
    type="article",
    topics=("C++", "R&D"),
    images=(
        Image("https://example.org/a.png", 640, 480, "A", "image/png", 99),
        Image("https://example.org/b", 10),
    ),
    enclosures=(
        Enclosure("https://example.org/a.mp3", "audio/mpeg", "audio", 1234, "Listen", 60),
        Enclosure("https://example.org/a.zip", "application/zip", "document"),
        Enclosure("https://example.org/a.png", "image/png", "image", 99, "A", None, 640, 480),
    ),
    player=Player("https://v.example/e", 120),
    related=(Related("R & S", "https://r.example/", "R"),),
)
PLAIN = Entry(
    "tag:example.org,2026:site/p",
    "p.md",
    "P",
    "https://example.org/p",
    PUBLISHED,
    PUBLISHED,
    content="<p>x</p>",
)


def rss(entry: Entry) -> Any:
    return etree.fromstring(whole([entry], "rss"))[0].find("item")


def atom(entry: Entry) -> Any:
    return etree.fromstring(whole([entry], "atom")).find(f"{A}entry")


def item(entry: Entry) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(fragment.render_entry(entry, SITE)["json"])
    return members


def whole(entries: list[Entry], format_: document.Format) -> bytes:
    fragments = [fragment.render_entry(entry, SITE)[format_] for entry in entries]
    return envelope.assemble(FEED, SITE, format_, fragments, INFO).body


LINES = st.text(st.characters(exclude_categories=())).map(one_line)
NAMES = LINES.filter(bool)
URLS = st.text(string.ascii_letters + "&?=%", max_size=8).map("https://example.org/{}".format)
MAYBE = st.none() | st.integers(1, 10**9)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ENTRIES = st.builds(
    Entry,
    id=URLS,
    permalink_id=st.booleans(),
    path=st.just("a.md"),
    title=NAMES,
    link=URLS,
    published=TIMES,
    updated=TIMES,
    summary=LINES,
    content=NAMES,
    via=st.none() | URLS,
    language=st.none() | st.just("de"),
    authors=st.lists(st.builds(Person, NAMES, st.none() | URLS), max_size=2).map(tuple),
    provider=st.none()
    | st.builds(Provider, NAMES, st.just("k"), *[st.none() | URLS for _ in range(3)]),
    category=st.none() | NAMES,
    type=st.none() | NAMES,
    topics=st.lists(NAMES, max_size=2).map(tuple),
    images=st.lists(st.builds(Image, URLS, MAYBE, MAYBE), max_size=2).map(tuple),
    enclosures=st.lists(
        st.builds(
            Enclosure, URLS, st.just("a/b"), st.just("audio"), MAYBE, st.none() | NAMES, MAYBE
        ),
        max_size=2,
    ).map(tuple),
    player=st.none() | st.builds(Player, URLS, MAYBE),
    related=st.lists(st.builds(Related, NAMES, URLS), max_size=2).map(tuple),
)


@settings(max_examples=60)
@given(st.lists(ENTRIES, min_size=1, max_size=3))
def test_joined_fragments_equal_a_document_by_feedgen(entries: list[Entry]) -> None:
    for format_ in ("rss", "atom"):
        generator = feedgen_channel.build_feedgen_feed(FEED, SITE, format_, UPDATED, PUBLISHED)
        for entry in entries:
            generator.add_entry(feedgen_entry.build_feedgen_entry(entry, SITE), order="append")
        text = (
            feedgen_entry.use_numeric_references(generator.rss_str())
            if format_ == "rss"
            else generator.atom_str()
        )
        first, *style, rest = whole(entries, format_).split(b"\n", 2)
        assert style == [b'<?xml-stylesheet type="text/css" href="feed.css"?>']
        assert first + b"\n" + rest == text + b"\n"


@settings(max_examples=60)
@given(ENTRIES)
def test_formats_have_the_same_contents(entry: Entry) -> None:
    in_rss, in_atom, in_json = rss(entry), atom(entry), item(entry)
    assert in_rss.findtext("guid") == in_atom.findtext(f"{A}id") == in_json["id"] == entry.id
    assert in_rss.findtext("title") == in_atom.findtext(f"{A}title") == in_json["title"]
    link = in_atom.find(f"{A}link[@rel='alternate']")
    assert in_rss.findtext("link") == link.get("href") == in_json["url"] == entry.link
    categories = dict.fromkeys(element.text for element in in_rss.findall("category"))
    assert list(categories) == in_json.get("tags", [])
    terms = [element.get("term") for element in in_atom.findall(f"{A}category")]
    assert terms == [element.text for element in in_rss.findall("category")]
    assert in_atom.findtext(f"{A}content") == in_json["content_html"] == entry.content
    urls = [enclosure.url for enclosure in entry.enclosures]
    assert [attachment["url"] for attachment in in_json.get("attachments", [])] == urls
    assert [
        element.get("href") for element in in_atom.findall(f"{A}link[@rel='enclosure']")
    ] == urls
    assert [element.get("url") for element in in_rss.findall("enclosure")] == urls[:1]


def test_fragments_do_not_depend_on_earlier_ones() -> None:
    first = fragment.render_entry(FULL, SITE)
    fragment.render_entry(PLAIN, SITE)
    assert fragment.render_entry(FULL, SITE) == first


def test_render_error_names_the_entry() -> None:
    bad = Entry("tag:x", "a.md", "\x00", "https://example.org/", PUBLISHED, PUBLISHED, content="x")
    with pytest.raises(RenderError) as caught:
        fragment.render_entry(bad, SITE)
    assert caught.value.entry_id == "tag:x"


@pytest.mark.rule("R20", "R21", "R22")
def test_guid_is_the_id_and_not_a_permalink() -> None:
    guid = rss(FULL).find("guid")
    assert (guid.text, dict(guid.attrib)) == (FULL.id, {"isPermaLink": "false"})


@pytest.mark.rule("R23", "R25")
def test_rss_item_has_one_enclosure_with_all_three_attributes() -> None:
    (enclosure,) = rss(FULL).findall("enclosure")
    assert dict(enclosure.attrib) == {
        "url": "https://example.org/a.mp3", "length": "1234", "type": "audio/mpeg",
    }  # fmt: skip
    assert rss(PLAIN).findall("enclosure") == []


@pytest.mark.rule("R24")
def test_unknown_length_is_0_in_rss_and_omitted_elsewhere() -> None:
    entry = Entry("i", "a", "T", "https://example.org/", PUBLISHED, PUBLISHED, content="x",
                  enclosures=FULL.enclosures[1:2])  # fmt: skip
    assert rss(entry).find("enclosure").get("length") == "0"
    link = atom(entry).find(f"{A}link[@rel='enclosure']")
    assert dict(link.attrib) == {
        "rel": "enclosure", "href": "https://example.org/a.zip", "type": "application/zip",
    }  # fmt: skip
    assert item(entry)["attachments"] == [
        {"url": "https://example.org/a.zip", "mime_type": "application/zip"}
    ]


@pytest.mark.rule("R30", "R31")
def test_pub_date_is_rfc_822() -> None:
    assert rss(FULL).findtext("pubDate") == "Fri, 31 May 2024 09:00:00 GMT"


@pytest.mark.rule("R40", "R41", "R42")
def test_authors_are_dc_creator_and_never_author() -> None:
    assert rss(FULL).findall("author") == []
    assert [element.text for element in rss(FULL).findall(f"{DC}creator")] == ["Jane & Joe", "P"]


@pytest.mark.rule("R43", "R45")
@pytest.mark.parametrize("title", ["AT&T", "a < b", "<b>x</b>", "&amp;", "Use &lt;br&gt;", "]]>"])
def test_titles_are_plain_text_escaped_once(title: str) -> None:
    entry = Entry("i", "a", title, "https://example.org/", PUBLISHED, PUBLISHED, content="x")
    assert rss(entry).findtext("title") == title
    assert atom(entry).findtext(f"{A}title") == title
    assert item(entry)["title"] == title


@pytest.mark.rule("R44")
def test_plain_text_in_rss_uses_numeric_references() -> None:
    xml = fragment.render_entry(FULL, SITE)["rss"]
    assert b"<title>AT&#x26;T &#x3C;b&#x3E;a &#x3C; b&#x3C;/b&#x3E;</title>" in xml
    assert b">R&#x26;D</category>" in xml
    assert b">PC &#x26; Co</source>" in xml
    assert b"<dc:creator>Jane &#x26; Joe</dc:creator>" in xml
    assert b"<description>Q&amp;amp;A: a &amp;lt; b</description>" in xml


@pytest.mark.rule("R46", "R47", "R48")
def test_description_precedes_content_encoded() -> None:
    names = [element.tag for element in rss(FULL)]
    assert names.index("description") < names.index(f"{CONTENT}encoded")
    assert rss(FULL).findtext(f"{CONTENT}encoded") == FULL.content
    assert rss(FULL).findtext("description") == "Q&amp;A: a &lt; b"  # as HTML
    assert rss(PLAIN).findtext("description") == PLAIN.content
    assert rss(PLAIN).find(f"{CONTENT}encoded") is None


@pytest.mark.rule("R49", "A36")
def test_categories_have_an_absolute_scheme() -> None:
    expected = [
        ("https://example.org/topics", "C++"),
        ("https://example.org/topics", "R&D"),
        ("https://example.org/categories", "news"),
        ("https://example.org/types", "article"),
    ]
    assert [
        (element.get("domain"), element.text) for element in rss(FULL).findall("category")
    ] == expected
    in_atom = atom(FULL).findall(f"{A}category")
    assert [(element.get("scheme"), element.get("term")) for element in in_atom] == expected
    assert item(FULL)["tags"] == [term for _, term in expected]


@pytest.mark.rule("R55", "R56")
def test_rss_has_source_and_via_link() -> None:
    source = rss(FULL).find("source")
    assert (source.text, source.get("url")) == ("PC & Co", "https://pc.example/feed")
    via = rss(FULL).find(f"{A}link")
    assert dict(via.attrib) == {"rel": "via", "href": "https://origin.example/a"}
    assert rss(FULL).find(f"{A}source") is None


@pytest.mark.rule("R55")
def test_provider_without_url_has_no_source_element() -> None:
    entry = Entry("i", "a", "T", "https://example.org/", PUBLISHED, PUBLISHED, content="x",
                  provider=Provider("P", "p"))  # fmt: skip
    assert rss(entry).find("source") is None
    assert atom(entry).find(f"{A}source") is None
    assert item(entry)["_source"]["title"] == "P"


@pytest.mark.rule("A4")
def test_atom_children_appear_at_most_once() -> None:
    for entry in (FULL, PLAIN):
        names = [element.tag.removeprefix(A) for element in atom(entry)]
        for name in ("id", "title", "updated", "published", "content"):
            assert names.count(name) == 1
        for name in ("rights", "source", "summary"):
            assert names.count(name) <= 1


@pytest.mark.rule("A6")
def test_atom_authors_have_a_name_and_no_empty_element() -> None:
    people = [{part.tag.removeprefix(A): part.text for part in person}
              for person in atom(FULL).findall(f"{A}author")]  # fmt: skip
    assert people == [{"name": "Jane & Joe", "uri": "https://jane.example/"}, {"name": "P"}]


@pytest.mark.rule("A7", "A21")
def test_atom_entry_has_one_alternate_link() -> None:
    links = atom(FULL).findall(f"{A}link[@rel='alternate']")
    assert [element.get("href") for element in links] == [FULL.link]


@pytest.mark.rule("A8")
def test_atom_entry_without_excerpt_has_no_summary() -> None:
    assert atom(FULL).findtext(f"{A}summary") == FULL.summary
    assert atom(PLAIN).find(f"{A}summary") is None


@pytest.mark.rule("A15", "A16")
def test_atom_dates_are_rfc_3339() -> None:
    assert atom(FULL).findtext(f"{A}published") == "2024-05-31T09:00:00+00:00"
    assert dates.parse(atom(FULL).findtext(f"{A}updated"), SITE.zone) == UPDATED


@pytest.mark.rule("A23")
def test_atom_links_by_relation() -> None:
    links = [
        (element.get("rel"), element.get("href")) for element in atom(FULL).findall(f"{A}link")
    ]
    assert links == [
        ("alternate", FULL.link),
        ("via", "https://origin.example/a"),
        ("related", "https://r.example/"),
        ("enclosure", "https://example.org/a.mp3"),
        ("enclosure", "https://example.org/a.zip"),
        ("enclosure", "https://example.org/a.png"),
    ]


@pytest.mark.rule("A26")
def test_language_of_an_entry_is_declared() -> None:
    assert atom(FULL).get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert item(FULL)["language"] == "de"


@pytest.mark.rule("A30", "A35")
def test_atom_text_constructs_are_text_and_content_is_html() -> None:
    assert atom(FULL).find(f"{A}title").get("type") in (None, "text")
    assert atom(FULL).find(f"{A}summary").get("type") in (None, "text")
    assert atom(FULL).find(f"{A}content").get("type") == "html"


@pytest.mark.rule("A40")
def test_atom_source_has_id_title_date_and_links() -> None:
    source = atom(FULL).find(f"{A}source")
    assert [
        (element.tag.removeprefix(A), element.text or element.get("href")) for element in source
    ] == [
        ("id", "https://pc.example/feed"),
        ("title", "PC & Co"),
        ("updated", "2024-05-31T09:00:00Z"),
        ("link", "https://pc.example/feed"),
        ("link", "https://pc.example/"),
        ("icon", "https://pc.example/i.png"),
    ]
    assert [element.get("rel") for element in source.findall(f"{A}link")] == ["self", "alternate"]


@pytest.mark.rule("J5", "J9")
def test_json_ids_are_strings_and_dates_rfc_3339() -> None:
    members = item(FULL)
    assert members["id"] == FULL.id
    assert members["date_published"] == "2024-05-31T09:00:00Z"
    assert members["date_modified"] == "2024-06-01T10:11:12Z"


@pytest.mark.rule("J3", "J6")
def test_json_items_have_content_and_no_empty_member() -> None:
    for entry in (FULL, PLAIN):
        assert item(entry)["content_html"]
        assert all(item(entry).values())
    assert set(item(PLAIN)) == {
        "id", "url", "title", "content_html", "date_published", "date_modified",
    }  # fmt: skip


@pytest.mark.rule("J7")
def test_json_external_url_is_the_via_link() -> None:
    assert item(FULL)["external_url"] == "https://origin.example/a"
    entry = Entry("i", "a", "T", "https://x.example/", PUBLISHED, PUBLISHED, content="x",
                  via="https://x.example/")  # fmt: skip
    assert "external_url" not in item(entry)


@pytest.mark.rule("J8")
def test_json_title_and_summary_are_plain_text() -> None:
    members = item(FULL)
    assert (members["title"], members["summary"]) == (FULL.title, FULL.summary)


@pytest.mark.rule("J10")
def test_json_authors_are_a_list_of_objects() -> None:
    assert item(FULL)["authors"] == [
        {
            "name": "Jane & Joe",
            "url": "https://jane.example/",
            "avatar": "https://jane.example/j.png",
        },
        {"name": "P"},
    ]


@pytest.mark.rule("J11")
def test_json_sizes_and_durations_are_numbers() -> None:
    assert item(FULL)["attachments"][0] == {
        "url": "https://example.org/a.mp3",
        "mime_type": "audio/mpeg",
        "title": "Listen",
        "size_in_bytes": 1234,
        "duration_in_seconds": 60,
    }


@pytest.mark.rule("J15")
def test_json_extension_members_begin_with_an_underscore() -> None:
    assert item(FULL)["_source"]["about"].startswith("https://")
    assert all(re.fullmatch("_?[a-z_]+", name) for name in item(FULL))


@pytest.mark.rule("V10")
def test_media_rss_namespace_is_exact() -> None:
    for format_ in ("rss", "atom"):
        assert b'xmlns:media="http://search.yahoo.com/mrss/"' in whole([FULL], format_)


@pytest.mark.rule("V11", "V13", "V19", "V20")
@pytest.mark.parametrize("parsed", [rss(FULL), atom(FULL)], ids=["rss", "atom"])
def test_media_content_has_only_known_attributes(parsed: Any) -> None:
    contents = [dict(element.attrib) for element in parsed.findall(f"{M}content")]
    assert contents == [
        {"url": "https://example.org/a.mp3", "fileSize": "1234", "type": "audio/mpeg",
         "medium": "audio", "duration": "60"},
        {"url": "https://example.org/a.zip", "type": "application/zip", "medium": "document"},
        {"medium": "video", "duration": "120"},
        {"url": "https://example.org/a.png", "fileSize": "99", "type": "image/png",
         "medium": "image", "width": "640", "height": "480"},
        {"url": "https://example.org/b", "medium": "image", "width": "10"},
    ]  # fmt: skip


@pytest.mark.rule("V12", "V14", "V16", "V18")
@pytest.mark.parametrize("parsed", [rss(FULL), atom(FULL)], ids=["rss", "atom"])
def test_media_has_one_thumbnail_a_player_and_no_group(parsed: Any) -> None:
    (thumbnail,) = parsed.findall(f"{M}thumbnail")
    assert dict(thumbnail.attrib) == {
        "url": "https://example.org/a.png", "width": "640", "height": "480",
    }  # fmt: skip
    assert parsed.find(f"{M}content/{M}player").get("url") == "https://v.example/e"
    used = {element.tag for element in parsed.iter() if element.tag.startswith(M)}
    assert used == {f"{M}content", f"{M}player", f"{M}thumbnail"}
