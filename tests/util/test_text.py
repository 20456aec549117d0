"""Cleaned text is valid in every format; different names have different slugs."""

import json
import sys
from datetime import UTC, datetime
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feeds.model.entry import Entry
from feeds.render import fragment
from feeds.util import text
from tests.support.site import make_site

SITE = make_site()
# All characters, lone surrogates and control characters included.
ANY = st.text(st.characters(exclude_categories=()), max_size=40)
DAY = datetime(2024, 5, 31, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.rule("X2")
@given(ANY)
def test_cleaned_text_is_valid_xml_text(any_text: str) -> None:
    cleaned = text.clean(any_text)
    etree.Element("a").text = cleaned  # lxml rejects characters that XML 1.0 §2.2 forbids
    cleaned.encode()
    assert text.clean(cleaned) == cleaned
    assert text.first_forbidden(cleaned) is None
    assert (text.first_forbidden(any_text) is None) == (cleaned == any_text)


@pytest.mark.rule("X3")
def test_windows_1252_characters_replace_c1_controls() -> None:
    assert text.clean("\x93smart\x94 \x80 5 \x85 \x81") == "“smart” € 5 … "


def test_printable_text_needs_no_cleaning() -> None:
    """`one_line` relies on this for speed."""
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert text.clean(printable) == printable
    assert list(filter(str.isspace, printable)) == [" "]


@given(ANY)
def test_one_line_has_no_line_breaks_or_double_spaces(any_text: str) -> None:
    line = text.one_line(any_text)
    assert line == " ".join(line.split())
    assert line.splitlines() in ([], [line])


@pytest.mark.rule("X2", "R45")
@given(title=ANY, summary=ANY, topic=ANY)
def test_any_text_survives_in_all_three_formats(title: str, summary: str, topic: str) -> None:
    """Parsing gives back the cleaned text, which text escaped twice would not."""
    clean_title, clean_summary = text.one_line(title) or "T", text.one_line(summary)
    clean_topic = text.one_line(topic) or "t"
    entry = Entry(
        "tag:example.org,2026:a", "a.md", clean_title, "https://example.org/a", DAY, DAY,
        summary=clean_summary, content="<p>x</p>", topics=(clean_topic,),
    )  # fmt: skip
    fragments = fragment.render_entry(entry, SITE)

    rss = b'<channel xmlns:content="http://purl.org/rss/1.0/modules/content/">%s</channel>'
    expat.ParserCreate().Parse(rss % fragments["rss"], True)
    item = etree.fromstring(rss % fragments["rss"]).find("item")
    assert item is not None
    assert item.findtext("title") == clean_title
    assert item.findtext("category") == clean_topic

    atom = b'<feed xmlns="http://www.w3.org/2005/Atom">%s</feed>' % fragments["atom"]
    expat.ParserCreate().Parse(atom, True)
    node = etree.fromstring(atom)[0]
    assert node.findtext(f"{ATOM}title") == clean_title
    assert (node.findtext(f"{ATOM}summary") or "") == clean_summary

    data = json.loads(fragments["json"])
    assert data["title"] == clean_title
    assert data.get("summary", "") == clean_summary
    assert data["tags"] == [clean_topic]


@given(ANY)
def test_slug_is_a_path_segment_and_idempotent(name: str) -> None:
    slug = text.slug(name)
    assert slug
    assert not set(slug) & set("/\\?#%. \t\n_")
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert len(slug.encode()) <= 120
    assert text.slug(slug) == slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Power Apps", "power-apps"),
        ("power  apps", "power-apps"),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        (".NET", "net"),
        ("#PowerApps", "powerapps"),
        ("R&D", "r-and-d"),
        ("snake_case", "snake-case"),
        ("Café", "café"),
        ("Cafe\u0301", "café"),
        ("日本語", "日本語"),
        ("हिन्दी", "हिन्दी"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert text.slug(name) == slug


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C", "C#"), ("C++", "C#"), ("कि", "की"), ("🎉", "🎂"), ("a" * 200, "a" * 201)],
)
def test_different_names_have_different_slugs(one: str, other: str) -> None:
    assert text.slug(one) != text.slug(other)


def test_shorten_cuts_at_a_word() -> None:
    assert text.shorten("one two three", 9) == "one two…"
    assert text.shorten("one two", 7) == "one two"


@pytest.mark.parametrize("value", ["x" * 1000, ["x"] * 1000, {"x": "y" * 1000}])
def test_quoted_values_in_messages_are_short(value: object) -> None:
    assert len(text.quote_for_message(value)) < 110


@pytest.mark.parametrize(
    ("number", "noun", "plural", "expected"),
    [
        (0, "file", "", "0 files"),
        (1, "file", "", "1 file"),
        (2193, "file", "", "2,193 files"),
        (2, "entry", "entries", "2 entries"),
        (1, "entry", "entries", "1 entry"),
    ],
)
def test_noun_agrees_with_its_number(number: int, noun: str, plural: str, expected: str) -> None:
    assert text.counted(number, noun, plural) == expected
