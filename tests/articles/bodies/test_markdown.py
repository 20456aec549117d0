"""Markdown as generators read it, and the HTML that is kept of it."""

import pytest

from feeds.articles import sanitizer
from feeds.articles.bodies import body
from tests.articles.bodies.cases import URL, page, render

CASES = {
    "a[^x] b[^y] c[^x]\n\n[^y]: Y\n[^x]: X": (
        f'<p>a<sup id="fnref:1"><a href="{URL}#fn:1">1</a></sup> '
        f'b<sup id="fnref:2"><a href="{URL}#fn:2">2</a></sup> '
        f'c<sup><a href="{URL}#fn:1">1</a></sup></p> <hr> <ol> '
        f'<li id="fn:1"> <p>X <a href="{URL}#fnref:1">↩</a></p> </li> '
        f'<li id="fn:2"> <p>Y <a href="{URL}#fnref:2">↩</a></p> </li> </ol>'
    ),
    "a[^x]\n\n[^x]: X[^y]\n[^y]: Y": (
        f'<p>a<sup id="fnref:1"><a href="{URL}#fn:1">1</a></sup></p> <hr> <ol> '
        f'<li id="fn:1"> <p>X<sup id="fnref:2"><a href="{URL}#fn:2">2</a></sup> '
        f'<a href="{URL}#fnref:1">↩</a></p> </li> '
        f'<li id="fn:2"> <p>Y <a href="{URL}#fnref:2">↩</a></p> </li> </ol>'
    ),
    "[^x]: nobody refers to this": "",
    "- [x] a\n- [ ] b": "<ul> <li>☑ a</li> <li>☐ b</li> </ul>",
    "term\n: what it is": "<dl> <dt>term</dt> <dd>what it is</dd> </dl>",
    "| a |\n|---|\n| b |": (
        "<table><thead><tr><th>a</th></tr></thead><tbody> <tr><td>b</td></tr> </tbody></table>"
    ),
    "> [!NOTE]\n> a": "<blockquote> <p><strong>Note</strong></p> <p>a</p> </blockquote>",
    "## H {#own .x}": '<h2 id="own">H</h2>',
    "```js,linenos title=x\na\n```": '<pre><code class="language-js">a </code></pre>',
    "<h2 id='a'>x</h2><h2 id='a'>y</h2>": '<h2 id="a">x</h2><h2>y</h2>',
    "<div class='x' id='y'>z</div>": "<div>z</div>",
    "https://a.example": "<p>https://a.example</p>",
    '"a"': '<p>"a"</p>',
    "[x](#y) [z](/w) ![v](u.png)": (
        f'<p><a href="{URL}#y">x</a> <a href="https://example.org/w">z</a> '
        f'<img src="{URL}u.png" alt="v"></p>'
    ),
}


@pytest.mark.parametrize(("given", "html"), CASES.items())
def test_markdown_of_generators(given: str, html: str) -> None:
    assert render(given) == html


def test_own_articles_keep_neither_ids_nor_classes() -> None:
    base = sanitizer.Base(URL, "https://example.org/", "https://example.org/")
    html = sanitizer.from_markdown("<h2 id='a'>x</h2>\n\n```js\na\n```", base)
    assert html == "<h2>x</h2>\n<pre><code>a\n</code></pre>"


@pytest.mark.parametrize(
    ("given", "html"),
    [
        ("See (https://a.example/b_(c)).",
         '<p>See (<a href="https://a.example/b_(c)">https://a.example/b_(c)</a>).</p>'),
        ("www.a.example, `www.b.example`",
         '<p><a href="http://www.a.example/">www.a.example</a>, <code>www.b.example</code></p>'),
        ("[https://a.example/](https://b.example/)",
         '<p><a href="https://b.example/">https://a.example/</a></p>'),
    ],
)  # fmt: skip
def test_bare_addresses_become_links_where_the_dialect_says_so(given: str, html: str) -> None:
    assert render(given, dialect={"linkify": True}) == html


def test_quotation_marks_are_curled_and_emoji_shown_where_the_dialect_says_so() -> None:
    dialect = {"smart": True, "emoji": True}
    assert render('"a" :tada: `":tada:"`', dialect=dialect) == (
        '<p>“a” 🎉 <code>":tada:"</code></p>'
    )


@pytest.mark.parametrize(
    ("given", "summary", "html"),
    [
        ("a *b*\n\n<!-- more -->\n\nc", "a b", "<p>a <em>b</em></p> <p>c</p>"),
        ("a\n<!--more-->\nb", "a", "<p>a</p> <p>b</p>"),
        ("a\n\n<!-- more --> b *c*", "a", "<p>a</p> <p>b <em>c</em></p>"),
        ("a <!-- truncate --> b", "a", "<p>a  b</p>"),
        ("[a][x]\n\n<!-- more -->\n\n[x]: /y", "a", '<p><a href="https://example.org/y">a</a></p>'),
        ("a\n\n<!-- TEASER_END: More -->\n\nb", "a", "<p>a</p> <p>b</p>"),
        (
            "`<!-- more -->`\n\n<!-- more -->\n\nb",
            "<!-- more -->",
            "<p><code>&lt;!-- more --&gt;</code></p> <p>b</p>",
        ),
        ("```\n<!-- more -->\n```", "", "<pre><code>&lt;!-- more --&gt; </code></pre>"),
        ("# H\n\na\n\n===end===\n\nb", "H a", "<h1>H</h1> <p>a</p> <p>b</p>"),
    ],
)
def test_the_marker_ends_the_summary_and_is_left_out(given: str, summary: str, html: str) -> None:
    rendered = body.render(given, page(dialect={"more": "===end==="}))
    assert rendered.summary == summary
    assert " ".join(rendered.html.split()) == " ".join(html.split())


@pytest.mark.parametrize("directory", ["/", "https://example.org/sub/"])
def test_references_are_resolved_as_on_the_page(directory: str) -> None:
    its_page = page()
    its_page.base = its_page.url
    its_page.site = directory if "://" in directory else "https://example.org/"
    html = body.render("[a](/b) [c](d)", its_page).html
    assert html == f'<p><a href="https://example.org/b">a</a> <a href="{URL}d">c</a></p>'


def test_images_that_a_build_moves_are_left_out_with_a_notice() -> None:
    its_page = page("docusaurus")
    assert body.render("a ![b](./c.png) ![d](/e.png)", its_page).html == (
        '<p>a  <img src="https://example.org/e.png" alt="d"></p>'
    )
    assert [notice.subject for notice in its_page.notices] == ["relative images"]
