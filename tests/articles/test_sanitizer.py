"""Bodies leave sanitised, clean HTML with every URL absolute (R50-R54, A31, J17)."""

import re

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from feeds.articles import markup, sanitizer
from feeds.util import text

LINK = "https://example.org/news/a"
BASE = sanitizer.Base(LINK, "https://example.org/", "https://example.org/")
URL = re.compile(r"https?://|mailto:|tel:")
REFERENCES = ("href", "src", "cite", "poster", "data", "longdesc", "action", "background")
FORBIDDEN = {
    "script", "style", "iframe", "object", "embed", "applet", "form", "input", "button", "select",
    "textarea", "svg", "math", "base", "link", "meta", "template", "noscript", "frame", "html",
    "body", "head", "title",
}  # fmt: skip
PIECES = st.sampled_from(
    ["<script>", "</script>", "<style>", "<svg>", "<math>", "<iframe src=", "<iframe ", "<img ",
     "<a ", "<p>", "</p>", "<!--", "-->", "<![CDATA[", "]]>", "<form action=/x>", "<base href=/>",
     "src=", "href=", "srcset=", "poster=", "cite=", "onclick=", "onerror=x ", "style='x:url(y)' ",
     "javascript:alert(1)", "java\tscript:1", "data:x,y", "/a", "a.png 2x, ", "#b", "../c", "//d/e",
     '"', "'", ">", "/>", " ", "x", "&#8;", "&#106;", "&lt;", "&amp;lt;", "&", "&nbsp;", "<video ",
     "<source ", "<b>", "\n\n", "`", "[x](", "![y](", ")", "- ", "> ", "# ", "|", "*", "\x00"]
)  # fmt: skip
ANY = st.lists(PIECES, max_size=25).map("".join)


def elements(made: str) -> list[html.HtmlElement]:
    return list(html.fragment_fromstring(made, create_parent="div").iter())[1:]


@given(ANY, st.booleans())
def test_r53_nothing_active_nor_relative_is_left_of_any_body(given: str, markdown: bool) -> None:
    made = (sanitizer.from_markdown if markdown else sanitizer.sanitise)(given, BASE)
    assert text.first_forbidden(made) is None
    for each in elements(made):
        assert isinstance(each.tag, str), "comments are left out"
        assert each.tag not in FORBIDDEN
        for name, value in each.attrib.items():
            assert not str(name).startswith("on")
            assert name not in ("style", "id", "class", "srcdoc", "ping")
            if name in REFERENCES:
                assert URL.match(str(value)), (name, value)
            if name == "srcset":
                assert all(URL.match(part.strip()) for part in str(value).split(", "))


@given(ANY, ANY)
def test_a_body_is_cleaned_as_if_none_had_been_before(given: str, before: str) -> None:
    other = sanitizer.Base("https://other.example/b", "https://s.example/", "https://a.example/")
    sanitizer.sanitise(before, other)
    made = sanitizer.sanitise(given, BASE)
    expected = nh3.clean(
        markup.plain(given, lambda source: sanitizer._linked(source, BASE)),
        tags=sanitizer._TAGS,
        attributes=sanitizer._ATTRIBUTES,
        clean_content_tags=sanitizer._DROPPED_WHOLE,
        attribute_filter=lambda _, name, value: sanitizer._attribute(name, value, BASE),
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    expected = text.clean(expected).strip()
    assert made == (expected if sanitizer._VISIBLE.search(expected) else "")


@given(ANY)
def test_sanitising_twice_changes_nothing(given: str) -> None:
    made = sanitizer.sanitise(given, BASE)
    assert sanitizer.sanitise(made, BASE) == made


ABSOLUTE = {
    '<a href="b">x</a>': '<a href="https://example.org/news/b">x</a>',
    '<a title="t" href="/b">x</a>': '<a title="t" href="https://example.org/b">x</a>',
    '<img alt="" src="../b.png">': '<img alt="" src="https://example.org/b.png">',
    '<img srcset="b.png, /c.png 2x">': (
        '<img srcset="https://example.org/news/b.png, https://example.org/c.png 2x">'
    ),
    '<img srcset="b,c.png 100w">': '<img srcset="https://example.org/news/b%2Cc.png 100w">',
    '<img srcset="data:x 1x">': "<img>",
    '<video poster="p.png" src="v.mp4" controls=""></video>': (
        '<video poster="https://example.org/news/p.png" src="https://example.org/news/v.mp4"'
        ' controls=""></video>'
    ),
    '<video><source src="v.webm"><track src="t.vtt"></video>': (
        '<video><source src="https://example.org/news/v.webm">'
        '<track src="https://example.org/news/t.vtt"></video>'
    ),
    '<picture><source srcset="b.webp"><img></picture>': (
        '<picture><source srcset="https://example.org/news/b.webp"><img></picture>'
    ),
    '<blockquote cite="q">x</blockquote>': (
        '<blockquote cite="https://example.org/news/q">x</blockquote>'
    ),
    '<q cite="/q">x</q>': '<q cite="https://example.org/q">x</q>',
    '<del cite="?d">x</del>': '<del cite="https://example.org/news/a?d">x</del>',
    '<a href="?a=1&b=2">x</a>': '<a href="https://example.org/news/a?a=1&amp;b=2">x</a>',
    '<a href="a b/é">x</a>': '<a href="https://example.org/news/a%20b/%C3%A9">x</a>',
    '<a href="mailto:a@example.org">x</a>': '<a href="mailto:a@example.org">x</a>',
    '<a href="javascript:alert(1)">x</a>': "<a>x</a>",
    '<a href="JAVA&#9;SCRIPT:alert(1)">x</a>': "<a>x</a>",
    '<p style="background:url(b.png)">x</p>': "<p>x</p>",
    '<form action="/f"><input></form>y': "y",
    '<object data="o.swf">x</object>': "x",
}


@pytest.mark.parametrize(("given", "made"), ABSOLUTE.items())
def test_r51_a31_every_url_is_absolute(given: str, made: str) -> None:
    assert sanitizer.sanitise(given, BASE) == made


def test_r52_links_to_footnotes_lead_to_the_article() -> None:
    made = sanitizer.from_markdown('Text<a href="#fn1">1</a>. [back](#top)', BASE)
    assert f'href="{LINK}#fn1"' in made
    assert f'href="{LINK}#top"' in made


EMBEDS = {
    '<iframe src="https://www.youtube.com/embed/x?a=1&amp;b=2"></iframe>': (
        '<p><a href="https://www.youtube.com/embed/x?a=1&amp;b=2">'
        "https://www.youtube.com/embed/x?a=1&amp;b=2</a></p>"
    ),
    "<iframe width=5 src='//v.example/x' allowfullscreen>old</iframe>": (
        '<p><a href="https://v.example/x">https://v.example/x</a></p>'
    ),
    "<IFRAME SRC=/x></IFRAME>y": (
        '<p><a href="https://example.org/x">https://example.org/x</a></p>y'
    ),
    '<embed src="x.swf">': (
        '<p><a href="https://example.org/news/x.swf">https://example.org/news/x.swf</a></p>'
    ),
    '<iframe src="javascript:alert(1)"></iframe>y': "y",
    "<iframe data-src=x></iframe>y": "y",
    "<iframe src='x\" onclick=\"y'></iframe>": (
        '<p><a href="https://example.org/news/x%22%20onclick=%22y">'
        "https://example.org/news/x%22%20onclick=%22y</a></p>"
    ),
}


@pytest.mark.parametrize(("given", "made"), EMBEDS.items())
def test_r53_embeds_become_plain_links(given: str, made: str) -> None:
    assert sanitizer.sanitise(given, BASE) == made


@pytest.mark.parametrize(
    "given",
    ["<p></p>", "<p> &nbsp;</p><br>", "<a href=/></a>", "<script>x</script>", "<!-- x -->",
     "<style>p{}</style>", "<svg><text>x</text></svg>", "<math><mi>x</mi></math>",
     "<template>x</template>", "<title>x</title>"],
)  # fmt: skip
def test_what_is_not_for_reading_goes_with_its_text(given: str) -> None:
    assert sanitizer.sanitise(given, BASE) == ""
    assert sanitizer.from_markdown(given, BASE) == ""


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("<p>a<div>b</div>", "<p>a</p><div>b</div>"),
        ("<div/>a", "<div>a</div>"),
        ("<custom-tag>a</custom-tag>", "a"),
        ("<html><body><p>a</body></html>", "<p>a</p>"),
        ("AT&T &copy; &nbsp;", "AT&amp;T © &nbsp;"),
        ("a < b", "a &lt; b"),
        ("]]>", "]]&gt;"),
        ('<p onclick="x">a</p>', "<p>a</p>"),
        (
            '<figure><img alt="x"><figcaption>y</figcaption></figure>',
            '<figure><img alt="x"><figcaption>y</figcaption></figure>',
        ),
    ],
)
def test_r54_html_comes_out_clean(given: str, made: str) -> None:
    assert sanitizer.sanitise(given, BASE) == made


@pytest.mark.parametrize("reference", ["&#8;", "&#0;", "&#x1F;", "&#xFFFE;", "&#xD800;"])
def test_x2_character_references_cannot_bring_control_characters_back(reference: str) -> None:
    made = sanitizer.sanitise(f'<p title="{reference}">a{reference}b</p>', BASE)
    assert text.first_forbidden(made) is None
    assert re.fullmatch('<p title="�?">a�?b</p>', made)


MARKDOWN = {
    "# A & B": "<h1>A &amp; B</h1>",
    "[x](../y)": '<p><a href="https://example.org/y">x</a></p>',
    "![x](/y.png)": '<p><img src="https://example.org/y.png" alt="x"></p>',
    "| a |\n|---|\n| b |": (
        "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>b</td></tr>\n</tbody></table>"
    ),
    "~~a~~": "<p><del>a</del></p>",
    'H~2~O [^1] [ ] $x$ "q" -- ...': '<p>H~2~O [^1] [ ] $x$ "q" -- ...</p>',
    "`<script>`": "<p><code>&lt;script&gt;</code></p>",
    '`<iframe src="x">`': '<p><code>&lt;iframe src="x"&gt;</code></p>',
    "<b>a</b> *b*": "<p><b>a</b> <em>b</em></p>",
    "[x](javascript:alert(1))": "<p><a>x</a></p>",
    "<https://example.org/ä>": (
        '<p><a href="https://example.org/%C3%A4">https://example.org/ä</a></p>'
    ),
}


@pytest.mark.parametrize(("given", "made"), MARKDOWN.items())
def test_markdown_is_commonmark_with_tables(given: str, made: str) -> None:
    assert sanitizer.from_markdown(given, BASE) == made


def test_elements_that_end_by_themselves_do_not_nest() -> None:
    assert sanitizer.sanitise("<p>a" * 1000 + "<ul>" + "<li>b" * 1000, BASE).count("<li>") == 1000


@pytest.mark.parametrize("tag", ["div", "b", "custom-tag", "table", "DIV"])
def test_deep_nesting_is_refused(tag: str) -> None:
    with pytest.raises(sanitizer.BodyError, match="write it flatter"):
        sanitizer.sanitise(f"<{tag}>" * 501, BASE)
    assert sanitizer.sanitise(f"<{tag}>x</{tag}>" * 501, BASE)


@pytest.mark.parametrize("given", ["<p> x</p>", "x", "<p>&nbsp; x</p>", "<img src=/a>", "<b>&</b>"])
def test_what_shows_stays(given: str) -> None:
    assert sanitizer.sanitise(given, BASE)


OWN = sanitizer.Base(
    "https://gazette.example/x/y", "https://example.org/s/", "https://cdn.example/a/"
)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ('<img src="/b.png">', '<img src="https://cdn.example/a/b.png">'),
        ('<img srcset="/b.png 2x">', '<img srcset="https://cdn.example/a/b.png 2x">'),
        ('<a href="/b">x</a>', '<a href="https://example.org/s/b">x</a>'),
        ('<a href="//c.example/b">x</a>', '<a href="https://c.example/b">x</a>'),
        ('<a href="b">x</a>', '<a href="https://gazette.example/x/b">x</a>'),
        ('<a href="#b">x</a>', '<a href="https://gazette.example/x/y#b">x</a>'),
    ],
)
def test_what_begins_with_a_slash_is_the_sites_own_wherever_the_entry_links_to(
    given: str, made: str
) -> None:
    assert sanitizer.sanitise(given, OWN) == made


@pytest.mark.parametrize(
    "given",
    [
        '<img srcset="' + " " * 200_000 + '">',
        '<img srcset="' + "a " * 100_000 + '">',
        "<iframe " + "src=a " * 100_000,
    ],
    ids=["spaces", "candidates", "attributes"],
)
def test_a_body_is_read_once_whatever_it_holds(given: str) -> None:
    # Each of these took from half a minute to hours when it was read again and again.
    sanitizer.sanitise(given, BASE)


def test_a_body_of_too_many_elements_is_refused() -> None:
    with pytest.raises(sanitizer.BodyError, match="more than 10,000 elements"):
        sanitizer.sanitise("<p><dd><li>" * 36_000, BASE)


def test_a_drawing_does_not_count_as_deep() -> None:
    assert sanitizer.sanitise("a<svg>" + '<path d="M0"/>' * 600 + "</svg>b", BASE) == "ab"


def test_deep_markdown_keeps_its_text() -> None:
    listed = "".join(f"{'  ' * depth}- level {depth}\n" for depth in range(30))
    made = sanitizer.from_markdown(listed, BASE)
    assert all(f"level {depth}" in made for depth in range(30))
