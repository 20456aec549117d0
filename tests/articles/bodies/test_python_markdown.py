"""Python-Markdown (Pelican) where it differs from CommonMark."""

import pytest

from tests.articles.bodies.cases import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Text\n- no list\n2. none", "<p>Text - no list 2. none</p>"),
        ("Text\n\n- one\n- two", "<p>Text</p> <ul> <li>one</li> <li>two</li> </ul>"),
        ("- one `a\n  b`\n- two", "<ul> <li>one <code>a b</code></li> <li>two</li> </ul>"),
        ("# A\n- one", '<h1 id="a">A</h1> <ul> <li>one</li> </ul>'),
        ("---\n- one", "<hr> <ul> <li>one</li> </ul>"),
        ("1) no list", "<p>1) no list</p>"),
        ("  1. a\n  2. b\n    - c", "<ol> <li>a</li> <li>b <ul> <li>c</li> </ul> </li> </ol>"),
        ("[a\n- b](x)", '<p><a href="https://example.org/blog/a/x">a - b</a></p>'),
    ],
)
def test_list_begins_after_a_blank_line(text: str, html: str) -> None:
    assert render(text, "pelican") == html.replace(' id="a"', "")


def test_heading_needs_no_space() -> None:
    assert render("#One\nText\n##Two##", "pelican") == "<h1>One</h1> <p>Text</p> <h2>Two</h2>"
    assert render("```\n#One\n```\n`#One`\n\n    #One", "pelican").count("#One") == 3


def test_backslash_escapes_only_the_characters_of_markdown() -> None:
    assert render(r"$a\;b\,c\\d\_e \"x\"$", "pelican") == r"<p>$a\;b\,c\d_e \"x\"$</p>"
    assert render("a\\\nb", "pelican") == "<p>a\\ b</p>"
    assert render("`a\\;b` <b>x</b>\n\n<div>\na\\;b\n</div>", "pelican").count("\\\\") == 0


def test_formula_keeps_its_signs_and_braces() -> None:
    text = "$$\\sum_{n=1}^{k=2} x\n- y\n+ z$$"
    assert render(text, "pelican") == "<p>$$\\sum_{n=1}^{k=2} x - y + z$$</p>"
    assert render("$\\sum_{n=1}$") == "<p>$\\sum_{n=1}$</p>"


def test_address_of_a_link_may_have_spaces() -> None:
    html = '<p><a href="https://a.org/b%20c_(d)%20e">x</a></p>'
    assert render("[x](https://a.org/b c_(d) e)", "pelican") == html
    html = '<p><a href="https://a.org/b" title="t u">x</a></p>'
    assert render('[x](https://a.org/b "t u")', "pelican") == html
